package import TachoCodec

/// A fix block of a sealed segment by itself: all that is needed to read it without the segment's
/// index, names and leaves. Whoever keeps one took it from a segment that was checked whole.
package struct SealedBlock: Equatable, Sendable {
    package var segmentID: UInt64
    /// Its number in the segment, from 0.
    package var block: UInt32
    /// From the start of the file, bytes.
    package var offset: UInt64
    /// Header and payload, bytes.
    package var storedBytes: UInt32
    /// Fixes in it.
    package var count: UInt16
    /// SHA-256(0x00 ‖ the stored block), 32 bytes: it pins every bit. The block's leaf without the names
    /// that leaves cover since format 1, so that whoever reads the block needs none.
    package var leaf: [UInt8]

    package init(
        segmentID: UInt64, block: UInt32, offset: UInt64, storedBytes: UInt32, count: UInt16,
        leaf: [UInt8]
    ) {
        self.segmentID = segmentID
        self.block = block
        self.offset = offset
        self.storedBytes = storedBytes
        self.count = count
        self.leaf = leaf
    }

    /// Replaces what is in `columns` by the fixes of the block, in order of (time, arrival), checked
    /// as `SegmentReader` checks them: length, CRC32C bound to its place, leaf, kind, count, content.
    /// Cost: one read of the file, and about 35 ns a fix. `buffer` is scratch space to reuse.
    package func read(
        from source: SegmentSource, buffer: inout [UInt8], into columns: inout ChunkColumns
    ) throws(SegmentError) {
        columns.count = 0
        let location = BlockLocation(segmentID: segmentID, block: Int(block), offset: offset)
        let (end, isTooFar) = offset.addingReportingOverflow(UInt64(storedBytes))
        guard !isTooFar, end <= source.byteCount,
            Int(storedBytes) <= SegmentFormat.maxBlockBytes
        else {
            throw SegmentError(
                .cut, "the file has \(source.byteCount) bytes and ends before it does",
                block: Int(block), bytes: offset..<max(offset, end))
        }
        try source.read(at: offset, count: Int(storedBytes), into: &buffer)
        let failure = buffer.withUnsafeBytes { raw -> SegmentError? in
            do throws(SegmentError) {
                try check(raw, at: location)
                try BlockContent.fixes(raw, count: Int(count), at: location, into: &columns)
                return nil
            } catch {
                return error
            }
        }
        guard let failure else { return }
        columns.count = 0
        throw failure
    }

    private func check(
        _ raw: UnsafeRawBufferPointer, at location: BlockLocation
    ) throws(SegmentError) {
        let stored = try StoredBlock.check(raw, at: location)
        guard Digest.leaf(raw) == leaf else {
            throw location.error(.blockLeaf, "it is not the block of its leaf", raw.count)
        }
        guard stored.kind == .fixes, stored.count == Int(count) else {
            throw location.error(.blockHeader, "its header states other fixes", raw.count)
        }
    }
}

extension SegmentReader {
    /// What is needed to read a fix block again without this reader. Cost: reading it.
    package func sealedBlock(_ block: Int) throws(SegmentError) -> SealedBlock {
        let entry = index[block]
        precondition(entry.kind == .fixes, "a fix block is asked for")
        let stored = try storedBlock(block).bytes
        return SealedBlock(
            segmentID: header.interval.segmentID, block: UInt32(block), offset: entry.offset,
            storedBytes: entry.storedBytes, count: entry.count,
            leaf: stored.withUnsafeBytes(Digest.leaf))
    }
}
