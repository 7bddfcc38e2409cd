import TachoDial

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Why the spool cannot do something: what, and the system's reason.
struct SpoolError: Error, Equatable {
    let message: String
    /// Trying again does not help: what is looked for is not there any more.
    var isLasting = false

    init(_ what: String, _ path: String, _ code: Int32) {
        message = "\(what) \(path): \(systemReason(code))"
        isLasting = code == ENOENT
    }

    init(_ message: String) { self.message = message }
}

/// A file that is open. Reads and writes are whole or an error.
final class SpoolFile {
    let path: String
    private let descriptor: Int32

    private init(_ path: String, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func create(_ path: String) throws(SpoolError) -> SpoolFile {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SpoolError("cannot create", path, errno) }
        return SpoolFile(path, descriptor)
    }

    static func reading(_ path: String) throws(SpoolError) -> SpoolFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SpoolError("cannot read", path, errno) }
        return SpoolFile(path, descriptor)
    }

    /// Held until this is gone; nil: somebody else holds it.
    static func lock(_ path: String) throws(SpoolError) -> SpoolFile? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SpoolError("cannot create", path, errno) }
        let file = SpoolFile(path, descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return nil }
            throw SpoolError("cannot lock", path, errno)
        }
        return file
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SpoolError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress! + done, $0.count - done, off_t(offset) + off_t(done)
                )
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw SpoolError("cannot write", path, count == 0 ? ENOSPC : errno)
            }
        }
    }

    func read(at offset: Int64, count: Int) throws(SpoolError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress! + done, $0.count - done, off_t(offset) + off_t(done)
                )
            }
            if got > 0 {
                done += got
            } else if got == 0 {
                var error = SpoolError("\(path) is shorter than it was")
                error.isLasting = true
                throw error
            } else if errno != EINTR {
                throw SpoolError("cannot read", path, errno)
            }
        }
        return bytes
    }

    func sync() throws(SpoolError) {
        #if canImport(Glibc)
            let result = fdatasync(descriptor)
        #else
            let result = fsync(descriptor)
        #endif
        guard result == 0 else { throw SpoolError("cannot sync", path, errno) }
    }

    func truncate(to bytes: Int64) -> Bool { ftruncate(descriptor, off_t(bytes)) == 0 }

    var size: Int64? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Makes names in a directory durable.
    static func syncDirectory(_ path: String) throws(SpoolError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SpoolError("cannot open", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SpoolError("cannot sync", path, errno) }
    }

    /// Names in a directory.
    static func names(in directory: String) throws(SpoolError) -> [String] {
        guard let stream = opendir(directory) else {
            throw SpoolError("cannot read", directory, errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// With those above it.
    static func makeDirectory(_ path: String) throws(SpoolError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw SpoolError("cannot create", path, errno)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SpoolError("cannot create", path, errno)
        }
    }

    static func nowMs() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}
