import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Blocks read by themselves, as a server reads those of retired ranges.
@Suite struct SealedBlockTests {
    private static let bytes = try! Sample.range(seed: 5, riders: 4, points: 150).bytes()

    private func read(
        _ block: SealedBlock, _ source: SegmentSource
    ) throws(SegmentError) -> (fixes: [StoredFix], arrivals: [UInt32]) {
        var columns = ChunkColumns()
        var buffer: [UInt8] = []
        try block.read(from: source, buffer: &buffer, into: &columns)
        var (fixes, arrivals): ([StoredFix], [UInt32]) = ([], [])
        columns.append(to: &fixes, arrivals: &arrivals)
        return (fixes, arrivals)
    }

    private func blocks() throws -> [SealedBlock] {
        let reader = try SegmentReader(source: .memory(Self.bytes))
        return try reader.index.indices.filter { reader.index[$0].kind == .fixes }.map {
            try reader.sealedBlock($0)
        }
    }

    @Test func `a block by itself is the block that its segment's reader reads`() throws {
        let source = SegmentSource.memory(Self.bytes)
        let reader = try SegmentReader(source: source)
        let blocks = try blocks()
        #expect(blocks.count == 4)
        for block in blocks {
            var (fixes, arrivals): ([StoredFix], [UInt32]) = ([], [])
            var buffer: [UInt8] = []
            try reader.readFixes(
                block: Int(block.block), buffer: &buffer, fixes: &fixes, arrivals: &arrivals)
            let alone = try read(block, source)
            #expect(alone.fixes == fixes && alone.arrivals == arrivals)
            #expect(Int(block.count) == fixes.count)
        }
    }

    @Test func `every flipped bit of a block is found, also under a checksum made anew`() throws {
        let block = try blocks()[1]
        var bytes = Self.bytes
        let range = Int(block.offset)..<Int(block.offset) + Int(block.storedBytes)
        for bit in range.lowerBound * 8..<range.upperBound * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SegmentError.self, "bit \(bit)") {
                try read(block, .memory(bytes))
            }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        // A forger makes the checksum right again: the leaf tells.
        let payload = range.lowerBound + BlockLayout.byteCount
        bytes[payload + 5] ^= 1
        let location = BlockLocation(
            segmentID: block.segmentID, block: Int(block.block), offset: block.offset)
        let crc = bytes.withUnsafeBytes { raw in
            location.checksum(
                header: UnsafeRawBufferPointer(rebasing: raw[range.lowerBound..<payload]),
                payload: UnsafeRawBufferPointer(rebasing: raw[payload..<range.upperBound]))
        }
        let at = range.lowerBound + BlockLayout.crc32c.offset
        withUnsafeBytes(of: crc.littleEndian) { crc in
            for (place, byte) in crc.enumerated() { bytes[at + place] = byte }
        }
        #expect(throws: SegmentError(.blockLeaf, "")) { try read(block, .memory(bytes)) }
    }

    @Test func `a file that ends too early, or has another block there, is refused`() throws {
        let blocks = try blocks()
        let end = Int(blocks[2].offset) + Int(blocks[2].storedBytes)
        for count in stride(from: 0, to: end, by: 7) {
            #expect(throws: SegmentError(.cut, "")) {
                try read(blocks[2], .memory(Array(Self.bytes[..<count])))
            }
        }
        for (wrong, right) in [(1, 2), (0, 3)] {
            var moved = blocks[wrong]
            (moved.offset, moved.storedBytes) = (blocks[right].offset, blocks[right].storedBytes)
            #expect(throws: SegmentError(.blockChecksum, "")) {
                try read(moved, .memory(Self.bytes))
            }
        }
        var other = blocks[0]
        other.segmentID += 1
        #expect(throws: SegmentError(.blockChecksum, "")) { try read(other, .memory(Self.bytes)) }
        var fewer = blocks[0]
        fewer.count -= 1
        #expect(throws: SegmentError(.blockHeader, "")) { try read(fewer, .memory(Self.bytes)) }
        var far = blocks[0]
        far.offset = .max
        #expect(throws: SegmentError(.cut, "")) { try read(far, .memory(Self.bytes)) }
    }
}
