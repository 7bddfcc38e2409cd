#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KeyFile {
    /// Writes a new key and its public half, on disk when this returns. Neither may exist, and if
    /// one cannot be written neither does afterwards.
    ///
    /// The private half is written under a temporary name (`FILE.tmp`), then the public one gets its
    /// name, then the private one: it is there whole or not at all, and never without the other.
    /// What a kill leaves at any moment needs nobody: a temporary file means nothing, and a public
    /// half beside the temporary file of its own private one is of a key that nobody was given. A
    /// public half alone is somebody's, put there for a key that is kept elsewhere, and stays.
    package static func write(_ key: SigningKey, to path: String) throws(KeyError) {
        let new = NewKeyFile(path)
        try new.removeLeftovers(for: key)
        let descriptor = try new.makeTemporary()
        defer { close(descriptor) }
        do throws(KeyError) {
            try new.fill(descriptor, key)
            let hasPublic = try new.putPublic(key.verifier)
            do throws(KeyError) {
                try new.name(new.temporary, path)
            } catch {
                if hasPublic { unlink(new.publicPath) }
                throw error
            }
        } catch {
            unlink(new.temporary)
            throw error
        }
    }
}

/// A key file that is being made. Who makes it holds a lock on its temporary file, so that what a
/// kill left is told from what another process is at.
private struct NewKeyFile {
    let path: String
    let publicPath: String
    let temporary: String

    init(_ path: String) {
        self.path = path
        publicPath = path + ".pub"
        temporary = path + ".tmp"
    }

    /// Takes away what a broken-off write left, and refuses what is none of that.
    func removeLeftovers(for key: SigningKey) throws(KeyError) {
        guard access(path, F_OK) != 0 else { throw .exists(path: path) }
        let leftover = openFile(temporary, O_RDONLY | O_NONBLOCK)
        defer { if leftover >= 0 { close(leftover) } }
        if leftover >= 0 { try lock(leftover) }
        if access(publicPath, F_OK) == 0 {
            let known = try? KeyFile.readPublic(publicPath)
            let isOfLeftover =
                leftover >= 0 && known != nil
                && known == (try? KeyFile.read(temporary).verifier)
            guard isOfLeftover || known == key.verifier else { throw .exists(path: publicPath) }
            if isOfLeftover && known != key.verifier {
                // First, and on disk, while the temporary file still says whose it is.
                guard unlink(publicPath) == 0 else { throw failure("delete key", publicPath) }
                try syncFolder()
            }
        }
        unlink(temporary)
        unlink(publicPath + ".tmp")
    }

    /// The temporary file, made and locked.
    func makeTemporary() throws(KeyError) -> Int32 {
        let descriptor = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { throw .inProgress(path: path) }
            throw failure("create key", temporary)
        }
        do throws(KeyError) {
            try lock(descriptor)
            // Another process that found it before it was locked took it for a leftover.
            var (ours, theirs) = (stat(), stat())
            guard fstat(descriptor, &ours) == 0, stat(temporary, &theirs) == 0,
                ours.st_dev == theirs.st_dev, ours.st_ino == theirs.st_ino
            else { throw .inProgress(path: path) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    func fill(_ descriptor: Int32, _ key: SigningKey) throws(KeyError) {
        try write(key.text + "\n", descriptor, temporary)
        // Before there is a public half, which without it would be somebody's.
        try syncFolder()
    }

    /// Puts the public half under its name; false when it stands there already.
    func putPublic(_ key: VerifierKey) throws(KeyError) -> Bool {
        if (try? KeyFile.readPublic(publicPath)) == key { return false }
        let temporary = publicPath + ".tmp"
        let descriptor = openFile(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644)
        guard descriptor >= 0 else { throw failure("create key", temporary) }
        defer { close(descriptor) }
        do throws(KeyError) {
            try write(key.text + "\n", descriptor, temporary)
            try name(temporary, publicPath)
        } catch {
            unlink(temporary)
            throw error
        }
        return true
    }

    /// Gives a file its name, which nothing has, on disk when this returns.
    func name(_ temporary: String, _ path: String) throws(KeyError) {
        let number = ExclusiveRename.rename(temporary, to: path)
        guard number == 0 else {
            if number == EEXIST { throw .exists(path: path) }
            throw .inputOutput(operation: "name key", path: path, errno: number)
        }
        do throws(KeyError) {
            try syncFolder()
        } catch {
            unlink(path)
            throw error
        }
    }

    private func lock(_ descriptor: Int32) throws(KeyError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { throw .inProgress(path: path) }
            throw failure("lock key", temporary)
        }
    }

    private func write(
        _ text: String, _ descriptor: Int32, _ path: String
    ) throws(KeyError) {
        let bytes = Array(text.utf8)
        // A line is written at once, or the device is full.
        let put = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard put >= 0 else { throw failure("write key", path) }
        guard put == bytes.count else {
            throw .inputOutput(operation: "write key", path: path, errno: ENOSPC)
        }
        guard fsync(descriptor) == 0 else { throw failure("write key", path) }
    }

    private func syncFolder() throws(KeyError) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open folder", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", folder) }
    }

    /// Never through a link by which somebody would have another file written or read.
    private func openFile(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        #else
            Darwin.open(path, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        #endif
    }

    private func failure(_ operation: String, _ path: String) -> KeyError {
        .inputOutput(operation: operation, path: path, errno: errno)
    }
}
