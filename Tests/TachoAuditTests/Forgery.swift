import TachoCodec

@testable import TachoAudit

/// Changes a segment and makes its checksums right again, as a forger would, step by step.
struct Forgery {
    var bytes: [UInt8]
    private let reader: SegmentReader

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        reader = try SegmentReader(source: .memory(bytes))
    }

    var index: [BlockEntry] { reader.index }
    private var footerStart: Int { bytes.count - FooterLayout.byteCount }
    private var leavesStart: Int { Int(reader.index.last!.bytes.upperBound) }
    private var indexStart: Int { leavesStart + reader.index.count * Digest.byteCount + 4 }
    private var namesStart: Int { indexStart + reader.index.count * IndexLayout.byteCount + 4 }

    mutating func put<T: FixedWidthInteger>(_ value: T, _ field: Field, at record: Int) {
        precondition(MemoryLayout<T>.size == field.size)
        withUnsafeBytes(of: value.littleEndian) {
            bytes.replaceSubrange(record + field.offset..<record + field.end, with: $0)
        }
    }

    /// A header field, with the header's checksum and the file's hash.
    mutating func header<T: FixedWidthInteger>(_ field: Field, _ value: T) {
        put(value, field, at: 0)
        checksum(0..<HeaderLayout.crc32c.offset)
        seal()
    }

    mutating func header(_ field: Field, _ value: [UInt8]) {
        bytes.replaceSubrange(field.offset..<field.end, with: value)
        checksum(0..<HeaderLayout.crc32c.offset)
        seal()
    }

    /// A footer field, with the footer's checksum; the root is not made right.
    mutating func footer<T: FixedWidthInteger>(_ field: Field, _ value: T) {
        put(value, field, at: footerStart)
        seal()
    }

    mutating func footerByte(_ field: Field) {
        bytes[footerStart + field.offset] ^= 1
        seal()
    }

    mutating func index<T: FixedWidthInteger>(_ block: Int, _ field: Field, _ value: T) {
        put(value, field, at: indexStart + block * IndexLayout.byteCount)
        checksum(indexStart..<namesStart - 4)
        seal()
    }

    /// A byte of the names section, by its place in it.
    mutating func name(byte: Int, _ value: UInt8) {
        bytes[namesStart + byte] = value
        checksum(namesStart..<footerStart - 4)
        seal()
    }

    /// A byte of a stored leaf, with the section's checksum.
    mutating func leaf(_ block: Int) {
        bytes[leavesStart + block * Digest.byteCount] ^= 1
        checksum(leavesStart..<indexStart - 4)
        seal()
    }

    /// Bytes of a block, with everything that depends on them: only content can give it away.
    mutating func block(_ block: Int, offset: Int, _ value: [UInt8]) {
        let entry = reader.index[block]
        let start = Int(entry.offset)
        bytes.replaceSubrange(start + offset..<start + offset + value.count, with: value)
        let stored = Array(bytes[start..<Int(entry.bytes.upperBound)])
        let location = BlockLocation(
            segmentID: reader.header.interval.segmentID, block: block, offset: entry.offset)
        let crc = stored.withUnsafeBytes {
            location.checksum(
                header: UnsafeRawBufferPointer(rebasing: $0[..<BlockLayout.byteCount]),
                payload: StoredBlock.payload($0))
        }
        put(crc, BlockLayout.crc32c, at: start)
        let names = reader.names
        let major = reader.header.major
        let leaf = bytes[start..<Int(entry.bytes.upperBound)].withUnsafeBytes { raw in
            let block = StoredBlock(
                kind: entry.kind, rider: entry.rider, count: Int(entry.count),
                payloadBytes: raw.count - BlockLayout.byteCount)
            return Digest.leaf(raw, names: LeafNames.of(raw, block, names, major: major))
        }
        bytes.replaceSubrange(leafRange(block), with: leaf)
        checksum(leavesStart..<indexStart - 4)
        var tree = MerkleRoot()
        for block in reader.index.indices { tree.append(Array(bytes[leafRange(block)])) }
        let root = footerStart + FooterLayout.root.offset
        bytes.replaceSubrange(root..<root + Digest.byteCount, with: tree.root())
        seal()
    }

    /// The root as it was, whatever the leaves are now: what an auditor has written down.
    mutating func keepRoot() {
        let root = footerStart + FooterLayout.root.offset
        bytes.replaceSubrange(root..<root + Digest.byteCount, with: reader.root)
        seal()
    }

    /// A field of a record of an amendment block.
    mutating func record<T: FixedWidthInteger>(_ number: Int, _ field: Field, _ value: T) {
        let block = reader.amendmentBlocks.lowerBound
        let offset = BlockLayout.byteCount + number * AmendmentLayout.byteCount + field.offset
        self.block(block, offset: offset, withUnsafeBytes(of: value.littleEndian) { Array($0) })
    }

    private func leafRange(_ block: Int) -> Range<Int> {
        let start = leavesStart + block * Digest.byteCount
        return start..<start + Digest.byteCount
    }

    /// Writes the CRC32C of a range behind it.
    private mutating func checksum(_ range: Range<Int>) {
        let crc = bytes[range].withUnsafeBytes { CRC32C.checksum($0) }
        withUnsafeBytes(of: crc.littleEndian) {
            bytes.replaceSubrange(range.upperBound..<range.upperBound + 4, with: $0)
        }
    }

    /// The footer's hash and checksum.
    private mutating func seal() {
        let start = footerStart
        let place = start + FooterLayout.sha256.offset
        let hash = bytes[..<place].withUnsafeBytes(Digest.of)
        bytes.replaceSubrange(place..<place + Digest.byteCount, with: hash)
        checksum(start..<start + FooterLayout.crc32c.offset)
    }
}
