import Synchronization
import TachoGeo
import TachoStore

/// What the committer hands over, in its order, all of it durable.
enum FenceItem {
    /// `changes` come before the parts; `done` is called when they are in force.
    case group(
        commitMs: Int64, changes: [FenceChange], parts: [Part], done: [@Sendable () -> Void])
    /// Goes on to who writes it, with what is remembered as of the mark.
    case checkpoint(CheckpointMark, journalEnd: Int, Barrier)
}

/// The one thread that looks for riders crossing fences, behind the committer and beside everything else:
/// an event is told when the fix that made it is durable. Events of a rider are in the order of its fixes.
final class FenceThread: @unchecked Sendable {
    private struct Inbox {
        var items: [FenceItem] = []
        var points = 0
        /// There is a fence, or will be one when all waiting items were read.
        var isNeeded: Bool
        var isClosed = false
        var isDiscarding = false
    }

    struct Context: Sendable {
        var fail: @Sendable (String) -> Void
        var failure: @Sendable () -> String?
        /// Events can be read that could not before.
        var eventsAreReadable: @Sendable () -> Void
        /// Where a checkpoint goes on to.
        var pass: @Sendable (CheckpointMark, Int, Barrier, [StateRow]) -> Void
    }

    private let inbox: Monitor<Inbox>
    private let heldBytes: Mutex<Int>
    /// Touched by the thread alone once it runs.
    private let state: FenceState
    private let database: Database
    private let target: any RowWriting
    private let context: Context

    let book: FenceBook

    /// Fixes that wait to be looked at, at most; beyond, the committer waits.
    static let maxWaiting = 1 << 19

    init(state: FenceState, database: Database, target: any RowWriting, context: Context) {
        self.state = state
        self.database = database
        self.target = target
        self.context = context
        book = state.book
        inbox = Monitor(Inbox(isNeeded: !state.isEmpty))
        heldBytes = Mutex(state.bytes)
    }

    /// Memory held by fences and who is inside.
    var bytes: Int { heldBytes.withLock { $0 } }

    /// Waits while too much is waiting. One item is always taken, however large; fixes are not, where
    /// there is no fence.
    func push(_ item: FenceItem) {
        let points = Self.points(item)
        if points > 0 {
            inbox.wait { $0.points == 0 || $0.points + points <= Self.maxWaiting ? () : nil }
        }
        inbox.change { inbox in
            if case .group(_, let changes, _, _) = item {
                if !changes.isEmpty { inbox.isNeeded = true }
                if !inbox.isNeeded { return (false, ()) }
            }
            inbox.items.append(item)
            inbox.points += points
            return (true, ())
        }
    }

    private static func points(_ item: FenceItem) -> Int {
        guard case .group(_, _, let parts, _) = item else { return 0 }
        return parts.reduce(0) { $0 + $1.points }
    }

    /// Fixes that wait, for stats.
    var waiting: Int { inbox.with { $0.points } }

    /// Ends the thread; `discarding`: what waits is not read, as after a kill.
    func close(discarding: Bool) {
        inbox.change { inbox in
            inbox.isClosed = true
            inbox.isDiscarding = discarding
            return (true, ())
        }
    }

    /// Runs until closed and drained.
    func run() {
        while true {
            let items = inbox.wait { inbox -> [FenceItem]? in
                if inbox.items.isEmpty {
                    inbox.isNeeded = !state.isEmpty
                    return inbox.isClosed ? [] : nil
                }
                defer { inbox.items = [] }
                return inbox.items
            }
            if items.isEmpty { return }
            for item in items { perform(item) }
            attempt { () throws(StoreError) in try write() }
        }
    }

    private func perform(_ item: FenceItem) {
        switch item {
        case .group(let commitMs, let changes, let parts, let done):
            attempt { () throws(StoreError) in
                if !changes.isEmpty { try state.apply(changes, commitMs: commitMs) }
                for part in parts { try state.apply(part.events.raw, commitMs: commitMs) }
                // Few large writes: many groups wait when there is much to tell.
                if !done.isEmpty || state.made.count >= Self.eventsAtOnce { try write() }
            }
            heldBytes.withLock { $0 = state.bytes }
            // Also after a failure: who waits must not wait for ever.
            for body in done { body() }
            let points = Self.points(item)
            if points > 0 {
                inbox.change { inbox in
                    inbox.points -= points
                    return (true, ())
                }
            }
        case .checkpoint(let mark, let journalEnd, let barrier):
            var rows: [StateRow]?
            attempt { () throws(StoreError) in
                try write()
                rows = try state.checkpoint()
            }
            if let rows {
                context.pass(mark, journalEnd, barrier, rows)
            } else {
                barrier.complete()
            }
        }
    }

    private static let eventsAtOnce = 16_384

    /// Events go to the database from here, not synced: the journal makes them again.
    private func write() throws(StoreError) {
        let made = state.takeMade()
        if made.isEmpty { return }
        let rows = RowBatch(database)
        for event in made { rows.put(.fences, event.key, event.row) }
        try target.write(rows, sync: false)
        book.state.with { $0.newsIsWritten() }
        context.eventsAreReadable()
    }

    private func attempt(_ body: () throws(StoreError) -> Void) {
        if context.failure() != nil || inbox.with({ $0.isDiscarding }) { return }
        do {
            try body()
        } catch {
            context.fail("fences cannot be looked at: \(error)")
        }
    }
}
