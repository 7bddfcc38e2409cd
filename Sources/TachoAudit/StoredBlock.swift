import TachoCodec

/// The header of a block, and the checksum that ties a block to its place.
struct StoredBlock {
    var kind: BlockKind
    var rider: UInt32
    var count: Int
    var payloadBytes: Int

    var storedBytes: Int { BlockLayout.byteCount + payloadBytes }

    /// The whole block as stored. The CRC32C covers, before the bytes themselves, where they lie:
    /// a block copied to another place, number or segment does not check.
    static func encode(
        kind: BlockKind, rider: UInt32, count: Int, payload: [UInt8], at location: BlockLocation
    ) -> [UInt8] {
        typealias L = BlockLayout
        var record = RecordBuilder(count: L.byteCount)
        record.put(SegmentFormat.blockMagic, L.magic)
        record.put(kind.rawValue, L.kind)
        record.put(kind.codec, L.codec)
        record.put(UInt16(count), L.count)
        record.put(rider, L.rider)
        record.put(UInt32(payload.count), L.payloadBytes)
        let crc = record.bytes.withUnsafeBytes { header in
            payload.withUnsafeBytes { location.checksum(header: header, payload: $0) }
        }
        record.put(crc, L.crc32c)
        return record.bytes + payload
    }

    /// Reads the header of the block at the start of `bytes`, which may be longer than the block.
    static func decodeHeader(
        _ bytes: UnsafeRawBufferPointer, at location: BlockLocation
    ) throws(SegmentError) -> StoredBlock {
        typealias L = BlockLayout
        guard bytes.count >= L.byteCount else {
            throw location.error(.blockHeader, "too short for a block", bytes.count)
        }
        let view = RecordView(bytes, count: L.byteCount)
        guard view.get(L.magic) == SegmentFormat.blockMagic else {
            throw location.error(.blockHeader, "no block starts here", bytes.count)
        }
        let count: UInt16 = view.get(L.count)
        let payloadBytes: UInt32 = view.get(L.payloadBytes)
        guard let kind = BlockKind(rawValue: view.get(L.kind)), view.get(L.codec) == kind.codec,
            (1...SegmentFormat.blockCapacity).contains(Int(count)), view.isZero(L.reserved),
            Int(payloadBytes) <= SegmentFormat.maxBlockBytes - L.byteCount
        else {
            throw location.error(
                .blockHeader, "kind, codec, count or length is impossible", L.byteCount)
        }
        return StoredBlock(
            kind: kind, rider: view.get(L.rider), count: Int(count),
            payloadBytes: Int(payloadBytes))
    }

    /// Checks a whole stored block: header, length, checksum bound to its place.
    static func check(
        _ bytes: UnsafeRawBufferPointer, at location: BlockLocation
    ) throws(SegmentError) -> StoredBlock {
        let block = try decodeHeader(bytes, at: location)
        guard block.storedBytes == bytes.count else {
            throw location.error(
                .blockHeader, "its header says \(block.storedBytes) bytes", bytes.count)
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<BlockLayout.byteCount])
        let crc = location.checksum(header: header, payload: payload(bytes))
        guard crc == RecordView(header, count: header.count).get(BlockLayout.crc32c) else {
            throw location.error(
                .blockChecksum, "the checksum, which binds content and place, is wrong",
                bytes.count)
        }
        return block
    }

    static func payload(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[BlockLayout.byteCount...])
    }
}

/// The place of a block, which its checksum covers without storing it.
struct BlockLocation {
    var segmentID: UInt64
    var block: Int
    var offset: UInt64

    /// CRC32C over the location, the header up to its checksum, and the payload.
    func checksum(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
    ) -> UInt32 {
        typealias L = LocationLayout
        // On the stack: a record of its own would be an allocation a block.
        let place = withUnsafeTemporaryAllocation(byteCount: L.byteCount, alignment: 8) { raw in
            func put(_ value: some FixedWidthInteger & BitwiseCopyable, _ field: Field) {
                raw.storeBytes(
                    of: value.littleEndian, toByteOffset: field.offset, as: type(of: value))
            }
            put(segmentID, L.segmentID)
            put(UInt32(block), L.block)
            put(offset, L.offset)
            return CRC32C.checksum(UnsafeRawBufferPointer(raw))
        }
        let start = UnsafeRawBufferPointer(rebasing: header[..<BlockLayout.crc32c.offset])
        return CRC32C.checksum(payload, seed: CRC32C.checksum(start, seed: place))
    }

    func error(_ code: SegmentError.Code, _ detail: String, _ byteCount: Int) -> SegmentError {
        SegmentError(code, detail, block: block, bytes: offset..<offset + UInt64(byteCount))
    }
}
