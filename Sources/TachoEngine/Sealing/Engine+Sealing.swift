import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore

extension Engine {
    /// Cuts the open range, if it has points, and seals everything that is cut, in order.
    /// `completion` gets the segments sealed by this call, on a thread of the engine.
    package func seal(
        completion: @escaping @Sendable (Result<[SealedRange], SealError>) -> Void
    ) {
        if control.isClosing {
            completion(.failure(.stopped("the engine is closed")))
            return
        }
        let isTaken = sealerThread.post { [self] in
            do {
                completion(.success(try sealPending()))
            } catch let error as SealError {
                completion(.failure(error))
            } catch {
                completion(.failure(.refused("\(error)")))
            }
        }
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }

    package func seal() throws(SealError) -> [SealedRange] {
        let answer = Monitor<Result<[SealedRange], SealError>?>(nil)
        seal { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// Runs on the sealing thread alone, so cuts and seals are in order.
    private func sealPending() throws -> [SealedRange] {
        if let reason = control.failure { throw SealError.stopped(reason) }
        let now = progress.now
        if now.nextSequence > now.rangeFirst { runBarrier(.cut(next: now.range + 1)) }
        if let reason = control.failure { throw SealError.stopped(reason) }
        do {
            try advanceWatermark(isClean: false)
        } catch {
            throw stop("\(error)")
        }
        var done: [SealedRange] = []
        while true {
            let last = sealTotals().lastRange
            guard last + 1 < progress.now.range else { return done }
            if control.isClosing { throw Self.closing }
            done.append(try seal(range: last + 1))
        }
    }

    /// One range, with what operators see of it.
    private func seal(range: UInt32) throws -> SealedRange {
        let start = ContinuousClock.now
        control.updateSealActivity { $0.range = range }
        defer { control.updateSealActivity { $0.range = nil } }
        do {
            let sealed = try sealSteps(range)
            let took = (ContinuousClock.now - start) / .milliseconds(1)
            control.updateSealActivity { activity in
                activity.lastMs = Int(took)
                activity.lastPoints = sealed.points
                activity.refusal = nil
            }
            return sealed
        } catch {
            let refusal = error as? SealError ?? .refused("\(error)")
            if case .refused(let what) = refusal { note(refusal: what, of: range) }
            throw refusal
        }
    }

    /// Seals unless that is under way or waits: what came meanwhile is for the next time. False: it
    /// was left.
    func sealInBackground() -> Bool {
        guard background.begin(.seal) else { return false }
        seal { [background] _ in background.end(.seal) }
        return true
    }

    /// Operators hear of a refusal once, not with each attempt.
    private func note(refusal: String, of range: UInt32) {
        var isNew = false
        control.updateSealActivity { activity in
            isNew = activity.refusal != refusal
            activity.refusals += 1
            activity.refusal = refusal
        }
        if isNew { options.onNotice("range \(range) cannot be sealed: \(refusal)") }
    }

    private func at(_ step: SealStep, isDone: Bool) throws {
        try options.atSealMoment?(SealMoment(step, isDone: isDone))
    }

    private func perform<T>(_ step: SealStep, _ body: () throws -> T) throws -> T {
        try at(step, isDone: false)
        let result = try body()
        try at(step, isDone: true)
        return result
    }

    /// The steps of the seal protocol for one range.
    private func sealSteps(_ range: UInt32) throws -> SealedRange {
        let database = store.database
        guard let bytes = try database.get(.meta, Keys.range(range)) else {
            throw SealError.refused("range \(range) has no row")
        }
        let row = try bytes.withUnsafeBytes { try RangeRow($0) }
        var seal = SealRow(
            state: .intent, points: 0, bytes: 0, lastSequence: row.last,
            sha256: [UInt8](repeating: 0, count: 32))
        try perform(.intent) { try commitRow(Keys.seal(range), seal.encoded()) }
        let interval = SegmentInterval(
            segmentID: UInt64(range), partition: 0, firstSequence: row.first,
            lastSequence: row.last, previousSHA256: sealTotals().lastSHA256,
            ruleSet: RuleSet.version)
        let content = RangeContent(
            range: range, row: row, database: database, riders: riders,
            isStopping: { [control] in control.isClosing })
        let summary = try publish(content, interval)
        try log(summary)
        seal.state = .sealed
        seal.points = summary.points
        seal.bytes = summary.bytes
        seal.sha256 = summary.sha256
        try perform(.sealed) { try commitRow(Keys.seal(range), seal.encoded()) }
        control.updateSeals { $0.add(range, seal) }
        return SealedRange(
            segment: UInt64(range), points: summary.points, sha256: summary.sha256)
    }

    /// 5 and 6: the segment's entry in the log, and the log's head signed.
    private func log(_ summary: SegmentSummary) throws {
        let log = SealLog(directory: store.directory, signing: options.auditSigning)
        do {
            let logged = try perform(.log) {
                try log.append(summary.segmentID, sha256: summary.sha256)
            }
            let signed = try perform(.sign) { [control] in
                try log.sign(summary, isStopping: { control.isClosing })
            }
            control.updateSealActivity { activity in
                activity.logged = logged
                if let signed { activity.signed = signed }
            }
        } catch let error as SealLog.Failure {
            switch error {
            case .closed: throw SealError.stopped("the engine is closed")
            case .inputOutput(let what): throw stop(what)
            case .refused(let what): throw SealError.refused(what)
            }
        }
    }

    /// 2 to 4: write, read back, compare with a second pass over the store, rename. A file that is
    /// there already, from before a kill, is read back and compared instead of written again.
    private func publish(
        _ content: RangeContent, _ interval: SegmentInterval
    ) throws -> SegmentSummary {
        let folder = store.directory.auditPath
        let temporary = folder + "/tmp/" + SegmentStore.fileName(interval.segmentID)
        do {
            try FileSystem.makeDirectory(folder)
            try FileSystem.makeDirectory(folder + "/tmp")
            FileSystem.removeTree(temporary)
            let known = try SegmentStore.existing(directory: folder, id: interval.segmentID)
            if known == nil {
                try perform(.write) {
                    var writer = try SegmentWriter(path: temporary, interval: interval)
                    try content.pour(into: &writer)
                    _ = try writer.finish()
                }
            }
            try at(.readBack, isDone: false)
            var tally = try SegmentTally(interval: interval)
            try content.pour(into: &tally)
            let expected = try tally.finish()
            if let known {
                try check(known, expected, interval, folder)
                return known
            }
            let sealed = try SegmentStore.readBack(temporary, expected: expected)
            try at(.readBack, isDone: true)
            try perform(.rename) {
                try SegmentStore.name(
                    temporary, directory: folder, id: interval.segmentID, sealed)
            }
            return sealed
        } catch let error as PublishError {
            if case .inputOutput = error { throw stop(error.message) }
            throw SealError.refused(error.message)
        } catch let error as SegmentWriteError {
            if case .inputOutput = error { throw stop(error.message) }
            throw SealError.refused(error.message)
        } catch RangeContent.Failure.segment(let error) {
            if case .inputOutput = error { throw stop(error.message) }
            throw SealError.refused(error.message)
        } catch RangeContent.Failure.stopping {
            throw Self.closing
        } catch RangeContent.Failure.store(let error) {
            throw failure(error)
        } catch let error as StoreError {
            throw failure(error)
        }
    }

    /// A damaged row is for a person to look at, and no reason to take nothing in.
    private func failure(_ error: StoreError) -> SealError {
        guard case .damaged(let what) = error else { return stop(error.description) }
        return .refused(
            "\(what); nothing of the range is given up, and later ranges wait for it: put back a copy "
                + "of db in which it is whole")
    }

    /// That a file from before is the one that would be written now.
    private func check(
        _ known: SegmentSummary, _ expected: SegmentSummary, _ interval: SegmentInterval,
        _ folder: String
    ) throws {
        let path = folder + "/" + SegmentStore.fileName(interval.segmentID)
        let header: SegmentHeader
        do {
            header = try SegmentReader.header(of: try SegmentSource(path: path))
        } catch {
            throw SealError.refused(error.message(file: path))
        }
        if known.agrees(with: expected) && header.interval == interval { return }
        throw SealError.refused(
            PublishError.otherContent(
                path: path, ours: "root " + Digest.hex(expected.root),
                theirs: "root " + Digest.hex(known.root)
            ).message)
    }

    /// What was cut is sealed after the next start, by the next seal.
    private static let closing = SealError.stopped("the engine is being closed")

    /// An I/O error while sealing is an I/O error like any other: nothing is acknowledged after it.
    private func stop(_ reason: String) -> SealError {
        control.fail("while sealing: \(reason)")
        return .stopped(reason)
    }

    /// Makes a row durable with the next commit group and waits for it.
    private func commitRow(_ key: [UInt8], _ value: [UInt8]) throws {
        do {
            try commitAndWait { .rows([(.meta, key, value)], $0) }
        } catch {
            throw SealError.stopped(error.description)
        }
    }

    func sealTotals() -> SealTotals { control.seals }

    func sealedTotals() -> (ranges: Int, bytes: UInt64, through: UInt64) {
        let totals = control.seals
        return (totals.ranges, totals.bytes, totals.through)
    }

    /// Points given up with the operator's consent.
    func lostPoints() -> UInt64 { control.lostPoints }
}
