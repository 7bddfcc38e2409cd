package import TachoGeo

/// Writes fixes as NDJSON: every key on every line, `null` where the phone said nothing. What an
/// `NDJSONFixReader` reads back as the same fixes.
///
/// Cost: about 100 ns a line.
package struct NDJSONFixWriter {
    /// What every line of the rider begins with.
    private var start: [UInt8] = Array("{\"rider\":".utf8)

    package init(rider name: UnsafeRawBufferPointer) {
        JSONText.append(quoted: name, to: &start)
    }

    /// One line, its line feed included.
    package func append(_ fix: Fix, recvMs: Int64, verdict: String, to out: inout TextBuffer) {
        let words = verdict.utf8
        var cursor = out.cursor(room: start.count + Self.room + words.count)
        start.withUnsafeBytes { cursor.put($0) }
        cursor.put(",\"ts_ms\":")
        cursor.put(integer: fix.tsMs)
        cursor.put(",\"lat\":")
        cursor.put(e7: fix.latE7)
        cursor.put(",\"lon\":")
        cursor.put(e7: fix.lonE7)
        cursor.put(",\"speed_mps\":")
        if Self.isThere(fix.speedCms, &cursor) { cursor.put(hundredths: fix.speedCms) }
        cursor.put(",\"heading_deg\":")
        if Self.isThere(fix.headingCdeg, &cursor) { cursor.put(hundredths: fix.headingCdeg) }
        cursor.put(",\"accuracy_m\":")
        if Self.isThere(fix.accuracyDm, &cursor) { cursor.put(tenths: fix.accuracyDm) }
        cursor.put(",\"alt_m\":")
        if Self.isThere(fix.altitudeDm, &cursor) { cursor.put(tenths: fix.altitudeDm) }
        cursor.put(",\"recv_ms\":")
        cursor.put(integer: recvMs)
        cursor.put(",\"src\":")
        if let source = fix.source.name {
            cursor.put("\"")
            for byte in source.utf8 { cursor.put(byte) }
            cursor.put("\"")
        } else {
            cursor.put("null")
        }
        // Letters, digits and signs that JSON leaves as they are.
        cursor.put(",\"verdict\":\"")
        for byte in words { cursor.put(byte) }
        cursor.put("\"}\n")
        out.advance(to: cursor)
    }

    /// Names of keys, numbers, the longest source.
    private static let room = 128 + 9 * TextCursor.longestNumber

    private static func isThere(_ value: Int32, _ cursor: inout TextCursor) -> Bool {
        if value == Fix.absent { cursor.put("null") }
        return value != Fix.absent
    }
}
