#if canImport(Glibc)
    import Glibc
#endif

/// The few system calls the store makes itself, each with its failure told as text.
package enum FileSystem {
    package static func failure(_ action: String, _ path: String) -> StoreError {
        .io("cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }

    /// Whether an error number of the system says that there is no room: on the disk, or for this user.
    package static func isFull(_ number: Int32) -> Bool { number == ENOSPC || number == EDQUOT }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func makeDirectory(_ path: String) throws(StoreError) {
        if mkdir(path, 0o750) == 0 || errno == EEXIST { return }
        throw failure("create", path)
    }

    /// Names in a directory, without `.` and `..`, sorted.
    package static func list(_ path: String) throws(StoreError) -> [String] {
        guard let directory = opendir(path) else { throw failure("read", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package static func syncDirectory(_ path: String) throws(StoreError) {
        let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw failure("open", path) }
        defer { close(fd) }
        guard fsync(fd) == 0 else { throw failure("sync", path) }
    }

    /// Reads as much as there is into `buffer`; the number of bytes.
    static func readPart(
        _ fd: Int32, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String
    ) throws(StoreError) -> Int {
        var done = 0
        while done < buffer.count {
            let n = pread(
                fd, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if n < 0 && errno == EINTR { continue }
            guard n >= 0 else { throw failure("read", path) }
            // A last piece that is no whole block is the end, also where reads must be aligned.
            if n == 0 { break }
            done += n
            if n % 512 != 0 { break }
        }
        return done
    }

    /// Writes all of `bytes`, which are aligned as the descriptor asks for.
    static func writeAll(
        _ fd: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String
    ) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let n = pwrite(fd, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if n < 0 && errno == EINTR { continue }
            guard n > 0 else { throw failure("write", path) }
            done += n
        }
    }

    package static func writeAll(
        _ fd: Int32, _ bytes: [UInt8], at offset: Int, path: String
    ) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let n = bytes.withUnsafeBytes {
                pwrite(fd, $0.baseAddress! + done, bytes.count - done, off_t(offset + done))
            }
            if n < 0 && errno == EINTR { continue }
            guard n > 0 else { throw failure("write", path) }
            done += n
        }
    }

    package static func readAll(_ path: String) throws(StoreError) -> [UInt8] {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw failure("open", path) }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let n = read(fd, &block, block.count)
            if n < 0 && errno == EINTR { continue }
            guard n >= 0 else { throw failure("read", path) }
            if n == 0 { return bytes }
            bytes.append(contentsOf: block[..<n])
        }
    }

    /// Writes a file whole: temporary name, sync, rename, sync of the directory.
    package static func replace(
        _ name: String, in directory: String, with bytes: [UInt8]
    ) throws(StoreError) {
        let temporary = directory + "/" + name + ".tmp"
        let fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard fd >= 0 else { throw failure("create", temporary) }
        defer { close(fd) }
        try writeAll(fd, bytes, at: 0, path: temporary)
        guard fdatasync(fd) == 0 else { throw failure("sync", temporary) }
        guard rename(temporary, directory + "/" + name) == 0 else {
            throw failure("rename", temporary)
        }
        try syncDirectory(directory)
    }

    /// Bytes an unprivileged writer may still use, and the size of the file system.
    package static func space(_ path: String) -> (free: UInt64, total: UInt64)? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        let unit = UInt64(info.f_frsize)
        return (UInt64(info.f_bavail) * unit, UInt64(info.f_blocks) * unit)
    }

    /// O_DIRECT, which Glibc's module does not show (a GNU extension). Values of the Linux ABI.
    #if arch(arm64)
        private static let directFlag: Int32 = 0o200000
    #else
        private static let directFlag: Int32 = 0o40000
    #endif

    static func openFile(_ path: String, _ flags: Int32, direct: Bool) -> Int32 {
        open(path, flags | O_CLOEXEC | (direct ? directFlag : 0), 0o640)
    }

    /// Whether files there can be written past the page cache.
    static func supportsDirectIO(_ directory: String) -> Bool {
        let path = directory + "/direct.probe"
        let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | directFlag, 0o640)
        defer { unlink(path) }
        guard fd >= 0 else { return false }
        defer { close(fd) }
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, 4096, 4096) == 0, let block else { return false }
        defer { free(block) }
        memset(block, 0, 4096)
        return pwrite(fd, block, 4096, 0) == 4096
    }

    package static func removeTree(_ path: String) {
        guard let names = try? list(path) else {
            unlink(path)
            return
        }
        for name in names {
            let child = path + "/" + name
            var info = stat()
            guard lstat(child, &info) == 0 else { continue }
            if info.st_mode & S_IFMT == S_IFDIR { removeTree(child) } else { unlink(child) }
        }
        rmdir(path)
    }
}
