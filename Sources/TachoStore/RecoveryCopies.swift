#if canImport(Glibc)
    import Glibc
#endif

/// What a start found, kept until it is known to be good. RocksDB's recovery deletes what it cannot
/// replay, so its logs are linked before; the journal is only read until something is missing, and
/// linked then: a file with a second name is written to no more.
enum RecoveryCopies {
    /// More would fill the disk of a server that restarts in a loop; the first are the evidence.
    static let maxFolders = 2

    /// Links `*.log`, CURRENT and MANIFEST into `recovery/<time>/`. nil: there are enough already.
    static func keep(_ directory: DataDirectory) throws(StoreError) -> String? {
        let source = directory.databasePath
        guard FileSystem.exists(source) else { return nil }
        try FileSystem.makeDirectory(directory.recoveryPath)
        let folders = try FileSystem.list(directory.recoveryPath)
        if folders.count >= maxFolders {
            // Of starts that turned out well the newest goes; what a refusal kept stays.
            let isFree = { (name: String) in
                !FileSystem.exists("\(directory.recoveryPath)/\(name)/\(refusedName)")
            }
            guard let free = folders.last(where: isFree) else { return nil }
            FileSystem.removeTree(directory.recoveryPath + "/" + free)
        }
        var now = timeval()
        gettimeofday(&now, nil)
        let folder = directory.recoveryPath + "/\(now.tv_sec).\(now.tv_usec)"
        try FileSystem.makeDirectory(folder)
        for name in try FileSystem.list(source) where isLog(name) {
            try linkOrCopy(source + "/" + name, folder + "/" + name)
        }
        try FileSystem.syncDirectory(folder)
        return folder
    }

    private static let refusedName = "refused"

    /// The start these copies were made for was refused: they are evidence, the journal with them.
    static func markRefused(_ folder: String, _ directory: DataDirectory) {
        for name in (try? FileSystem.list(directory.journalPath)) ?? [] {
            try? linkOrCopy(directory.journalPath + "/" + name, folder + "/" + name)
        }
        let fd = open(folder + "/" + refusedName, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        if fd >= 0 { close(fd) }
    }

    /// Called when the last stop was clean and nothing is missing: they are not needed any more.
    static func remove(_ directory: DataDirectory) {
        guard let folders = try? FileSystem.list(directory.recoveryPath) else { return }
        for folder in folders { FileSystem.removeTree(directory.recoveryPath + "/" + folder) }
    }

    /// Puts a database that cannot be opened aside, before it is made again from the journal.
    static func putAside(_ directory: DataDirectory, _ folder: String?) throws(StoreError) {
        guard let folder else {
            FileSystem.removeTree(directory.databasePath)
            return
        }
        guard rename(directory.databasePath, folder + "/db") == 0 else {
            throw FileSystem.failure("rename", directory.databasePath)
        }
        try FileSystem.syncDirectory(folder)
        try FileSystem.syncDirectory(directory.path)
    }

    private static func isLog(_ name: String) -> Bool {
        name.hasSuffix(".log") || name == "CURRENT" || name.hasPrefix("MANIFEST-")
    }

    private static func linkOrCopy(_ from: String, _ to: String) throws(StoreError) {
        if link(from, to) == 0 { return }
        try copy(from, to)
    }

    /// Ends a journal behind `end` for good: what follows is a future that was given up, and must
    /// not be taken for damage, or for the groups that take its numbers. Files as they were are
    /// among the copies, under their other names.
    static func cutJournal(
        _ directory: DataDirectory, behind end: JournalEnd?
    ) throws(StoreError) {
        for file in try JournalFile.list(directory.journalPath) {
            if let end, file.number < end.file { continue }
            if let end, file.number == end.file {
                let bytes = try FileSystem.readAll(file.path).prefix(end.offset)
                let name = file.path.split(separator: "/").last.map { String($0) } ?? ""
                try FileSystem.replace(name, in: directory.journalPath, with: Array(bytes))
            } else if unlink(file.path) != 0 {
                throw FileSystem.failure("remove", file.path)
            }
        }
        try FileSystem.syncDirectory(directory.journalPath)
    }

    private static func copy(_ from: String, _ to: String) throws(StoreError) {
        let bytes = try FileSystem.readAll(from)
        let fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard fd >= 0 else { throw FileSystem.failure("create", to) }
        defer { close(fd) }
        try FileSystem.writeAll(fd, bytes, at: 0, path: to)
    }
}
