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

    /// Operators hear of a refusal once, not with each attempt, whatever the numbers in it are by then.
    private func note(refusal: String, of range: UInt32) {
        func words(_ text: String?) -> String? { text?.filter { !$0.isNumber } }
        var isNew = false
        control.updateSealActivity { activity in
            isNew = words(activity.refusal) != words(refusal)
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
            throw SealError.refused(
                "the database has no row of range \(range), which was cut: put back a copy of db")
        }
        let row = try bytes.withUnsafeBytes { try RangeRow($0) }
        let ruleSet = try ruleSet(of: range, row)
        var seal = SealRow(
            state: .intent, points: 0, bytes: 0, lastSequence: row.last,
            sha256: [UInt8](repeating: 0, count: 32))
        try perform(.intent) { try commitRow(Keys.seal(range), seal.encoded()) }
        let interval = SegmentInterval(
            segmentID: UInt64(range), partition: 0, firstSequence: row.first,
            lastSequence: row.last, previousSHA256: sealTotals().lastSHA256,
            ruleSet: ruleSet)
        let content = RangeContent(
            range: range, row: row, ruleSet: ruleSet, database: database, riders: riders,
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
            // Before it is signed: where that fails, operators are to see that the log is ahead.
            control.updateSealActivity { $0.logged = logged }
            let signed = try perform(.sign) { [control] in
                try log.sign(summary, isStopping: { control.isClosing })
            }
            if let signed { control.updateSealActivity { $0.signed = signed } }
        } catch let error as SealLog.Failure {
            switch error {
            case .closed: throw SealError.stopped("the engine is closed")
            case .inputOutput(let what): throw stop(what)
            case .refused(let what): throw SealError.refused(what)
            }
        }
    }

    /// The rule set that a range's segment names: that of the program that cut it, so that an upgrade
    /// between two attempts changes no byte. A row from before that was noted: what a file that is there
    /// says, or that of this program.
    func ruleSet(of range: UInt32, _ row: RangeRow) throws -> UInt16 {
        if let known = row.ruleSet { return known }
        let path = segmentPath(range)
        guard FileSystem.exists(path) else { return RuleSet.version }
        do throws(SegmentError) {
            return try SegmentReader.header(of: try SegmentSource(path: path)).interval.ruleSet
        } catch {
            throw SealError.refused(error.message(file: path))
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
            if let known = try SegmentStore.existing(
                directory: folder, id: interval.segmentID)
            {
                try at(.readBack, isDone: false)
                try check(content, interval, folder)
                return known
            }
            if let obstacle = control.roomObstacle(bytes: size(of: interval), at: folder) {
                throw SealError.refused(obstacle + "; " + Self.laterAdvice)
            }
            try perform(.write) {
                var writer = try SegmentWriter(path: temporary, interval: interval)
                try content.pour(into: &writer)
                _ = try writer.finish()
            }
            try at(.readBack, isDone: false)
            var tally = try SegmentTally(interval: interval)
            try content.pour(into: &tally)
            let sealed = try SegmentStore.readBack(temporary, expected: try tally.finish())
            try at(.readBack, isDone: true)
            try perform(.rename) {
                try SegmentStore.name(
                    temporary, directory: folder, id: interval.segmentID, sealed)
            }
            return sealed
        } catch {
            guard let refusal = refusal(error) else { throw error }
            // It means nothing, and takes room.
            FileSystem.removeTree(temporary)
            throw refusal
        }
    }

    /// What a segment will take, from what those before took: 4 bytes a point without one.
    private func size(of interval: SegmentInterval) -> UInt64 {
        let totals = sealTotals()
        let perPoint = totals.through == 0 ? 4 : Double(totals.bytes) / Double(totals.through)
        return UInt64(Double(interval.length) * min(max(perPoint, 1), 100) * 1.25) + 1 << 20
    }

    private static let laterAdvice =
        "free some, nothing is lost meanwhile: it is tried again each minute, and by tacho seal"

    /// What an error of publishing means; nil: it is none of those, but a test's.
    private func refusal(_ error: any Error) -> SealError? {
        switch error {
        case let error as SealError: return error
        case SegmentWriteError.inputOutput(_, let path, let number),
            RangeContent.Failure.segment(.inputOutput(_, let path, let number)):
            // The file is thrown away: nothing rests on what was written of it.
            if FileSystem.isFull(number) {
                return .refused("no room for \(path): the disk is full; " + Self.laterAdvice)
            }
            return stop(Self.message(error))
        case PublishError.inputOutput: return stop(Self.message(error))
        case is PublishError, is SegmentWriteError, RangeContent.Failure.segment:
            return .refused(Self.message(error))
        case RangeContent.Failure.stopping: return Self.closing
        case RangeContent.Failure.store(let error): return failure(error)
        case let error as StoreError: return failure(error)
        default: return nil
        }
    }

    private static func message(_ error: any Error) -> String {
        switch error {
        case let error as PublishError: error.message
        case let error as SegmentWriteError: error.message
        case RangeContent.Failure.segment(let error): error.message
        default: "\(error)"
        }
    }

    /// A damaged row is for a person to look at, and no reason to take nothing in.
    private func failure(_ error: StoreError) -> SealError {
        guard case .damaged(let what) = error else { return stop(error.description) }
        return .refused(
            "\(what); nothing of the range is given up, and later ranges wait for it: put back a copy "
                + "of db in which it is whole")
    }

    /// That a file from before holds what would be written now.
    private func check(
        _ content: RangeContent, _ interval: SegmentInterval, _ folder: String
    ) throws {
        let path = folder + "/" + SegmentStore.fileName(interval.segmentID)
        let segment: SegmentReader
        do {
            segment = try SegmentReader(path: path)
        } catch {
            throw SealError.refused(error.message(file: path))
        }
        var comparison = SegmentComparison(segment)
        try content.pour(into: &comparison)
        var difference = comparison.finish()
        if segment.header.interval != interval {
            difference = "its sequences, rule set or the segment it follows are others"
        }
        guard let difference else { return }
        throw SealError.refused(
            "\(path) exists with other content: \(difference); sealing stops, nothing was "
                + "overwritten: compare it with a copy")
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
