import TachoGeo

/// Reads fixes from CSV as it arrives, in pieces cut anywhere.
///
/// RFC 4180; a header row names the columns, in any order; the first four of the import header are
/// mandatory. Columns not known are ignored with a warning. A byte order mark, CRLF and blank
/// lines are accepted. A row with a quote in the wrong place, an open quote, too few fields or too
/// many costs its own line only: reading goes on with the next line.
///
/// Memory: at most `maxRowBytes` beyond the piece fed, whatever the file contains. Cost: about
/// 1.5 ns a byte; no allocation per row.
package struct CSVFixReader: FixReader {
    /// A longer row, line breaks included, is broken. A last row without one is shorter.
    package static let maxRowBytes = 1 << 20

    /// Remarks for the user, complete once the header has been read.
    package private(set) var warnings: [String] = []
    /// Bytes kept for the next piece.
    package var bufferedBytes: Int { pending.count }

    private var pending: [UInt8] = []
    private var header: CSVHeader?
    private var isAtStart = true
    /// Within a row that was too long and has been handed out already.
    private var isSkipping = false
    private var line = 1
    private var splitter = CSVSplitter()
    private var unquoted: [UInt8] = []

    private let rider: [UInt8]?

    /// `rider`: whose fixes these are if the file has no column `rider`.
    package init(rider: [UInt8]? = nil) { self.rider = rider }

    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, record: (FixRecord) throws -> Void
    ) throws {
        try feed(bytes, isLast: isLast, fallbackRider: rider, row: record)
    }

    /// Takes the next piece and hands out the rows that it completes.
    ///
    /// - Parameters:
    ///   - isLast: the file ends here; a last row without line break is complete.
    ///   - fallbackRider: whose fixes these are if the file has no column `rider`.
    ///   - row: called for each row, good or broken, in order.
    /// - Throws: `CSVError` if the file is none of fixes, and whatever `row` throws. The reader is
    ///   of no use afterwards.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, fallbackRider: [UInt8]?,
        row: (FixRecord) throws -> Void
    ) throws {
        var buffer: [UInt8] = []
        swap(&buffer, &pending)
        // Without a line break nothing is complete; do not look at a growing row again and again.
        let mayComplete =
            isLast || buffer.count + bytes.count >= Self.maxRowBytes
            || bytes.contains(CSVSplitter.lineFeed)
        buffer.append(contentsOf: bytes)
        if mayComplete {
            let used = try buffer.withUnsafeBytes { raw in
                try (fallbackRider ?? []).withUnsafeBytes { fallback in
                    try consume(
                        raw, isLast: isLast, fallback: fallbackRider == nil ? nil : fallback,
                        row: row)
                }
            }
            buffer.removeFirst(used)
        }
        swap(&buffer, &pending)
        if isLast && header == nil { throw CSVError.noHeader }
    }

    /// Returns how many bytes are done with.
    private mutating func consume(
        _ raw: UnsafeRawBufferPointer, isLast: Bool, fallback: UnsafeRawBufferPointer?,
        row: (FixRecord) throws -> Void
    ) throws -> Int {
        var at = 0
        if isAtStart {
            if raw.count < 3 && !isLast { return 0 }
            isAtStart = false
            if raw.prefix(3).elementsEqual([0xEF, 0xBB, 0xBF]) { at = 3 }
        }
        while at < raw.count {
            if isSkipping {
                guard let lineEnd = lineFeed(raw, from: at, to: raw.count) else {
                    return raw.count
                }
                (at, isSkipping) = (lineEnd + 1, false)
                line += 1
                continue
            }
            let limit = min(raw.count, at + Self.maxRowBytes)
            let isFull = limit - at == Self.maxRowBytes
            let isEnd = isLast && !isFull
            let outcome = splitter.split(
                raw, from: at, to: limit, isEnd: isEnd,
                keep: header?.columnCount ?? CSVHeader.maxColumns + 1)
            if case .record(let end) = outcome {
                try deliver(raw, at, end, fallback, row)
                line += splitter.lineBreaks
                at = end
            } else {
                let lineEnd = lineFeed(raw, from: at, to: limit)
                if outcome == .incomplete || lineEnd == nil {
                    guard isFull || isEnd else { return at }
                }
                at = try giveUp(raw, at, lineEnd, limit, isCut: isFull, row)
            }
        }
        return at
    }

    /// Hands out the line that starts at `at` as broken and returns where to go on. What follows
    /// it is read afresh, so that an open quote costs one line and not the rest of the file.
    private mutating func giveUp(
        _ raw: UnsafeRawBufferPointer, _ at: Int, _ lineEnd: Int?, _ limit: Int, isCut: Bool,
        _ row: (FixRecord) throws -> Void
    ) throws -> Int {
        guard let header else { throw CSVError.notText }
        if let lineEnd {
            try row(broken(raw, at, lineEnd, .rowBroken))
            line += 1
            return lineEnd + 1
        }
        let isRider = splitter.fieldCount == header[.rider]
        var broken = broken(raw, at, limit, isCut && isRider ? .riderTooLong : .rowBroken)
        broken.isCut = isCut
        try row(broken)
        isSkipping = isCut
        return limit
    }

    private mutating func deliver(
        _ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int,
        _ fallback: UnsafeRawBufferPointer?, _ row: (FixRecord) throws -> Void
    ) throws {
        if isBlank(raw) { return }
        guard let header else {
            try readHeader(raw, needsRider: fallback == nil)
            return
        }
        // Also empty fields too many are refused: "48,5" meant as 48.5 shifts all behind it.
        guard splitter.fieldCount == header.columnCount else {
            try row(broken(raw, start, end, .rowBroken))
            return
        }
        let text = FixText(
            ts: slice(raw, header[.ts]), lat: slice(raw, header[.lat]),
            lon: slice(raw, header[.lon]), speed: optional(raw, header[.speed]),
            heading: optional(raw, header[.heading]),
            accuracy: optional(raw, header[.accuracy]),
            altitude: optional(raw, header[.altitude]),
            source: optional(raw, header[.source]), recv: optional(raw, header[.recv]))
        let place = header[.rider]
        var result = FixRecord(line: line, raw: withoutLineBreak(raw, start, end))
        result.rider = place < 0 ? fallback ?? FixRecord.nothing : slice(raw, place)
        result.text = text
        if place >= 0 && splitter.fields[place].hasDoubledQuotes {
            unquote(result.rider)
            try unquoted.withUnsafeBytes {
                result.rider = $0
                try row(result)
            }
        } else {
            try row(result)
        }
    }

    private mutating func readHeader(
        _ raw: UnsafeRawBufferPointer, needsRider: Bool
    ) throws(CSVError) {
        var fields: [[UInt8]] = []
        for i in splitter.fields.indices {
            unquote(slice(raw, i))
            fields.append(unquoted)
        }
        let header = try CSVHeader(fields: fields, needsRider: needsRider)
        warnings += header.ignored.map { "column \"\($0)\" is not known and ignored" }
        self.header = header
    }

    private mutating func unquote(_ field: UnsafeRawBufferPointer) {
        unquoted.removeAll(keepingCapacity: true)
        var i = 0
        while i < field.count {
            unquoted.append(field[i])
            i += field[i] == UInt8(ascii: "\"") ? 2 : 1
        }
    }

    @inline(__always)
    private func slice(_ raw: UnsafeRawBufferPointer, _ place: Int) -> UnsafeRawBufferPointer {
        let field = splitter.fields[place]
        return UnsafeRawBufferPointer(rebasing: raw[field.start..<field.end])
    }

    @inline(__always)
    private func optional(
        _ raw: UnsafeRawBufferPointer, _ place: Int
    ) -> UnsafeRawBufferPointer? {
        if place < 0 { return nil }
        let field = slice(raw, place)
        return field.isEmpty ? nil : field
    }

    private func isBlank(_ raw: UnsafeRawBufferPointer) -> Bool {
        guard splitter.fieldCount == 1 else { return false }
        let field = splitter.fields[0]
        return raw[field.start..<field.end].allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    private func broken(
        _ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ defect: Malformed
    ) -> FixRecord {
        var broken = FixRecord(line: line, raw: withoutLineBreak(raw, start, end))
        broken.defect = defect
        return broken
    }

    private func withoutLineBreak(
        _ raw: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> UnsafeRawBufferPointer {
        var end = end
        if end > start, raw[end - 1] == CSVSplitter.lineFeed { end -= 1 }
        if end > start, raw[end - 1] == CSVSplitter.carriageReturn { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: raw[start..<end])
    }

    private func lineFeed(_ raw: UnsafeRawBufferPointer, from: Int, to: Int) -> Int? {
        var i = from
        while i < to {
            if raw[i] == CSVSplitter.lineFeed { return i }
            i += 1
        }
        return nil
    }
}
