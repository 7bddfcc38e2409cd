#if canImport(Glibc)
    import Glibc
#endif

/// Lets any number of writers through, and one who wants none to be inside for a moment. Cost to a
/// writer: two uncontended locks for each batch of rows.
final class WriteGate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var inside = 0
    private var isClosed = false

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

    func enter() {
        pthread_mutex_lock(mutex)
        while isClosed { pthread_cond_wait(changed, mutex) }
        inside += 1
        pthread_mutex_unlock(mutex)
    }

    func leave() {
        pthread_mutex_lock(mutex)
        inside -= 1
        if inside == 0 { pthread_cond_broadcast(changed) }
        pthread_mutex_unlock(mutex)
    }

    /// Waits until nobody is inside, and lets nobody in while `body` runs. Not to be nested.
    func closed<R, Failure: Error>(_ body: () throws(Failure) -> R) throws(Failure) -> R {
        pthread_mutex_lock(mutex)
        while isClosed { pthread_cond_wait(changed, mutex) }
        isClosed = true
        while inside > 0 { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
        defer {
            pthread_mutex_lock(mutex)
            isClosed = false
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        return try body()
    }
}
