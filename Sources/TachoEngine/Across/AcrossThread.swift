import Synchronization
import TachoIngest
import TachoStore

/// What the committer hands over, in its order, all of it durable.
enum AcrossItem {
    case group(number: UInt64, commitMs: Int64, thinning: UInt8, parts: [Part])
    /// A rule set that is in force from here on.
    case rules(Thresholds)
    /// Goes on to the thread of derived rows with what is remembered as of the mark; `rows` are of others.
    case checkpoint(CheckpointMark, journalEnd: Int, Barrier, rows: [StateRow])
}

/// The one thread that looks for tracks alike, behind the committer and beside everything else.
///
/// It reads what was committed, remembers landmarks, and proposes ways to compare; judges compare
/// them, as only they know their riders' histories, and the journal says when that is done.
final class AcrossThread: @unchecked Sendable {
    private struct Inbox {
        var items: [AcrossItem] = []
        var points = 0
        var isClosed = false
        var isDiscarding = false
    }

    private struct Status {
        /// The last group that was read.
        var group: UInt64
        var open = 0
        /// Proposals made since the start, and ways that were not proposed.
        var made = 0
        var dropped = 0
        var thinning = 1
        var bytes: Int
    }

    private let inbox = Monitor(Inbox())
    private let status: Mutex<Status>
    /// Touched by the thread alone once it runs.
    private let state: AcrossState
    private let derived: DerivedWriter
    private let fail: @Sendable (String) -> Void
    private let failure: @Sendable () -> String?

    /// Fixes that wait to be read, at most; beyond, the committer waits.
    static let maxWaiting = 1 << 19

    init(
        state: AcrossState, lastGroup: UInt64, derived: DerivedWriter,
        fail: @escaping @Sendable (String) -> Void, failure: @escaping @Sendable () -> String?
    ) {
        self.state = state
        self.derived = derived
        self.fail = fail
        self.failure = failure
        status = Mutex(Status(group: lastGroup, open: state.openCount, bytes: state.bytes))
    }

    /// Waits while too much is waiting. One item is always taken, however large.
    func push(_ item: AcrossItem) {
        let points = Self.points(item)
        if points > 0 {
            inbox.wait { $0.points == 0 || $0.points + points <= Self.maxWaiting ? () : nil }
        }
        inbox.change { inbox in
            inbox.items.append(item)
            inbox.points += points
            return (true, ())
        }
    }

    private static func points(_ item: AcrossItem) -> Int {
        guard case .group(_, _, _, let parts) = item else { return 0 }
        return parts.reduce(0) { $0 + $1.points }
    }

    /// Ends the thread; `discarding`: what waits is not read, as after a kill.
    func close(discarding: Bool) {
        inbox.change { inbox in
            inbox.isClosed = true
            inbox.isDiscarding = discarding
            return (true, ())
        }
    }

    /// Groups that are not read and proposals that are not judged, of all up to a group.
    func waiting(behind group: UInt64) -> Int {
        status.withLock { Int(group - min($0.group, group)) + $0.open }
    }

    /// More than half of what may wait does: from here on imports are thinned like everything else.
    var isCrowded: Bool { status.withLock { $0.open > AcrossState.maxOpen / 2 } }

    /// Pairs of ways that were to be compared, since the start.
    var proposalCount: Int { status.withLock { $0.made } }

    /// Pairs of ways that were not compared because too many waited, since the start.
    var droppedCount: Int { status.withLock { $0.dropped } }

    /// One landmark of so many was chosen of the last group.
    var thinningFactor: Int { status.withLock { $0.thinning } }

    /// Memory held by what is remembered of tracks.
    var bytes: Int { status.withLock { $0.bytes } }

    /// Runs until closed and drained. `post` hands a proposal to its judge.
    func run(_ post: (AcrossProposal) -> Void) {
        // What the replay looked up: there may be nothing to read before the database is closed.
        state.rest()
        for proposal in state.takeOpen() { post(proposal) }
        while true {
            let items = inbox.wait { inbox -> [AcrossItem]? in
                if inbox.items.isEmpty { return inbox.isClosed ? [] : nil }
                defer { inbox.items = [] }
                return inbox.items
            }
            if items.isEmpty { return }
            for item in items { perform(item, post) }
            state.rest()
        }
    }

    private func perform(_ item: AcrossItem, _ post: (AcrossProposal) -> Void) {
        switch item {
        case .group(let number, let commitMs, let thinning, let parts):
            attempt { () throws(StoreError) in
                for part in parts {
                    try state.apply(part.events.raw, commitMs: commitMs, thinning: thinning)
                }
            }
            let fresh = state.takeFresh()
            for proposal in fresh { post(proposal) }
            status.withLock {
                $0.group = number
                $0.open = state.openCount
                $0.made += fresh.count
                $0.dropped = state.dropped
                $0.thinning = 1 << Int(thinning)
                $0.bytes = state.bytes
            }
            let points = Self.points(item)
            if points > 0 {
                inbox.change { inbox in
                    inbox.points -= points
                    return (true, ())
                }
            }
        case .rules(let limits):
            state.obey(limits)
        case .checkpoint(let mark, let journalEnd, let barrier, let others):
            var rows: [StateRow]?
            attempt { () throws(StoreError) in rows = try state.checkpoint() }
            if let rows {
                derived.push(
                    .checkpoint(mark, journalEnd: journalEnd, barrier, rows: others + rows))
            } else {
                // Who waits for a barrier must not wait for ever.
                barrier.complete()
            }
        }
    }

    private func attempt(_ body: () throws(StoreError) -> Void) {
        if failure() != nil || inbox.with({ $0.isDiscarding }) { return }
        do {
            try body()
        } catch {
            fail("tracks cannot be compared: \(error)")
        }
    }
}
