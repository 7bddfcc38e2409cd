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

/// Rows that belong together: a rider's of one segment.
struct RowGroup: Equatable {
    var rider: [UInt8]
    var segment: UInt64
}

/// A text format of the export.
///
/// Blocks are written on several threads, each with a format of its own. So what stands between two
/// rows may depend on these two alone, and is asked for with `putBoundary` or is `separator`.
protocol AuditRowFormat: ~Copyable, SendableMetatype {
    init()
    static var name: ExportFormat { get }
    /// What every row begins with; taken off the document's first row.
    static var separator: StaticString { get }
    /// Before the first row of the document.
    static func putStart(to out: inout TextBuffer)
    /// Between rows of two groups; `last` is nil before the first row of the document.
    static func putBoundary(from last: RowGroup?, to next: RowGroup, _ out: inout TextBuffer)
    /// Behind the last row; nil when there is none.
    static func putEnd(after last: RowGroup?, to out: inout TextBuffer)

    /// Before the first row of a rider.
    mutating func begin(rider: [UInt8])
    /// Before the first row of each block: where its points are proved.
    mutating func begin(segment: UInt64, block: Int)
    mutating func append(_ row: AuditRow, to out: inout TextBuffer)
    /// Behind the last row of each block that has one.
    mutating func endBlock(to out: inout TextBuffer)
}

/// Most formats have nothing between rows.
extension AuditRowFormat where Self: ~Copyable {
    static var separator: StaticString { "" }
    static func putBoundary(from last: RowGroup?, to next: RowGroup, _ out: inout TextBuffer) {}
    mutating func endBlock(to out: inout TextBuffer) {}
}

/// Both verdicts of a row in the words of a format. Nearly all rows have those of the row before,
/// and the others ones seen before.
struct VerdictWords: ~Copyable {
    private let before: StaticString
    private let between: StaticString
    private let after: StaticString
    private var pair = TextBuffer()
    private var atSeal = Verdict()
    private var current = Verdict()
    private var texts = VerdictTexts()

    init(before: StaticString, between: StaticString, after: StaticString) {
        self.before = before
        self.between = between
        self.after = after
        write()
    }

    /// As they were last asked for.
    var text: UnsafeRawBufferPointer { pair.text }

    /// Takes both verdicts of the row; true if they are others than before.
    @inline(__always)
    @discardableResult
    mutating func update(_ row: AuditRow) -> Bool {
        if row.verdictAtSeal.readsAs(atSeal) && row.verdict.readsAs(current) { return false }
        (atSeal, current) = (row.verdictAtSeal, row.verdict)
        write()
        return true
    }

    private mutating func write() {
        pair.removeAll()
        put(before)
        pair.append(texts.text(atSeal))
        put(between)
        pair.append(texts.text(current))
        put(after)
    }

    private mutating func put(_ text: StaticString) {
        var cursor = pair.cursor(room: text.utf8CodeUnitCount)
        cursor.put(text)
        pair.advance(to: cursor)
    }
}

/// Texts of verdicts, made once; a fleet has some dozens.
struct VerdictTexts {
    private var texts: [Verdict: [UInt8]] = [:]
    private static let limit = 4_096

    mutating func text(_ verdict: Verdict) -> [UInt8] {
        let known = Verdict(codes: verdict.codes, effect: verdict.effect)
        if let text = texts[known] { return text }
        let text = Array(known.text.utf8)
        if texts.count < Self.limit { texts[known] = text }
        return text
    }
}

extension Verdict {
    /// The mark of trust is the judge's own and not in the text.
    @inline(__always)
    fileprivate func readsAs(_ other: Verdict) -> Bool {
        codes == other.codes && effect == other.effect
    }
}
