package import TachoGeo

/// A chunk: up to 65,535 fixes of one rider and one range, as stored for ever.
///
/// Header, column block, CRC32C over all before. Bound to nothing else: who it belongs to is said
/// by the key it is stored under. Layout: `format-spec.md` §4.
package enum Chunk {
    /// The chunk of `fixes`, which are in order of (tsMs, arrival), at least one.
    ///
    /// `firstSequence` and `lastSequence` bound the ingest sequence of the fixes. For the rest see
    /// `FixColumns.encode`.
    package static func encode(
        _ fixes: UnsafeBufferPointer<StoredFix>, arrivals: UnsafeBufferPointer<UInt32>,
        rangeID: UInt32, kind: ChunkKind, firstSequence: UInt64, lastSequence: UInt64
    ) -> [UInt8] {
        var encoder = ChunkEncoder(capacity: fixes.count)
        var out: [UInt8] = []
        encoder.encode(
            fixes, arrivals: arrivals, rangeID: rangeID, kind: kind, firstSequence: firstSequence,
            lastSequence: lastSequence, into: &out)
        return out
    }

    /// The header alone. Cheap: neither checksum nor columns are looked at, so damage elsewhere
    /// goes unnoticed.
    package static func header(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ChunkError) -> ChunkHeader {
        try checkLengths(bytes)
        return try readHeader(bytes)
    }

    /// Checks everything and appends the fixes and their arrivals to the arrays, which on an error
    /// are as they were before. Makes memory for the columns; `decode(_:into:)` reuses it.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, fixes: inout [StoredFix], arrivals: inout [UInt32]
    ) throws(ChunkError) -> ChunkHeader {
        var columns = ChunkColumns()
        let header = try decode(bytes, into: &columns)
        columns.append(to: &fixes, arrivals: &arrivals)
        return header
    }

    /// Checks everything and puts the fixes into `columns`, which grow if they have to. On an
    /// error they hold none.
    ///
    /// Cost: about 30 ns a fix in chunks of 256; no allocation once the columns are large enough.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, into columns: inout ChunkColumns
    ) throws(ChunkError) -> ChunkHeader {
        columns.count = 0
        try checkLengths(bytes)
        let bodyEnd = bytes.count - ChunkHeader.checksumBytes
        let stored = UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: bodyEnd, as: UInt32.self))
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<bodyEnd])
        guard CRC32C.checksum(body) == stored else { throw .checksumMismatch }
        let header = try readHeader(bytes)
        let block = UnsafeRawBufferPointer(rebasing: body[ChunkHeader.byteCount...])
        do throws(ColumnError) {
            try FixColumns.decode(block, count: header.count, into: &columns)
        } catch { throw .columns(error) }
        guard agrees(header, columns.at) else {
            columns.count = 0
            throw .headerDisagrees
        }
        return header
    }

    private static let totalBytesOffset = 8

    /// Enough bytes, magic, version, lengths against the size: in this order.
    private static func checkLengths(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        guard bytes.count >= ChunkHeader.byteCount + ChunkHeader.checksumBytes else {
            throw .tooShort
        }
        guard bytes.prefix(4).elementsEqual(ChunkHeader.magic) else { throw .notAChunk }
        guard bytes[4] == ChunkHeader.version else { throw .unknownVersion(bytes[4]) }
        let headerBytes = bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        let totalBytes = bytes.loadUnaligned(fromByteOffset: totalBytesOffset, as: UInt32.self)
        guard Int(UInt16(littleEndian: headerBytes)) == ChunkHeader.byteCount,
            Int(UInt32(littleEndian: totalBytes)) == bytes.count
        else { throw .badLength }
    }

    private static func readHeader(
        _ bytes: UnsafeRawBufferPointer
    ) throws(ChunkError) -> ChunkHeader {
        guard let kind = ChunkKind(rawValue: bytes[5]) else { throw .unknownKind(bytes[5]) }
        var reader = ByteReader(bytes)
        let header: ChunkHeader
        do throws(ByteReadError) {
            _ = try reader.take(12)
            let rangeID = try reader.read(UInt32.self)
            let count = Int(try reader.read(UInt16.self))
            let box = (
                try reader.read(Int32.self), try reader.read(Int32.self),
                try reader.read(Int32.self), try reader.read(Int32.self)
            )
            header = ChunkHeader(
                rangeID: rangeID, kind: kind, count: count, firstSequence: try reader.read(),
                lastSequence: try reader.read(), firstTsMs: try reader.read(),
                lastTsMs: try reader.read(), minLatE7: box.0, maxLatE7: box.1, minLonE7: box.2,
                maxLonE7: box.3, totalBytes: bytes.count)
        } catch { throw .tooShort }
        guard header.isPossible else { throw .badBounds }
        return header
    }

    /// Finds the bounding box. False if the fixes are not in order of time.
    static func scan(_ fixes: ColumnPointers, count: Int, into header: inout ChunkHeader) -> Bool {
        // Limits are checked by whoever reads or writes the columns: nothing overflows that far.
        var backward: Int64 = 0
        for i in 1..<max(count, 1) { backward |= fixes.tsMs[i] &- fixes.tsMs[i &- 1] }
        (header.minLatE7, header.maxLatE7) = bounds(fixes.latE7, count)
        (header.minLonE7, header.maxLonE7) = bounds(fixes.lonE7, count)
        return backward >= 0
    }

    private static func bounds(_ values: UnsafePointer<Int32>, _ count: Int) -> (Int32, Int32) {
        var (low, high) = (Int32.max, Int32.min)
        for i in 0..<count {
            low = min(low, values[i])
            high = max(high, values[i])
        }
        return (low, high)
    }

    private static func agrees(_ header: ChunkHeader, _ fixes: ColumnPointers) -> Bool {
        var found = header
        found.firstTsMs = fixes.tsMs[0]
        found.lastTsMs = fixes.tsMs[header.count - 1]
        return scan(fixes, count: header.count, into: &found) && found == header
    }
}

extension ChunkHeader {
    fileprivate var isPossible: Bool {
        let lat = Column.lat.limits
        let lon = Column.lon.limits
        let time = Column.time.limits
        return count > 0 && firstSequence <= lastSequence && firstTsMs <= lastTsMs
            && time.contains(firstTsMs) && time.contains(lastTsMs) && minLatE7 <= maxLatE7
            && lat.contains(Int64(minLatE7)) && lat.contains(Int64(maxLatE7))
            && minLonE7 <= maxLonE7 && lon.contains(Int64(minLonE7))
            && lon.contains(Int64(maxLonE7))
    }
}
