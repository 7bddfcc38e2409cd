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
        precondition(fixes.count > 0, "a chunk has at least one fix")
        precondition(firstSequence <= lastSequence)
        var header = ChunkHeader(
            rangeID: rangeID, kind: kind, count: fixes.count, firstSequence: firstSequence,
            lastSequence: lastSequence, firstTsMs: fixes[0].fix.tsMs,
            lastTsMs: fixes[fixes.count - 1].fix.tsMs, minLatE7: .max, maxLatE7: .min,
            minLonE7: .max, maxLonE7: .min, totalBytes: 0)
        let isSorted = scan(fixes, into: &header)
        precondition(isSorted, "the fixes of a chunk are in order of time")
        var out = ByteWriter()
        out.bytes.reserveCapacity(ChunkHeader.byteCount + 12 * fixes.count + 64)
        header.write(to: &out)
        FixColumns.encode(fixes, arrivals: arrivals, into: &out.bytes)
        out.overwrite(
            UInt32(out.count + ChunkHeader.checksumBytes), at: totalBytesOffset)
        out.put(out.bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return out.bytes
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
    /// are as they were before.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, fixes: inout [StoredFix], arrivals: inout [UInt32]
    ) throws(ChunkError) -> ChunkHeader {
        try checkLengths(bytes)
        let bodyEnd = bytes.count - ChunkHeader.checksumBytes
        let stored = UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: bodyEnd, as: UInt32.self))
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<bodyEnd])
        guard CRC32C.checksum(body) == stored else { throw .checksumMismatch }
        let header = try readHeader(bytes)
        let columns = UnsafeRawBufferPointer(rebasing: body[ChunkHeader.byteCount...])
        let start = fixes.count
        do throws(ColumnError) {
            try FixColumns.decode(
                columns, count: header.count, fixes: &fixes, arrivals: &arrivals)
        } catch { throw .columns(error) }
        guard agrees(header, fixes, from: start) else {
            fixes.removeLast(header.count)
            arrivals.removeLast(header.count)
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
    private static func scan(
        _ fixes: UnsafeBufferPointer<StoredFix>, into header: inout ChunkHeader
    ) -> Bool {
        var before = header.firstTsMs
        for i in 0..<fixes.count {
            let fix = fixes[i].fix
            if fix.tsMs < before { return false }
            before = fix.tsMs
            header.minLatE7 = min(header.minLatE7, fix.latE7)
            header.maxLatE7 = max(header.maxLatE7, fix.latE7)
            header.minLonE7 = min(header.minLonE7, fix.lonE7)
            header.maxLonE7 = max(header.maxLonE7, fix.lonE7)
        }
        return true
    }

    private static func agrees(
        _ header: ChunkHeader, _ fixes: [StoredFix], from start: Int
    ) -> Bool {
        var found = header
        found.firstTsMs = fixes[start].fix.tsMs
        found.lastTsMs = fixes[fixes.count - 1].fix.tsMs
        (found.minLatE7, found.maxLatE7) = (.max, .min)
        (found.minLonE7, found.maxLonE7) = (.max, .min)
        let isSorted = fixes.withUnsafeBufferPointer { all in
            scan(UnsafeBufferPointer(rebasing: all[start...]), into: &found)
        }
        return isSorted && found == header
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
