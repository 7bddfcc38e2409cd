#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How much of a file system is kept free, from its size.
package enum DiskSpace {
    /// Below this, writes are answered "try again" and reads go on: min(5 GiB, 5 %).
    package static func minFreeBytes(fileSystemBytes: UInt64) -> UInt64 {
        min(5 << 30, fileSystemBytes / 20)
    }

    /// A file that holds space for a clean stop on a full disk: min(1 GiB, 1 %).
    package static func reserveBytes(fileSystemBytes: UInt64) -> UInt64 {
        min(1 << 30, fileSystemBytes / 100)
    }

    /// Size of the file system that `directory` is or will be on; nil if it cannot be told.
    package static func fileSystemBytes(of directory: String) -> UInt64? {
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
