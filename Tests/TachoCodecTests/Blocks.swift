import TachoCodec
import TachoGeo

/// Encoding and decoding of whole arrays, for tests.
extension Track {
    func columns() -> [UInt8] {
        var out: [UInt8] = []
        fixes.withUnsafeBufferPointer { f in
            arrivals.withUnsafeBufferPointer { a in
                FixColumns.encode(f, arrivals: a, into: &out)
            }
        }
        return out
    }

    func chunk(
        rangeID: UInt32 = 7, kind: ChunkKind = .main, first: UInt64 = 1_000,
        last: UInt64 = 90_000
    ) -> [UInt8] {
        fixes.withUnsafeBufferPointer { f in
            arrivals.withUnsafeBufferPointer { a in
                Chunk.encode(
                    f, arrivals: a, rangeID: rangeID, kind: kind, firstSequence: first,
                    lastSequence: last)
            }
        }
    }

    init(columns bytes: [UInt8], count: Int) throws(ColumnError) {
        self.init()
        try append(columns: bytes, count: count)
    }

    mutating func append(columns bytes: [UInt8], count: Int) throws(ColumnError) {
        let copy = HeapBytes(bytes)
        try FixColumns.decode(copy.raw, count: count, fixes: &fixes, arrivals: &arrivals)
    }

    /// The track in a chunk, and its header.
    static func read(chunk bytes: [UInt8]) throws(ChunkError) -> (Track, ChunkHeader) {
        let copy = HeapBytes(bytes)
        var track = Track()
        let header = try Chunk.decode(
            copy.raw, fixes: &track.fixes, arrivals: &track.arrivals)
        return (track, header)
    }
}

/// Bytes in memory of exactly their size, so that an address sanitiser sees every overrun.
final class HeapBytes {
    let raw: UnsafeRawBufferPointer
    init(_ bytes: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        raw = UnsafeRawBufferPointer(memory)
    }
    deinit { raw.deallocate() }
}
