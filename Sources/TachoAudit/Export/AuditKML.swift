import TachoCodec
import TachoGeo

/// KML 2.2 with Google's extensions: a `gx:Track` a block, which Google Earth shows as a way that
/// moves with the time slider, and what is known of its points as arrays beside it.
///
/// The columns of a block are written one after another, so each is collected by itself and put
/// together when the block ends. `gx:coord` needs three numbers: where no altitude was reported it
/// has 0, and the array `alt_m` is empty there. Cost: about 300 ns a point.
struct AuditKML: AuditRowFormat, ~Copyable {
    /// Arrays of a track; named as the CSV header. `when` and `gx:coord` come before them.
    static let arrays: [StaticString] = [
        "speed_mps", "heading_deg", "accuracy_m", "alt_m", "recv_ms", "claimed_recv_ms", "src",
        "verdict_at_seal", "verdict", "index",
    ]

    private var rider: [UInt8] = []
    private var place: [UInt8] = []
    private var when = TextBuffer()
    private var coordinates = TextBuffer()
    private var speed = TextBuffer()
    private var heading = TextBuffer()
    private var accuracy = TextBuffer()
    private var altitude = TextBuffer()
    private var recv = TextBuffer()
    private var claimed = TextBuffer()
    private var source = TextBuffer()
    private var verdictAtSeal = TextBuffer()
    private var verdict = TextBuffer()
    private var index = TextBuffer()
    private var texts = VerdictTexts()

    init() {}

    static var name: ExportFormat { .kml }

    static func putStart(to out: inout TextBuffer) {
        out.append(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <kml xmlns="http://www.opengis.net/kml/2.2"\
             xmlns:gx="http://www.google.com/kml/ext/2.2">
            <Document><name>Tacho</name>
            <Schema id="fix">

            """.utf8)
        for name in arrays {
            out.append(
                "<gx:SimpleArrayField name=\"\(name)\" type=\"\(type(of: "\(name)"))\"/>\n".utf8)
        }
        out.append("</Schema>\n".utf8)
    }

    /// KML's types have no integer of 64 bits: what may not fit, or be absent, is a string.
    private static func type(of name: String) -> String {
        switch name {
        case "speed_mps", "heading_deg", "accuracy_m", "alt_m": "float"
        case "index": "int"
        default: "string"
        }
    }

    static func putEnd(after last: RowGroup?, to out: inout TextBuffer) {
        out.append("</Document></kml>\n".utf8)
    }

    mutating func begin(rider name: [UInt8]) {
        rider = []
        GPXFixWriter.appendText(String(decoding: name, as: UTF8.self), to: &rider)
    }

    mutating func begin(segment: UInt64, block: Int) {
        place = Array(
            """
            <ExtendedData><Data name="segment"><value>\(segment)</value></Data>\
            <Data name="block"><value>\(block)</value></Data></ExtendedData>

            """.utf8)
    }

    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        let (fixes, i) = (row.fixes, row.index)
        let fix = fixes.fix(i).fix
        Self.put(&when, "<when>", "</when>\n") { UTCTime.put(ms: fix.tsMs, to: &$0) }
        Self.put(&coordinates, "<gx:coord>", "</gx:coord>\n") { cursor in
            cursor.put(e7: fix.lonE7)
            cursor.put(" ")
            cursor.put(e7: fix.latE7)
            cursor.put(" ")
            cursor.put(tenths: fix.altitudeDm == Fix.absent ? 0 : fix.altitudeDm)
        }
        Self.put(&speed, fix.speedCms) { $0.put(hundredths: fix.speedCms) }
        Self.put(&heading, fix.headingCdeg) { $0.put(hundredths: fix.headingCdeg) }
        Self.put(&accuracy, fix.accuracyDm) { $0.put(tenths: fix.accuracyDm) }
        Self.put(&altitude, fix.altitudeDm) { $0.put(tenths: fix.altitudeDm) }
        Self.put(&recv) { $0.put(integer: fixes.recvMs[i]) }
        Self.put(&claimed) { if fixes.isClaimed(i) { $0.put(integer: fixes.claimedRecvMs[i]) } }
        Self.put(&source) { $0.put(source: fixes.source[i]) }
        Self.put(&verdictAtSeal, words: texts.text(row.verdictAtSeal))
        Self.put(&verdict, words: texts.text(row.verdict))
        Self.put(&index) { $0.put(integer: Int64(i)) }
    }

    mutating func endBlock(to out: inout TextBuffer) {
        out.append("<Placemark><name>".utf8)
        out.append(rider)
        out.append("</name>".utf8)
        out.append(place)
        out.append("<gx:Track>\n".utf8)
        Self.move(&when, to: &out)
        Self.move(&coordinates, to: &out)
        out.append("<ExtendedData><SchemaData schemaUrl=\"#fix\">\n".utf8)
        Self.move(&speed, "speed_mps", to: &out)
        Self.move(&heading, "heading_deg", to: &out)
        Self.move(&accuracy, "accuracy_m", to: &out)
        Self.move(&altitude, "alt_m", to: &out)
        Self.move(&recv, "recv_ms", to: &out)
        Self.move(&claimed, "claimed_recv_ms", to: &out)
        Self.move(&source, "src", to: &out)
        Self.move(&verdictAtSeal, "verdict_at_seal", to: &out)
        Self.move(&verdict, "verdict", to: &out)
        Self.move(&index, "index", to: &out)
        out.append("</SchemaData></ExtendedData></gx:Track></Placemark>\n".utf8)
    }
}

// MARK: Columns

extension AuditKML {
    private static func put(
        _ column: inout TextBuffer, _ start: StaticString = "<gx:value>",
        _ end: StaticString = "</gx:value>\n", _ write: (inout TextCursor) -> Void
    ) {
        var cursor = column.cursor(room: 128)
        cursor.put(start)
        write(&cursor)
        cursor.put(end)
        column.advance(to: cursor)
    }

    /// Nothing between the tags where the phone did not say.
    private static func put(
        _ column: inout TextBuffer, _ value: Int32, _ write: (inout TextCursor) -> Void
    ) {
        put(&column) { if value != Fix.absent { write(&$0) } }
    }

    private static func put(_ column: inout TextBuffer, words: [UInt8]) {
        var cursor = column.cursor(room: 64 + words.count)
        cursor.put("<gx:value>")
        words.withUnsafeBytes { cursor.put($0) }
        cursor.put("</gx:value>\n")
        column.advance(to: cursor)
    }

    private static func move(_ column: inout TextBuffer, to out: inout TextBuffer) {
        var cursor = out.cursor(room: column.count)
        cursor.put(column.text)
        out.advance(to: cursor)
        column.removeAll()
    }

    private static func move(
        _ column: inout TextBuffer, _ name: StaticString, to out: inout TextBuffer
    ) {
        out.append("<gx:SimpleArrayData name=\"\(name)\">\n".utf8)
        move(&column, to: &out)
        out.append("</gx:SimpleArrayData>\n".utf8)
    }
}
