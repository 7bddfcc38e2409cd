import TachoCodec

/// How finely rows tell where a chunk was: a chunk of late fixes that lie hours apart would have a
/// row for nearly each of them, and cost more there than anywhere else.
package enum GeoGrain: Sendable, CaseIterable {
    /// Five minutes; at the usual resolution cells have edges of about 200 m.
    case fine
    /// A day; edges of about 1.4 km, or as the others where these are longer.
    case coarse

    /// Chunks that span more than this, ms, are told coarsely.
    package static let longestFineMs: Int64 = 2 * 3_600_000

    package init(spanMs: Int64) { self = spanMs > Self.longestFineMs ? .coarse : .fine }

    package var bucketMs: Int64 {
        switch self {
        case .fine: 300_000
        case .coarse: 86_400_000
        }
    }

    /// Added to a bucket's number: never negative, and of the two grains never the same.
    package var bucketOffset: Int64 {
        switch self {
        case .fine: 1 << 31
        case .coarse: 1 << 29
        }
    }

    /// Of a row with that bucket.
    package init(bucket: UInt32) { self = bucket < 1 << 30 ? .coarse : .fine }

    /// The bucket a time falls into, and its place in it.
    @inline(__always)
    package func bucket(_ tsMs: Int64) -> (number: UInt32, offsetMs: UInt32) {
        // Rounds down also for times before 1970.
        var number = tsMs / bucketMs
        var offset = tsMs % bucketMs
        if offset < 0 {
            offset += bucketMs
            number -= 1
        }
        return (UInt32(number + bucketOffset), UInt32(offset))
    }
}

/// That a chunk has fixes of five minutes, or of a day, in one cell. Family `geo` holds them by time
/// and place, so that who was somewhere is one stretch of keys (`GeoPage`). `format-spec.md` §6.
///
/// Made from the chunk alone, so rows are only added, replay makes the same ones again, and the whole
/// family can be rebuilt. A row may be there twice.
package struct GeoRow: Hashable, Sendable, BitwiseCopyable {
    package var bucket: UInt32
    package var cell: UInt64
    package var rider: UInt32
    package var range: UInt32
    package var generation: UInt16
    /// Fixes of the chunk in that bucket and cell; at most 65,535.
    package var count: UInt16
    /// Times of the first and the last of them, ms from the bucket's start.
    package var firstMs: UInt32
    package var lastMs: UInt32
    /// One of them has an effect other than accept, as decided on arrival.
    package var isAnyFlagged: Bool

    package init(
        bucket: UInt32, cell: UInt64, rider: UInt32, range: UInt32, generation: UInt16,
        count: UInt16, firstMs: UInt32, lastMs: UInt32, isAnyFlagged: Bool
    ) {
        self.bucket = bucket
        self.cell = cell
        self.rider = rider
        self.range = range
        self.generation = generation
        self.count = count
        self.firstMs = firstMs
        self.lastMs = lastMs
        self.isAnyFlagged = isAnyFlagged
    }

    /// The first of a page, before it is read.
    init(bucket: UInt32, cell: UInt64) {
        self.init(
            bucket: bucket, cell: cell, rider: 0, range: 0, generation: 0, count: 0, firstMs: 0,
            lastMs: 0, isAnyFlagged: false)
    }

    /// In the order in which they are stored.
    @inline(__always)
    package static func < (a: GeoRow, b: GeoRow) -> Bool {
        if a.bucket != b.bucket { return a.bucket < b.bucket }
        if a.cell != b.cell { return a.cell < b.cell }
        if a.rider != b.rider { return a.rider < b.rider }
        if a.range != b.range { return a.range < b.range }
        return a.generation < b.generation
    }

    /// Bytes of count and times, at most.
    static let maxFixesBytes = 11

    @inline(__always)
    static func put(_ value: UInt32, _ to: UnsafeMutableRawPointer, _ at: inout Int) {
        var rest = value
        while rest >= 0x80 {
            to.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: at, as: UInt8.self)
            rest >>= 7
            at += 1
        }
        to.storeBytes(of: UInt8(rest), toByteOffset: at, as: UInt8.self)
        at += 1
    }

    /// Writes how many fixes, of what effect and when, 3 to 11 bytes; there is room for them.
    @inline(__always)
    func writeFixes(_ to: UnsafeMutableRawPointer, _ at: inout Int) {
        Self.put(UInt32(count) << 1 | (isAnyFlagged ? 1 : 0), to, &at)
        Self.put(firstMs, to, &at)
        Self.put(lastMs - firstMs, to, &at)
    }

    mutating func readFixes(_ reader: inout ByteReader) throws(StoreError) {
        let bucketMs = UInt64(GeoGrain(bucket: bucket).bucketMs)
        guard let head = try? reader.readVarint(), let first = try? reader.readVarint(),
            let span = try? reader.readVarint(), head >> 1 <= UInt64(UInt16.max),
            head >> 1 > 0, first < bucketMs, span < bucketMs - first
        else { throw .damaged("a geo row cannot be read") }
        count = UInt16(head >> 1)
        isAnyFlagged = head & 1 != 0
        firstMs = UInt32(first)
        lastMs = UInt32(first + span)
    }

    /// Of a key with a single row, as they were before there were pages.
    static let keyBytes = 22

    /// Reads such a row.
    init(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(StoreError) {
        guard key.count == Self.keyBytes else { throw .damaged("a geo key cannot be read") }
        self.init(bucket: KeyReader.u32(key, at: 0), cell: KeyReader.u64(key, at: 4))
        rider = KeyReader.u32(key, at: 12)
        range = KeyReader.u32(key, at: 16)
        generation = KeyReader.u16(key, at: 20)
        var reader = ByteReader(value)
        try readFixes(&reader)
        guard reader.isAtEnd else { throw .damaged("a geo row cannot be read") }
    }
}
