import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore

extension Engine {
    /// Lets the points of sealed ranges leave RocksDB that are old enough; whoever reads them reads
    /// their segments from then on, and notices nothing but time. `completion` runs on a thread of
    /// the engine, after what was to be retired before; sealing goes on meanwhile.
    ///
    /// A range goes only if its segment was read back from the device now, whole, decoded and
    /// recounted, has the SHA-256 it was sealed with, every mirror asked for has a confirmed copy,
    /// and its fixes equal those stored, one by one. Otherwise it stays, and the report says why.
    /// Cost: a checkpoint; of each range, 0.3 µs a fix, on a thread that gives way to others.
    package func retire(
        _ query: RetireQuery,
        completion: @escaping @Sendable (Result<RetireReport, RetireError>) -> Void
    ) {
        let closed = RetireError.stopped("the engine is closed")
        if control.isClosing { return completion(.failure(closed)) }
        let isTaken = retireThread.post { [self] in
            completion(Result { () throws(RetireError) in try retireNow(query) })
        }
        if !isTaken { completion(.failure(closed)) }
    }

    package func retire(_ query: RetireQuery) throws(RetireError) -> RetireReport {
        let answer = Monitor<Result<RetireReport, RetireError>?>(nil)
        retire(query) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// As the options say; what stays is shown by stats, and told once.
    func retireInBackground() {
        guard let query = control.tuning.retirement else { return retirement.stopped() }
        guard !control.isClosing, retirement.isDue(), background.begin(.retire) else { return }
        retire(query) { [retirement, control, options, background] result in
            background.end(.retire)
            guard control.tuning.retirement != nil else { return retirement.stopped() }
            guard let notice = retirement.note(result), !control.isClosing else { return }
            options.onNotice(notice)
        }
    }

    /// What the engine retires by itself; nil: nothing.
    package var retirementQuery: RetireQuery? { control.tuning.retirement }

    /// What chunks, and references in their place, take in the database.
    package var hotTrackBytes: UInt64 { store.database.bytes(of: .track) }

    /// Ranges and points that are read from segments, and why the last run left some.
    package var retirementState: (ranges: Int, points: UInt64, kept: [KeptRange]) {
        retirement.state
    }

    /// Runs on the retiring thread alone.
    private func retireNow(_ query: RetireQuery) throws(RetireError) -> RetireReport {
        var report = RetireReport()
        do throws(StoreError) {
            let ranges = try retirable(query, &report)
            if ranges.isEmpty {
                try makeRoom()
                return report
            }
            let settled = try settleRanges()
            for (range, seal) in ranges where range < settled {
                if control.isClosing { throw .io("the engine is closed") }
                if let reason = control.failure { throw .io(reason) }
                if let reason = try fileObstacle(range, seal) {
                    report.kept.append(KeptRange(segment: UInt64(range), reason: reason))
                } else {
                    try move(range, seal, &report)
                }
            }
            try makeRoom()
        } catch {
            if control.isClosing { throw .stopped("the engine is closed") }
            // An I/O error is one like any other: nothing is acknowledged after it.
            if case .io = error { control.fail("while retiring: \(error)") }
            throw .stopped(error.description)
        }
        return report
    }

    /// A checkpoint, behind which no start makes chunks again and no judge has them in memory.
    /// Ranges below the one returned are settled.
    private func settleRanges() throws(StoreError) -> UInt32 {
        runBarrier(.checkpoint)
        if let reason = control.failure { throw .io(reason) }
        guard let bytes = try store.database.get(.meta, Keys.meta(Store.checkpointKey)) else {
            return 0
        }
        return try CheckpointMark(bytes).range
    }

    private func move(
        _ range: UInt32, _ seal: SealRow, _ report: inout RetireReport
    ) throws(StoreError) {
        guard let bytes = try store.database.get(.meta, Keys.range(range)) else {
            report.kept.append(
                KeptRange(
                    segment: UInt64(range),
                    reason: "the database has no row of range \(range), which was cut: put back a "
                        + "copy of db"))
            return
        }
        let row = try bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try RangeRow(raw) }
        }.get()
        let content = RangeContent(
            range: range, row: row, ruleSet: row.ruleSet ?? RuleSet.version,
            database: store.database, riders: riders,
            isStopping: { [control] in control.isClosing })
        var mark = RetiredRow(state: .begun, points: seal.points, bytes: 0, atMs: options.nowMs())
        let isBegun = try store.database.get(.meta, Keys.retired(range)) != nil
        do throws(RangeRetirement.Failure) {
            let segment: SegmentReader
            do throws(SegmentError) {
                segment = try SegmentReader(path: segmentPath(range))
            } catch {
                throw .segment(error)
            }
            if !isBegun {
                try RangeRetirement.check(content, hasAllOf: segment)
                do throws(StoreError) {
                    try write(mark, range)
                } catch {
                    throw .store(error)
                }
            }
            var retirement = RangeRetirement(content, segment, target: rowTarget)
            try retirement.run()
            try retirement.dropRecords()
            mark.bytes = retirement.bytes
        } catch {
            let file = "audit/" + SegmentStore.fileName(UInt64(range))
            switch error {
            case .store(.damaged(let what)):
                report.kept.append(KeptRange(segment: UInt64(range), reason: what))
            case .store(let error): throw error
            case .stopping: throw .io("the engine is closed")
            case .segment(let error):
                report.kept.append(
                    KeptRange(segment: UInt64(range), reason: error.message(file: file)))
            case .differs(let what):
                report.kept.append(
                    KeptRange(
                        segment: UInt64(range),
                        reason: "\(file): \(what); all stays where it is"))
            }
            return
        }
        mark.state = .done
        try write(mark, range, gone: retirement.gone + mark.bytes)
        retirement.add(mark)
        report.retired.append(
            RetiredRange(segment: UInt64(range), points: mark.points, bytes: mark.bytes))
    }

    /// On the device when it returns, and with it all rows before. `gone`: as it is then.
    private func write(
        _ mark: RetiredRow, _ range: UInt32, gone: UInt64? = nil
    ) throws(StoreError) {
        let rows = RowBatch(store.database)
        rows.put(.meta, Keys.retired(range), mark.encoded())
        if let gone { rows.put(.meta, GoneRow.key, GoneRow.bytes(gone)) }
        try rowTarget.write(rows, sync: true)
    }

    /// Chunks that went take their room until files are merged that they were in. That is left to
    /// RocksDB as long as it is less than a third of what is there: a merge rewrites all of it, and needs
    /// as much room beside it. Broken off when the engine closes, it is begun again by a later run.
    private func makeRoom() throws(StoreError) {
        guard !control.isClosing, control.failure == nil else { return }
        let all = store.database.bytes(of: .track)
        guard retirement.isWorthMerging(of: all) else { return }
        if let obstacle = control.roomObstacle(bytes: all, at: options.directory) {
            let notice = retirement.note(obstacle: "files are not merged: \(obstacle)")
            if let notice { options.onNotice(notice) }
            return
        }
        store.database.compact(.track)
        if control.isClosing { return }
        retirement.merged()
        let rows = RowBatch(store.database)
        rows.put(.meta, GoneRow.key, GoneRow.bytes(0))
        try rowTarget.write(rows, sync: false)
    }
}
