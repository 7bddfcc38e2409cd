#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file being written for the first time. Closed with its last reference.
final class OutputFile {
    let path: String
    private let descriptor: Int32

    /// Creates the file; one that exists is refused.
    init(creating path: String) throws(SegmentWriteError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .fileExists(path: path) }
            throw .inputOutput(operation: "create", path: path, errno: errno)
        }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(SegmentWriteError) {
        let number = bytes.withUnsafeBytes { raw -> Int32 in
            var done = 0
            while done < raw.count {
                let put = pwrite(
                    descriptor, raw.baseAddress! + done, raw.count - done,
                    off_t(offset) + off_t(done))
                if put < 0 && errno == EINTR { continue }
                guard put > 0 else { return put == 0 ? EIO : errno }
                done += put
            }
            return 0
        }
        guard number == 0 else {
            throw .inputOutput(operation: "write", path: path, errno: number)
        }
    }

    /// Passes what was written through `body` again, in pieces of at most 1 MiB.
    func forEachPiece(
        of range: Range<UInt64>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentWriteError) {
        var buffer = [UInt8](repeating: 0, count: SegmentSource.pieceBytes)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(min(UInt64(buffer.count), range.upperBound - offset))
            let got = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress!, count, off_t(offset))
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else {
                throw .inputOutput(
                    operation: "read", path: path, errno: got == 0 ? EIO : errno)
            }
            buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
            offset += UInt64(got)
        }
    }

    /// Waits until content and size are on disk. An error is final: never tried again.
    func sync() throws(SegmentWriteError) {
        #if canImport(Glibc)
            let result = fdatasync(descriptor)
        #else
            let result = fsync(descriptor)
        #endif
        guard result == 0 else {
            throw .inputOutput(operation: "fdatasync", path: path, errno: errno)
        }
    }
}
