#if canImport(Glibc)
    import Glibc
#endif

/// A data directory on disk: who it belongs to, that nobody else has it open, and its places.
///
/// `TACHO` names it as ours and is written last, so a directory with it is complete. `LOCK` is held
/// by flock(2) as long as the directory is open: the system drops it with the process.
package final class DataDirectory: @unchecked Sendable {
    package let path: String
    /// −1 once given up.
    private var lock: Int32
    private var reserve: String { path + "/reserve" }

    package var databasePath: String { path + "/db" }
    package var journalPath: String { path + "/journal" }
    package var auditPath: String { path + "/audit" }
    package var watermarkPath: String { path + "/watermark" }
    package var recoveryPath: String { path + "/recovery" }
    /// What a backup copies: files of one moment, until they are given up.
    package var backupPath: String { path + "/backup" }

    package static let identityName = "TACHO"
    static let format = 1
    static let identity = "tacho data directory, format \(format)\n"
    /// What may lie in a directory that becomes ours: leftovers of a first start cut short.
    private static let harmless: Set<String> = [
        "LOCK", "TACHO.tmp", "lost+found", "watermark", "db", "journal", "audit", "recovery",
        "rejected",
        "reserve",
    ]

    package static func open(
        _ path: String, create: Bool
    ) throws(StoreOpenError) -> (directory: DataDirectory, isNew: Bool) {
        let looksNew = try prepare(path, create: create)
        let lock = try takeLock(path)
        // Another process may have made it ours while this one waited for the lock.
        let isNew = looksNew && !FileSystem.exists(path + "/" + identityName)
        let directory = DataDirectory(path: path, lock: lock)
        if !isNew { try checkIdentity(path) }
        return (directory, isNew)
    }

    private init(path: String, lock: Int32) {
        self.path = path
        self.lock = lock
    }

    deinit { release() }

    /// Lets another process open the directory. Call it when nothing is written any more.
    func release() {
        if lock >= 0 {
            // Closing alone would leave the lock to a child that was forked and has not yet become
            // its program: it has a copy of the descriptor until then.
            flock(lock, LOCK_UN)
            close(lock)
        }
        lock = -1
    }

    /// Marks the directory as ours: the last step of making one.
    func writeIdentity() throws(StoreError) {
        try FileSystem.replace(Self.identityName, in: path, with: Array(Self.identity.utf8))
    }

    private static func prepare(_ path: String, create: Bool) throws(StoreOpenError) -> Bool {
        if FileSystem.exists(path + "/" + identityName) { return false }
        guard FileSystem.exists(path) else {
            guard create else {
                throw StoreOpenError(.cannotCreate, "\(path) does not exist")
            }
            do {
                try makeParents(path)
            } catch {
                throw StoreOpenError(.cannotCreate, "\(error)")
            }
            return true
        }
        let names: [String]
        do {
            names = try FileSystem.list(path)
        } catch {
            throw StoreOpenError(
                .cannotCreate, "\(path) is not a directory that can be read: \(error)")
        }
        if let foreign = names.first(where: { !harmless.contains($0) }) {
            throw StoreOpenError(
                .cannotCreate,
                "\(path) is not a Tacho data directory (it holds \(foreign)); name an empty one")
        }
        guard create else {
            throw StoreOpenError(.cannotCreate, "\(path) is not a Tacho data directory")
        }
        return true
    }

    private static func makeParents(_ path: String) throws(StoreError) {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && !path.hasPrefix("/") ? String(part) : "/" + part
            if made == "/" || made.isEmpty || FileSystem.exists(made) { continue }
            try FileSystem.makeDirectory(made)
        }
    }

    private static func takeLock(_ path: String) throws(StoreOpenError) -> Int32 {
        let file = path + "/LOCK"
        let fd = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard fd >= 0 else {
            throw StoreOpenError(.cannotCreate, "\(FileSystem.failure("create", file))")
        }
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let n = pread(fd, &text, text.count, 0)
            close(fd)
            let owner = String(decoding: text.prefix(max(0, n)).filter { $0 > 32 }, as: UTF8.self)
            throw StoreOpenError(
                .inUse,
                "\(path) is in use by process \(owner); stop it, or send commands to its server")
        }
        ftruncate(fd, 0)
        let owner = Array("\(getpid())\n".utf8)
        _ = pwrite(fd, owner, owner.count, 0)
        return fd
    }

    private static func checkIdentity(_ path: String) throws(StoreOpenError) {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.readAll(path + "/" + identityName)
        } catch {
            throw StoreOpenError(.io, "\(error)")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if text == identity { return }
        let known = "tacho data directory, format "
        guard text.hasPrefix(known) else {
            throw StoreOpenError(.cannotCreate, "\(path) is not a Tacho data directory")
        }
        let version = text.dropFirst(known.count).filter { $0 != "\n" }
        throw StoreOpenError(
            .cannotCreate,
            version == "0"
                ? "\(path) was written by format 0, with its journal in RocksDB; this program "
                    + "reads format \(format): export it with the program that wrote it"
                : "\(path) has format \(version); this program reads format \(format): use a "
                    + "newer version")
    }

    /// Keeps `bytes` of the disk back, so that a full disk can still be stopped cleanly.
    package func setReserve(bytes: UInt64) throws(StoreError) {
        guard bytes > 0 else {
            unlink(reserve)
            return
        }
        let fd = Glibc.open(reserve, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        guard fd >= 0 else { throw FileSystem.failure("create", reserve) }
        defer { close(fd) }
        let result = posix_fallocate(fd, 0, off_t(bytes))
        guard result == 0 else {
            unlink(reserve)
            throw .io(
                "cannot reserve \(bytes) bytes in \(reserve): \(String(cString: strerror(result)))")
        }
    }
}
