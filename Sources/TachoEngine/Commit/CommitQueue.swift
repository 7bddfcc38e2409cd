import TachoStore

/// What the committer is given, in the order it takes effect.
enum CommitItem {
    case part(Part)
    /// Runs when everything before is durable.
    case afterCommit(@Sendable () -> Void)
    /// What somebody says about an alert; runs when it is durable, or never will be.
    case review(PendingReview, @Sendable () -> Void)
    /// What somebody says of an order; it answers itself when it can be read.
    case order(PendingOrder)
    /// Fences that are set, deleted or expire; runs when that is in force, or never will be.
    case fences([FenceChange], @Sendable () -> Void)
    /// Riders' state for a checkpoint in progress.
    case slots([SlotRows])
    case barrier(Barrier)
    /// The operator's consent to a loss; sequences go on behind it. `isHeld`: segments hold the points,
    /// their numbers are only stepped over.
    case loss(first: UInt64, last: UInt64, isHeld: Bool, @Sendable () -> Void)
    /// Rows of others (the sealer): written and synced behind all that was handed over before.
    case rows([(family: Family, key: [UInt8], value: [UInt8])], @Sendable () -> Void)
}

/// A rider's rows of a checkpoint; the group they are valid for is put in front when written.
struct SlotRows: Sendable {
    var rider: UInt32
    var slot: [UInt8]
    /// nil: the tail is empty.
    var main: [UInt8]?
    var late: [UInt8]?
}

/// The bounded line in front of the committer. Handing over a part gives its fixes their sequence,
/// so the order here is the order of the journal.
final class CommitQueue: Sendable {
    private struct State {
        var items: [CommitItem] = []
        var nextSequence: UInt64
        var isClosed = false
    }

    private let state: Monitor<State>

    init(nextSequence: UInt64) { state = Monitor(State(nextSequence: nextSequence)) }

    /// False: the queue is closed, the item is not taken.
    @discardableResult
    func push(_ item: CommitItem) -> Bool {
        state.change { state in
            if state.isClosed { return (false, false) }
            if case .part(let part) = item {
                part.firstSequence = state.nextSequence
                state.nextSequence += UInt64(part.points)
            }
            if case .loss(_, let last, _, _) = item, last > 0 { state.nextSequence = last + 1 }
            state.items.append(item)
            return (state.items.count == 1, true)
        }
    }

    /// All items waiting; empty: closed and drained.
    func take() -> [CommitItem] {
        state.wait { state in
            if state.items.isEmpty { return state.isClosed ? [] : nil }
            defer { state.items = [] }
            return state.items
        }
    }

    func close() {
        state.change { state in
            state.isClosed = true
            return (true, ())
        }
    }
}
