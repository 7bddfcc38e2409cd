import CTacho
import TachoAudit
import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// The system calls of backups, each with its failure as a line.
enum Disk {
    static let pieceBytes = 1 << 20
    /// So much of a copy may lie unwritten in memory, twice: the journal of a server on the same file
    /// system waits for all of it with each of its syncs.
    static let unwrittenBytes = 4 << 20
    /// Of a table: what tells it from another with its name and size.
    static let endBytes = 64 << 10

    static func list(_ path: String) throws(BackupFailure) -> [String] {
        do throws(StoreError) {
            return try FileSystem.list(path)
        } catch {
            throw .inputOutput("\(error)")
        }
    }

    static func read(_ path: String) throws(BackupFailure) -> [UInt8] {
        do throws(StoreError) {
            return try FileSystem.readAll(path)
        } catch {
            throw .inputOutput("\(error)")
        }
    }

    /// Only its owner may look into it.
    static func makeDirectory(_ path: String) throws(BackupFailure) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("create", path) }
    }

    /// With all directories before it.
    static func makeDirectories(_ path: String, below root: String) throws(BackupFailure) {
        var made = root
        for part in path.dropFirst(root.count).split(separator: "/") {
            made += "/" + part
            try makeDirectory(made)
        }
    }

    static func syncDirectory(_ path: String) throws(BackupFailure) {
        do throws(StoreError) {
            try FileSystem.syncDirectory(path)
        } catch {
            throw .inputOutput("\(error)")
        }
    }

    /// Temporary name, sync, rename, sync of the directory.
    static func replace(
        _ name: String, in directory: String, with bytes: [UInt8]
    ) throws(BackupFailure) {
        let temporary = directory + "/" + name + ".tmp"
        let output = try NewCopy(temporary)
        do throws(BackupFailure) {
            try bytes.withUnsafeBytes { raw in
                Result { () throws(BackupFailure) in try output.write(raw) }
            }.get()
            try output.sync()
        } catch {
            output.remove()
            throw error
        }
        guard rename(temporary, directory + "/" + name) == 0 else {
            throw .system("rename", temporary)
        }
        try syncDirectory(directory)
    }

    static func size(_ path: String) -> UInt64? {
        var info = stat()
        guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(info.st_size)
    }

    /// The directory without links and dots on the way to it; nil: there is none.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Where a directory is, or will be once it is made in one that is there.
    static func place(_ path: String) -> String? {
        if let real = real(path) { return real }
        var trimmed = path[...]
        while trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        guard let slash = trimmed.lastIndex(of: "/") else {
            return real(".").map { "\($0)/\(trimmed)" }
        }
        let parent = slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
        return real(parent).map { "\($0)/\(trimmed[trimmed.index(after: slash)...])" }
    }

    static func isInside(_ path: String, _ directory: String) -> Bool {
        path == directory || path.hasPrefix(directory == "/" ? "/" : directory + "/")
    }
}

/// A file that is being written, only for its owner to read.
final class NewCopy {
    let path: String
    private let descriptor: Int32
    private var offset = 0
    /// Up to where writing to the device began, and up to where it ended.
    private var begun = 0
    private var ended = 0

    /// What lies there was left by a kill.
    init(_ path: String, mode: mode_t = 0o600) throws(BackupFailure) {
        self.path = path
        unlink(path)
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw .system("create", path) }
    }

    deinit { close(descriptor) }

    func write(_ raw: UnsafeRawBufferPointer) throws(BackupFailure) {
        var done = 0
        while done < raw.count {
            let put = pwrite(
                descriptor, raw.baseAddress! + done, raw.count - done, off_t(offset + done))
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw .system("write", path) }
            done += put
        }
        offset += raw.count
        if offset - begun >= Disk.unwrittenBytes { try pass() }
    }

    /// Begins to write what is new, waits for what was before, and gives up its pages.
    private func pass() throws(BackupFailure) {
        try check(tacho_begin_writing(descriptor, Int64(begun), Int64(offset - begun)))
        if begun > ended {
            try check(tacho_finish_writing(descriptor, Int64(ended), Int64(begun - ended)))
            posix_fadvise(descriptor, off_t(ended), off_t(begun - ended), POSIX_FADV_DONTNEED)
        }
        (ended, begun) = (begun, offset)
    }

    private func check(_ code: Int32) throws(BackupFailure) {
        guard code == 0 else { throw .system("write", path, code) }
    }

    /// On the device when it returns, and no more in the page cache.
    func sync() throws(BackupFailure) {
        guard fsync(descriptor) == 0 else { throw .system("sync", path) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    func remove() { unlink(path) }
}

/// A file that is read once, piece by piece.
final class Source {
    let path: String
    let bytes: UInt64
    private let descriptor: Int32

    init(_ path: String) throws(BackupFailure) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .tryAgain("\(path) is gone; run again") }
            throw .system("open", path)
        }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .inputOutput("\(path) is not a regular file")
        }
        bytes = UInt64(info.st_size)
    }

    deinit {
        // What is read once should not push out what the server reads often.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        close(descriptor)
    }

    /// Bytes from `start` up to `end`, passed on in pieces; their SHA-256.
    func forEachPiece(
        from start: UInt64 = 0, to end: UInt64,
        _ body: (UnsafeRawBufferPointer) throws(BackupFailure) -> Void = { _ in }
    ) throws(BackupFailure) -> [UInt8] {
        var digest = RunningDigest()
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Disk.pieceBytes, alignment: 4096)
        defer { room.deallocate() }
        var at = start
        while at < end {
            let wanted = min(room.count, Int(end - at))
            let got = pread(descriptor, room.baseAddress!, wanted, off_t(at))
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .system("read", path) }
            guard got > 0 else { throw .inputOutput("\(path) was cut while it was read") }
            let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<got])
            digest.update(piece)
            try body(piece)
            at += UInt64(got)
        }
        return digest.value()
    }

    /// The hash of its last 64 KiB.
    func endHash() throws(BackupFailure) -> [UInt8] {
        try forEachPiece(from: bytes - min(bytes, UInt64(Disk.endBytes)), to: bytes)
    }

    /// How much of it are whole lines, where lines are still being appended.
    func wholeLines() throws(BackupFailure) -> UInt64 {
        let start = bytes - min(bytes, UInt64(Disk.pieceBytes))
        var (at, last) = (start, start)
        _ = try forEachPiece(from: start, to: bytes) { piece in
            if let feed = piece.lastIndex(of: UInt8(ascii: "\n")) { last = at + UInt64(feed) + 1 }
            at += UInt64(piece.count)
        }
        return last
    }
}
