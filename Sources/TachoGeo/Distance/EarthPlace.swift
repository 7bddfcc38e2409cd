/// A position of the WGS84 ellipsoid in space, mm from the centre of the Earth: x towards 0° east,
/// y towards 90° east, z towards the north pole. Poles and antimeridian are places like any other.
///
/// Sums and products in the order written: the bits are published (`format-spec.md` §19).
package struct EarthPlace: Equatable, Sendable, BitwiseCopyable {
    package var x: Double
    package var y: Double
    package var z: Double

    init(x: Double, y: Double, z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// Exact to 1e-5 mm. Cost: 20 ns.
    @inline(__always)
    package init(_ position: Coordinate) {
        let lat = ExactSine.sineCosine(position.latE7)
        let lon = ExactSine.sineCosine(position.lonE7)
        let n =
            DistanceV1.semiMajorMm
            / (1 - DistanceV1.eccentricity2 * (lat.sine * lat.sine)).squareRoot()
        let r = n * lat.cosine
        x = r * lon.cosine
        y = r * lon.sine
        z = (n * DistanceV1.axes2) * lat.sine
    }

    /// The square of the straight line through the Earth, mm².
    @inline(__always)
    func squaredChord(to other: EarthPlace) -> Double {
        let (dx, dy, dz) = (other.x - x, other.y - y, other.z - z)
        return (dx * dx + dy * dy) + dz * dz
    }

    /// The way over the ellipsoid in whole millimetres, halves to the even one; the same both ways.
    ///
    /// Against the geodesic: rounding, and 0.01 ppm up to 1,000 km (`docs/distance.md`).
    /// Cost: 10 ns up to 20 km; beyond, that for each 20 km, and 40 ns.
    @inline(__always)
    package func millimetres(to other: EarthPlace) -> Int64 {
        let squared = squaredChord(to: other)
        let chord = squared.squareRoot()
        guard chord <= DistanceV1.longestChordMm else {
            return Int64(longArc(to: other).rounded(.toNearestOrEven))
        }
        return Int64((chord + chord * (squared * DistanceV1.curvature)).rounded(.toNearestOrEven))
    }

    private func arc(to other: EarthPlace) -> Double {
        let squared = squaredChord(to: other)
        let chord = squared.squareRoot()
        guard chord <= DistanceV1.longestChordMm else { return longArc(to: other) }
        return chord + chord * (squared * DistanceV1.curvature)
    }

    /// By way of the middle, until chords are short. At most ten deep: 20,000 km are 1,024 chords.
    @inline(never)
    private func longArc(to other: EarthPlace) -> Double {
        let middle = middle(to: other)
        return arc(to: middle) + middle.arc(to: other)
    }

    /// Half way on the great ellipse; between places opposite each other the north pole, and between
    /// poles a place on the equator.
    private func middle(to other: EarthPlace) -> EarthPlace {
        let (sx, sy, sz) = (x + other.x, y + other.y, z + other.z)
        let a2 = DistanceV1.semiMajorMm * DistanceV1.semiMajorMm
        let b2 = DistanceV1.semiMinorMm * DistanceV1.semiMinorMm
        let u = ((sx * sx + sy * sy) / a2 + (sz * sz) / b2).squareRoot()
        if u >= DistanceV1.noMiddle { return EarthPlace(x: sx / u, y: sy / u, z: sz / u) }
        let isPole = x == 0 && y == 0
        return isPole
            ? EarthPlace(x: DistanceV1.semiMajorMm, y: 0, z: 0)
            : EarthPlace(x: 0, y: 0, z: DistanceV1.semiMinorMm)
    }
}
