package import TachoGeo

/// Writes fixes as CSV: what a `CSVFixReader` reads back as the same fixes. Lines end in LF.
///
/// Appends to the caller's buffer, no allocation of its own.
package enum CSVFixWriter {
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

    /// A whole row under `header`.
    package static func appendRow(
        rider: UnsafeRawBufferPointer, _ fix: Fix, hasSource: Bool, to out: inout [UInt8]
    ) {
        appendFix(rider: rider, fix, to: &out)
        if hasSource {
            out.append(comma)
            appendSource(fix.source, to: &out)
        }
        out.append(lineFeed)
    }

    /// The eight fields of the import header, without a comma or line break at the end: for
    /// exports that add columns of their own.
    package static func appendFix(
        rider: UnsafeRawBufferPointer, _ fix: Fix, to out: inout [UInt8]
    ) {
        appendField(rider, to: &out)
        withUnsafeTemporaryAllocation(
            byteCount: numbersRoom + TextCursor.slack, alignment: 8
        ) { memory in
            var cursor = TextCursor(memory.baseAddress!)
            putNumbers(
                tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, speedCms: fix.speedCms,
                headingCdeg: fix.headingCdeg, accuracyDm: fix.accuracyDm,
                altitudeDm: fix.altitudeDm, to: &cursor)
            out.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: memory.baseAddress, count: cursor.at - memory.baseAddress!))
        }
    }

    /// Bytes `putNumbers` writes at most.
    package static let numbersRoom = 7 * (TextCursor.longestNumber + 1)

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

    /// Nothing if the phone did not say.
    package static func appendSource(_ source: FixSource, to out: inout [UInt8]) {
        if let name = source.name { out.append(contentsOf: name.utf8) }
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte == comma || byte == quote || byte == lineFeed || byte == UInt8(ascii: "\r")
    }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
}
