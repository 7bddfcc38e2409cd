import Synchronization
import TachoAudit
import TachoStore

/// What a pass through sealed segments found.
package struct ScrubReport: Sendable, Hashable {
    package var segments = 0
    package var points: UInt64 = 0
    package var bytes: UInt64 = 0
    /// Segments that are damaged or missing.
    package var damaged = 0
    /// Segments of which nothing is known, as they could not be read.
    package var unread = 0
    /// One line for each of both.
    package var findings: [String] = []

    /// So many are shown in an answer; all of them stand in the log.
    package static let shownFindings = 100
}

/// Looks through sealed segments, since disks forget without saying so: the newest day's once a day,
/// all once a week (`ScrubPlan`). Each is read from the device, decoded, and compared with the hash
/// that was noted when it was sealed. Nothing is mended: a person puts back a copy, or lets it be made
/// again (`Engine.rebuild`).
///
/// Its thread gives way to others and takes one segment a second at most.
/// Cost: reading a segment twice and decoding it; 25 ns a fix.
final class Scrubber: Sendable {
    private struct State {
        var plan: ScrubPlan
        var isBusy = false
        /// Grows whenever a file may have changed for the better: what was read before says nothing.
        var mended: UInt64 = 0
        var ticks = 0
    }

    /// So often the log's files are looked at, which another process may sign.
    private static let ticksPerLogLook = 60

    private let store: Store
    private let control: EngineControl
    private let options: EngineOptions
    private let thread = ReaderThread("tacho-scrub", yieldsToOthers: true)
    private let state: Mutex<State>
    /// Rows are written in the order of the changes they tell of, from two threads.
    private let writing = Mutex(())

    init(_ store: Store, _ control: EngineControl, _ options: EngineOptions) throws(StoreError) {
        self.store = store
        self.control = control
        self.options = options
        state = Mutex(State(plan: ScrubPlan(row: try ScrubRow.read(store.database))))
        lookAtLog()
    }

    /// Notes how far the log is, and how far it is signed. Cost: two small files are read. Neither number
    /// goes back: a seal may have noted more meanwhile.
    func lookAtLog() {
        guard let found = SealLog.figures(audit: store.directory.auditPath) else { return }
        control.updateSealActivity { activity in
            activity.logged = max(activity.logged, found.logged)
            activity.signed = max(activity.signed, found.signed)
        }
    }

    func stop() { thread.stop() }

    /// Times of the last passes, and how many segments are damaged, and could not be read.
    var figures: (dayMs: Int64, wholeMs: Int64, damaged: Int, unread: Int) {
        state.withLock { state in
            let row = state.plan.row
            return (
                row?.dayMs ?? 0, row?.wholeMs ?? 0, row?.damaged.count ?? 0,
                state.plan.unread.count
            )
        }
    }

    /// For tests: nothing is being looked at, and nothing of a pass is left.
    var isIdle: Bool { state.withLock { !$0.isBusy && $0.plan.isIdle } }

    /// Called every second: begins with the next segment that is due, unless one is being looked at, and
    /// looks at the log each minute.
    func tick(nowMs: Int64) {
        guard control.failure == nil, !control.isClosing else { return }
        let isLogDue = state.withLock { state in
            state.ticks += 1
            return state.ticks % Self.ticksPerLogLook == 0
        }
        if isLogDue { lookAtLog() }
        let last = control.seals.lastRange
        let begins = state.withLock { state in
            guard !state.isBusy, state.plan.next(nowMs: nowMs, last: last) != .nothing else {
                return false
            }
            state.isBusy = true
            return true
        }
        guard begins else { return }
        let isTaken = thread.post { [self] in
            step(nowMs)
            state.withLock { $0.isBusy = false }
        }
        if !isTaken { state.withLock { $0.isBusy = false } }
    }

    private func step(_ nowMs: Int64) {
        let last = control.seals.lastRange
        switch state.withLock({ $0.plan.next(nowMs: nowMs, last: last) }) {
        case .nothing: break
        case .look(let segment, let pass):
            var report = ScrubReport()
            look(at: segment, of: pass, &report)
        case .findNewestDay:
            let found = newestDay(through: last)
            state.withLock { $0.plan.begin(newestDay: found) }
        case .end(let pass): change { $0.plan.end(pass, nowMs: nowMs) }
        }
    }

    /// Whose receipt times reach into the 24 hours before the newest one; newest first.
    private func newestDay(through last: UInt32) -> [UInt32] {
        var found: [UInt32] = []
        var fromMs = Int64.min
        for segment in stride(from: last, to: 0, by: -1) {
            if control.isClosing { break }
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

    /// Changes what is known and writes it down.
    @discardableResult
    private func change<R: Sendable>(_ body: (inout State) -> R) -> R {
        writing.withLock { _ in
            let (result, row) = state.withLock { state in (body(&state), state.plan.known) }
            let rows = RowBatch(store.database)
            rows.put(.meta, Keys.meta(ScrubRow.key), row.encoded)
            do throws(StoreError) {
                try store.database.write(rows, sync: false)
            } catch {
                control.fail("while scrubbing: \(error)")
            }
            return result
        }
    }

    /// Notes what another thread found of a segment, or made of it.
    func note(_ segment: UInt32, _ found: SegmentLook.State) {
        let nowMs = options.nowMs()
        change { state in
            if found == .sound { state.mended += 1 }
            _ = state.plan.note(segment, found, nowMs: nowMs)
        }
    }

    /// Looks at one segment and notes what was found.
    private func look(at segment: UInt32, of pass: ScrubPlan.Pass?, _ report: inout ScrubReport) {
        while true {
            let mended = state.withLock { $0.mended }
            let (look, points) = check(segment)
            if control.isClosing { return }
            let nowMs = options.nowMs()
            let isNew = change { state -> Bool? in
                if look.state != .sound && state.mended != mended { return nil }
                return state.plan.note(segment, look.state, of: pass, nowMs: nowMs)
            }
            // Made again meanwhile, it may be this one.
            guard let isNew else { continue }
            report.segments += 1
            report.bytes += look.bytes
            switch look.state {
            case .sound: report.points += points
            case .damaged: report.damaged += 1
            case .unread: report.unread += 1
            }
            guard look.state != .sound else { return }
            report.findings.append(look.what)
            if isNew { options.onNotice(look.what) }
            return
        }
    }

    /// What is so with a segment, with what to do about it, and its points.
    private func check(_ segment: UInt32) -> (SegmentLook, points: UInt64) {
        let path = path(segment)
        do {
            guard let bytes = try store.database.get(.meta, Keys.seal(segment)) else {
                let what =
                    "\(path): the database has lost the note of its seal, so there is nothing to "
                    + "compare it with; check it with tacho-audit verify"
                return (SegmentLook(state: .damaged, what: what), 0)
            }
            let noted = try bytes.withUnsafeBytes { try SealRow.read($0) }
            var look = SegmentLook.at(
                path, sealed: noted.sha256, isWanted: { [control] in !control.isClosing },
                beforeOpen: options.beforeLook)
            switch look.state {
            case .sound: break
            case .damaged: look.what += "; " + (try advice(segment, noted))
            case .unread:
                look.what =
                    "could not be read: \(look.what); nothing is known of the segment until it can "
                    + "be, and it is tried again"
            }
            return (look, noted.points)
        } catch {
            let what =
                "could not be compared: \(path): what is noted of it cannot be read: \(error); it is "
                + "tried again"
            return (SegmentLook(state: .unread, what: what), 0)
        }
    }

    /// Whether the points of a damaged segment are anywhere else decides what can be done.
    private func advice(_ segment: UInt32, _ noted: SealRow) throws(StoreError) -> String {
        let copy = "put back a copy with SHA-256 \(Digest.hex(noted.sha256))"
        let isRetired = try store.database.get(.meta, Keys.retired(segment)) != nil
        let isKnown = try store.database.get(.meta, Keys.range(segment)) != nil
        return isKnown && !isRetired
            ? "\(copy), or let it be made again from the database: tacho seal --rebuild \(segment)"
            : "\(copy), as from a mirror: its points are nowhere else in this directory"
    }

    /// Looks at all segments, or the newest day's, now. `completion` runs on the scrubber's thread.
    func run(
        newestDayOnly: Bool,
        completion: @escaping @Sendable (Result<ScrubReport, SealError>) -> Void
    ) {
        let closed = SealError.stopped("the engine is closed")
        let isTaken = thread.post { [self] in
            let last = control.seals.lastRange
            let segments =
                newestDayOnly ? newestDay(through: last).reversed() : Array(1..<(last + 1))
            var report = ScrubReport()
            for segment in segments {
                if control.isClosing { break }
                look(at: segment, of: nil, &report)
            }
            if control.isClosing { return completion(.failure(closed)) }
            let nowMs = options.nowMs()
            change { $0.plan.end(newestDayOnly ? .newestDay : .whole, nowMs: nowMs) }
            if let reason = control.failure { return completion(.failure(.stopped(reason))) }
            completion(.success(report))
        }
        if !isTaken { completion(.failure(closed)) }
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
