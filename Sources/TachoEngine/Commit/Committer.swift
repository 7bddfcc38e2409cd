import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// The one thread that makes points durable: takes what the shards judged, writes it as commit
/// groups, and only then answers, publishes, lets readers go, and hands over what the database
/// is to hold.
///
/// While a group is being synced the next one gathers, so under load groups grow by themselves and
/// without load a single fix waits for one sync and nothing else.
final class Committer: @unchecked Sendable {
    private let journal: any Journal
    private let queue: CommitQueue
    private let derived: DerivedWriter
    private let fences: FenceThread
    private let orders: OrderThread
    /// nil: tracks are not compared.
    private let across: AcrossThread?
    private let recent: RecentAlerts
    private let recentVerdicts: RecentVerdicts
    private let book: AlertBook
    private let riders: RiderTable
    private let live: LivePositions
    private let progress: Progress
    private let times: CommitTimes
    private let context: Context
    private var group = GroupBuilder()
    private let buffer = GroupBuffer()
    private var failure: String?
    /// Hash of those in force, for the heads of groups.
    private var thresholds: UInt64
    private var revision: UInt64
    private var thinning: Thinning

    /// What the committer needs from the engine around it.
    struct Context: Sendable {
        /// Hash of those in force at the start.
        var thresholds: UInt64
        var revision: UInt64
        var nowMs: @Sendable () -> Int64
        var acknowledgesBeforeSync: Bool
        var journalLimitBytes: Int
        /// Fixes a second up to which tracks are compared as closely as the rules say.
        var acrossFullRate: Int
        var fail: @Sendable (String) -> Void
        /// Why the engine stopped acknowledging elsewhere; nil: it did not.
        var failure: @Sendable () -> String?
        /// Entries of streams can be read that could not before.
        var entriesAreDurable: @Sendable () -> Void
        /// Latest shows what these parts say.
        var riderMoved: @Sendable ([Part]) -> Void
        /// The journal is as long as its bound, or longer.
        var journalGrew: @Sendable (Int) -> Void
        var pointsDone: @Sendable (Int) -> Void
    }

    /// A group is closed when its events are that long.
    static let groupBytes = 1 << 20

    init(
        journal: any Journal, queue: CommitQueue, derived: DerivedWriter, fences: FenceThread,
        orders: OrderThread, across: AcrossThread?,
        recent: RecentAlerts, recentVerdicts: RecentVerdicts, book: AlertBook, riders: RiderTable,
        live: LivePositions,
        progress: Progress, times: CommitTimes,
        context: Context
    ) {
        self.times = times
        self.fences = fences
        self.orders = orders
        self.recentVerdicts = recentVerdicts
        self.across = across
        self.journal = journal
        self.queue = queue
        self.derived = derived
        self.recent = recent
        self.book = book
        self.riders = riders
        self.live = live
        self.progress = progress
        self.context = context
        thresholds = context.thresholds
        revision = context.revision
        thinning = Thinning(fullPerSecond: context.acrossFullRate)
    }

    /// Runs until the queue is closed.
    func run() {
        while true {
            let items = queue.take()
            if items.isEmpty { return }
            for item in items { perform(item) }
            attempt { () throws(StoreError) in try flush() }
        }
    }

    private func perform(_ item: CommitItem) {
        if failure == nil { failure = context.failure() }
        if failure != nil {
            refuse(item)
            return
        }
        switch item {
        case .part(let part):
            group.add(part)
            if context.acknowledgesBeforeSync { acknowledge(part) }
            if group.bytes >= Self.groupBytes { attempt { () throws(StoreError) in try flush() } }
        case .afterCommit(let body):
            group.afterCommit.append(body)
        case .review(let pending, let done):
            group.add(pending)
            if context.acknowledgesBeforeSync { done() } else { group.afterCommit.append(done) }
            if group.bytes >= Self.groupBytes { attempt { () throws(StoreError) in try flush() } }
        case .order(let pending):
            group.add(pending)
            if context.acknowledgesBeforeSync { pending.answer(.success(pending.event.mask)) }
            if group.bytes >= Self.groupBytes { attempt { () throws(StoreError) in try flush() } }
        case .fences(let changes, let done):
            group.add(changes, done: done)
            if group.bytes >= Self.groupBytes { attempt { () throws(StoreError) in try flush() } }
        case .rows(let rows, let done):
            attempt { () throws(StoreError) in try flush() }
            if failure == nil { derived.push(.rows(rows, done)) } else { done() }
        case .loss(let first, let last, let isHeld, let done):
            group.addLoss(first: first, last: last, isHeld: isHeld)
            attempt { () throws(StoreError) in try flush() }
            // The loss is to be read back when it is answered.
            if failure == nil { derived.push(.rows([], done)) } else { done() }
        case .slots(let slots):
            attempt { () throws(StoreError) in
                try flush()
                derived.push(.slots(slots, asOf: progress.now.group))
            }
        case .barrier(let barrier):
            attempt { () throws(StoreError) in
                try flush()
                try pass(barrier)
            }
            // Who waits for a barrier must not wait for ever.
            if failure != nil { barrier.complete() }
        }
    }

    /// After a failure nothing is acknowledged any more.
    private func refuse(_ item: CommitItem) {
        switch item {
        case .part(let part): part.work?.complete(.stopped(failure!))
        case .order(let pending): pending.refuse(failure!)
        case .afterCommit(let body): body()
        case .rows(_, let done), .loss(_, _, _, let done), .review(_, let done),
            .fences(_, let done):
            done()
        case .barrier(let barrier): barrier.complete()
        case .slots: break
        }
    }

    private func attempt(_ body: () throws(StoreError) -> Void) {
        guard failure == nil else { return }
        do {
            try body()
        } catch {
            failure = error.description
            context.fail(error.description)
            for part in group.parts { part.work?.complete(.stopped(error.description)) }
            for pending in group.orders { pending.refuse(error.description) }
            for body in group.afterCommit + group.fencesDone { body() }
            group = GroupBuilder()
        }
    }

    private func thinningOfGroup() -> UInt8 {
        guard let across else { return 0 }
        return thinning.exponent(
            points: across.isCrowded ? group.points : group.livePoints,
            nowMs: EngineOptions.steadyMs)
    }

    /// Writes the gathered group, if there is anything in it, and lets go who waited for it.
    private func flush() throws(StoreError) {
        let fresh = riders.takeFresh()
        var handOver: DerivedGroup?
        var header: GroupHeader?
        var (begunNs, durableNs) = (UInt64(0), UInt64(0))
        if group.bytes > 0 || !fresh.isEmpty {
            for rider in fresh { group.add(rider: rider.number, name: rider.name) }
            let before = progress.now
            let commit = group.finish(
                after: before, nowMs: context.nowMs(), thresholds: thresholds,
                revision: revision, thinning: thinningOfGroup(),
                into: buffer)
            begunNs = EngineOptions.steadyNs
            let hash = try journal.append(buffer, commit.header)
            durableNs = EngineOptions.steadyNs
            // Before anybody can hear that they are there.
            recentVerdicts.add(commit.derived.verdicts, group: commit.header.group)
            record(commit, hash, before)
            header = commit.header
            recent.add(commit.derived)
            book.add(commit.derived)
            if !commit.derived.isEmpty { handOver = commit.derived }
            if !commit.orders.isEmpty { _ = orders.push(.committed(commit.orders)) }
        }
        let done = group
        group = GroupBuilder()
        for part in done.parts { live.publish(part) }
        // Before the answer: who subscribes after it must not hear of this move as a later one.
        context.riderMoved(done.parts)
        let publishedNs = EngineOptions.steadyNs
        if !context.acknowledgesBeforeSync { for part in done.parts { acknowledge(part) } }
        for body in done.afterCommit { body() }
        if done.entryCount > 0 { context.entriesAreDurable() }
        // Last: it may wait, and nobody is to wait with it for what is durable already.
        if let handOver { derived.push(.group(handOver)) }
        guard let header else { return }
        times.note(
            done.parts,
            CommitTimes.Moments(
                begunNs: begunNs, durableNs: durableNs, publishedNs: publishedNs))
        for part in done.parts { part.letGoOfWork() }
        fences.push(
            .group(
                commitMs: header.commitMs, changes: done.fenceChanges, parts: done.parts,
                done: done.fencesDone))
        if let across {
            across.push(
                .group(
                    number: header.group, commitMs: header.commitMs, thinning: header.thinning,
                    parts: done.parts))
        }
    }

    private func record(
        _ commit: GroupBuilder.Commit, _ hash: UInt64, _ before: Progress.State
    ) {
        var bytes = 0
        progress.update { state in
            state.group = commit.header.group
            state.nextSequence = commit.nextSequence
            state.hash = hash
            state.journalAppended += buffer.paddedBytes
            state.alerts += commit.openedAlerts
            state.amendments += UInt64(commit.amendments)
            if let last = commit.lastAlert { state.lastAlert = last }
            if let last = commit.orders.last {
                state.orders = last.number
                state.lastOrder = last.id
            }
            if let last = commit.derived.verdicts.last {
                state.verdicts = last.before + UInt64(last.count)
                state.lastVerdict = last.last
            }
            bytes = state.journalBytes
        }
        if bytes >= context.journalLimitBytes { context.journalGrew(bytes) }
    }

    private func acknowledge(_ part: Part) {
        guard let work = part.work, work.partIsDurable() else { return }
        context.pointsDone(work.batch.count)
        work.complete()
    }

    /// The barrier is complete when its rows are in the database, not here.
    private func pass(_ barrier: Barrier) throws(StoreError) {
        let state = progress.now
        switch barrier.kind {
        case .checkpoint:
            let mark = CheckpointMark(
                from: state.group + 1, nextSequence: state.nextSequence, hash: state.hash,
                range: state.range, rangeFirst: state.rangeFirst)
            let end = state.journalAppended
            // By way of it, since what it remembers is part of the checkpoint.
            fences.push(.checkpoint(mark, journalEnd: end, barrier))
        case .cut(let next):
            group.add(.cut(next: next))
            try flush()
            progress.update { state in
                state.range = next
                state.rangeFirst = state.nextSequence
            }
            let row = RangeRow(
                first: state.rangeFirst, last: state.nextSequence - 1, ruleSet: RuleSet.version)
            derived.push(.cut(range: next - 1, row, barrier.takeClosed(), barrier))
        case .rules(let settings):
            // In a group of its own, which is the first with the new hash.
            thresholds = settings.thresholds.hash64
            revision = settings.revision
            group.add(rules: RuleSettingsImage.bytes(settings))
            try flush()
            across?.push(.rules(settings.thresholds))
            barrier.complete()
        }
    }
}
