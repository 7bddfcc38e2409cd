#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One process at a time changes a log. The lock is the system's, on the folder itself, so a
/// process that dies gives it back and nothing is left behind. Given back with its last reference.
final class LogLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock of a log's folder.
    init(_ folder: String) throws(LogError) {
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io("open folder", folder, errno) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .io("lock", folder, errno) }
        }
    }

    deinit { close(descriptor) }
}
