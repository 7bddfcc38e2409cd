package import TachoGeo
import TachoStore

/// A figure of `tacho stats`.
package enum StatValue: Sendable, Hashable {
    case integer(Int64)
    case real(Double)
}

extension Engine {
    /// The position to show for a rider, or with `raw` the newest fix of any effect; nil: none.
    /// Memory only, never waits. Cost: a table look-up and a copy, a few hundred ns.
    package func latest(rider name: UnsafeRawBufferPointer, raw: Bool) -> StoredFix? {
        guard let number = riders.number(of: name), let record = latest.read(number) else {
            return nil
        }
        return raw ? record.newest : record.shown
    }

    /// The same for many riders: `body` gets each one's number and fix, in order; for a rider
    /// nobody has named the number means nothing. Cost: about 100 ns a rider, as all names and
    /// positions are asked of memory before the first is looked at.
    package func latest(
        count: Int, raw: Bool, _ name: (Int) -> UnsafeRawBufferPointer,
        _ body: (UInt32, StoredFix?) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: RiderTable.batch) { numbers in
            var next = 0
            while next < count {
                let numbers = UnsafeMutableBufferPointer(
                    rebasing: numbers[..<min(RiderTable.batch, count - next)])
                riders.look(up: { name(next + $0) }, into: numbers)
                for number in numbers where number != UInt32.max { latest.prefetch(number) }
                for number in numbers {
                    let record = number == UInt32.max ? nil : latest.read(number)
                    body(number, raw ? record?.newest : record?.shown)
                }
                next += numbers.count
            }
        }
    }

    /// A page of a rider's track, as of all writes answered before the call. `completion` runs on
    /// a thread of the engine. A simplified one is read in turns, as a page of few fixes may stand
    /// for years.
    package func track(
        _ query: TrackQuery, isWanted: @escaping @Sendable () -> Bool = { true },
        completion: @escaping @Sendable (Result<TrackPage, ReadError>) -> Void
    ) {
        let unknown = TrackPage(fixes: [], next: nil, isKnownRider: false)
        if let simplifyMm = query.simplifyMm {
            let reader = SimplifiedReader(query, withinMm: simplifyMm)
            return readInTurns(
                query.rider, unknown: unknown, isWanted: isWanted, { try reader.turn($0) },
                completion)
        }
        read(query, unknown: unknown, { try $0.page() }, completion)
    }

    /// How many fixes the query has, without a limit.
    package func length(
        _ query: TrackQuery, completion: @escaping @Sendable (Result<Int, ReadError>) -> Void
    ) {
        var all = query
        all.limit = nil
        read(all, unknown: 0, { try $0.count() }, completion)
    }

    package func track(_ query: TrackQuery) throws(ReadError) -> TrackPage {
        try waitFor { track(query, completion: $0) }
    }

    package func length(_ query: TrackQuery) throws(ReadError) -> Int {
        try waitFor { length(query, completion: $0) }
    }

    func waitFor<R: Sendable>(
        _ start: (@escaping @Sendable (Result<R, ReadError>) -> Void) -> Void
    ) throws(ReadError) -> R {
        let answer = Monitor<Result<R, ReadError>?>(nil)
        start { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    private func read<R: Sendable>(
        _ query: TrackQuery, unknown: R, _ body: @escaping @Sendable (TrackReader) throws -> R,
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void
    ) {
        read(
            query.rider, unknown: unknown, { try body(TrackReader(source: $0, query: query)) },
            completion)
    }

    /// Hands a rider's history, as of all writes answered before the call, to `body` on the reading
    /// thread. `unknown` is the answer for a rider nobody has named.
    func read<R: Sendable>(
        _ name: [UInt8], unknown: R, _ body: @escaping @Sendable (HistorySource) throws -> R,
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void
    ) {
        readInTurns(
            name, unknown: unknown, isCounted: false, isWanted: { true }, { .some(try body($0)) },
            completion)
    }

    /// The same for what takes long: `body` is called again, behind what others asked meanwhile, as
    /// long as it gives nil. The history stays that of the call.
    func readInTurns<R: Sendable>(
        _ name: [UInt8], unknown: R, isCounted: Bool = true,
        isWanted: @escaping @Sendable () -> Bool,
        _ body: @escaping @Sendable (HistorySource) throws -> R?,
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void
    ) {
        if control.isClosing {
            completion(.failure(.closed))
            return
        }
        guard let rider = name.withUnsafeBytes({ riders.number(of: $0) }) else {
            completion(.success(unknown))
            return
        }
        guard !isCounted || control.beginQuestion(limit: options.maxQuestions) else {
            return completion(.failure(.tooManyQuestions(options.maxQuestions)))
        }
        let finish: @Sendable (Result<R, ReadError>) -> Void = { [control] result in
            if isCounted { control.endQuestion() }
            completion(result)
        }
        let turns = ReadingTurns(
            reader: reader, control: control, body: body, isWanted: isWanted, completion: finish)
        let isTaken = workers[Int(rider) % workers.count].post(
            .read(rider: rider) { turns.next(of: $0) })
        if !isTaken { finish(.failure(.closed)) }
    }

    // MARK: Alerts

    /// Entries of the stream `alerts` behind `after`, up to `through`, at most `limit`.
    package func alerts(after: AlertID?, through: AlertID?, limit: Int) -> [Alert] {
        // The database may be going: a stopped engine has no news.
        if control.isClosing { return [] }
        do {
            return try alerts.entries(after: after, through: through, limit: limit)
        } catch {
            control.fail("\(error)")
            return []
        }
    }

    package var alertCount: Int { progress.now.alerts }
    package var lastAlertID: AlertID? { progress.now.lastAlert }

    /// All alerts by receipt time, with the number of hits in each one's 60 s.
    package func alertsByReceipt(
        _ filter: AlertFilter = AlertFilter()
    ) throws(ReadError) -> [Alert] {
        if control.isClosing { throw .closed }
        do {
            return try alerts.byReceipt(filter)
        } catch {
            throw .damaged("\(error)")
        }
    }

    /// A page of alerts by receipt time behind `after`, with counts. `completion` runs on a thread
    /// of the engine. Cost: all alerts are read and sorted, a few µs each.
    package func alertsByReceipt(
        _ filter: AlertFilter = AlertFilter(), after: AlertCursor?, limit: Int,
        completion: @escaping @Sendable (Result<AlertPage, ReadError>) -> Void
    ) {
        if control.isClosing {
            completion(.failure(.closed))
            return
        }
        let isTaken = reader.post { [alerts] in
            do {
                let all = try alerts.byReceipt(filter)
                let rest = after.map { cursor in all.filter { AlertCursor($0) > cursor } } ?? all
                let page = Array(rest.prefix(limit))
                let next = page.count < rest.count ? page.last.map { AlertCursor($0) } : nil
                completion(.success(AlertPage(alerts: page, next: next)))
            } catch {
                completion(.failure(.damaged("\(error)")))
            }
        }
        if !isTaken { completion(.failure(.closed)) }
    }

    /// `body` is called after new alerts are durable, on the committer's thread: be short.
    package func observeAlerts(_ body: @escaping @Sendable () -> Void) -> AlertObserver {
        let observer = AlertObserver(body)
        control.add(observer)
        return observer
    }

    package func cancel(_ observer: AlertObserver) { control.remove(observer) }

    // MARK: Statistics

    /// The figures of `tacho stats --json`, in order.
    package func stats() -> [(name: String, value: StatValue)] {
        let now = progress.now
        let points = storedPoints()
        let sealed = sealedTotals()
        let hot = control.isClosing ? 0 : store.database.bytes
        let perPoint = points == 0 ? 0 : Double(hot) / Double(points)
        let memory = memory
        let (sealing, scrub) = (control.sealActivity, scrubber.figures)
        let retired = retirement.state
        let groupFigures = groups.figures
        return [
            ("points", .integer(Int64(points))),
            ("riders", .integer(Int64(riders.count))),
            ("bytes_hot", .integer(Int64(hot))),
            ("bytes_sealed", .integer(Int64(sealed.bytes))),
            ("bytes_per_point", .real((perPoint * 100).rounded() / 100)),
            ("ranges_sealed", .integer(Int64(sealed.ranges))),
            ("last_sequence", .integer(Int64(now.nextSequence - 1))),
            ("sealed_through", .integer(Int64(sealed.through))),
            ("sealing", .integer(Int64(sealing.range ?? 0))),
            ("seal_last_ms", .integer(Int64(sealing.lastMs))),
            ("seal_last_points", .integer(Int64(sealing.lastPoints))),
            ("log_entries", .integer(Int64(sealing.logged))),
            ("log_signed", .integer(Int64(sealing.signed))),
            ("seal_refusals", .integer(Int64(sealing.refusals))),
            ("segments_damaged", .integer(Int64(scrub.damaged))),
            ("segments_unread", .integer(Int64(scrub.unread))),
            ("scrub_day_ms", .integer(scrub.dayMs)),
            ("scrub_all_ms", .integer(scrub.wholeMs)),
            ("ranges_retired", .integer(Int64(retired.ranges))),
            ("points_retired", .integer(Int64(retired.points))),
            ("ranges_kept_hot", .integer(Int64(retired.kept.count))),
            ("alerts", .integer(Int64(now.alerts))),
            ("journal_group", .integer(Int64(now.group))),
            ("journal_bytes", .integer(Int64(now.journalBytes))),
            ("journal_disk_bytes", .integer(Int64(store.journal.bytesOnDisk))),
            ("pending_points", .integer(Int64(control.pendingPoints))),
            ("across_waiting", .integer(Int64(across?.waiting(behind: now.group) ?? 0))),
            ("across_dropped", .integer(Int64(across?.droppedCount ?? 0))),
            ("across_compared", .integer(Int64(across?.proposalCount ?? 0))),
            ("across_thinning", .integer(Int64(across?.thinningFactor ?? 1))),
            ("fences", .integer(Int64(fences.book.liveCount))),
            ("fence_events", .integer(Int64(fences.book.state.with { $0.told }))),
            ("fences_waiting", .integer(Int64(fences.waiting))),
            ("groups", .integer(Int64(groupFigures.groups))),
            ("groups_pending", .integer(Int64(groupFigures.pending))),
            ("geo_bytes", .integer(control.isClosing ? 0 : Int64(store.database.bytes(of: .geo)))),
            ("geo_resolution", .integer(Int64(geoResolution.fine))),
            ("geo_is_mixed", .integer(geoResolution.isMixed ? 1 : 0)),
            ("range", .integer(Int64(now.range))),
            ("memory_slots", .integer(Int64(memory.slots))),
            ("memory_tails", .integer(Int64(memory.tails))),
            ("memory_latest", .integer(Int64(memory.latest))),
            ("memory_names", .integer(Int64(memory.names))),
            ("memory_rocksdb", .integer(Int64(memory.rocksDB))),
            ("memory_across", .integer(Int64(memory.across))),
            ("memory_grid", .integer(Int64(memory.grid))),
            ("memory_fences", .integer(Int64(memory.fences))),
            ("memory_groups", .integer(Int64(memory.groups))),
            ("memory_segments", .integer(Int64(memory.segments))),
            ("memory_limit", .integer(Int64(memoryLimitBytes))),
        ]
    }

    /// Stored points: all sequences given out, less those lost with consent.
    private func storedPoints() -> UInt64 {
        progress.now.nextSequence - 1 - lostPoints()
    }
}
