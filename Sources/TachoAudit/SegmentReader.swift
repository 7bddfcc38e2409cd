package import TachoCodec
package import TachoGeo

/// Reads a sealed segment, checking what it reads.
///
/// Opening checks header, footer, leaves and that they lead to the root, index and names; each block
/// is checked (CRC32C bound to its place, leaf, agreement with the index; fixes also by their order
/// and times) when it is read. Not
/// checked: the SHA-256 of the whole file and the chain, which need every byte; that is `Verifier`.
/// Memory: index and names.
package struct SegmentReader: Sendable {
    package let source: SegmentSource
    package let header: SegmentHeader
    /// RFC 6962 head over the leaves.
    package let root: [UInt8]
    package let names: NameTable
    package let index: [BlockEntry]
    private let leaves: [UInt8]
    /// The first block of each rider with points, and the end of the last.
    private let firstBlocks: [Int]

    package init(path: String) throws(SegmentError) {
        try self.init(source: try SegmentSource(path: path))
    }

    package init(source: SegmentSource) throws(SegmentError) {
        self.source = source
        header = try Self.header(of: source)
        let footer = try Self.footer(of: source, header)
        root = footer.root
        leaves = try SegmentSections.readBoundLeaves(source, footer)
        index = try SegmentSections.readIndex(source, header, footer)
        names = try SegmentSections.readNames(source, header, footer)
        var firstBlocks: [Int] = []
        for (block, entry) in index.enumerated()
        where entry.kind == .fixes && Int(entry.rider) == firstBlocks.count {
            firstBlocks.append(block)
        }
        firstBlocks.append(index.firstIndex { $0.kind == .amendments } ?? index.count)
        self.firstBlocks = firstBlocks
    }

    /// The header alone, checked, with the file's length and the version its end states.
    package static func header(of source: SegmentSource) throws(SegmentError) -> SegmentHeader {
        try SegmentEnds(source).header()
    }

    static func footer(
        of source: SegmentSource, _ header: SegmentHeader
    ) throws(SegmentError) -> SegmentFooter {
        try SegmentEnds(source).footer(header)
    }

    /// Riders with points; their indices are 0..<riderCount.
    package var riderCount: Int { names.sortedCount }

    /// The blocks of a rider, in order of time.
    package func blocks(ofRider rider: Int) -> Range<Int> {
        firstBlocks[rider]..<firstBlocks[rider + 1]
    }

    package var amendmentBlocks: Range<Int> { firstBlocks[riderCount]..<index.count }

    /// Appends the fixes of a block and their arrivals, in order of (time, arrival). `buffer` is
    /// scratch space to reuse.
    package func readFixes(
        block: Int, buffer: inout [UInt8], fixes: inout [StoredFix], arrivals: inout [UInt32]
    ) throws(SegmentError) {
        var columns = ChunkColumns()
        try readFixes(block: block, buffer: &buffer, into: &columns)
        columns.append(to: &fixes, arrivals: &arrivals)
    }

    /// Replaces what is in `columns` by the fixes of a block. They ascend by (time, arrival), and
    /// their first and last times are those of the index: another block is refused. No allocation
    /// once both are large enough.
    package func readFixes(
        block: Int, buffer: inout [UInt8], into columns: inout ChunkColumns
    ) throws(SegmentError) {
        precondition(index[block].kind == .fixes, "a fix block is asked for")
        try readBlock(block, into: &buffer)
        let entry = index[block]
        let count = Int(entry.count)
        let location = location(block)
        let failure = buffer.withUnsafeBytes { raw -> SegmentError? in
            do throws(SegmentError) {
                try BlockContent.fixes(raw, count: count, at: location, into: &columns)
                try BlockContent.checkOrder(columns, entry, at: location)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// The records of an amendment block.
    package func readRecords(block: Int) throws(SegmentError) -> [AuditRecord] {
        precondition(index[block].kind == .amendments, "an amendment block is asked for")
        var buffer: [UInt8] = []
        try readBlock(block, into: &buffer)
        return try buffer.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try BlockContent.records(
                    raw, count: Int(index[block].count), at: location(block), header: header)
            }
        }.get()
    }

    /// The bytes of a block as stored, and the names that its leaf covers before them.
    package func storedBlock(
        _ block: Int
    ) throws(SegmentError) -> (bytes: [UInt8], names: [UInt8]) {
        var buffer: [UInt8] = []
        try readBlock(block, into: &buffer)
        let location = location(block)
        let covered = try buffer.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                let stored = try StoredBlock.check(raw, at: location)
                return LeafNames.of(raw, stored, names, major: header.major)
            }
        }.get()
        return (buffer, covered)
    }

    /// The tree over the leaves, whose head is `root`.
    package func tree() -> MerkleTree {
        var tree = MerkleTree()
        for block in index.indices {
            let start = block * Digest.byteCount
            tree.append(Array(leaves[start..<start + Digest.byteCount]))
        }
        return tree
    }

    private func location(_ block: Int) -> BlockLocation {
        BlockLocation(
            segmentID: header.interval.segmentID, block: block, offset: index[block].offset)
    }

    private func readBlock(_ block: Int, into buffer: inout [UInt8]) throws(SegmentError) {
        let entry = index[block]
        try source.read(at: entry.offset, count: Int(entry.storedBytes), into: &buffer)
        let location = location(block)
        let leaf = SegmentSections.leaf(block, in: leaves)
        try buffer.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try BlockContent.check(
                    raw, entry, at: location, leaf: leaf, major: header.major, names: names)
            }
        }.get()
    }
}
