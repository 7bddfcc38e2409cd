import TachoGeo
import TachoIngest
import TachoStore

extension Engine {
    /// Judges stored history again, rider by rider in the order of delivery, and tells what comes out
    /// differently; `recompute` also appends it. `completion` is called once, on a thread of the
    /// engine; a call that stopped at `maxRiders` says where to go on.
    ///
    /// On a thread of low priority, one call at a time; ingest and reads go on. Memory: one rider's
    /// history. Cost: about 1 µs a stored fix of the riders asked for.
    package func replayRules(
        _ query: RulesQuery, _ mode: RulesReplayMode,
        completion: @escaping @Sendable (Result<RulesReport, RulesError>) -> Void
    ) {
        let isTaken = rulesThread.post { [self] in
            do throws(RulesError) {
                completion(.success(try replay(query, mode)))
            } catch {
                completion(.failure(error))
            }
        }
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }

    package func replayRules(
        _ query: RulesQuery, _ mode: RulesReplayMode
    ) throws(RulesError) -> RulesReport {
        try waitFor { replayRules(query, mode, completion: $0) }
    }

    private func replay(
        _ query: RulesQuery, _ mode: RulesReplayMode
    ) throws(RulesError) -> RulesReport {
        let (settings, recomputes) = try settings(mode)
        let numbers = try query.riders.map { name throws(RulesError) in try number(name) }
        let riderCount = numbers.isEmpty ? riders.count : numbers.count
        guard query.cursor >= 0, query.cursor <= riderCount else {
            throw .refused("CURSOR \(query.cursor) is none that was given")
        }
        var report = RulesReport(revision: settings.revision)
        report.ridersInAll = riderCount
        let (end, overflow) = query.cursor.addingReportingOverflow(query.maxRiders ?? Int.max)
        for place in query.cursor..<min(riderCount, overflow ? Int.max : end) {
            if control.isClosing { throw .stopped("the engine is closed") }
            let rider = numbers.isEmpty ? UInt32(place) : numbers[place]
            let result = try replay(rider, query, recomputes ? nil : settings.thresholds)
            report.add(riders.name(of: rider), result)
        }
        if !overflow && end < riderCount { report.next = end }
        return report
    }

    private func settings(
        _ mode: RulesReplayMode
    ) throws(RulesError) -> (RuleSettings, recomputes: Bool) {
        switch mode {
        case .recompute: return (rules.settings, true)
        case .test(let change):
            do throws(RuleSettingsError) {
                return (try change.applied(to: rules.settings), false)
            } catch {
                throw .invalid(error)
            }
        }
    }

    private func number(_ name: [UInt8]) throws(RulesError) -> UInt32 {
        guard let number = name.withUnsafeBytes({ riders.number(of: $0) }) else {
            throw .refused("no rider '\(String(decoding: name.prefix(64), as: UTF8.self))'")
        }
        return number
    }
}

extension Engine {
    /// A rider that is fed meanwhile is copied again so often; then its judge does it, and what
    /// comes for that judge waits.
    private static let copies = 4

    /// `thresholds` nil: those in force decide, and what they decide is appended.
    private func replay(
        _ rider: UInt32, _ query: RulesQuery, _ thresholds: Thresholds?
    ) throws(RulesError) -> RiderReplayResult {
        if let thresholds { return try copied(rider, query, thresholds).result }
        for _ in 0..<Self.copies {
            let inForce = rules.settings.thresholds
            let found = try copied(rider, query, inForce)
            if found.result.changes.isEmpty { return found.result }
            let basis = RiderRecompute.Basis.copied(found.stamp, found.result.changes)
            if try append(rider, inForce, basis) == .isDone { return found.result }
        }
        return try live(rider, query)
    }

    private func copied(
        _ rider: UInt32, _ query: RulesQuery, _ thresholds: Thresholds
    ) throws(RulesError) -> (stamp: RiderStamp, result: RiderReplayResult) {
        let history = RiderHistory(query: query, rules: RuleSet(thresholds: thresholds))
        let (stamp, copy) = try waitFor { (give: @escaping Give<(RiderStamp, HistoryCopy)>) in
            let isTaken = workers[Int(rider) % workers.count].post(
                .history(rider: rider) { stamp, copy in give(.success((stamp, copy))) })
            if !isTaken { give(.failure(.stopped("the engine is closed"))) }
        }
        if let reason = control.failure { throw .stopped(reason) }
        do {
            return (stamp, try copy.withSource { try history.replay($0, stamp) })
        } catch is RiderHistory.TooManyFixes {
            throw .refused(
                "rider \(String(decoding: riders.name(of: rider), as: UTF8.self)) has more than "
                    + "\(RulesLimits.maxFixes) fixes there: ask for less, with a lead-in")
        } catch {
            throw .damaged("\(error)")
        }
    }

    private func append(
        _ rider: UInt32, _ thresholds: Thresholds, _ basis: RiderRecompute.Basis
    ) throws(RulesError) -> RiderRecompute.Outcome {
        let outcome = try waitFor { (give: @escaping Give<RiderRecompute.Outcome>) in
            let work = RiderRecompute(
                rider: rider, thresholds: thresholds, basis: basis, completion: give)
            if !workers[Int(rider) % workers.count].post(.recompute(work)) {
                give(.failure(.stopped("the engine is closed")))
            }
        }
        if let reason = control.failure { throw .stopped(reason) }
        return outcome
    }

    /// The judge replays what it has. Before and after, a copy tells how much that was.
    private func live(
        _ rider: UInt32, _ query: RulesQuery
    ) throws(RulesError) -> RiderReplayResult {
        let inForce = rules.settings.thresholds
        let found = try copied(rider, query, inForce)
        let history = RiderHistory(query: query, rules: RuleSet(thresholds: inForce))
        guard try append(rider, inForce, .live(history)) == .isDone else {
            throw .refused("the rules were changed meanwhile: recompute again")
        }
        return found.result
    }

    private typealias Give<R> = @Sendable (Result<R, RulesError>) -> Void

    private func waitFor<R: Sendable>(
        _ start: (@escaping @Sendable (Result<R, RulesError>) -> Void) -> Void
    ) throws(RulesError) -> R {
        let answer = Monitor<Result<R, RulesError>?>(nil)
        start { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }
}
