import TachoStore

#if canImport(Glibc)
    import Glibc
#endif

/// Where a restore works until everything checked out: `DATA.restoring` beside a directory that does not
/// exist yet, `.restoring` in one that is there and empty (its parent may be somebody else's, or another
/// disk). No server takes either for DATA, and what a kill leaves is removed by the next restore to it.
final class RestorePlace {
    let path: String
    /// Without links.
    private let target: String
    private let isInside: Bool
    private let lock: Int32
    /// Some of it is where it belongs, so it may be in use.
    private var isMoving = false

    static let insideName = ".restoring"
    private static let suffix = ".restoring"
    /// Tells what a restore left from what somebody else named so.
    static let marker = "RESTORING"

    /// `target` as `Disk.place` gives it.
    init(for target: String) throws(BackupFailure) {
        self.target = target
        isInside = Disk.real(target) != nil
        path = isInside ? target + "/" + Self.insideName : target + Self.suffix
        let isMade = mkdir(path, 0o750) == 0
        guard isMade || errno == EEXIST else { throw .system("create", path) }
        lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard lock >= 0 else { throw .system("open", path) }
        try take()
        if !isMade { try removeLeft() }
        try Disk.replace(Self.marker, in: path, with: [])
    }

    deinit { close(lock) }

    private func take() throws(BackupFailure) {
        var (mine, there) = (stat(), stat())
        // Whoever had it may have given it its name, or removed it, before it could be locked.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0, fstat(lock, &mine) == 0,
            lstat(path, &there) == 0, mine.st_ino == there.st_ino, mine.st_dev == there.st_dev
        else { throw .tryAgain("\(path) is in use by another restore; wait for it") }
    }

    private func removeLeft() throws(BackupFailure) {
        let names = try Disk.list(path)
        guard names.isEmpty || names.contains(Self.marker) else {
            throw .usage(
                "\(path) is there, and no restore left it (it holds \(names[0])); move it away, or "
                    + "name another directory")
        }
        guard try removeContents() else {
            throw .tryAgain("\(path) is in use by a server; stop it and run again")
        }
    }

    /// False: an engine has it open, and nothing was removed.
    private func removeContents() throws(BackupFailure) -> Bool {
        let held = open(path + "/LOCK", O_RDWR | O_CLOEXEC)
        defer { if held >= 0 { close(held) } }
        if held >= 0, flock(held, LOCK_EX | LOCK_NB) != 0 { return false }
        // The marker last: a kill in between leaves what is known as a restore's.
        for name in try Disk.list(path) where name != Self.marker {
            FileSystem.removeTree(path + "/" + name)
        }
        unlink(path + "/" + Self.marker)
        return true
    }

    /// Nothing of it is wanted. What may be in use stays.
    func giveUp() {
        if isMoving { return }
        if (try? removeContents()) == true { rmdir(path) }
    }

    /// Everything checked out and is on the device: it gets its name.
    func becomeTarget() throws(BackupFailure) {
        try Disk.syncDirectory(path)
        if isInside { return try moveUp() }
        unlink(path + "/" + Self.marker)
        // Replaces nothing but an empty directory.
        guard rename(path, target) == 0 else {
            let failure = BackupFailure.system("rename \(path) to", target)
            try Disk.replace(Self.marker, in: path, with: [])
            throw failure
        }
        let parent = target[..<target.lastIndex(of: "/")!]
        try Disk.syncDirectory(parent.isEmpty ? "/" : String(parent))
    }

    /// `TACHO` last: until then no server takes the directory, as `.restoring` lies in it.
    private func moveUp() throws(BackupFailure) {
        let others = try Disk.list(target).filter { $0 != "lost+found" && $0 != Self.insideName }
        guard others.isEmpty else {
            throw .usage(
                "\(target) is not empty any more (it holds \(others[0])); name an empty directory")
        }
        let identity = DataDirectory.identityName
        isMoving = true
        for name in try Disk.list(path) where name != identity && name != Self.marker {
            try move(name)
        }
        try Disk.syncDirectory(target)
        try move(identity)
        unlink(path + "/" + Self.marker)
        rmdir(path)
        try Disk.syncDirectory(target)
    }

    private func move(_ name: String) throws(BackupFailure) {
        guard rename(path + "/" + name, target + "/" + name) == 0 else {
            throw .system("rename", path + "/" + name)
        }
    }
}
