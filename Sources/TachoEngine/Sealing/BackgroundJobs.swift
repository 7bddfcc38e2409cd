import Synchronization

/// What the engine does by itself, one of a kind at a time: a job that waits behind a long one is not
/// posted again each second.
final class BackgroundJobs: Sendable {
    enum Kind { case seal, retire }

    private let posted = Mutex(Set<Kind>())

    /// False: one is under way or waits.
    func begin(_ kind: Kind) -> Bool { posted.withLock { $0.insert(kind).inserted } }

    func end(_ kind: Kind) { posted.withLock { _ = $0.remove(kind) } }
}
