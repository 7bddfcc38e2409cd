#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How much disk a server holds back.
package enum DiskSpace {
    /// Size of the reserve file that makes a clean stop possible on a full disk: min(1 GiB, 1 % of
    /// the file system). `directory` need not exist yet.
    package static func reserveBytes(of directory: String) -> UInt64 {
        guard let size = fileSystemBytes(of: directory) else { return 0 }
        return min(1 << 30, size / 100)
    }

    /// Size of the file system that `directory` is or will be on; nil if it cannot be told.
    static func fileSystemBytes(of directory: String) -> UInt64? {
        var path = directory
        var info = statvfs()
        while statvfs(path, &info) != 0 {
            guard errno == ENOENT, path != "/", path != "." else { return nil }
            if let slash = path.lastIndex(of: "/") {
                path = slash == path.startIndex ? "/" : String(path[..<slash])
            } else {
                path = "."
            }
        }
        return UInt64(info.f_blocks) * UInt64(info.f_frsize)
    }
}
