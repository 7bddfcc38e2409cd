#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One process at a time changes a log. The lock is the system's, on the folder itself, so a
/// process that dies gives it back and nothing is left behind. Given back with its last reference.
final class LogLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock of a log's folder; `patienceSeconds`: so long and no longer. Who has it
    /// for longer than a few files take is stopped or hangs, and a server must not hang with it.
    init(_ folder: String, patienceSeconds: Double? = nil) throws(LogError) {
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io("open folder", folder, errno) }
        guard let patienceSeconds else {
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else { throw .io("lock", folder, errno) }
            }
            return
        }
        let end = SystemClock.monotonicSeconds + patienceSeconds
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR || errno == EWOULDBLOCK else { throw .io("lock", folder, errno) }
            guard SystemClock.monotonicSeconds < end else {
                throw LogError(
                    .inUse, file: folder,
                    "another process holds this folder, and still did after \(patienceSeconds) s")
            }
            usleep(Self.pollMicroseconds)
        }
    }

    deinit { close(descriptor) }

    private static let pollMicroseconds: UInt32 = 20_000
}
