import TachoCodec
import TachoGeo

/// A point as an auditor sees it: what was reported, what was decided, and where it is proved.
struct AuditRow {
    var fix: StoredFix
    /// The verdict with the amendments of the fix's own segment.
    var verdictAtSeal: Verdict
    /// The verdict with the amendments of all segments.
    var verdict: Verdict
    var segment: UInt64
    var block: Int
    /// Place in the block, from 0.
    var index: Int
}

/// A text format of the export.
protocol AuditRowFormat {
    /// Before the first row.
    mutating func appendHeader(to out: inout [UInt8])
    /// Before the first row of each rider of each segment.
    mutating func begin(rider: [UInt8])
    mutating func append(_ row: borrowing AuditRow, to out: inout [UInt8])
}

/// CSV after RFC 4180 with line feeds: one row a point, absent values empty.
struct AuditCSV: AuditRowFormat {
    private static let ownColumns =
        ",recv_ms,claimed_recv_ms,src,verdict_at_seal,verdict,segment,block,index\n"

    private var rider: [UInt8] = []
    private var lastVerdict = Verdict()
    private var lastText = Array(Verdict().text.utf8)
    /// Texts made so far; a fleet has some dozens.
    private var texts: [Verdict: [UInt8]] = [:]
    private static let textLimit = 4_096

    /// The import header and eight columns more.
    mutating func appendHeader(to out: inout [UInt8]) {
        CSVFixWriter.header(hasSource: false, to: &out)
        out.removeLast()
        out += Self.ownColumns.utf8
    }

    mutating func begin(rider name: [UInt8]) { rider = name }

    mutating func append(_ row: borrowing AuditRow, to out: inout [UInt8]) {
        let fix = row.fix.fix
        rider.withUnsafeBytes { CSVFixWriter.appendFix(rider: $0, fix, to: &out) }
        integer(row.fix.recvMs, &out)
        out.append(Self.comma)
        if row.fix.provenance == .claimed {
            Decimal.appendInteger(row.fix.claimedRecvMs, to: &out)
        }
        out.append(Self.comma)
        CSVFixWriter.appendSource(fix.source, to: &out)
        verdict(row.verdictAtSeal, &out)
        verdict(row.verdict, &out)
        integer(Int64(row.segment), &out)
        integer(Int64(row.block), &out)
        integer(Int64(row.index), &out)
        out.append(Self.newline)
    }

    private func integer(_ value: Int64, _ out: inout [UInt8]) {
        out.append(Self.comma)
        Decimal.appendInteger(value, to: &out)
    }

    /// Nearly all verdicts equal the one before, and the others one seen before.
    private mutating func verdict(_ verdict: Verdict, _ out: inout [UInt8]) {
        if verdict != lastVerdict {
            lastVerdict = verdict
            lastText = texts[verdict] ?? Array(verdict.text.utf8)
            if texts.count < Self.textLimit { texts[verdict] = lastText }
        }
        out.append(Self.comma)
        out += lastText
    }

    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
}
