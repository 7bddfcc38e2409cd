import Synchronization
import TachoStore

/// The small shared state around the engine's threads: failure, admission, wishes, observers.
final class EngineControl: Sendable {
    private struct State {
        var failure: String?
        var isClosing = false
        /// What operators heard last of stored bytes that cannot be read.
        var unreadable: String?
        var diskRefusal: String?
        var journalRefusal: String?
        var memoryRefusal: String?
        /// Something that frees memory is under way.
        var isRelieving = false
        var isReindexing = false
        var questions = 0
        /// Looks at memory since it ended.
        var looksSinceRelief = Int.max
        /// A checkpoint was asked for and has not released the journal yet.
        var isCheckpointDue = false
        var pendingPoints = 0
        var wantsCheckpoint = false
        var wantsCut = false
        var observers: [AlertObserver] = []
        var refusals = WriteRefusals()

        /// Why so many points cannot be taken; nil: they can.
        func refusal(of points: Int, limit: Int) -> (WriteRefusal, AppendError)? {
            if let failure { return (.stopped, .stopped(failure)) }
            if isClosing { return (.stopped, .stopped("the engine is closed")) }
            if let diskRefusal {
                return (.disk, .tryAgain(afterMs: 1000, reason: diskRefusal))
            }
            if let journalRefusal {
                return (.journal, .tryAgain(afterMs: 100, reason: journalRefusal))
            }
            if let memoryRefusal {
                return (.memory, .tryAgain(afterMs: 100, reason: memoryRefusal))
            }
            // One batch is always taken, however large: otherwise it could never be.
            if pendingPoints > 0, pendingPoints + points > limit {
                let reason = "\(pendingPoints) points are waiting to become durable"
                return (.pending, .tryAgain(afterMs: 50, reason: reason))
            }
            return nil
        }
    }

    private let state = Mutex(State())
    private let sealTotals = Mutex(SealTotals())
    private let sealing = Mutex(SealActivity())
    private let losses = Mutex<UInt64>(0)
    private let ticking = Monitor(true)
    /// Scans under way: they hold views of the database.
    private let scans = Monitor(0)
    private let barrierOrder = Mutex(())
    private let watermarkOrder = Mutex(())
    private let options: EngineOptions
    private let tuningNow: Mutex<EngineTuning>
    private let sealLag = Atomic<Int64>(0)

    init(options: EngineOptions) {
        self.options = options
        tuningNow = Mutex(options.tuning)
    }

    var tuning: EngineTuning { tuningNow.withLock { $0 } }
    func tune(_ tuning: EngineTuning) { tuningNow.withLock { $0 = tuning } }

    /// How long the oldest point that is not sealed has been waiting, as of the last look.
    var sealLagMs: Int64 {
        get { sealLag.load(ordering: .relaxed) }
        set { sealLag.store(newValue, ordering: .relaxed) }
    }

    var refusals: WriteRefusals { state.withLock { $0.refusals } }

    /// Why nothing is taken now, a line each; none: it is.
    var obstacles: [String] {
        state.withLock { state in
            if let reason = state.failure { return [reason] }
            if state.isClosing { return ["the engine is closing"] }
            return [state.diskRefusal, state.journalRefusal, state.memoryRefusal]
                .compactMap { $0 }
        }
    }

    var failure: String? { state.withLock { $0.failure } }

    /// The first I/O error ends all acknowledging; `onFailStop` hears of it once.
    func fail(_ reason: String) {
        let isFirst = state.withLock { state in
            defer { if state.failure == nil { state.failure = reason } }
            return state.failure == nil
        }
        if isFirst { options.onFailStop(reason) }
    }

    /// Fixes are left out because what they must be compared with cannot be read: told once.
    func note(unreadable what: String) {
        let isNew = state.withLock { state in
            defer { state.unreadable = what }
            return state.unreadable != what
        }
        if isNew { options.onNotice("fixes are refused: \(what)") }
    }

    /// Why a batch cannot be taken now; nil: it is counted in.
    func admit(points: Int) -> AppendError? {
        state.withLock { state in
            guard let (kind, error) = state.refusal(of: points, limit: options.maxPendingPoints)
            else {
                state.pendingPoints += points
                return nil
            }
            state.refusals.note(kind, points: points)
            return error
        }
    }

    func done(points: Int) { state.withLock { $0.pendingPoints -= points } }

    var pendingPoints: Int { state.withLock { $0.pendingPoints } }

    /// False: it was closed already.
    func beginClosing() -> Bool {
        state.withLock { state in
            defer { state.isClosing = true }
            return !state.isClosing
        }
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }

    /// False: the engine is closing. `endScan` when the last view of the database is gone.
    func beginScan() -> Bool {
        scans.with { count in
            if isClosing { return false }
            count += 1
            return true
        }
    }

    func endScan() {
        scans.change { count in
            count -= 1
            return (count == 0, ())
        }
    }

    /// Once closing began there are no further ones.
    func waitForScans() { scans.wait { $0 == 0 ? () : nil } }

    /// Checks free disk: below the limit writers hear "try again", readers go on.
    /// `shortage`: why the journal has no room for later groups.
    func checkDisk(_ path: String, shortage: String?) {
        if let shortage {
            state.withLock { $0.diskRefusal = shortage }
            return
        }
        guard let space = FileSystem.space(path) else { return }
        let limit = keptFreeBytes(of: space.total)
        state.withLock { state in
            state.diskRefusal =
                space.free < limit
                ? "the disk is nearly full: \(space.free >> 20) MiB free, "
                    + "\(limit >> 20) MiB are kept (--min-free)" : nil
        }
    }

    /// What writers leave free of a disk.
    func keptFreeBytes(of total: UInt64) -> UInt64 {
        tuning.minFreeBytes ?? min(5 << 30, total / 20)
    }

    /// Why there is no room for a file or a merge of so many bytes; nil: there is. A quarter of what writers
    /// leave free is left by these too: they may use the rest, since they are how room is made.
    func roomObstacle(bytes: UInt64, at path: String) -> String? {
        guard let space = FileSystem.space(path) else { return nil }
        let kept = keptFreeBytes(of: space.total) / 4
        if space.free >= kept && space.free - kept >= bytes { return nil }
        return "no room for it: about \(bytes >> 20) MiB are needed and \(kept >> 20) MiB are kept "
            + "(a quarter of --min-free), \(space.free >> 20) MiB are free"
    }

    /// The journal is at its bound or beyond: a checkpoint is due, and at twice the bound nothing
    /// is taken until it has come to its end.
    func journalGrew(bytes: Int) {
        let limit = options.journalLimitBytes
        state.withLock { state in
            if !state.isCheckpointDue {
                state.isCheckpointDue = true
                state.wantsCheckpoint = true
            }
            state.journalRefusal =
                bytes >= 2 * limit
                ? "the journal has \(bytes >> 20) MiB, twice its bound, and waits for a checkpoint"
                : nil
        }
    }

    func journalWasReleased(bytes: Int) {
        state.withLock { $0.isCheckpointDue = false }
        if bytes >= options.journalLimitBytes {
            journalGrew(bytes: bytes)
        } else {
            state.withLock { $0.journalRefusal = nil }
        }
    }

    /// A quarter above the limit nothing is taken. True: it is above the limit.
    func memoryIs(_ bytes: Int, limit: Int) -> Bool {
        state.withLock { state in
            if state.looksSinceRelief < .max { state.looksSinceRelief += 1 }
            state.memoryRefusal =
                bytes - limit > limit / 4
                ? "\(bytes >> 20) MiB of memory are in use, \(limit >> 20) MiB are allowed "
                    + "(--memory-limit)" : nil
            return bytes > limit
        }
    }

    /// False: the last one has not ended, or less than `pauseTicks` looks ago.
    func beginRelief(pauseTicks: Int = 0) -> Bool {
        state.withLock { state in
            if state.isRelieving || state.looksSinceRelief < pauseTicks { return false }
            state.isRelieving = true
            return true
        }
    }

    func endRelief() {
        state.withLock { state in
            state.isRelieving = false
            state.looksSinceRelief = 0
        }
    }

    /// Why writers hear "try again" for want of disk space; nil: there is enough.
    var diskRefusal: String? { state.withLock { $0.diskRefusal } }

    /// False: too many questions of who was where wait already.
    func beginQuestion(limit: Int) -> Bool {
        state.withLock { state in
            if state.questions >= limit { return false }
            state.questions += 1
            return true
        }
    }

    func endQuestion() { state.withLock { $0.questions -= 1 } }

    /// False: one is under way.
    func beginReindex() -> Bool {
        state.withLock { state in
            if state.isReindexing { return false }
            state.isReindexing = true
            return true
        }
    }

    func endReindex() { state.withLock { $0.isReindexing = false } }

    func requestCut() { state.withLock { $0.wantsCut = true } }

    func takeWishes() -> (checkpoint: Bool, cut: Bool) {
        state.withLock { state in
            defer {
                state.wantsCheckpoint = false
                state.wantsCut = false
            }
            return (state.wantsCheckpoint, state.wantsCut)
        }
    }

    func add(_ observer: AlertObserver) { state.withLock { $0.observers.append(observer) } }

    func remove(_ observer: AlertObserver) {
        state.withLock { $0.observers.removeAll { $0 === observer } }
    }

    func notifyObservers() {
        for observer in state.withLock({ $0.observers }) { observer.body() }
    }

    /// Two barriers must reach all workers in the same order, or each would wait for the other.
    func withBarrierOrder(_ body: () -> Void) { barrierOrder.withLock { _ in body() } }

    /// The group of the durable mark.
    func markedGroup(_ file: WatermarkFile) -> UInt64 {
        watermarkOrder.withLock { _ in file.current.group }
    }

    /// `isForced`: the mark may go back, because the journal did with the operator's consent.
    func advance(
        _ file: WatermarkFile, to mark: Watermark, isForced: Bool = false
    ) throws(StoreError) {
        try watermarkOrder.withLock { _ throws(StoreError) in
            // A tick that read its state earlier must not take the mark back.
            if mark.group < file.current.group && !mark.isClean && !isForced { return }
            try file.advance(to: mark)
        }
    }

    var sealActivity: SealActivity { sealing.withLock { $0 } }
    func updateSealActivity(_ body: (inout SealActivity) -> Void) { sealing.withLock { body(&$0) } }

    var seals: SealTotals { sealTotals.withLock { $0 } }
    func updateSeals(_ body: (inout SealTotals) -> Void) { sealTotals.withLock { body(&$0) } }

    var lostPoints: UInt64 { losses.withLock { $0 } }

    /// Reads the sums that later only grow.
    func load(_ database: Database) throws(StoreError) {
        let totals = try SealTotals(database)
        sealTotals.withLock { $0 = totals }
        let lost = try LossRows.all(database).reduce(0) { $0 + UInt64($1.count) }
        losses.withLock { $0 = lost }
    }

    /// Sleeps for a tick; false: the engine is closing.
    func sleepOneTick(milliseconds: Int) -> Bool {
        ticking.wait(milliseconds: milliseconds) { isOn in isOn ? nil : () } == nil
    }

    func endTicks() {
        ticking.change { isOn in
            isOn = false
            return (true, ())
        }
    }
}
