import TachoCodec
import TachoGeo

/// One fix in the formats of the command line.
package enum FixFormat {
    /// The header names of the CSV, then recv_ms, src, verdict; null where the phone said nothing.
    /// Without a line feed.
    package static func json(rider: [UInt8], _ row: FixRow) -> [UInt8] {
        var text = TextBuffer(capacity: 512)
        rider.withUnsafeBytes { NDJSONFixWriter(rider: $0) }
            .append(row.fix, recvMs: row.recvMs, verdict: row.verdict, to: &text)
        return Array(text.text.dropLast())
    }

    /// One line for people: rider, time, place, what the phone said, verdict.
    package static func text(rider: [UInt8], _ row: FixRow) -> String {
        var place: [UInt8] = []
        Decimal.append(Int64(row.fix.latE7), decimals: 7, trimmed: false, to: &place)
        place.append(UInt8(ascii: " "))
        Decimal.append(Int64(row.fix.lonE7), decimals: 7, trimmed: false, to: &place)
        var parts = [
            String(decoding: rider, as: UTF8.self), Instant.text(ms: row.fix.tsMs),
            String(decoding: place, as: UTF8.self),
        ]
        if let speed = decimal(row.fix.speedCms, 2) { parts.append("\(speed) m/s") }
        if let heading = decimal(row.fix.headingCdeg, 2) { parts.append("heading \(heading)°") }
        if let accuracy = decimal(row.fix.accuracyDm, 1) { parts.append("±\(accuracy) m") }
        if let altitude = decimal(row.fix.altitudeDm, 1) { parts.append("alt \(altitude) m") }
        if let source = row.fix.source.name { parts.append(source) }
        parts.append(row.verdict)
        return parts.joined(separator: "  ")
    }

    private static func decimal(_ value: Int32, _ decimals: Int) -> String? {
        guard value != Fix.absent else { return nil }
        var out: [UInt8] = []
        Decimal.append(Int64(value), decimals: decimals, trimmed: true, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
