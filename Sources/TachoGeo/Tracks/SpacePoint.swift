/// A position on WGS84 in millimetres from the centre of the Earth: means and distances without
/// special cases at the antimeridian and at the poles.
///
/// Whole millimetres, so that sums are exact and can be taken back. A straight line through the
/// Earth is shorter than the way over it by 1e-7 of it at 10 km, by nothing at 50 m.
struct SpacePoint: Equatable, BitwiseCopyable {
    var x: Int64
    var y: Int64
    var z: Int64

    /// Cost: four sines and cosines, about 50 ns.
    init(_ position: Coordinate) {
        let lat = Double(position.latE7) * Distance.radiansPerE7
        let lon = Double(position.lonE7) * Distance.radiansPerE7
        let (sinLat, cosLat) = (sine(lat), cosine(lat))
        let e2 = Distance.eccentricitySquared
        let normalMm = Distance.semiMajorM * 1_000 / (1 - e2 * sinLat * sinLat).squareRoot()
        x = Int64((normalMm * cosLat * cosine(lon)).rounded())
        y = Int64((normalMm * cosLat * sine(lon)).rounded())
        z = Int64((normalMm * (1 - e2) * sinLat).rounded())
    }

    /// The position above a place on or near the surface.
    static func position(_ x: Double, _ y: Double, _ z: Double) -> Coordinate {
        let across = (x * x + y * y).squareRoot()
        let lat = arcTangent(z, over: across * (1 - Distance.eccentricitySquared))
        let lon = arcTangent(y, over: x)
        return Coordinate(
            latE7: Int32((lat / Distance.radiansPerE7).rounded()),
            lonE7: Int32((lon / Distance.radiansPerE7).rounded()))
    }
}

/// Where something was on average: positions weighted by time, straight from each to the next.
///
/// By time and not by fixes, as many phones report often while they move and hardly while they
/// stand.
struct TimeMean: BitwiseCopyable {
    // Twice the sum of mean position times duration: at most 2^34 mm · 2^49 ms.
    private var x: Int128 = 0
    private var y: Int128 = 0
    private var z: Int128 = 0
    private var durationMs: Int64 = 0

    mutating func add(from a: SpacePoint, to b: SpacePoint, ms: Int64) {
        x += Int128(a.x + b.x) * Int128(ms)
        y += Int128(a.y + b.y) * Int128(ms)
        z += Int128(a.z + b.z) * Int128(ms)
        durationMs += ms
    }

    mutating func remove(from a: SpacePoint, to b: SpacePoint, ms: Int64) {
        x -= Int128(a.x + b.x) * Int128(ms)
        y -= Int128(a.y + b.y) * Int128(ms)
        z -= Int128(a.z + b.z) * Int128(ms)
        durationMs -= ms
    }

    /// Millimetres; of no time at all it is where the only position is.
    func centre(ifNone point: SpacePoint) -> SpaceCentre {
        guard durationMs > 0 else {
            return SpaceCentre(x: Double(point.x), y: Double(point.y), z: Double(point.z))
        }
        let weight = 2 * Double(durationMs)
        return SpaceCentre(
            x: Self.real(x) / weight, y: Self.real(y) / weight, z: Self.real(z) / weight)
    }

    /// The standard library's own way from 128 bits is a generic one that takes 0.4 µs.
    @inline(__always)
    private static func real(_ value: Int128) -> Double {
        Double(Int64(truncatingIfNeeded: value >> 64)) * 0x1p64
            + Double(UInt64(truncatingIfNeeded: value))
    }
}

struct SpaceCentre: BitwiseCopyable {
    var x: Double
    var y: Double
    var z: Double

    /// Millimetres, squared.
    func squaredDistance(to point: SpacePoint) -> Double {
        let (dx, dy, dz) = (Double(point.x) - x, Double(point.y) - y, Double(point.z) - z)
        return dx * dx + dy * dy + dz * dz
    }

    var position: Coordinate { SpacePoint.position(x, y, z) }
}
