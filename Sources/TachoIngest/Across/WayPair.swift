package import TachoGeo

/// A fix of a stretch of way that is compared.
package struct WayPoint: Hashable, Sendable, BitwiseCopyable {
    package var tsMs: Int64
    package var latE7: Int32
    package var lonE7: Int32

    package init(tsMs: Int64, latE7: Int32, lonE7: Int32) {
        self.tsMs = tsMs
        self.latE7 = latE7
        self.lonE7 = lonE7
    }

    package init(_ fix: Fix) { self.init(tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7) }

    var exact: ExactPlace { ExactPlace(latE7: latE7, lonE7: lonE7) }
    /// As `ExactPlace.isFine`, with the last digit that rounding to it loses.
    var isFine: Bool {
        guard exact.isFine else { return false }
        return !(Self.isSingle(latE7) && Self.isSingle(lonE7))
    }

    private static func isSingle(_ e7: Int32) -> Bool {
        Int32((Double(Float(Double(e7) * 1e-7)) * 1e7).rounded()) == e7
    }

    var coordinate: Coordinate { Coordinate(latE7: latE7, lonE7: lonE7) }
}

/// Two stretches of way that end where they were found alike: of the rider who may be given a
/// verdict, and of another track. Ascending by time, none empty.
package struct WayPair: Sendable {
    package var own: [WayPoint]
    package var other: [WayPoint]
    /// Both are tracks of one rider.
    package var isSameRider: Bool

    package init(own: [WayPoint], other: [WayPoint], isSameRider: Bool) {
        self.own = own
        self.other = other
        self.isSameRider = isSameRider
    }

    /// How much later the own way was, ms.
    var offsetMs: Int64 { own[own.count - 1].tsMs - other[other.count - 1].tsMs }

    /// The own way is so much later that it can be a copy.
    func isCopy(_ limits: Thresholds) -> Bool { offsetMs > limits.replayAgeMs }

    /// Two riders at about the same time.
    func isTogether(_ limits: Thresholds) -> Bool {
        !isSameRider && abs(offsetMs) <= limits.replayAgeMs
    }

    /// Most positions of the own way are fine: its phone's are to be compared to the digit.
    var isFine: Bool { own.count { $0.isFine } * 2 > own.count }

    /// Most are not on a grid of 1e-4 degree: many in a row do not agree by chance.
    var isMiddling: Bool { own.count { $0.exact.isMiddling } * 2 > own.count }

    /// Whether a fix is compared at all: network positions are the same for everyone near a mast, and
    /// inaccurate ones say little.
    package static func takes(_ fix: Fix, _ limits: Thresholds) -> Bool {
        fix.source != .net && fix.source != .mock
            && (fix.accuracyDm == Fix.absent || fix.accuracyDm <= limits.lowAccuracyDm)
    }
}

/// What a rule across riders found.
package struct AcrossFinding: Hashable, Sendable {
    package var code: Code
    /// From that time to the end of the compared way the rider's fixes are meant.
    package var firstMs: Int64
    /// Fixes, or entries into cells, that were alike, of so many.
    package var hits: Int
    package var of: Int
    package var wayM: Double
    package var offsetMs: Int64
}
