import Synchronization

/// Whether a client is still connected, for threads that work on a long answer.
final class Presence: Sendable {
    private let isGone = Atomic(false)

    func end() { isGone.store(true, ordering: .relaxed) }

    var isThere: @Sendable () -> Bool { { [self] in !isGone.load(ordering: .relaxed) } }
}
