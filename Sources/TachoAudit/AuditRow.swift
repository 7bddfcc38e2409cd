import TachoCodec
import TachoGeo

/// A point as an auditor sees it: what was reported, what was decided.
struct AuditRow {
    /// The columns of the block the point is in.
    var fixes: ColumnPointers
    /// Place in the block, from 0.
    var index: Int
    /// The verdict with the amendments of the fix's own segment.
    var verdictAtSeal: Verdict
    /// The verdict with the amendments of all segments.
    var verdict: Verdict
}

/// A text format of the export.
protocol AuditRowFormat: ~Copyable {
    /// Before the first row.
    mutating func appendHeader(to out: inout TextBuffer)
    /// Before the first block of each rider of each segment.
    mutating func begin(rider: [UInt8])
    /// Before the first row of each block: where its points are proved.
    mutating func begin(segment: UInt64, block: Int)
    mutating func append(_ row: AuditRow, to out: inout TextBuffer)
}

/// CSV after RFC 4180 with line feeds: one row a point, absent values empty.
///
/// What rows have in common is made once a rider, block or pair of verdicts. Cost: about 100 ns a
/// row.
struct AuditCSV: AuditRowFormat, ~Copyable {
    private static let ownColumns =
        ",recv_ms,claimed_recv_ms,src,verdict_at_seal,verdict,segment,block,index\n"

    private var rider = TextBuffer()
    /// Segment and block with the commas around them.
    private var place = TextBuffer()
    /// Both verdicts of `atSeal` and `current`, each with a comma before it.
    private var verdicts = TextBuffer()
    private var atSeal = Verdict()
    private var current = Verdict()
    /// Texts made so far; a fleet has some dozens.
    private var texts: [Verdict: [UInt8]] = [:]
    private static let textLimit = 4_096

    init() { writeVerdicts() }

    /// The import header and eight columns more.
    mutating func appendHeader(to out: inout TextBuffer) {
        var names: [UInt8] = []
        CSVFixWriter.header(hasSource: false, to: &names)
        names.removeLast()
        out.append(names)
        out.append(Self.ownColumns.utf8)
    }

    mutating func begin(rider name: [UInt8]) {
        var field: [UInt8] = []
        name.withUnsafeBytes { CSVFixWriter.appendField($0, to: &field) }
        rider.removeAll()
        rider.append(field)
    }

    mutating func begin(segment: UInt64, block: Int) {
        place.removeAll()
        place.append(",\(segment),\(block),".utf8)
    }

    mutating func append(_ row: AuditRow, to out: inout TextBuffer) {
        if !row.verdictAtSeal.readsAs(atSeal) || !row.verdict.readsAs(current) {
            (atSeal, current) = (row.verdictAtSeal, row.verdict)
            writeVerdicts()
        }
        let (fixes, i) = (row.fixes, row.index)
        var cursor = out.cursor(
            room: rider.count + verdicts.count + place.count + Self.numbersRoom)
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
        if let name = FixSource(rawValue: fixes.source[i])?.name {
            for byte in name.utf8 { cursor.put(byte) }
        }
        cursor.put(verdicts.text)
        cursor.put(place.text)
        cursor.put(integer: Int64(i))
        cursor.put(Self.newline)
        out.advance(to: cursor)
    }

    /// Nearly all verdicts equal the ones before, and the others ones seen before.
    private mutating func writeVerdicts() {
        verdicts.removeAll()
        for verdict in [atSeal, current] {
            let known = Verdict(codes: verdict.codes, effect: verdict.effect)
            let text = texts[known] ?? Array(known.text.utf8)
            if texts.count < Self.textLimit { texts[known] = text }
            verdicts.append(CollectionOfOne(Self.comma))
            verdicts.append(text)
        }
    }

    /// Of all numbers, commas and the source in a row; the longest source has 7 letters.
    private static let numbersRoom = CSVFixWriter.numbersRoom + 4 * TextCursor.longestNumber

    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
}

extension Verdict {
    /// The mark of trust is the judge's own and not in the text.
    fileprivate func readsAs(_ other: Verdict) -> Bool {
        codes == other.codes && effect == other.effect
    }
}
