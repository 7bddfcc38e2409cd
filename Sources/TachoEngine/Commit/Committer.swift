import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// The one thread that makes points durable: takes what the shards judged, writes it as commit
/// groups, and only then answers, publishes and lets readers go.
///
/// While a group is being synced the next one gathers, so under load groups grow by themselves and
/// without load a single fix waits for one sync and nothing else.
final class Committer: @unchecked Sendable {
    private let store: Store
    private let queue: CommitQueue
    private let riders: RiderTable
    private let latest: LatestTable
    private let progress: Progress
    private let context: Context
    private var group: GroupBuilder
    private var failure: String?

    /// What the committer needs from the engine around it.
    struct Context: Sendable {
        var thresholds: UInt64
        var nowMs: @Sendable () -> Int64
        var acknowledgesBeforeSync: Bool
        var journalLimitBytes: Int
        var fail: @Sendable (String) -> Void
        /// Why the engine stopped acknowledging elsewhere; nil: it did not.
        var failure: @Sendable () -> String?
        var alertsAreDurable: @Sendable () -> Void
        var journalIsFull: @Sendable () -> Void
        var pointsDone: @Sendable (Int) -> Void
    }

    /// A group is closed when its events are that long.
    static let groupBytes = 1 << 20
    /// Rows of checkpoints and cuts are written so many bytes at a time.
    private static let rowBatchBytes = 4 << 20

    init(
        store: Store, queue: CommitQueue, riders: RiderTable, latest: LatestTable,
        progress: Progress, context: Context
    ) {
        self.store = store
        self.queue = queue
        self.riders = riders
        self.latest = latest
        self.progress = progress
        self.context = context
        group = GroupBuilder(store.database)
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
        case .rows(let rows, let done):
            for row in rows { group.rows.put(row.family, row.key, row.value) }
            group.isForced = true
            group.afterCommit.append(done)
        case .loss(let first, let last, let done):
            group.addLoss(first: first, last: last)
            group.afterCommit.append(done)
        case .slots(let slots):
            attempt { () throws(StoreError) in
                try flush()
                try write(slots)
            }
        case .barrier(let barrier):
            attempt { () throws(StoreError) in
                try flush()
                try pass(barrier)
            }
            // Also after a failure: who waits for a barrier must not wait for ever.
            barrier.complete()
        }
    }

    /// After a failure nothing is acknowledged any more.
    private func refuse(_ item: CommitItem) {
        switch item {
        case .part(let part): part.work?.complete(.stopped(failure!))
        case .afterCommit(let body): body()
        case .rows(_, let done), .loss(_, _, let done): done()
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
            for body in group.afterCommit { body() }
            group = GroupBuilder(store.database)
        }
    }

    /// Writes the gathered group, if there is anything in it, and lets go who waited for it.
    private func flush() throws(StoreError) {
        let fresh = riders.takeFresh()
        if group.isWorthWriting || !fresh.isEmpty {
            for rider in fresh { group.add(rider: rider.number, name: rider.name) }
            let before = progress.now
            let commit = group.finish(
                after: before, nowMs: context.nowMs(), thresholds: context.thresholds)
            try store.journal.append(
                group: commit.header.group, record: commit.record, rows: group.rows)
            record(commit, before)
        }
        let done = group
        group = GroupBuilder(store.database)
        for part in done.parts { publish(part) }
        if !context.acknowledgesBeforeSync { for part in done.parts { acknowledge(part) } }
        for body in done.afterCommit { body() }
        if done.alertCount > 0 { context.alertsAreDurable() }
    }

    private func record(_ commit: GroupBuilder.Commit, _ before: Progress.State) {
        var isFull = false
        progress.update { state in
            state.group = commit.header.group
            state.nextSequence = commit.nextSequence
            state.hash = commit.hash
            state.journalBytes += commit.record.count
            state.alerts += commit.openedAlerts
            state.amendments += UInt64(commit.amendments)
            if let last = commit.lastAlert { state.lastAlert = last }
            isFull =
                state.journalBytes >= context.journalLimitBytes
                && before.journalBytes < context.journalLimitBytes
        }
        if isFull { context.journalIsFull() }
    }

    private func publish(_ part: Part) {
        for (rider, record) in part.latest { latest.publish(record, of: rider) }
        for tail in part.closed { tail.markWritten() }
        for amendment in part.amendments { amendment.markWritten() }
    }

    private func acknowledge(_ part: Part) {
        guard let work = part.work, work.partIsDurable() else { return }
        context.pointsDone(work.batch.count)
        work.complete()
    }

    /// Rows of a checkpoint. Not synced: the group that completes the checkpoint is.
    private func write(_ slots: [SlotRows]) throws(StoreError) {
        let rows = RowBatch(store.database)
        var asOf = ByteWriter()
        asOf.put(progress.now.group)
        for one in slots {
            rows.put(.latest, Keys.number(one.rider), asOf.bytes + one.slot)
            put(one.main, TailImage.mainKind, one.rider, rows)
            put(one.late, TailImage.lateKind, one.rider, rows)
        }
        try store.database.write(rows, sync: false)
    }

    private func put(_ tail: [UInt8]?, _ kind: UInt8, _ rider: UInt32, _ rows: RowBatch) {
        let key = Keys.tail(rider: rider, kind: kind)
        if let tail { rows.put(.tails, key, tail) } else { rows.delete(.tails, key) }
    }

    private func pass(_ barrier: Barrier) throws(StoreError) {
        switch barrier.kind {
        case .checkpoint:
            let state = progress.now
            let mark = CheckpointMark(
                from: state.group + 1, nextSequence: state.nextSequence, hash: state.hash,
                range: state.range, rangeFirst: state.rangeFirst)
            group.add(.checkpoint(from: mark.from))
            group.rows.put(.meta, Keys.meta(Store.checkpointKey), mark.encoded())
            store.journal.release(upTo: state.group, with: group.rows)
            progress.update { $0.journalBytes = 0 }
            try flush()
        case .cut(let next):
            let state = progress.now
            group.add(.cut(next: next))
            let row = RangeRow(first: state.rangeFirst, last: state.nextSequence - 1)
            group.rows.put(.meta, Keys.range(next - 1), row.encoded())
            try flush()
            progress.update { state in
                state.range = next
                state.rangeFirst = state.nextSequence
            }
            try writeChunks(barrier.takeClosed())
        }
    }

    /// Chunks a cut closed: after the cut is durable, because replay makes them again only then.
    private func writeChunks(_ tails: [ClosedTail]) throws(StoreError) {
        guard !tails.isEmpty else { return }
        var waiting: [ClosedTail] = []
        var bytes = 0
        let rows = RowBatch(store.database)
        for tail in tails {
            bytes += GroupBuilder.put(tail, partFirst: 0, to: rows)
            waiting.append(tail)
            if bytes >= Self.rowBatchBytes {
                try store.database.write(rows, sync: false)
                for tail in waiting { tail.markWritten() }
                rows.clear()
                waiting.removeAll()
                bytes = 0
            }
        }
        try store.database.write(rows, sync: false)
        for tail in waiting { tail.markWritten() }
        // A group behind them: damage to these rows then shows as a missing group.
        group.isForced = true
        try flush()
    }
}
