package import TachoGeo

// Raw pointers: a row is written per fix of an export, into memory asked for once per slice.

/// Writes fixes as CSV: what a `CSVFixReader` reads back as the same fixes. Lines end in LF.
///
/// Quotes and room are looked after once a rider and once a call. Cost: about 60 ns a row.
package struct CSVFixWriter: ~Copyable {
    private let hasSource: Bool
    /// The field all rows of the rider begin with.
    private var rider = TextBuffer()

    /// Rows under the header of the same `hasSource`.
    package init(hasSource: Bool) { self.hasSource = hasSource }

    /// Rows from here on are this rider's.
    package mutating func begin(rider name: UnsafeRawBufferPointer) {
        var field: [UInt8] = []
        Self.appendField(name, to: &field)
        rider.removeAll()
        rider.append(field)
    }

    /// One row.
    package borrowing func append(_ fix: Fix, to out: inout TextBuffer) {
        var cursor = out.cursor(room: rowRoom)
        cursor.put(rider.text)
        Self.putNumbers(
            tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, speedCms: fix.speedCms,
            headingCdeg: fix.headingCdeg, accuracyDm: fix.accuracyDm, altitudeDm: fix.altitudeDm,
            to: &cursor)
        if hasSource { Self.putSource(fix.source, to: &cursor) }
        cursor.put(Self.lineFeed)
        out.advance(to: cursor)
    }

    /// A row for each fix of the columns that is in `range`.
    package borrowing func append(
        _ fixes: ColumnPointers, _ range: Range<Int>, to out: inout TextBuffer
    ) {
        var cursor = out.cursor(room: range.count * rowRoom)
        for i in range {
            cursor.put(rider.text)
            Self.putNumbers(
                tsMs: fixes.tsMs[i], latE7: fixes.latE7[i], lonE7: fixes.lonE7[i],
                speedCms: fixes.speedCms[i], headingCdeg: fixes.headingCdeg[i],
                accuracyDm: fixes.accuracyDm[i], altitudeDm: fixes.altitudeDm[i], to: &cursor)
            if hasSource {
                Self.putSource(FixSource(rawValue: fixes.source[i]) ?? .unknown, to: &cursor)
            }
            cursor.put(Self.lineFeed)
        }
        out.advance(to: cursor)
    }

    /// Bytes of a row at most: rider, numbers, source, line feed.
    private var rowRoom: Int { rider.count + Self.numbersRoom + Self.sourceRoom + 1 }

    /// Bytes `putNumbers` writes at most.
    package static let numbersRoom = 7 * (TextCursor.longestNumber + 1)
    /// A comma and the longest source.
    private static let sourceRoom = 8

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
}

// MARK: Parts, for exports that add columns of their own

extension CSVFixWriter {
    /// The import header; with `src` at the end if `hasSource`.
    package static func header(hasSource: Bool, to out: inout [UInt8]) {
        var isFirst = true
        for column in CSVColumn.importHeader {
            if !isFirst { out.append(comma) }
            isFirst = false
            out.append(contentsOf: column.name.utf8)
        }
        if hasSource {
            out.append(comma)
            out.append(contentsOf: CSVColumn.source.name.utf8)
        }
        out.append(lineFeed)
    }

    /// The fields behind the rider, each with a comma before it. A value that is `Fix.absent` is
    /// left empty. Cost: about 50 ns.
    @inline(__always)
    package static func putNumbers(
        tsMs: Int64, latE7: Int32, lonE7: Int32, speedCms: Int32, headingCdeg: Int32,
        accuracyDm: Int32, altitudeDm: Int32, to cursor: inout TextCursor
    ) {
        cursor.put(comma)
        cursor.put(integer: tsMs)
        cursor.put(comma)
        cursor.put(e7: latE7)
        cursor.put(comma)
        cursor.put(e7: lonE7)
        cursor.put(comma)
        if speedCms != Fix.absent { cursor.put(hundredths: speedCms) }
        cursor.put(comma)
        if headingCdeg != Fix.absent { cursor.put(hundredths: headingCdeg) }
        cursor.put(comma)
        if accuracyDm != Fix.absent { cursor.put(tenths: accuracyDm) }
        cursor.put(comma)
        if altitudeDm != Fix.absent { cursor.put(tenths: altitudeDm) }
    }

    /// Text as one field, in quotes where RFC 4180 asks for them.
    package static func appendField(_ text: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        guard text.contains(where: needsQuotes) else {
            out.append(contentsOf: text)
            return
        }
        out.append(quote)
        for byte in text {
            if byte == quote { out.append(quote) }
            out.append(byte)
        }
        out.append(quote)
    }

    /// A comma, and nothing behind it if the phone did not say.
    private static func putSource(_ source: FixSource, to cursor: inout TextCursor) {
        cursor.put(comma)
        guard let name = source.name else { return }
        for byte in name.utf8 { cursor.put(byte) }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == comma || byte == quote || byte == lineFeed || byte == UInt8(ascii: "\r")
    }
}
