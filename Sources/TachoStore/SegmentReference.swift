import TachoCodec

/// What stands in family `track` in place of chunks whose range is retired: where in the sealed
/// segment of that range some fixes of the rider lie, next to each other. `format-spec.md` §6.
///
/// The key names rider, time of the first fix and range, which is the segment's number.
package struct SegmentReference: Equatable, Sendable {
    /// The block in the segment, counted from 0.
    package var block: UInt32
    /// Where it lies in the file, bytes.
    package var offset: UInt64
    package var storedBytes: UInt32
    /// Fixes in the whole block.
    package var blockCount: UInt16
    /// Which of them are meant; not empty.
    package var fixes: Range<Int>
    /// Time of the last one, Unix ms.
    package var lastMs: Int64
    /// SHA-256(0x00 ‖ the stored block), 32 bytes.
    package var leaf: [UInt8]

    package static let byteCount = 72
    private static let magic: [UInt8] = Array("TREF".utf8)
    private static let version: UInt8 = 0
    private static let lastMsOffset = 28

    package init(
        block: UInt32, offset: UInt64, storedBytes: UInt32, blockCount: UInt16, fixes: Range<Int>,
        lastMs: Int64, leaf: [UInt8]
    ) {
        self.block = block
        self.offset = offset
        self.storedBytes = storedBytes
        self.blockCount = blockCount
        self.fixes = fixes
        self.lastMs = lastMs
        self.leaf = leaf
    }

    /// Whether a value of family `track` is one: a chunk begins otherwise.
    package static func isOne(_ value: UnsafeRawBufferPointer) -> Bool {
        value.count >= magic.count && value.prefix(magic.count).elementsEqual(magic)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(Self.magic)
        writer.put(Self.version)
        writer.put(UInt8(0))
        writer.put(blockCount)
        writer.put(offset)
        writer.put(storedBytes)
        writer.put(block)
        writer.put(UInt16(fixes.lowerBound))
        writer.put(UInt16(fixes.count))
        writer.put(lastMs)
        writer.put(leaf)
        writer.put(writer.bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return writer.bytes
    }

    /// The time of the last fix alone; the rest is not looked at.
    package static func lastMs(_ value: UnsafeRawBufferPointer) throws(StoreError) -> Int64 {
        try checkKind(value)
        return Int64(
            littleEndian: value.loadUnaligned(fromByteOffset: lastMsOffset, as: Int64.self))
    }

    private static func checkKind(_ value: UnsafeRawBufferPointer) throws(StoreError) {
        guard isOne(value), value.count > magic.count else {
            throw .damaged("a reference to a segment was cut")
        }
        guard value[magic.count] == version else {
            throw .damaged(
                "a reference to a segment has version \(value[magic.count]), this program reads "
                    + "\(version); use a newer program")
        }
        guard value.count == byteCount else {
            throw .damaged("a reference to a segment has \(value.count) bytes")
        }
    }

    package static func read(
        _ value: UnsafeRawBufferPointer
    ) throws(StoreError) -> SegmentReference {
        try checkKind(value)
        let body = UnsafeRawBufferPointer(rebasing: value[..<(byteCount - 4)])
        let stated = value.loadUnaligned(fromByteOffset: byteCount - 4, as: UInt32.self)
        guard CRC32C.checksum(body) == UInt32(littleEndian: stated) else {
            throw .damaged("a reference to a segment has a wrong checksum")
        }
        var reader = ByteReader(body)
        guard (try? reader.take(5)) != nil, let zero: UInt8 = try? reader.read(), zero == 0,
            let blockCount: UInt16 = try? reader.read(),
            let offset: UInt64 = try? reader.read(), let bytes: UInt32 = try? reader.read(),
            let block: UInt32 = try? reader.read(), let first: UInt16 = try? reader.read(),
            let count: UInt16 = try? reader.read(), let lastMs: Int64 = try? reader.read(),
            let leaf = try? reader.take(32), reader.isAtEnd, count > 0,
            Int(first) + Int(count) <= Int(blockCount)
        else { throw .damaged("a reference to a segment cannot be read") }
        return SegmentReference(
            block: block, offset: offset, storedBytes: bytes, blockCount: blockCount,
            fixes: Int(first)..<Int(first) + Int(count), lastMs: lastMs, leaf: Array(leaf))
    }
}
