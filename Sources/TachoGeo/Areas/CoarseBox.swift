/// A rectangle in stored units that holds a box and at most 2e-7° more: for a first look, by whole
/// numbers. It does not cross the antimeridian.
package struct CoarseBox: Hashable, Sendable, BitwiseCopyable {
    package var minLatE7: Int32
    package var minLonE7: Int32
    package var maxLatE7: Int32
    package var maxLonE7: Int32

    /// Holds nothing: `extend` makes it the smallest that holds what it was given.
    package static let empty = CoarseBox(
        minLatE7: .max, minLonE7: .max, maxLatE7: .min, maxLonE7: .min)

    private init(minLatE7: Int32, minLonE7: Int32, maxLatE7: Int32, maxLonE7: Int32) {
        self.minLatE7 = minLatE7
        self.minLonE7 = minLonE7
        self.maxLatE7 = maxLatE7
        self.maxLonE7 = maxLonE7
    }

    /// Outwards. Of one of the parts of `Box.split`.
    package init(_ box: Box) {
        func units(_ degrees: Double, _ rule: FloatingPointRoundingRule) -> Int32 {
            Int32((degrees * 1e7).rounded(rule))
        }
        minLatE7 = max(-900_000_000, units(box.minLat, .down) - 1)
        minLonE7 = max(-1_800_000_000, units(box.minLon, .down) - 1)
        maxLatE7 = min(900_000_000, units(box.maxLat, .up) + 1)
        maxLonE7 = min(1_800_000_000, units(box.maxLon, .up) + 1)
    }

    @inline(__always)
    package mutating func extend(latE7: Int32, lonE7: Int32) {
        minLatE7 = min(minLatE7, latE7)
        minLonE7 = min(minLonE7, lonE7)
        maxLatE7 = max(maxLatE7, latE7)
        maxLonE7 = max(maxLonE7, lonE7)
    }

    @inline(__always)
    package func contains(latE7: Int32, lonE7: Int32) -> Bool {
        latE7 >= minLatE7 && latE7 <= maxLatE7 && lonE7 >= minLonE7 && lonE7 <= maxLonE7
    }

    @inline(__always)
    package func meets(_ other: CoarseBox) -> Bool {
        minLatE7 <= other.maxLatE7 && other.minLatE7 <= maxLatE7
            && minLonE7 <= other.maxLonE7 && other.minLonE7 <= maxLonE7
    }
}
