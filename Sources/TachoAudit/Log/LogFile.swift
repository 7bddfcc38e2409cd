#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The places where a process can die while it writes a file; what a test may stop at.
package enum LogMoment: Hashable, Sendable {
    /// Nothing of the file is there yet.
    case before(String)
    /// Whole on disk, under the temporary name.
    case written(String)
    /// Renamed, the folder not yet on disk.
    case renamed(String)
    /// Stays.
    case durable(String)
}

/// Small files that are there whole or not at all.
enum LogFile {
    /// The whole file; nil when there is none.
    static func read(_ path: String) throws(LogError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .io("open", path, errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .io("look at", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= byteLimit else {
            throw LogError(.inputOutput, file: path, "it is no file of a log")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + done, $0.count - done, off_t(done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .io("read", path, errno) }
            guard got > 0 else { break }
            done += got
        }
        return Array(bytes[..<done])
    }

    /// Writes `path` under a temporary name, gives it its name and waits until both are on disk.
    /// What had the name is replaced in one step.
    static func replace(
        _ path: String, _ bytes: [UInt8], hook: LogWriter.Hook? = nil
    ) throws(LogError) {
        try hook?(.before(path))
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw .io("replace", path, EEXIST)
        }
        // What lies there was left by a kill, or is a link by which somebody would have another
        // file written.
        let temporary = path + ".tmp"
        unlink(temporary)
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .io("create", temporary, errno) }
        var number = write(descriptor, bytes)
        if number == 0 && fsync(descriptor) != 0 { number = errno }
        close(descriptor)
        guard number == 0 else {
            // Half of it means nothing, and takes room.
            unlink(temporary)
            throw LogError(
                .inputOutput, file: temporary, "write: \(SystemError.text(number))",
                number: number)
        }
        try hook?(.written(path))
        guard rename(temporary, path) == 0 else { throw .io("rename", temporary, errno) }
        try hook?(.renamed(path))
        try syncFolder(of: path)
        try hook?(.durable(path))
    }

    /// Makes `folder` below `root`, which exists, with every folder between, each on disk.
    static func makeFolder(_ folder: String, below root: String) throws(LogError) {
        guard folder.count > root.count, access(folder, F_OK) != 0 else { return }
        try makeFolder(parent(folder), below: root)
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
            throw .io("make folder", folder, errno)
        }
        try syncFolder(of: folder)
    }

    static func syncFolder(of path: String) throws(LogError) {
        let folder = parent(path)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io("open folder", folder, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io("fsync", folder, errno) }
    }

    /// Removes the files of a folder and the folder. What cannot be removed stays: it is no harm.
    static func removeFolder(_ folder: String) {
        guard let stream = opendir(folder) else { return }
        while let item = readdir(stream) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { unlink(folder + "/" + name) }
        }
        closedir(stream)
        rmdir(folder)
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The errno of a write that failed, or 0.
    private static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, $0.count - done, off_t(done))
            }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { return put == 0 ? EIO : errno }
            done += put
        }
        return 0
    }

    /// A bundle of 256 entries has at most 16 MiB and a few bytes.
    private static let byteLimit = 32 << 20
}
