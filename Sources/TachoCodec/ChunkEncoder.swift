package import TachoGeo

/// Writes chunks and blocks, one after another, with memory made once.
///
/// Fill `columns` and their `count`, then ask for a chunk or a block; or hand over fixes. Not for
/// several threads at once. Cost: no allocation once it is as large as the largest chunk, but for
/// chunks of more than one verdict.
package struct ChunkEncoder: ~Copyable {
    /// What the next chunk is made of. Stays as it is when written.
    package var columns: ChunkColumns
    private var scratch: EncoderScratch

    /// - Parameter capacity: fixes there is memory for; grows when asked for more.
    package init(capacity: Int) {
        columns = ChunkColumns(capacity: capacity)
        scratch = EncoderScratch(capacity: capacity)
    }

    deinit { scratch.free() }

    /// Appends the chunk of what is in `columns`: at least one fix, in order of (tsMs, arrival).
    ///
    /// `firstSequence` and `lastSequence` bound the ingest sequence of the fixes. A field outside
    /// its legal range stops the program: it would be unreadable afterwards.
    /// Cost: about 75 ns a fix in chunks of 256.
    package mutating func encodeColumns(
        rangeID: UInt32, kind: ChunkKind, firstSequence: UInt64, lastSequence: UInt64,
        into out: inout [UInt8]
    ) {
        let count = columns.count
        precondition(count > 0, "a chunk has at least one fix")
        precondition(firstSequence <= lastSequence)
        let at = columns.at
        var header = ChunkHeader(
            rangeID: rangeID, kind: kind, count: count, firstSequence: firstSequence,
            lastSequence: lastSequence, firstTsMs: at.tsMs[0], lastTsMs: at.tsMs[count - 1],
            minLatE7: .max, maxLatE7: .min, minLonE7: .max, maxLonE7: .min, totalBytes: 0)
        precondition(
            Chunk.scan(at, count: count, into: &header), "the fixes of a chunk are in order of time"
        )
        scratch.makeRoom(for: count)
        var writer = RawWriter(scratch.out)
        writer.advance(ChunkHeader.byteCount)
        var encoder = BlockEncoder(at, count: count, scratch)
        encoder.encode(to: &writer)
        header.totalBytes = writer.count + ChunkHeader.checksumBytes
        var first = RawWriter(scratch.out)
        header.write(to: &first)
        writer.putInteger(
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: scratch.out[..<writer.count])))
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch.out[..<writer.count]))
    }

    /// Appends the chunk of `fixes`; for the rest see `encodeColumns`.
    package mutating func encode(
        _ fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>,
        rangeID: UInt32, kind: ChunkKind, firstSequence: UInt64, lastSequence: UInt64,
        into out: inout [UInt8]
    ) {
        columns.fill(fixes, arrivals: arrivals)
        encodeColumns(
            rangeID: rangeID, kind: kind, firstSequence: firstSequence,
            lastSequence: lastSequence, into: &out)
    }

    /// Appends the column block of what is in `columns`, without header and checksum. The order
    /// of the fixes is kept, whatever it is; no fixes are no bytes.
    package mutating func encodeBlock(into out: inout [UInt8]) {
        let count = columns.count
        guard count > 0 else { return }
        scratch.makeRoom(for: count)
        var writer = RawWriter(scratch.out)
        var encoder = BlockEncoder(columns.at, count: count, scratch)
        encoder.encode(to: &writer)
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch.out[..<writer.count]))
    }
}

/// The memory of an encoder besides the columns: one allocation.
struct EncoderScratch {
    private(set) var values: UnsafeMutablePointer<Int64>
    private(set) var residuals: UnsafeMutablePointer<UInt64>
    private(set) var best: UnsafeMutablePointer<UInt64>
    private(set) var packing: PackingScratch
    private(set) var reach: UnsafeMutablePointer<Int64>
    private(set) var place: UnsafeMutablePointer<UInt64>
    private(set) var bitmap: UnsafeMutablePointer<UInt8>
    private(set) var out: UnsafeMutableRawBufferPointer
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        let stride = (capacity + 16) & ~7
        let outBytes =
            BlockEncoder.largest(capacity) + ChunkHeader.byteCount + ChunkHeader.checksumBytes
        let lengthBytes = 4 * PackingScratch.lengthCount
        let start = UnsafeMutableRawPointer.allocate(
            byteCount: (8 * 8 + 2) * stride + lengthBytes + outBytes, alignment: 64)
        func words<T>(_ index: Int, _ type: T.Type) -> UnsafeMutablePointer<T> {
            (start + 8 * index * stride).bindMemory(to: type, capacity: stride)
        }
        values = words(0, Int64.self)
        (residuals, best) = (words(1, UInt64.self), words(2, UInt64.self))
        (reach, place) = (words(6, Int64.self), words(7, UInt64.self))
        let bytes = start + 64 * stride
        packing = PackingScratch(
            widths: bytes.bindMemory(to: UInt8.self, capacity: stride),
            lengths: (bytes + 2 * stride).bindMemory(
                to: UInt32.self, capacity: PackingScratch.lengthCount),
            low: words(3, UInt64.self), places: words(4, UInt64.self), high: words(5, UInt64.self))
        bitmap = (bytes + stride).bindMemory(to: UInt8.self, capacity: stride)
        out = UnsafeMutableRawBufferPointer(
            start: bytes + 2 * stride + lengthBytes, count: outBytes)
    }

    func free() { UnsafeMutableRawPointer(values).deallocate() }

    mutating func makeRoom(for count: Int) {
        guard count > capacity else { return }
        free()
        self = EncoderScratch(capacity: count)
    }
}
