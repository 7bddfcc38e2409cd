package import TachoGeo

/// How far a rider went between two times, Unix ms, inclusive: legs with both ends between them.
package struct DistanceQuery: Sendable {
    package enum Wanted: Sendable {
        /// The sums alone.
        case totals
        /// And the hash over the legs.
        case digest
        /// And the legs themselves.
        case legs
    }

    package var rider: [UInt8]
    package var fromMs: Int64
    package var toMs: Int64
    package var wanted: Wanted
    /// Legs of a page at most; nil: all. Only with legs.
    package var limit: Int?
    /// Goes on behind an earlier page of the same question.
    package var after: LegCursor?

    package init(
        rider: [UInt8], fromMs: Int64 = .min, toMs: Int64 = .max, wanted: Wanted = .totals,
        limit: Int? = nil, after: LegCursor? = nil
    ) {
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
        self.wanted = wanted
        self.limit = limit
        self.after = after
    }
}

/// A distance, or a page of its legs with their sums.
package struct DistancePage: Sendable {
    package var totals = DistanceTotals()
    /// SHA-256 of the legs' CSV; empty if it was not asked for.
    package var legsSHA256: [UInt8] = []
    /// A row for each fix, if legs were asked for.
    package var legs: [LegRow] = []
    /// Where to go on; nil: this was all.
    package var next: LegCursor?
    package var isKnownRider: Bool
}
