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

    /// The steps of the seal protocol for one range; the numbers are those of the design.
    private func seal(range: UInt32) throws -> SealedRange {
        let database = store.database
        guard let bytes = try database.get(.meta, Keys.range(range)) else {
            throw SealError.refused("range \(range) has no row")
        }
        let row = try bytes.withUnsafeBytes { try RangeRow($0) }
        // 1. Say what is about to happen.
        var seal = SealRow(
            state: .intent, points: 0, bytes: 0, lastSequence: row.last,
            sha256: [UInt8](repeating: 0, count: 32))
        try commitRow(Keys.seal(range), seal.encoded())
        let interval = SegmentInterval(
            segmentID: UInt64(range), partition: 0, firstSequence: row.first,
            lastSequence: row.last, previousSHA256: sealTotals().lastSHA256,
            ruleSet: RuleSet.version)
        let content = RangeContent(
            range: range, row: row, database: database, riders: riders,
            isStopping: { [control] in control.isClosing })
        let summary = try publish(content, interval)
        // 7. Say that it happened.
        seal.state = .sealed
        seal.points = summary.points
        seal.bytes = summary.bytes
        seal.sha256 = summary.sha256
        try commitRow(Keys.seal(range), seal.encoded())
        control.updateSeals { $0.add(range, seal) }
        return SealedRange(
            segment: UInt64(range), points: summary.points, sha256: summary.sha256)
    }

    /// 2 to 4: write, read back, compare with a second pass over the store, rename.
    private func publish(
        _ content: RangeContent, _ interval: SegmentInterval
    ) throws -> SegmentSummary {
        let folder = store.directory.auditPath
        let temporary = folder + "/tmp/" + SegmentStore.fileName(interval.segmentID)
        do {
            try FileSystem.makeDirectory(folder)
            try FileSystem.makeDirectory(folder + "/tmp")
            FileSystem.removeTree(temporary)
            var writer = try SegmentWriter(path: temporary, interval: interval)
            try content.pour(into: &writer)
            _ = try writer.finish()
            var tally = try SegmentTally(interval: interval)
            try content.pour(into: &tally)
            let expected = try tally.finish()
            return try SegmentStore.publish(
                tmp: temporary, directory: folder, id: interval.segmentID, expected: expected)
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
            throw stop(error.description)
        } catch let error as StoreError {
            throw stop(error.description)
        }
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
