#if canImport(Glibc)
    import Glibc
#endif

extension EngineOptions {
    /// Wall clock, Unix ms.
    package static let systemClock: @Sendable () -> Int64 = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Of a clock that nobody sets, ms.
    static var steadyMs: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// The same, ns.
    static var steadyNs: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// One core is for everything else, but two judges even on two cores: late fixes make judging the
    /// longest stage, and a second judge then takes what the other core has left.
    static var defaultWorkers: Int { max(2, coreCount - 1) }

    static var coreCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    static var defaultMemoryLimitBytes: Int {
        let half = sysconf(Int32(_SC_PHYS_PAGES)) / 2 * sysconf(Int32(_SC_PAGESIZE))
        return half > 0 ? min(4 << 30, half) : 4 << 30
    }
}

/// A state, its lock, and a way to sleep until it changes. Over pthread, because `Synchronization`
/// has no condition variable. Not for per-point use: a lock is 20 ns, a wake-up 20 µs.
final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Reads or changes the state; wakes nobody.
    func with<R>(_ body: (inout State) throws -> R) rethrows -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Changes the state and wakes all sleepers when `body` returns true for it.
    func change<R>(_ body: (inout State) -> (wake: Bool, R)) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let (wake, result) = body(&state)
        if wake { pthread_cond_broadcast(changed) }
        return result
    }

    /// Sleeps until `body` gives a value.
    func wait<R>(_ body: (inout State) -> R?) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Sleeps until `body` gives a value or `milliseconds` have passed: then nil.
    func wait<R>(milliseconds: Int, _ body: (inout State) -> R?) -> R? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += milliseconds / 1000
        deadline.tv_nsec += milliseconds % 1000 * 1_000_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}

/// Shows `name` (15 bytes at most) in `top` and debuggers. `pthread_setname_np` is a GNU extension
/// that the Glibc module does not show; the kernel takes the same from a file.
private func nameThisThread(_ name: String) {
    let fd = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(fd, bytes, bytes.count)
    close(fd)
}

/// The calling thread gets a tenth of a core where others want all of it, and what is left where
/// they do not. On Linux a priority belongs to a thread, and lowering it needs no privilege.
func yieldToOtherThreads() {
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
}

/// A plain thread with a name, joined by its owner.
final class NamedThread: @unchecked Sendable {
    private var thread = pthread_t()

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        let result = pthread_create(
            &thread, nil,
            { context in
                let box = Unmanaged<Box>.fromOpaque(context!).takeRetainedValue()
                nameThisThread(box.name)
                box.body()
                return nil
            }, box.toOpaque())
        precondition(result == 0, "cannot start thread \(name)")
    }

    func join() { pthread_join(thread, nil) }

    private final class Box {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
