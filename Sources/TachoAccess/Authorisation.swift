import TachoGeo
package import TachoWire

/// Whether a user may run a request. The one place that decides, for RESP and for whatever else
/// is served: looked at before anything is looked up, so that nothing is told by what is not there.
package struct Authorisation: Sendable {
    package let table: AccessTable

    package init(_ table: AccessTable = .standard) { self.table = table }

    package static let standard = Authorisation()

    package enum Answer: Equatable, Sendable {
        /// Runs. `isRecorded`: put on record before it is answered; `cost`: points or commands.
        case allowed(isRecorded: Bool, cost: Int)
        case refused(Refusal)
    }

    package enum Refusal: Equatable, Sendable {
        case command(String)
        /// A rider of the request is not the user's.
        case rider
        /// The request is about all riders, and the user has some.
        case whole(String)
        /// A review in somebody else's name.
        case speaker

        /// Without the leading `-`. Says nothing that the client did not send.
        package func message(_ user: AccessUser) -> String {
            switch self {
            case .command(let name):
                "NOPERM User \(user.name) has no permissions to run the '\(name)' command"
            case .rider:
                "NOPERM User \(user.name) has no permissions to access a rider of this request"
            case .whole(let name):
                "NOPERM User \(user.name) has some riders only, and '\(name)' is about all:"
                    + " name riders of yours, or use another user"
            case .speaker:
                "NOPERM User \(user.name) speaks for nobody else: leave BY out"
            }
        }
    }

    /// Before a request is parsed: nil: the user may run the command, or there is none such, which parsing
    /// will say. So that what is wrong with a request is told only to who may send it.
    package func refusal(
        _ user: AccessUser, _ name: CommandName, _ arguments: Arguments
    ) -> Refusal? {
        guard let rule = table.rule(name, arguments), !user.mayRun(rule) else { return nil }
        return .command(rule.name)
    }

    /// The answer for a request that was parsed. Cost: 0.12 µs, 0.19 with rider
    /// prefixes (`Benchmarks access`); no allocation, but for refusals.
    package func check(
        _ user: AccessUser, _ name: CommandName, _ command: Command, _ arguments: Arguments
    ) -> Answer {
        guard let rule = table.rule(name, arguments), user.mayRun(rule) else {
            return .refused(.command(refusedName(name, arguments)))
        }
        if !user.prefixes.isEmpty,
            let refusal = riders(user.prefixes, rule, command, arguments)
        {
            return .refused(refusal)
        }
        if case .alert(.review(let review)) = command, !user.isAdmin,
            let index = review.actorArgument, !arguments[index].elementsEqual(user.name.utf8)
        {
            return .refused(.speaker)
        }
        return .allowed(
            isRecorded: rule.isHistory && user.isStaff, cost: Self.cost(command, arguments))
    }

    /// The same for what is no request of RESP: a route names the command that it stands for and the
    /// riders it is about; none: it is about all, and `isFiltered` says that only the user's are told.
    package func check(
        _ user: AccessUser, _ name: CommandName, _ subcommand: String? = nil,
        riders: [[UInt8]], isFiltered: Bool = false
    ) -> Answer {
        guard let rule = table.rule(name, subcommand), user.mayRun(rule) else {
            return .refused(.command(AccessRule.name(name, subcommand)))
        }
        if !user.prefixes.isEmpty, rule.riders != .none {
            guard !riders.isEmpty || isFiltered && rule.riders != .whole else {
                return .refused(.whole(rule.name))
            }
            guard riders.allSatisfy({ user.prefixes.contain($0) }) else { return .refused(.rider) }
        }
        return .allowed(isRecorded: rule.isHistory && user.isStaff, cost: max(1, riders.count))
    }

    /// The subcommand too, where rules tell them apart and there is one of that name.
    private func refusedName(_ name: CommandName, _ arguments: Arguments) -> String {
        table.rule(name, arguments)?.name ?? AccessRule.name(name, nil)
    }

    /// nil: those of the request are all the user's, or only those will be told of.
    private func riders(
        _ prefixes: RiderPrefixes, _ rule: AccessRule, _ command: Command, _ arguments: Arguments
    ) -> Refusal? {
        switch rule.riders {
        case .none, .filtered: return nil
        case .whole: return .whole(rule.name)
        case .arguments(let first, let last):
            return all(prefixes, arguments, from: first, through: last) ? nil : .rider
        case .from(let first): return all(prefixes, arguments, from: first) ? nil : .rider
        case .tuples:
            guard case .addMany(let tuples) = command else { return .rider }
            for k in 0..<tuples.count
            where !prefixes.contain(arguments[tuples.first + k * tuples.form.width]) {
                return .rider
            }
            return nil
        case .packed:
            return PackedReader.allRiders(arguments[1]) { prefixes.contain($0) } ? nil : .rider
        case .search:
            guard case .view(.search(let search)) = command else { return .rider }
            guard case .memberArgument(let index) = search.centre else { return nil }
            return prefixes.contain(arguments[index]) ? nil : .rider
        case .named: return named(prefixes, rule, command, arguments)
        case .channels, .patterns: return channels(prefixes, command)
        }
    }

    private func all(
        _ prefixes: RiderPrefixes, _ arguments: Arguments, from first: Int, through last: Int? = nil
    ) -> Bool {
        let end = min(arguments.count, last.map { $0 + 1 } ?? arguments.count)
        for index in first..<max(first, end) where !prefixes.contain(arguments[index]) {
            return false
        }
        return true
    }

    private func named(
        _ prefixes: RiderPrefixes, _ rule: AccessRule, _ command: Command, _ arguments: Arguments
    ) -> Refusal? {
        switch command {
        case .alerts(let query):
            guard let rider = query.filter.rider else { return .whole(rule.name) }
            return prefixes.contain(rider) ? nil : .rider
        case .risk(let request):
            guard let first = request.firstRider else { return .whole(rule.name) }
            return all(prefixes, arguments, from: first) ? nil : .rider
        default: return .whole(rule.name)
        }
    }

    private func channels(_ prefixes: RiderPrefixes, _ command: Command) -> Refusal? {
        let isAllowed =
            switch command {
            case .subscription(.subscribe(let riders)):
                riders.allSatisfy { prefixes.contain($0) }
            case .subscription(.patternSubscribe(let patterns)):
                patterns.allSatisfy {
                    prefixes.contain(pattern: $0.text, channel: SubscribeCommand.prefix)
                }
            default: false
            }
        return isAllowed ? nil : .rider
    }

    /// Points of a write, 1 for anything else that is no part of logging in and out.
    private static func cost(_ command: Command, _ arguments: Arguments) -> Int {
        switch command {
        case .addMany(let tuples): tuples.count
        case .put: max(1, PackedReader.rows(arguments[1]))
        case .getMany: arguments.count - 1
        case .session(.quit), .session(.reset), .session(.auth), .session(.hello): 0
        default: 1
        }
    }
}
