import TachoAudit
import TachoCodec
import TachoStore

/// A reference to fixes of a sealed block, with the key under which readers find it in family `track`.
struct PlacedReference {
    var key: ChunkKey
    var reference: SegmentReference

    /// Appends references to all fixes of a block, `tsMs` being their times in order. None spans more
    /// than `spanMs`, because that is how far before a time a reader looks for what reaches it.
    static func cut(
        _ place: SealedBlock, _ tsMs: UnsafeMutablePointer<Int64>, rider: UInt32, range: UInt32,
        spanMs: Int64, into list: inout [PlacedReference]
    ) {
        var start = 0
        let count = Int(place.count)
        while start < count {
            var end = start + 1
            while end < count, tsMs[end] - tsMs[start] <= spanMs { end += 1 }
            let key = ChunkKey(
                rider: rider, t0Ms: tsMs[start], range: range,
                generation: UInt16(truncatingIfNeeded: list.count))
            list.append(
                PlacedReference(
                    key: key,
                    reference: SegmentReference(
                        block: place.block, offset: place.offset, storedBytes: place.storedBytes,
                        blockCount: place.count, fixes: start..<end, lastMs: tsMs[end - 1],
                        leaf: place.leaf)))
            start = end
        }
    }

    func put(to rows: RowBatch) { rows.put(.track, Keys.track(key), reference.encoded()) }
}
