/// Where a block lies and what it holds: an entry of a segment's index.
package struct BlockEntry: Equatable, Sendable {
    /// From the start of the file, bytes.
    package var offset: UInt64
    /// Header and payload, bytes.
    package var storedBytes: UInt32
    /// Index of the rider's name; `SegmentFormat.noRider` for amendments.
    package var rider: UInt32
    package var kind: BlockKind
    /// Fixes or records.
    package var count: UInt16
    /// Event times of the fixes, or of the fixes that are amended.
    package var tsBounds = TimeBounds()

    package var bytes: Range<UInt64> { offset..<offset + UInt64(storedBytes) }

    func encoded() -> [UInt8] {
        typealias L = IndexLayout
        var record = RecordBuilder(count: L.byteCount)
        record.put(offset, L.offset)
        record.put(storedBytes, L.storedBytes)
        record.put(rider, L.rider)
        record.put(kind.rawValue, L.kind)
        record.put(kind.codec, L.codec)
        record.put(count, L.count)
        record.put(tsBounds.stored.minMs, L.minTsMs)
        record.put(tsBounds.stored.maxMs, L.maxTsMs)
        return record.bytes
    }

    /// Reads an entry; nil when kind, codec or count are none of this version.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> BlockEntry? {
        typealias L = IndexLayout
        let view = RecordView(bytes, count: L.byteCount)
        guard let kind = BlockKind(rawValue: view.get(L.kind)), view.get(L.codec) == kind.codec,
            view.isZero(L.reserved)
        else { return nil }
        let count: UInt16 = view.get(L.count)
        let storedBytes: UInt32 = view.get(L.storedBytes)
        let bounds = TimeBounds(minMs: view.get(L.minTsMs), maxMs: view.get(L.maxTsMs))
        guard (1...SegmentFormat.blockCapacity).contains(Int(count)), !bounds.isEmpty,
            (BlockLayout.byteCount + 1...SegmentFormat.maxBlockBytes).contains(Int(storedBytes))
        else { return nil }
        return BlockEntry(
            offset: view.get(L.offset), storedBytes: storedBytes, rider: view.get(L.rider),
            kind: kind, count: count, tsBounds: bounds)
    }
}
