import TachoCodec
import TachoGeo

/// GPX 1.1: a track a rider, a track segment for what one sealed segment holds of it.
///
/// Valid by the format's schema: what GPX has no element for stands in `extensions`, speed and
/// course where other programs look for them, the rest under the names of the CSV header in the
/// namespace of `GPXFixWriter`. The schema ends below 180° east: that meridian is written as −180°,
/// and `tacho:lon` says what was reported. Cost: about 250 ns a point.
struct AuditGPX: AuditRowFormat, ~Copyable {
    /// `<tacho:segment>1</tacho:segment><tacho:block>2</tacho:block><tacho:index>`
    private var place = TextBuffer()
    private var verdicts = VerdictWords(
        before: "<tacho:verdict_at_seal>", between: "</tacho:verdict_at_seal><tacho:verdict>",
        after: "</tacho:verdict>")

    init() {}

    static var name: ExportFormat { .gpx }

    static func putStart(to out: inout TextBuffer) { out.append(GPXFixWriter.documentStart) }

    static func putBoundary(from last: RowGroup?, to next: RowGroup, _ out: inout TextBuffer) {
        if let last, last.rider == next.rider {
            out.append("</trkseg><trkseg>\n".utf8)
            return
        }
        if last != nil { out.append("</trkseg></trk>\n".utf8) }
        var start = Array("<trk><name>".utf8)
        GPXFixWriter.appendText(String(decoding: next.rider, as: UTF8.self), to: &start)
        out.append(start)
        out.append("</name><trkseg>\n".utf8)
    }

    static func putEnd(after last: RowGroup?, to out: inout TextBuffer) {
        if last != nil { out.append("</trkseg></trk>\n".utf8) }
        out.append("</gpx>\n".utf8)
    }

    /// The name stands at the track.
    mutating func begin(rider name: [UInt8]) {}

    mutating func begin(segment: UInt64, block: Int) {
        place.removeAll()
        place.append(
            "<tacho:segment>\(segment)</tacho:segment><tacho:block>\(block)</tacho:block>".utf8)
        place.append("<tacho:index>".utf8)
    }

    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        verdicts.update(row)
        let (fixes, i) = (row.fixes, row.index)
        let fix = fixes.fix(i).fix
        var cursor = out.cursor(
            room: Self.room + GPXFixWriter.partsRoom + place.count + verdicts.text.count)
        cursor.put("<trkpt lat=\"")
        cursor.put(e7: fix.latE7)
        cursor.put("\" lon=\"")
        cursor.put(e7: fix.lonE7 == Coordinate.maxLonE7 ? -Coordinate.maxLonE7 : fix.lonE7)
        cursor.put("\">")
        GPXFixWriter.putElevationAndTime(fix, to: &cursor)
        cursor.put("<extensions>")
        GPXFixWriter.putReported(fix, to: &cursor)
        if fix.lonE7 == Coordinate.maxLonE7 {
            cursor.put("<tacho:lon>180.0000000</tacho:lon>")
        }
        cursor.put("<tacho:recv_ms>")
        cursor.put(integer: fixes.recvMs[i])
        cursor.put("</tacho:recv_ms>")
        if fixes.isClaimed(i) {
            cursor.put("<tacho:claimed_recv_ms>")
            cursor.put(integer: fixes.claimedRecvMs[i])
            cursor.put("</tacho:claimed_recv_ms>")
        }
        cursor.put(verdicts.text)
        cursor.put(place.text)
        cursor.put(integer: Int64(i))
        cursor.put("</tacho:index></extensions></trkpt>\n")
        out.advance(to: cursor)
    }

    /// Tags and numbers that are not `GPXFixWriter`'s.
    private static let room = 384
}
