#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files of a spool that nobody delivers, `.refused` and `.damaged`: for people to look at. Bounded on
/// their own, for counted with the others they would fill the spool for good.
struct KeptFiles {
    private let maxBytes: Int64
    private var files: [(path: String, bytes: Int64)] = []
    private(set) var bytes: Int64 = 0

    init(maxBytes: Int64) { self.maxBytes = maxBytes }

    /// One that is there already; in the order of their numbers.
    mutating func found(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        add(path, Int64(status.st_size))
    }

    private mutating func add(_ path: String, _ size: Int64) {
        files.append((path, size))
        bytes += size
    }

    /// Renames a file to what it is kept as. Nothing is written over: whoever is in the directory holds
    /// its lock, so that nobody else makes such a name in between.
    mutating func keep(_ path: String, as kept: String, bytes size: Int64) throws(SpoolError) {
        guard access(kept, F_OK) != 0 else {
            throw SpoolError(
                "\(kept) is there already, so \(path) keeps its name and is delivered again by the"
                    + " next client: move one of them away")
        }
        guard rename(path, kept) == 0 else { throw SpoolError("cannot rename", path, errno) }
        add(kept, size)
    }

    /// Over the bound the oldest go. Which ones.
    mutating func trim() -> [String] {
        var removed: [String] = []
        while bytes > maxBytes, let oldest = files.first {
            files.removeFirst()
            bytes -= oldest.bytes
            // One that a person moved away is gone as well.
            if unlink(oldest.path) == 0 { removed.append(oldest.path) }
        }
        return removed
    }
}
