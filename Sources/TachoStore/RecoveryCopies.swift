#if canImport(Glibc)
    import Glibc
#endif

/// Copies of the write-ahead log kept before a start until it is known to be good: recovery deletes what it cannot
/// replay, and then nobody could look any more.
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

    /// The start these copies were made for was refused: they are evidence.
    static func markRefused(_ folder: String) {
        let fd = open(folder + "/" + refusedName, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        if fd >= 0 { close(fd) }
    }

    /// Called when the last stop was clean and nothing is missing: they are not needed any more.
    static func remove(_ directory: DataDirectory) {
        guard let folders = try? FileSystem.list(directory.recoveryPath) else { return }
        for folder in folders { FileSystem.removeTree(directory.recoveryPath + "/" + folder) }
    }

    /// A copy of the database that may be opened to see what it holds: tables linked, all that
    /// recovery rewrites copied.
    static func probe(_ directory: DataDirectory) throws(StoreError) -> String {
        let folder = directory.recoveryPath + "/probe"
        FileSystem.removeTree(folder)
        try FileSystem.makeDirectory(directory.recoveryPath)
        try FileSystem.makeDirectory(folder)
        for name in try FileSystem.list(directory.databasePath) {
            let from = directory.databasePath + "/" + name
            if isLog(name) {
                try copy(from, folder + "/" + name)
            } else if name.hasSuffix(".sst") {
                try linkOrCopy(from, folder + "/" + name)
            }
        }
        return folder
    }

    private static func isLog(_ name: String) -> Bool {
        name.hasSuffix(".log") || name == "CURRENT" || name.hasPrefix("MANIFEST-")
    }

    private static func linkOrCopy(_ from: String, _ to: String) throws(StoreError) {
        if link(from, to) == 0 { return }
        try copy(from, to)
    }

    private static func copy(_ from: String, _ to: String) throws(StoreError) {
        let bytes = try FileSystem.readAll(from)
        let fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard fd >= 0 else { throw FileSystem.failure("create", to) }
        defer { close(fd) }
        try FileSystem.writeAll(fd, bytes, at: 0, path: to)
    }
}
