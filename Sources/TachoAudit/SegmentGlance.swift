import TachoCodec
import TachoGeo

/// Reads a few riders of a segment, without what the others would cost.
///
/// Opening checks header and footer, the checksums of names and index, as far as they were read,
/// and that the leaves lead to the root. What is looked at is checked like `SegmentReader` does:
/// entries of the index, each block by its checksum bound to its place, its entry and its leaf, and
/// its fixes by their order and times. Not checked: entries and names of others, and so whether the index, although its checksum is right,
/// leaves blocks out; that is `Verifier`.
struct SegmentGlance: Sendable {
    let header: SegmentHeader
    let names: SegmentNames
    private let source: SegmentSource
    private let footer: SegmentFooter
    private let index: [UInt8]
    private let leaves: [UInt8]

    init(
        _ source: SegmentSource, _ header: SegmentHeader, _ footer: SegmentFooter,
        names: SegmentNames
    ) throws(SegmentError) {
        self.source = source
        self.header = header
        self.footer = footer
        self.names = names
        index = try SegmentSections.section(
            source, footer.index, .indexChecksum, "the index")
        leaves = try SegmentSections.readBoundLeaves(source, footer)
    }

    func entry(_ block: Int) throws(SegmentError) -> BlockEntry {
        let start = block * IndexLayout.byteCount
        let entry = index.withUnsafeBytes {
            BlockEntry.decode(
                UnsafeRawBufferPointer(rebasing: $0[start..<start + IndexLayout.byteCount]))
        }
        guard let entry, entry.offset >= UInt64(HeaderLayout.byteCount),
            entry.bytes.upperBound <= footer.leavesOffset
        else {
            let at = footer.indexOffset + UInt64(start)
            throw SegmentError(
                .indexContent, "its index entry is impossible", block: block,
                bytes: at..<at + UInt64(IndexLayout.byteCount))
        }
        return entry
    }

    /// The blocks of a rider with points, in order of time. Cost: two binary searches.
    func blocks(ofRider rider: Int) throws(SegmentError) -> Range<Int> {
        let first = try firstBlock { $0.kind == .amendments || Int($0.rider) >= rider }
        let last = try firstBlock { $0.kind == .amendments || Int($0.rider) > rider }
        guard first < last else {
            throw SegmentError(
                .indexContent, "rider \(rider) has no block",
                bytes: footer.index)
        }
        return first..<last
    }

    func amendmentBlocks() throws(SegmentError) -> Range<Int> {
        try firstBlock { $0.kind == .amendments }..<Int(header.blocks)
    }

    /// The first block that is so; those that are come behind those that are not.
    private func firstBlock(
        _ isSo: (BlockEntry) -> Bool
    ) throws(SegmentError) -> Int {
        var low = 0
        var high = Int(header.blocks)
        while low < high {
            let middle = (low + high) / 2
            if isSo(try entry(middle)) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Replaces what is in `columns` by the fixes of a block, whose order is checked.
    func readFixes(
        block: Int, buffer: inout [UInt8], into columns: inout ChunkColumns
    ) throws(SegmentError) {
        let entry = try read(block, into: &buffer)
        let location = location(block, entry)
        let failure = buffer.withUnsafeBytes { raw -> SegmentError? in
            do throws(SegmentError) {
                try BlockContent.fixes(raw, count: Int(entry.count), at: location, into: &columns)
                try BlockContent.checkOrder(columns, entry, at: location)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    func readRecords(block: Int) throws(SegmentError) -> [AuditRecord] {
        var buffer: [UInt8] = []
        let entry = try read(block, into: &buffer)
        return try buffer.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try BlockContent.records(
                    raw, count: Int(entry.count), at: location(block, entry), header: header)
            }
        }.get()
    }

    private func location(_ block: Int, _ entry: BlockEntry) -> BlockLocation {
        BlockLocation(
            segmentID: header.interval.segmentID, block: block, offset: entry.offset)
    }

    private func read(_ block: Int, into buffer: inout [UInt8]) throws(SegmentError) -> BlockEntry {
        let entry = try entry(block)
        try source.read(at: entry.offset, count: Int(entry.storedBytes), into: &buffer)
        let location = location(block, entry)
        let leaf = SegmentSections.leaf(block, in: leaves)
        try buffer.withUnsafeBytes { raw in
            Result { () throws(SegmentError) in
                try BlockContent.check(
                    raw, entry, at: location, leaf: leaf, major: header.major, names: names)
            }
        }.get()
        return entry
    }
}
