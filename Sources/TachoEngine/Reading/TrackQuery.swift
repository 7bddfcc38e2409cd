package import TachoGeo

/// Which fixes of a rider a read returns. Times in Unix ms, inclusive.
package struct TrackQuery: Sendable {
    package var rider: [UInt8]
    package var fromMs: Int64
    package var toMs: Int64
    package var filter: VerdictFilter
    /// At most so many; nil: all.
    package var limit: Int?
    /// Goes on behind this place.
    package var after: TrackCursor?
    package var descending: Bool
    /// Only as many fixes as a line needs that is at most so far off, mm; not with `descending`.
    package var simplifyMm: Int64?

    package init(
        rider: [UInt8], fromMs: Int64 = .min, toMs: Int64 = .max, filter: VerdictFilter = .all,
        limit: Int? = nil, after: TrackCursor? = nil, descending: Bool = false,
        simplifyMm: Int64? = nil
    ) {
        precondition(!descending || simplifyMm == nil, "a simplified track is read forwards")
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
        self.filter = filter
        self.limit = limit
        self.after = after
        self.descending = descending
        self.simplifyMm = simplifyMm
    }
}

/// A place in a rider's track: a fix by its time and its place among the fixes of that time.
package struct TrackCursor: Hashable, Sendable {
    package var tsMs: Int64
    package var ordinal: UInt32

    package init(tsMs: Int64, ordinal: UInt32) {
        self.tsMs = tsMs
        self.ordinal = ordinal
    }

    /// `TS-ORDINAL`, as clients hand it back.
    package var text: String { "\(tsMs)-\(ordinal)" }

    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), dash > text.startIndex,
            let ts = Int64(text[..<dash]), let ordinal = UInt32(text[text.index(after: dash)...])
        else { return nil }
        self.init(tsMs: ts, ordinal: ordinal)
    }
}

/// Fixes with their current verdicts, ascending by time and arrival unless asked otherwise.
package struct TrackPage: Sendable {
    package var fixes: [StoredFix]
    /// Where to go on; nil: this was all.
    package var next: TrackCursor?
    package var isKnownRider: Bool

    package init(fixes: [StoredFix], next: TrackCursor?, isKnownRider: Bool) {
        self.fixes = fixes
        self.next = next
        self.isKnownRider = isKnownRider
    }
}
