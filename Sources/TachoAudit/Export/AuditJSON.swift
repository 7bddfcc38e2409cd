import TachoCodec
import TachoGeo

/// A point as a JSON object: the names of the CSV header are the keys, every key is there, absent
/// values are `null`. Cost: about 120 ns.
struct AuditObject: ~Copyable {
    private var rider: [UInt8] = []
    /// `,"segment":1,"block":2,"index":`
    private var place = TextBuffer()
    private var verdicts = VerdictWords(
        before: ",\"verdict_at_seal\":\"", between: "\",\"verdict\":\"", after: "\"")

    mutating func begin(rider name: [UInt8]) {
        rider = Array("{\"rider\":".utf8)
        // JSON is UTF-8, and a name is checked to be where it is stored.
        JSONText.append(quoted: name, to: &rider)
        rider += Array(",\"ts_ms\":".utf8)
    }

    mutating func begin(segment: UInt64, block: Int) {
        place.removeAll()
        place.append(",\"segment\":\(segment),\"block\":\(block),\"index\":".utf8)
    }

    /// Room for `put` of this row.
    mutating func room(for row: AuditRow) -> Int {
        verdicts.update(row)
        return rider.count + place.count + verdicts.text.count + Self.room
    }

    /// The object, without a line feed. `room(for:)` of the same row comes first.
    func put(_ row: AuditRow, to cursor: inout TextCursor) {
        let (fixes, i) = (row.fixes, row.index)
        rider.withUnsafeBytes { cursor.put($0) }
        cursor.put(integer: fixes.tsMs[i])
        cursor.put(",\"lat\":")
        cursor.put(e7: fixes.latE7[i])
        cursor.put(",\"lon\":")
        cursor.put(e7: fixes.lonE7[i])
        cursor.put(",\"speed_mps\":")
        if Self.isThere(fixes.speedCms[i], &cursor) { cursor.put(hundredths: fixes.speedCms[i]) }
        cursor.put(",\"heading_deg\":")
        if Self.isThere(fixes.headingCdeg[i], &cursor) {
            cursor.put(hundredths: fixes.headingCdeg[i])
        }
        cursor.put(",\"accuracy_m\":")
        if Self.isThere(fixes.accuracyDm[i], &cursor) { cursor.put(tenths: fixes.accuracyDm[i]) }
        cursor.put(",\"alt_m\":")
        if Self.isThere(fixes.altitudeDm[i], &cursor) { cursor.put(tenths: fixes.altitudeDm[i]) }
        cursor.put(",\"recv_ms\":")
        cursor.put(integer: fixes.recvMs[i])
        cursor.put(",\"claimed_recv_ms\":")
        if fixes.isClaimed(i) {
            cursor.put(integer: fixes.claimedRecvMs[i])
        } else {
            cursor.put("null")
        }
        if FixSource(rawValue: fixes.source[i])?.name == nil {
            cursor.put(",\"src\":null")
        } else {
            cursor.put(",\"src\":\"")
            cursor.put(source: fixes.source[i])
            cursor.put("\"")
        }
        cursor.put(verdicts.text)
        cursor.put(place.text)
        cursor.put(integer: Int64(i))
        cursor.put("}")
    }

    /// Names of keys, numbers, the longest source.
    private static let room = 192 + 10 * TextCursor.longestNumber

    private static func isThere(_ value: Int32, _ cursor: inout TextCursor) -> Bool {
        if value == Fix.absent { cursor.put("null") }
        return value != Fix.absent
    }
}

/// NDJSON: an object a line.
struct AuditNDJSON: AuditRowFormat, ~Copyable {
    private var object = AuditObject()

    init() {}

    static var name: ExportFormat { .ndjson }

    static func putStart(to out: inout TextBuffer) {}
    static func putEnd(after last: RowGroup?, to out: inout TextBuffer) {}

    mutating func begin(rider name: [UInt8]) { object.begin(rider: name) }

    mutating func begin(segment: UInt64, block: Int) {
        object.begin(segment: segment, block: block)
    }

    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        var cursor = out.cursor(room: object.room(for: row) + 1)
        object.put(row, to: &cursor)
        cursor.put("\n")
        out.advance(to: cursor)
    }
}

/// GeoJSON (RFC 7946): a FeatureCollection, a Point a fix, a line each.
///
/// Points and not lines: a program that shows them shows everything that is known of each, and
/// their order of sealing claims no way between them. Lines are what `tacho track` writes.
struct AuditGeoJSON: AuditRowFormat, ~Copyable {
    private var object = AuditObject()

    init() {}

    static var name: ExportFormat { .geojson }

    static var separator: StaticString { ",\n" }

    static func putStart(to out: inout TextBuffer) {
        out.append("{\"type\":\"FeatureCollection\",\"features\":[\n".utf8)
    }

    static func putEnd(after last: RowGroup?, to out: inout TextBuffer) {
        out.append(last == nil ? "]}\n".utf8 : "\n]}\n".utf8)
    }

    mutating func begin(rider name: [UInt8]) { object.begin(rider: name) }

    mutating func begin(segment: UInt64, block: Int) {
        object.begin(segment: segment, block: block)
    }

    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        let (fixes, i) = (row.fixes, row.index)
        var cursor = out.cursor(room: object.room(for: row) + 192)
        cursor.put(Self.separator)
        cursor.put("{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[")
        cursor.put(e7: fixes.lonE7[i])
        cursor.put(",")
        cursor.put(e7: fixes.latE7[i])
        if fixes.altitudeDm[i] != Fix.absent {
            cursor.put(",")
            cursor.put(tenths: fixes.altitudeDm[i])
        }
        cursor.put("]},\"properties\":")
        object.put(row, to: &cursor)
        cursor.put("}")
        out.advance(to: cursor)
    }
}
