/// Where a page of legs ended: behind so many rows with times at or behind that of the last counted
/// fix it gave, from which the next leg starts.
package struct LegCursor: Hashable, Sendable {
    package var tsMs: Int64
    package var rows: Int

    package init(tsMs: Int64, rows: Int) {
        self.tsMs = tsMs
        self.rows = rows
    }

    /// `TS-N`, as clients hand it back.
    package var text: String { "\(tsMs)-\(rows)" }

    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), dash > text.startIndex,
            let ts = Int64(text[..<dash]), abs(ts) <= Fix.timeLimitMs,
            let rows = Int(text[text.index(after: dash)...]), rows > 0
        else { return nil }
        self.init(tsMs: ts, rows: rows)
    }
}

/// Follows rows as they are given, and says where one can go on behind them.
package struct LegPlace: Sendable {
    private let after: LegCursor?
    /// Rows still to be passed over at or behind the cursor's time.
    private var toSkip: Int
    private var reached: LegCursor?
    private var lastMs = Int64.min
    private var rowsOfTime = 0

    /// Goes on behind an earlier page.
    package init(after: LegCursor?) {
        self.after = after
        toSkip = after?.rows ?? 0
        reached = nil
    }

    /// Behind all rows so far; nil: there was none.
    package var cursor: LegCursor? { reached }

    /// False: an earlier page gave this row.
    package mutating func take(_ row: LegRow) -> Bool {
        if let after, row.toMs < after.tsMs { return false }
        rowsOfTime = row.toMs == lastMs ? rowsOfTime + 1 : 1
        lastMs = row.toMs
        if row.kind.isCounted || reached == nil {
            reached = LegCursor(tsMs: row.toMs, rows: rowsOfTime)
        } else {
            reached?.rows += 1
        }
        guard toSkip > 0 else { return true }
        toSkip -= 1
        return false
    }
}
