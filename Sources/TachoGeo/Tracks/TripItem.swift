/// One thing after the other: what a rider did from its first counted fix to its last. Neighbours
/// share the fix between them, so that all the time is covered exactly once.
package enum TripItem: Hashable, Sendable {
    case trip(Trip)
    case stop(Stop)
    case gap(TripGap)
}

/// From a stop or a gap to the next one.
package struct Trip: Hashable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    package var from: Coordinate
    package var to: Coordinate
    /// The sum of its legs (`TrackLeg`), µm.
    package var micrometres: Int64
    /// Fixes from its first to its last, both counted.
    package var points: Int
    /// Legs that a code takes out of the distance.
    package var excluded: Int
    /// The greatest speed that was reported, or where a fix has none, or is said to report wrong
    /// ones, that of the leg to it, 0.01 m/s; nil: neither.
    package var maxSpeedCms: Int32?
    /// It goes on to the end of what was looked at: more fixes may make it longer.
    package var isOpen: Bool

    package var durationMs: Int64 { toMs - fromMs }
    /// Whole millimetres.
    package var millimetres: Int64 { (micrometres + 500) / 1_000 }
    /// Way through time, 0.01 m/s.
    package var meanSpeedCms: Int32 {
        Self.speedCms(micrometres: millimetres * 1_000, ms: durationMs) ?? 0
    }

    package init(
        fromMs: Int64, toMs: Int64, from: Coordinate, to: Coordinate, micrometres: Int64,
        points: Int, excluded: Int, maxSpeedCms: Int32?, isOpen: Bool
    ) {
        self.fromMs = fromMs
        self.toMs = toMs
        self.from = from
        self.to = to
        self.micrometres = micrometres
        self.points = points
        self.excluded = excluded
        self.maxSpeedCms = maxSpeedCms
        self.isOpen = isOpen
    }

    /// nil: of no time at all.
    static func speedCms(micrometres: Int64, ms: Int64) -> Int32? {
        guard ms > 0 else { return nil }
        let speed = (Double(micrometres) / Double(ms) / 10).rounded()
        return speed < Double(Int32.max) ? Int32(speed) : Int32.max
    }
}

/// A stretch of at least `TripSettings.minStopMs` within `TripSettings.radiusMm` of one place.
package struct Stop: Hashable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    /// Where it was on average.
    package var centre: Coordinate
    /// Fixes from its first to its last, lone ones outside included.
    package var points: Int
    /// How far from the centre its fixes lay at most, each when it came, mm.
    package var radiusMm: Int64
    package var isOpen: Bool

    package var durationMs: Int64 { toMs - fromMs }

    package init(
        fromMs: Int64, toMs: Int64, centre: Coordinate, points: Int, radiusMm: Int64, isOpen: Bool
    ) {
        self.fromMs = fromMs
        self.toMs = toMs
        self.centre = centre
        self.points = points
        self.radiusMm = radiusMm
        self.isOpen = isOpen
    }
}

/// More than `TripSettings.gapMs` without a counted fix.
package struct TripGap: Hashable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    /// Where the rider was before and after.
    package var from: Coordinate
    package var to: Coordinate

    package init(fromMs: Int64, toMs: Int64, from: Coordinate, to: Coordinate) {
        self.fromMs = fromMs
        self.toMs = toMs
        self.from = from
        self.to = to
    }
}

/// Where a detector can go on as if it had seen all that came before: at the end of a stop, or at
/// either end of a gap.
package struct TripCursor: Hashable, Sendable {
    package var tsMs: Int64
    /// The fix of that time belongs to what is done, and only begins the next trip.
    package var isDone: Bool

    package init(tsMs: Int64, isDone: Bool) {
        self.tsMs = tsMs
        self.isDone = isDone
    }

    /// `TS-N`, as clients hand it back.
    package var text: String { "\(tsMs)-\(isDone ? 1 : 0)" }

    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), dash > text.startIndex,
            let ts = Int64(text[..<dash])
        else { return nil }
        switch text[text.index(after: dash)...] {
        case "0": self.init(tsMs: ts, isDone: false)
        case "1": self.init(tsMs: ts, isDone: true)
        default: return nil
        }
    }
}
