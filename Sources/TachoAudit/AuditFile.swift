#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file opened read-only. Closed with its last reference.
package final class AuditFile: Sendable {
    package let path: String
    let descriptor: Int32
    /// Size when opened, bytes.
    package let byteCount: UInt64
    private let isWanted: @Sendable () -> Bool

    /// Opens a regular file with O_RDONLY; nothing of it is ever changed. Reading is broken off when
    /// `isWanted` says no.
    package init(
        path: String, isWanted: @escaping @Sendable () -> Bool = { true }
    ) throws(SegmentError) {
        // Without waiting: a pipe that nobody writes to would never open.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw SegmentError(.inputOutput, "open: \(SystemError.text(errno))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw SegmentError(.inputOutput, "fstat: \(SystemError.text(number))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw SegmentError(.inputOutput, "it is not a regular file")
        }
        self.path = path
        self.isWanted = isWanted
        self.descriptor = descriptor
        byteCount = UInt64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `target` from `offset` on. A file that ends earlier was cut after it was opened.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SegmentError) {
        guard isWanted() else { throw SegmentError(.inputOutput, "reading was broken off") }
        var done = 0
        while done < target.count {
            let start = target.baseAddress! + done
            let got = pread(descriptor, start, target.count - done, off_t(offset) + off_t(done))
            if got < 0 && errno == EINTR { continue }
            let range = offset..<offset + UInt64(target.count)
            guard got >= 0 else {
                throw SegmentError(
                    .inputOutput, "read: \(SystemError.text(errno))", bytes: range)
            }
            guard got > 0 else { throw SegmentError(.cut, "the file shrank", bytes: range) }
            done += got
        }
    }

    /// Asks the system to forget its cached pages, so that the next read comes from the disk.
    package func dropCache() throws(SegmentError) {
        #if canImport(Glibc)
            let number = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            guard number == 0 else {
                throw SegmentError(.inputOutput, "posix_fadvise: \(SystemError.text(number))")
            }
        #endif
    }
}
