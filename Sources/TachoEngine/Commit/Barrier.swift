import TachoIngest
import TachoStore

/// A moment that all judging threads pass together: everything they judged before is in the
/// committer's queue, nothing they judge after is. Checkpoints and cuts happen there, and other rules
/// come into force.
final class Barrier: Sendable {
    enum Kind: Sendable {
        case checkpoint
        /// All tails close; the next fix belongs to range `next`.
        case cut(next: UInt32)
        /// What is judged after it is judged by these rules.
        case rules(RuleSettings)
    }

    private struct State {
        var waiting: Int
        var isReleased = false
        var closed: [ClosedTail] = []
    }

    let kind: Kind
    private let state: Monitor<State>
    private let completion: @Sendable () -> Void

    /// `completion` runs on the thread of derived rows when the barrier's work is done: a checkpoint
    /// durable and the journal released, a cut durable and its chunks written. Of rules on the
    /// committer's: they are durable.
    init(_ kind: Kind, shards: Int, completion: @escaping @Sendable () -> Void) {
        self.kind = kind
        self.completion = completion
        state = Monitor(State(waiting: shards))
    }

    /// A shard has done its part. Calls `whenLast` if it was the last one, then waits for all.
    func arrive(_ closed: [ClosedTail], whenLast: () -> Void) {
        let isLast = state.with { state in
            state.closed += closed
            state.waiting -= 1
            return state.waiting == 0
        }
        if isLast {
            whenLast()
            // Not before: a shard that goes on early would overtake the barrier in the queue.
            state.change { state in
                state.isReleased = true
                return (true, ())
            }
        }
        state.wait { $0.isReleased ? () : nil }
    }

    func takeClosed() -> [ClosedTail] {
        state.with { state in
            defer { state.closed = [] }
            return state.closed
        }
    }

    func complete() { completion() }
}
