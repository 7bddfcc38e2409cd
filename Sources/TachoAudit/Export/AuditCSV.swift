import TachoCodec
import TachoGeo

/// CSV after RFC 4180 with line feeds: one row a point, absent values empty.
///
/// What rows have in common is made once a rider, block or pair of verdicts. Cost: about 70 ns a
/// row.
struct AuditCSV: AuditRowFormat, ~Copyable {
    private static let ownColumns =
        ",recv_ms,claimed_recv_ms,src,verdict_at_seal,verdict,segment,block,index\n"

    private var rider = TextBuffer()
    /// Segment and block with the commas around them.
    private var place: [UInt8] = []
    private var verdicts = VerdictWords(before: ",", between: ",", after: "")
    /// Verdicts and place: what follows the source.
    private var tail = TextBuffer()

    init() {}

    static var name: ExportFormat { .csv }

    /// The import header and eight columns more.
    static func putStart(to out: inout TextBuffer) {
        var names: [UInt8] = []
        CSVFixWriter.header(hasSource: false, to: &names)
        names.removeLast()
        out.append(names)
        out.append(Self.ownColumns.utf8)
    }

    static func putEnd(after last: RowGroup?, to out: inout TextBuffer) {}

    mutating func begin(rider name: [UInt8]) {
        var field: [UInt8] = []
        name.withUnsafeBytes { CSVFixWriter.appendField($0, to: &field) }
        rider.removeAll()
        rider.append(field)
    }

    mutating func begin(segment: UInt64, block: Int) {
        place = Array(",\(segment),\(block),".utf8)
        writeTail()
    }

    private mutating func writeTail() {
        tail.removeAll()
        tail.append(verdicts.text)
        tail.append(place)
    }

    @inline(__always)
    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        if verdicts.update(row) { writeTail() }
        let (fixes, i) = (row.fixes, row.index)
        var cursor = out.cursor(room: rider.count + tail.count + Self.numbersRoom)
        cursor.put(rider.text)
        CSVFixWriter.putNumbers(
            tsMs: fixes.tsMs[i], latE7: fixes.latE7[i], lonE7: fixes.lonE7[i],
            speedCms: fixes.speedCms[i], headingCdeg: fixes.headingCdeg[i],
            accuracyDm: fixes.accuracyDm[i], altitudeDm: fixes.altitudeDm[i], to: &cursor)
        cursor.put(Self.comma)
        cursor.put(integer: fixes.recvMs[i])
        cursor.put(Self.comma)
        if fixes.isClaimed(i) { cursor.put(integer: fixes.claimedRecvMs[i]) }
        cursor.put(Self.comma)
        cursor.put(source: fixes.source[i])
        cursor.put(tail.text)
        cursor.put(integer: Int64(i))
        cursor.put(Self.newline)
        out.advance(to: cursor)
    }

    /// Of all numbers, commas and the source in a row; the longest source has 7 letters.
    private static let numbersRoom = CSVFixWriter.numbersRoom + 4 * TextCursor.longestNumber

    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
}

extension TextCursor {
    /// The word of a stored source; nothing where the phone did not say.
    @inline(__always)
    mutating func put(source stored: UInt8) {
        switch FixSource(rawValue: stored) {
        case .gps: put("gps")
        case .net: put("net")
        case .fused: put("fused")
        case .mock: put("mock")
        case .unknown, nil: break
        }
    }
}
