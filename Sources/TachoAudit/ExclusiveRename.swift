#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A rename that never replaces: the kernel itself refuses, so there is no moment between looking
/// and renaming.
enum ExclusiveRename {
    /// 0, or the error number; EEXIST when `target` is there already.
    static func rename(_ source: String, to target: String) -> Int32 {
        #if canImport(Glibc)
            if let renameat2 {
                if renameat2(AT_FDCWD, source, AT_FDCWD, target, noReplace) == 0 { return 0 }
                guard errno == EINVAL || errno == ENOSYS else { return errno }
            }
            return linkAndUnlink(source, to: target)
        #else
            return renamex_np(source, target, UInt32(RENAME_EXCL)) == 0 ? 0 : errno
        #endif
    }

    /// For file systems without the flag: a hard link is refused in the same way. Between the two
    /// calls both names stand for the file, which a restart accepts.
    static func linkAndUnlink(_ source: String, to target: String) -> Int32 {
        guard link(source, target) == 0 else { return errno }
        return unlink(source) == 0 ? 0 : errno
    }

    #if canImport(Glibc)
        private typealias RenameAt2 =
            @convention(c) (
                Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32
            ) -> Int32

        /// RENAME_NOREPLACE of <linux/fs.h>.
        private static let noReplace: UInt32 = 1

        /// Swift's Glibc module leaves this function out (it needs _GNU_SOURCE), so it is looked
        /// up by name, once. nil before glibc 2.28.
        private static let renameat2: RenameAt2? = dlsym(nil, "renameat2").map {
            unsafeBitCast($0, to: RenameAt2.self)
        }
    #endif
}
