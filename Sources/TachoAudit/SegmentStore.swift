#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns temporary segments into sealed ones: steps 3 and 4 of the seal protocol (step 2 ends with
/// `SegmentWriter.finish`).
///
/// Whatever stops it, a final name only ever stands for a whole, checked file:
/// before the rename there is only the temporary one, which means nothing; after it and before the
/// directory is on disk, either name may be there after a power cut, and a restart publishes again
/// or finds the final file; after the directory's fsync the segment stays.
package enum SegmentStore {
    package static func fileName(_ id: UInt64) -> String { AuditDirectory.fileName(id) }

    /// `readBack` and `name` in one: steps 3 and 4.
    @discardableResult
    package static func publish(
        tmp: String, directory: String, id: UInt64, expected: SegmentSummary
    ) throws(PublishError) -> SegmentSummary {
        let sealed = try readBack(tmp, expected: expected)
        try name(tmp, directory: directory, id: id, sealed)
        return sealed
    }

    /// Gives `tmp`, which `sealed` was read back of, its final name in `directory`, durably.
    ///
    /// A file of the same name with the same content is accepted and `tmp` deleted; one with other
    /// content is an error of its own. `tmp` must lie on the same file system.
    package static func name(
        _ tmp: String, directory: String, id: UInt64, _ sealed: SegmentSummary
    ) throws(PublishError) {
        // Opened first: after the rename there must be nothing left that can fail to open.
        let folder = try DirectoryHandle(directory)
        let final = directory + "/" + fileName(id)
        if try folder.rename(tmp, to: final) { return try folder.sync() }
        guard let theirs = try existing(directory: directory, id: id) else {
            throw .inputOutput(operation: "rename", path: final, errno: EEXIST)
        }
        guard theirs == sealed else {
            throw .otherContent(
                path: final, ours: "SHA-256 " + Digest.hex(sealed.sha256),
                theirs: "SHA-256 " + Digest.hex(theirs.sha256))
        }
        guard unlink(tmp) == 0 || errno == ENOENT else {
            throw .inputOutput(operation: "delete", path: tmp, errno: errno)
        }
        try folder.sync()
    }

    /// The sealed segment `id`, checked whole; nil when there is no such file. For a restart that
    /// finds an intent without its end: the file's name is on disk when this returns, so sealing
    /// can go on. A damaged one is an error: it is never written over.
    package static func existing(
        directory: String, id: UInt64
    ) throws(PublishError) -> SegmentSummary? {
        let path = directory + "/" + fileName(id)
        guard access(path, F_OK) == 0 else {
            if errno == ENOENT { return nil }
            throw .inputOutput(operation: "look at", path: path, errno: errno)
        }
        let report: SegmentReport
        do throws(SegmentError) {
            report = try check(path)
        } catch {
            throw .existing(path: path, error)
        }
        guard let summary = report.summary else {
            throw .existing(path: path, report.findings[0])
        }
        guard summary.segmentID == id else {
            let error = SegmentError(.headerContent, "it is segment \(summary.segmentID)")
            throw .existing(path: path, error)
        }
        // A crash between rename and fsync leaves a name that a power cut could still take away.
        try DirectoryHandle(directory).sync()
        return summary
    }

    /// Reads `tmp` back from the disk, decodes and recounts it, and compares it with `expected`, which
    /// comes from a second pass over the store (`SegmentTally`).
    package static func readBack(
        _ tmp: String, expected: SegmentSummary
    ) throws(PublishError) -> SegmentSummary {
        let report: SegmentReport
        do throws(SegmentError) {
            report = try check(tmp)
        } catch {
            throw .readBack(path: tmp, why: error.detail)
        }
        guard let found = report.summary else {
            throw .readBack(path: tmp, why: report.findings[0].detail)
        }
        guard found.agrees(with: expected) else {
            throw .readBack(
                path: tmp,
                why: "it holds \(found.points) points, \(found.amendments) amendments, root "
                    + "\(Digest.hex(found.root)); the store has \(expected.points), "
                    + "\(expected.amendments), \(Digest.hex(expected.root))")
        }
        return found
    }

    /// Reads from the disk, not from the pages that were just written.
    private static func check(_ path: String) throws(SegmentError) -> SegmentReport {
        let file = try AuditFile(path: path)
        try file.dropCache()
        return SegmentCheck.run(.file(file), deep: true)
    }
}

/// A directory held open, so that its entries can be put on disk.
private final class DirectoryHandle {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(PublishError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .inputOutput(operation: "open directory", path: path, errno: errno)
        }
    }

    deinit { close(descriptor) }

    /// Renames unless the target exists; false when it does.
    func rename(_ source: String, to target: String) throws(PublishError) -> Bool {
        let number = ExclusiveRename.rename(source, to: target)
        if number == 0 { return true }
        if number == EEXIST { return false }
        throw .inputOutput(operation: "rename", path: source, errno: number)
    }

    /// An error is final: the caller stops, nothing is tried again.
    func sync() throws(PublishError) {
        guard fsync(descriptor) == 0 else {
            throw .inputOutput(operation: "fsync", path: path, errno: errno)
        }
    }
}
