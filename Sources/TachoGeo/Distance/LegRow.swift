/// What a fix adds to a distance. The raw value is the word of replies and files.
package enum LegKind: String, CaseIterable, Sendable, BitwiseCopyable {
    /// The first counted fix of the times asked for: there is no way to it.
    case start
    /// The way from the counted fix before it.
    case leg
    /// A way to and fro (ZIGZAG), as long as the line through its middle.
    case zigzag
    /// 0 m: the phone says that it stands, and the move is no more than its noise.
    case still
    /// 0 m: part of a span at rest.
    case rest
    /// 0 m: by the fix's codes.
    case excluded
    /// 0 m: nobody knows what the rider did since the counted fix before it.
    case gap
    /// Not counted, by its effect.
    case held
    case quarantined
    /// Not counted: another fix of its time is.
    case conflict

    /// Whether the fix is one of those between which legs lie.
    package var isCounted: Bool {
        switch self {
        case .held, .quarantined, .conflict: false
        default: true
        }
    }
}

/// One stored fix and what it adds to a distance. For a fix without a leg both ends are its own.
package struct LegRow: Hashable, Sendable, BitwiseCopyable {
    package var kind: LegKind
    /// Unix ms.
    package var fromMs: Int64
    package var toMs: Int64
    package var from: Coordinate
    package var to: Coordinate
    /// The way over the ellipsoid between both ends.
    package var straightMm: Int64
    /// What counts of it.
    package var mm: Int64
    /// The current verdict of the fix.
    package var verdict: Verdict

    package init(
        kind: LegKind, fromMs: Int64, toMs: Int64, from: Coordinate, to: Coordinate,
        straightMm: Int64, mm: Int64, verdict: Verdict
    ) {
        self.kind = kind
        self.fromMs = fromMs
        self.toMs = toMs
        self.from = from
        self.to = to
        self.straightMm = straightMm
        self.mm = mm
        self.verdict = verdict
    }
}

/// Writes rows as the CSV whose SHA-256 binds a distance to its legs. Lines end in LF.
///
/// Cost: about 60 ns a row.
package struct LegText {
    package static let header =
        "kind,from_ts_ms,to_ts_ms,from_lat,from_lon,to_lat,to_lon,straight_mm,mm,verdict\n"

    private var verdict = Verdict()
    private var verdictText = Array(Verdict().text.utf8)

    package init() {}

    package mutating func append(_ row: LegRow, to out: inout TextBuffer) {
        if row.verdict.codes != verdict.codes || row.verdict.effect != verdict.effect {
            verdict = row.verdict
            verdictText = Array(verdict.text.utf8)
        }
        var cursor = out.cursor(room: Self.numbersRoom + verdictText.count)
        let comma = UInt8(ascii: ",")
        for byte in row.kind.rawValue.utf8 { cursor.put(byte) }
        for ms in [row.fromMs, row.toMs] {
            cursor.put(comma)
            cursor.put(integer: ms)
        }
        for place in [row.from, row.to] {
            cursor.put(comma)
            cursor.put(e7: place.latE7)
            cursor.put(comma)
            cursor.put(e7: place.lonE7)
        }
        for mm in [row.straightMm, row.mm] {
            cursor.put(comma)
            cursor.put(integer: mm)
        }
        cursor.put(comma)
        for byte in verdictText { cursor.put(byte) }
        cursor.put(UInt8(ascii: "\n"))
        out.advance(to: cursor)
    }

    /// Eight numbers, commas, the longest kind.
    private static let numbersRoom = 8 * (TextCursor.longestNumber + 1) + 16
}
