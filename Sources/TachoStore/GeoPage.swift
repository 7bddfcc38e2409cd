import TachoCodec

/// A row of family `geo` as it is stored: rows of one bucket and cell that were written together,
/// some six of them where a fleet is busy. RocksDB's cost is by key, and one key for each chunk and
/// cell was a fifth of the time of ingest.
///
/// A key is that of a run of rows, whose number is never used again (`GeoRuns`): which rows come
/// together is chance, and a page of the same key with other rows would take out the first one's.
/// Replay after a kill therefore adds rows a second time; readers ask who was somewhere and do not
/// mind. `format-spec.md` §6.
package enum GeoPage {
    package static let keyBytes = 18
    /// Rows of a page: small enough for a block of the table.
    package static let mostRows = 128
    /// Differences of rider, range and generation, then the fixes.
    package static let maxRowBytes = 5 + 5 + 3 + GeoRow.maxFixesBytes

    /// Cuts rows, which are in the order of `GeoRow.<`, into pages and hands each on: key and value
    /// are valid during the call. Returns the number of pages.
    package static func forEach(
        of rows: [GeoRow], run: UInt32,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var pages = 0
        withUnsafeTemporaryAllocation(
            byteCount: keyBytes + mostRows * maxRowBytes, alignment: 8
        ) { room in
            let value = room.baseAddress! + keyBytes
            var index = 0
            var part: UInt16 = 0
            while index < rows.count {
                let first = rows[index]
                writeKey(first, run, part, to: room.baseAddress!)
                var before = (rider: UInt32(0), range: UInt32(0), generation: UInt16(0))
                let end = min(index + mostRows, rows.count)
                var length = 0
                repeat {
                    length += rows[index].write(to: value + length, behind: before)
                    before = (rows[index].rider, rows[index].range, rows[index].generation)
                    index += 1
                } while index < end && rows[index].isBeside(first)
                body(
                    UnsafeRawBufferPointer(rebasing: room[..<keyBytes]),
                    UnsafeRawBufferPointer(start: value, count: length))
                part = index < rows.count && rows[index].isBeside(first) ? part + 1 : 0
                pages += 1
            }
        }
        return pages
    }

    private static func writeKey(
        _ row: GeoRow, _ run: UInt32, _ part: UInt16, to: UnsafeMutableRawPointer
    ) {
        to.storeBytes(of: row.bucket.bigEndian, as: UInt32.self)
        to.storeBytes(of: row.cell.bigEndian, toByteOffset: 4, as: UInt64.self)
        to.storeBytes(of: run.bigEndian, toByteOffset: 12, as: UInt32.self)
        to.storeBytes(of: part.bigEndian, toByteOffset: 16, as: UInt16.self)
    }

    /// The run of a page; nil: a row from before there were pages, or none at all.
    package static func run(ofKey key: UnsafeRawBufferPointer) -> UInt32? {
        key.count == keyBytes ? KeyReader.u32(key, at: 12) : nil
    }

    /// Reads the rows of a page, or the only one of a row from before there were pages.
    package static func read(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, _ body: (GeoRow) -> Void
    ) throws(StoreError) {
        if key.count == GeoRow.keyBytes { return body(try GeoRow(key: key, value: value)) }
        guard key.count == keyBytes else { throw .damaged("a geo key cannot be read") }
        var row = GeoRow(bucket: KeyReader.u32(key, at: 0), cell: KeyReader.u64(key, at: 4))
        var reader = ByteReader(value)
        repeat {
            do {
                try row.readNext(&reader)
            } catch {
                throw .damaged("a geo row cannot be read")
            }
            body(row)
        } while !reader.isAtEnd
    }
}

extension GeoRow {
    /// In the same bucket and cell.
    @inline(__always)
    fileprivate func isBeside(_ other: GeoRow) -> Bool {
        cell == other.cell && bucket == other.bucket
    }

    /// Writes what a page says of a row behind another one; returns its length.
    @inline(__always)
    fileprivate func write(
        to: UnsafeMutableRawPointer,
        behind before: (rider: UInt32, range: UInt32, generation: UInt16)
    ) -> Int {
        var at = 0
        // Riders ascend in a page.
        Self.put(rider &- before.rider, to, &at)
        Self.put(Self.zigzag(range, behind: before.range), to, &at)
        Self.put(Self.zigzag(UInt32(generation), behind: UInt32(before.generation)), to, &at)
        writeFixes(to, &at)
        return at
    }

    /// The difference modulo 2^32, small numbers for what is near on either side.
    @inline(__always)
    private static func zigzag(_ value: UInt32, behind before: UInt32) -> UInt32 {
        let difference = Int32(bitPattern: value &- before)
        return UInt32(bitPattern: difference << 1 ^ difference >> 31)
    }

    /// From the row before it in the page to the next one.
    fileprivate mutating func readNext(_ reader: inout ByteReader) throws(StoreError) {
        func next() throws(StoreError) -> UInt32 {
            guard let number = try? reader.readVarint(), let word = UInt32(exactly: number) else {
                throw .damaged("a geo row cannot be read")
            }
            return word
        }
        func moved(_ before: UInt32) throws(StoreError) -> UInt32 {
            let code = try next()
            return before &+ (code >> 1 ^ (0 &- (code & 1)))
        }
        let (rider, isOver) = self.rider.addingReportingOverflow(try next())
        range = try moved(range)
        guard !isOver, let generation = UInt16(exactly: try moved(UInt32(self.generation))) else {
            throw .damaged("a geo row cannot be read")
        }
        self.rider = rider
        self.generation = generation
        try readFixes(&reader)
    }
}
