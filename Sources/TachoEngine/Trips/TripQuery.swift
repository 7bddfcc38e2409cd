package import TachoGeo

/// Which trips or stops of a rider a read returns. Times in Unix ms, inclusive: only fixes between
/// them are looked at, so what reaches beyond is cut there.
package struct TripQuery: Sendable {
    package enum Wanted: Sendable {
        case trips
        case stops
    }

    package var rider: [UInt8]
    package var fromMs: Int64
    package var toMs: Int64
    package var wanted: Wanted
    package var settings: TripSettings
    /// At most so many; nil: all.
    package var limit: Int?
    /// Goes on behind an earlier page of the same question.
    package var after: TripCursor?

    package init(
        rider: [UInt8], fromMs: Int64 = .min, toMs: Int64 = .max, wanted: Wanted,
        settings: TripSettings = TripSettings(), limit: Int? = nil, after: TripCursor? = nil
    ) {
        self.rider = rider
        self.fromMs = fromMs
        self.toMs = toMs
        self.wanted = wanted
        self.settings = settings
        self.limit = limit
        self.after = after
    }

    /// Gaps are told with trips and with stops: neither list has a hole that is not explained.
    func wants(_ item: TripItem) -> Bool {
        switch item {
        case .gap: true
        case .trip: wanted == .trips
        case .stop: wanted == .stops
        }
    }
}

/// Trips or stops, and gaps, in order of time.
package struct TripPage: Sendable {
    package var items: [TripItem]
    /// Where to go on; nil: this was all.
    package var next: TripCursor?
    package var isKnownRider: Bool
}
