package import TachoGeo

/// Writes fixes as CSV: what a `CSVFixReader` reads back as the same fixes. Lines end in LF.
///
/// Appends to the caller's buffer; cost about 100 ns a row, no allocation of its own.
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
        out.append(comma)
        Decimal.appendInteger(fix.tsMs, to: &out)
        out.append(comma)
        Decimal.append(Int64(fix.latE7), decimals: 7, trimmed: false, to: &out)
        out.append(comma)
        Decimal.append(Int64(fix.lonE7), decimals: 7, trimmed: false, to: &out)
        out.append(comma)
        appendOptional(fix.speedCms, decimals: 2, to: &out)
        out.append(comma)
        appendOptional(fix.headingCdeg, decimals: 2, to: &out)
        out.append(comma)
        appendOptional(fix.accuracyDm, decimals: 1, to: &out)
        out.append(comma)
        appendOptional(fix.altitudeDm, decimals: 1, to: &out)
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

    /// Nothing if the value is `Fix.absent`, otherwise its shortest decimal text.
    package static func appendOptional(_ value: Int32, decimals: Int, to out: inout [UInt8]) {
        if value == Fix.absent { return }
        Decimal.append(Int64(value), decimals: decimals, trimmed: true, to: &out)
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
