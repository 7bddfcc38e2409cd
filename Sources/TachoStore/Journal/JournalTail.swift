#if canImport(Glibc)
    import Glibc
#endif

/// The groups of a journal behind a checkpoint, up to a group that is named with its hash: what a
/// backup keeps of a journal.
package struct JournalTail {
    let folder: String
    let mark: CheckpointMark

    package init(folder: String, behind mark: CheckpointMark) {
        self.folder = folder
        self.mark = mark
    }

    /// A copy is cut into files of about that size: a reader has one in memory.
    private static let fileBytes = 64 << 20

    /// Hands over the groups in order up to `last`, each linked to the one before by its hash. Throws
    /// unless the last one has `hash`.
    package func forEach(
        through last: UInt64, hash: UInt64,
        _ body: (GroupHeader, UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        try walk(through: last, hash: hash) { frame throws(StoreError) in
            try body(frame.header, frame.body)
        }
    }

    /// Writes them to files of `target`, an empty folder, with nothing behind the last one.
    /// `folder` may be in use, if its files are kept (`Journal.keeping`). Gives the bytes written.
    package func copy(to target: String, through last: UInt64, hash: UInt64) throws(StoreError)
        -> UInt64
    {
        var output = TailOutput(folder: target, fileBytes: Self.fileBytes)
        defer { output.close() }
        try walk(through: last, hash: hash) { frame throws(StoreError) in
            try output.append(frame.record, group: frame.header.group)
        }
        try output.finish()
        return output.bytes
    }

    private func walk(
        through last: UInt64, hash: UInt64,
        _ body: (JournalFileReader.Frame) throws(StoreError) -> Void
    ) throws(StoreError) {
        var (group, current) = (mark.from - 1, mark.hash)
        if group < last {
            let walk = JournalWalk(
                directory: folder, isDirect: FileSystem.supportsDirectIO(folder))
            try walk.forEach(from: mark.from) { frame, _ throws(StoreError) in
                guard frame.header.group > group else { return true }
                guard frame.header.group == group + 1, frame.header.previousHash == current else {
                    throw .damaged("journal group \(group + 1) is missing or damaged")
                }
                try body(frame)
                (group, current) = (frame.header.group, frame.hash)
                return group < last
            }
        }
        guard group == last, current == hash else {
            throw .damaged(
                "the journal ends with group \(group), and not with \(last) as it was noted")
        }
    }
}

/// Files of a copied tail.
private struct TailOutput {
    let folder: String
    let fileBytes: Int
    private(set) var bytes: UInt64 = 0
    private var number: UInt64 = 0
    private var descriptor: Int32 = -1
    private var path = ""
    private var offset = 0

    init(folder: String, fileBytes: Int) {
        self.folder = folder
        self.fileBytes = fileBytes
    }

    mutating func append(_ record: UnsafeRawBufferPointer, group: UInt64) throws(StoreError) {
        if descriptor < 0 || offset >= fileBytes { try begin(group) }
        let padding = GroupBuffer.padded(record.count) - record.count
        try FileSystem.writeAll(descriptor, record, at: offset, path: path)
        try FileSystem.writeAll(
            descriptor, [UInt8](repeating: 0, count: padding), at: offset + record.count,
            path: path)
        offset += record.count + padding
        bytes += UInt64(record.count + padding)
    }

    private mutating func begin(_ group: UInt64) throws(StoreError) {
        try finish()
        number += 1
        path = JournalFile.path(folder, number)
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw FileSystem.failure("create", path) }
        var block = JournalFileHeader(number: number, firstGroup: group).encoded()
        block += [UInt8](repeating: 0, count: GroupBuffer.blockBytes - block.count)
        try FileSystem.writeAll(descriptor, block, at: 0, path: path)
        offset = block.count
        bytes += UInt64(block.count)
    }

    mutating func finish() throws(StoreError) {
        guard descriptor >= 0 else { return }
        defer { close() }
        guard fdatasync(descriptor) == 0 else { throw FileSystem.failure("sync", path) }
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
