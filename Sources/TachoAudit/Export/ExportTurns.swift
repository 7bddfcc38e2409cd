#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Lets threads that work on numbered units hand over what they made in the order of the numbers.
///
/// Over pthread, because `Synchronization` has no condition variable. One wait a unit.
final class ExportTurns: @unchecked Sendable {
    private var next: UInt64 = 0
    private var isStopped = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Sleeps until all units before `number` are handed over; false if there will be no turn.
    func wait(for number: UInt64) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while next < number && !isStopped { pthread_cond_wait(changed, mutex) }
        return !isStopped
    }

    /// The turn of the next one. Called by whose turn it was.
    func advance() { change { next += 1 } }

    /// No more turns, for anyone.
    func stop() { change { isStopped = true } }

    private func change(_ body: () -> Void) {
        pthread_mutex_lock(mutex)
        body()
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
