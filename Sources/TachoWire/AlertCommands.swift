package import TachoGeo

/// Options of T.ALERTS.
package struct AlertQuery: Equatable, Sendable {
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?
    package var filter = AlertFilter()

    /// `[COUNT n] [CURSOR c] [RIDER r] [CODE c] [SEVERITY s] [STATE s] [FROM t] [TO t]`.
    static func parse(_ arguments: Arguments) throws(CommandError) -> AlertQuery {
        var query = AlertQuery()
        for i in stride(from: 1, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "COUNT") {
                query.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                query.cursorArgument = i + 1
            } else if arguments.isWord(i, "RIDER") {
                query.filter.rider = arguments.copy(i + 1)
            } else if arguments.isWord(i, "FROM") {
                query.filter.fromMs = try Command.time(arguments, i + 1, name: "FROM")
            } else if arguments.isWord(i, "TO") {
                query.filter.toMs = try Command.time(arguments, i + 1, name: "TO")
            } else {
                try query.filter.readWord(arguments, i)
            }
        }
        return query
    }
}

extension AlertFilter {
    /// CODE, SEVERITY and STATE, each with a name in any case.
    fileprivate mutating func readWord(_ arguments: Arguments, _ i: Int) throws(CommandError) {
        let text = arguments.shown(i + 1)
        if arguments.isWord(i, "CODE") {
            guard let code = Code(name: text) else {
                throw .badOption("CODE", value: text, expected: "a code as in TELEPORT")
            }
            self.code = code
        } else if arguments.isWord(i, "SEVERITY") {
            guard Self.severities.contains(text.lowercased()) else {
                throw .badOption("SEVERITY", value: text, expected: "info, warn or crit")
            }
            severity = text.lowercased()
        } else if arguments.isWord(i, "STATE") {
            guard let state = AlertState(name: text) else {
                let names = AlertState.allCases.map(\.name).joined(separator: ", ")
                throw .badOption("STATE", value: text, expected: "one of \(names)")
            }
            self.state = state
        } else {
            throw .syntax
        }
    }
}

/// `T.ALERT …`: one alert's history, and what rules' alerts were said to be.
package enum AlertCommand: Equatable, Sendable {
    case get(StreamID)
    case feedback
    case review(AlertReviewRequest)

    /// `ACK|FALSE|CONFIRM|APPEAL|UPHOLD|REJECT id [BY actor] [NOTE text]`, `GET id` or `FEEDBACK`.
    static func parse(_ arguments: Arguments) throws(CommandError) -> AlertCommand {
        if arguments.isWord(1, "FEEDBACK") {
            guard arguments.count == 2 else { throw .arity(.alert) }
            return .feedback
        }
        if arguments.isWord(1, "GET") {
            guard arguments.count == 3 else { throw .arity(.alert) }
            return .get(try id(arguments, 2))
        }
        guard let state = state(arguments) else {
            throw .unknownSubcommand(.alert, arguments.shown(1))
        }
        guard [3, 5, 7].contains(arguments.count) else { throw .arity(.alert) }
        var request = AlertReviewRequest(id: try id(arguments, 2), state: state)
        for i in stride(from: 3, to: arguments.count, by: 2) {
            if arguments.isWord(i, "BY"), i == 3 {
                request.actorArgument = i + 1
            } else if arguments.isWord(i, "NOTE"), i + 2 == arguments.count {
                request.noteArgument = i + 1
            } else {
                throw .syntax
            }
        }
        return .review(request)
    }

    private static func state(_ arguments: Arguments) -> AlertState? {
        if arguments.isWord(1, "ACK") { return .acknowledged }
        if arguments.isWord(1, "FALSE") { return .falsePositive }
        if arguments.isWord(1, "CONFIRM") { return .confirmed }
        if arguments.isWord(1, "APPEAL") { return .appeal }
        if arguments.isWord(1, "UPHOLD") { return .appealUpheld }
        if arguments.isWord(1, "REJECT") { return .appealRejected }
        return nil
    }

    /// The words of the reviews, by the state each brings.
    package static func word(_ state: AlertState) -> String? {
        switch state {
        case .open: nil
        case .acknowledged: "ACK"
        case .falsePositive: "FALSE"
        case .confirmed: "CONFIRM"
        case .appeal: "APPEAL"
        case .appealUpheld: "UPHOLD"
        case .appealRejected: "REJECT"
        }
    }

    private static func id(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> StreamID {
        guard arguments[index].contains(UInt8(ascii: "-")),
            let id = StreamID(arguments[index], missing: 0), id.n <= UInt64(UInt32.max)
        else {
            throw .badOption(
                "alert", value: arguments.shown(index),
                expected: "an id as T.ALERTS gives it, MS-N,")
        }
        return id
    }
}

/// What somebody says about an alert.
package struct AlertReviewRequest: Equatable, Sendable {
    package var id: StreamID
    package var state: AlertState
    /// Which argument says who; nil: the connection's user.
    package var actorArgument: Int?
    package var noteArgument: Int?
}

/// `T.RISK [MIN r] [COUNT n] [AT t] [RIDERS rider…]`.
package struct RiskRequest: Equatable, Sendable {
    /// Millionths, 0 to 1,000,000.
    package var minE6: Int32?
    package var count: Int?
    package var atMs: Int64?
    /// Riders are all arguments from here on.
    package var firstRider: Int?

    static func parse(_ arguments: Arguments) throws(CommandError) -> RiskRequest {
        var request = RiskRequest()
        var i = 1
        while i < arguments.count {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "RIDERS") {
                request.firstRider = i + 1
                return request
            }
            if arguments.isWord(i, "MIN") {
                guard case .success(let value) = Decimal.scaled(arguments[i + 1], scale: 6),
                    (0...1_000_000).contains(value)
                else {
                    throw .badOption(
                        "MIN", value: arguments.shown(i + 1), expected: "a number from 0 to 1")
                }
                request.minE6 = Int32(value)
            } else if arguments.isWord(i, "COUNT") {
                request.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "AT") {
                guard let ms = Decimal.integer(arguments[i + 1]), ms > -Fix.timeLimitMs,
                    ms < Fix.timeLimitMs
                else {
                    throw .notInteger(what: "AT", text: arguments.shown(i + 1))
                }
                request.atMs = ms
            } else {
                throw .syntax
            }
            i += 2
        }
        return request
    }
}
