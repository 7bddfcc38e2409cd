import Synchronization
import TachoAudit
import TachoStore

/// What a pass through sealed segments found.
package struct ScrubReport: Sendable, Hashable {
    package var segments = 0
    package var points: UInt64 = 0
    package var bytes: UInt64 = 0
    /// One line for each segment that is damaged or missing.
    package var findings: [String] = []

    /// So many are shown in an answer; all of them stand in the log.
    package static let shownFindings = 100
}

/// Looks through sealed segments, since disks forget without saying so: the newest day's once a day,
/// all once a week. Each is read from the device, decoded, and compared with the hash that was noted
/// when it was sealed. Nothing is mended: a person puts back a copy.
///
/// Its thread gives way to others and takes one segment a second at most.
/// Cost: reading a segment twice and decoding it; 25 ns a fix.
final class Scrubber: Sendable {
    private struct State {
        var row: ScrubRow?
        var isBusy = false
        /// Of the newest day, still to be looked at.
        var day: [UInt32] = []
    }

    private let store: Store
    private let control: EngineControl
    private let options: EngineOptions
    private let thread = ReaderThread("tacho-scrub", yieldsToOthers: true)
    private let state: Mutex<State>

    init(_ store: Store, _ control: EngineControl, _ options: EngineOptions) throws(StoreError) {
        self.store = store
        self.control = control
        self.options = options
        state = Mutex(State(row: try ScrubRow.read(store.database)))
    }

    func stop() { thread.stop() }

    /// Times of the last passes, and how many segments are damaged.
    var figures: (dayMs: Int64, wholeMs: Int64, damaged: Int) {
        state.withLock { state in
            (state.row?.dayMs ?? 0, state.row?.wholeMs ?? 0, state.row?.damaged.count ?? 0)
        }
    }

    /// For tests: nothing is being looked at, and nothing of a pass is left.
    var isIdle: Bool {
        state.withLock { !$0.isBusy && $0.day.isEmpty && ($0.row?.next ?? 0) == 0 }
    }

    /// Called every second: begins with the next segment that is due, unless one is being looked at.
    func tick(nowMs: Int64) {
        guard control.failure == nil, !control.isClosing else { return }
        let last = control.seals.lastRange
        let begins = state.withLock { state in
            guard !state.isBusy, Self.isDue(&state, nowMs, last) else { return false }
            state.isBusy = true
            return true
        }
        guard begins else { return }
        let isTaken = thread.post { [self] in
            let segment = nextSegment(nowMs)
            if let segment { look(at: segment) }
            state.withLock { $0.isBusy = false }
        }
        if !isTaken { state.withLock { $0.isBusy = false } }
    }

    private static func isDue(_ state: inout State, _ nowMs: Int64, _ last: UInt32) -> Bool {
        guard let row = state.row else {
            // What there is was read back when it was sealed, unless it is from an older program.
            state.row =
                last == 0
                ? ScrubRow(dayMs: nowMs, wholeMs: nowMs) : ScrubRow(dayMs: 0, wholeMs: 0)
            return last > 0
        }
        if last == 0 { return false }
        return row.next > 0 || !state.day.isEmpty
            || nowMs - row.wholeMs >= ScrubRow.wholeLengthMs
            || nowMs - row.dayMs >= ScrubRow.dayLengthMs
    }

    /// Of the pass under way, or the first of one that is due; nil: that pass is over.
    private func nextSegment(_ nowMs: Int64) -> UInt32? {
        let last = control.seals.lastRange
        var row = state.withLock { $0.row } ?? ScrubRow(dayMs: 0, wholeMs: 0)
        if row.next == 0 && nowMs - row.wholeMs >= ScrubRow.wholeLengthMs { row.next = 1 }
        if row.next > 0 {
            let segment = row.next
            if segment > last {
                // All were: the newest day's among them.
                (row.next, row.wholeMs, row.dayMs) = (0, nowMs, nowMs)
                keep(row)
                return nil
            }
            row.next += 1
            keep(row)
            return segment
        }
        var day = state.withLock { $0.day }
        if day.isEmpty && nowMs - row.dayMs >= ScrubRow.dayLengthMs {
            day = newestDay(through: last)
            row.dayMs = nowMs
            keep(row)
        }
        let segment = day.popLast()
        state.withLock { [day] in $0.day = day }
        return segment
    }

    /// Whose receipt times reach into the 24 hours before the newest one.
    private func newestDay(through last: UInt32) -> [UInt32] {
        var found: [UInt32] = []
        var fromMs = Int64.min
        for segment in stride(from: last, to: 0, by: -1) {
            guard let bounds = try? header(segment).recvBounds, !bounds.isEmpty else {
                // Whatever is wrong with it is found when it is looked at.
                found.append(segment)
                continue
            }
            if fromMs == .min { fromMs = bounds.maxMs - ScrubRow.dayLengthMs }
            if bounds.maxMs < fromMs { break }
            found.append(segment)
        }
        return found
    }

    private func path(_ segment: UInt32) -> String {
        store.directory.auditPath + "/" + SegmentStore.fileName(UInt64(segment))
    }

    private func header(_ segment: UInt32) throws(SegmentError) -> SegmentHeader {
        try SegmentReader.header(of: try SegmentSource(path: path(segment)))
    }

    private func keep(_ row: ScrubRow) {
        state.withLock { $0.row = row }
        let rows = RowBatch(store.database)
        rows.put(.meta, Keys.meta(ScrubRow.key), row.encoded)
        do throws(StoreError) {
            try store.database.write(rows, sync: false)
        } catch {
            control.fail("while scrubbing: \(error)")
        }
    }

    /// Looks at one segment and notes what was found; nil: broken off, or it is sound.
    @discardableResult
    private func look(at segment: UInt32, _ report: inout ScrubReport) -> String? {
        let (result, bytes) = check(segment)
        if control.isClosing { return nil }
        report.segments += 1
        report.bytes += bytes
        var row = state.withLock { $0.row } ?? ScrubRow(dayMs: 0, wholeMs: 0)
        let wasDamaged = row.damaged.contains(segment)
        var finding: String?
        switch result {
        case .success(let points): report.points += points
        case .failure(let error): finding = error.text
        }
        if let finding {
            report.findings.append(finding)
            if !wasDamaged { options.onNotice(finding) }
        }
        row.note(segment, isDamaged: finding != nil)
        keep(row)
        return finding
    }

    private func look(at segment: UInt32) {
        var report = ScrubReport()
        look(at: segment, &report)
    }

    private struct Damage: Error {
        var text: String
    }

    private func check(_ segment: UInt32) -> (Result<UInt64, Damage>, bytes: UInt64) {
        let path = path(segment)
        func damaged(_ what: String) -> Result<UInt64, Damage> {
            .failure(Damage(text: "\(what); put back a copy of it"))
        }
        do {
            guard let bytes = try store.database.get(.meta, Keys.seal(segment)) else {
                return (damaged("\(path): it is not noted as sealed"), 0)
            }
            let noted = try bytes.withUnsafeBytes { try SealRow.read($0) }
            let file = try AuditFile(path: path, isWanted: { [control] in !control.isClosing })
            try file.dropCache()
            let report = SegmentCheck.run(.file(file), deep: true)
            if let error = report.findings.first {
                return (damaged(error.message(file: path)), file.byteCount)
            }
            guard report.sha256 == noted.sha256 else {
                let what =
                    "\(path): it is not the segment that was sealed, SHA-256 "
                    + "\(Digest.hex(noted.sha256))"
                return (damaged(what), file.byteCount)
            }
            return (.success(noted.points), file.byteCount)
        } catch let error as SegmentError {
            return (damaged(error.message(file: path)), 0)
        } catch {
            return (damaged("\(path): \(error)"), 0)
        }
    }

    /// Looks at all segments, or the newest day's, now. `completion` runs on the scrubber's thread.
    func run(
        newestDayOnly: Bool,
        completion: @escaping @Sendable (Result<ScrubReport, SealError>) -> Void
    ) {
        let isTaken = thread.post { [self] in
            let last = control.seals.lastRange
            let segments =
                newestDayOnly ? newestDay(through: last).reversed() : Array(1..<(last + 1))
            var report = ScrubReport()
            for segment in segments {
                if control.isClosing { break }
                look(at: segment, &report)
            }
            if control.isClosing { return completion(.failure(.stopped("the engine is closed"))) }
            var row = state.withLock { $0.row } ?? ScrubRow(dayMs: 0, wholeMs: 0)
            row.dayMs = options.nowMs()
            if !newestDayOnly { (row.wholeMs, row.next) = (row.dayMs, 0) }
            keep(row)
            completion(.success(report))
        }
        if !isTaken { completion(.failure(.stopped("the engine is closed"))) }
    }
}

extension Engine {
    /// Looks through all sealed segments, or those of the newest day, from the device.
    /// `completion` runs on a thread of the engine, minutes later where there is much.
    package func scrub(
        newestDayOnly: Bool,
        completion: @escaping @Sendable (Result<ScrubReport, SealError>) -> Void
    ) {
        if control.isClosing { return completion(.failure(.stopped("the engine is closed"))) }
        scrubber.run(newestDayOnly: newestDayOnly, completion: completion)
    }

    package func scrub(newestDayOnly: Bool = false) throws(SealError) -> ScrubReport {
        let answer = Monitor<Result<ScrubReport, SealError>?>(nil)
        scrub(newestDayOnly: newestDayOnly) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }
}
