/// Where a rider was at one moment.
package struct TrackPosition: Hashable, Sendable {
    package var tsMs: Int64
    package var position: Coordinate
    /// Of a fix what the phone said, between two the mean of the way; 0.01 m/s, nil: unknown.
    package var speedCms: Int32?
    /// As the speed, 0.01°; nil between two fixes of one place, too.
    package var headingCdeg: Int32?
    /// Of a fix only, 0.1 m.
    package var accuracyDm: Int32?
    /// Of the fix; between two that of the later one, which says what is to be thought of the way.
    package var verdict: Verdict
    /// Times of the fixes it lies between; both `tsMs` where a fix is.
    package var beforeMs: Int64
    package var afterMs: Int64

    package var isExact: Bool { beforeMs == afterMs }

    package init(_ stored: StoredFix) {
        func known(_ value: Int32) -> Int32? { value == Fix.absent ? nil : value }
        tsMs = stored.fix.tsMs
        position = stored.fix.coordinate
        speedCms = known(stored.fix.speedCms)
        headingCdeg = known(stored.fix.headingCdeg)
        accuracyDm = known(stored.fix.accuracyDm)
        verdict = stored.verdict
        (beforeMs, afterMs) = (tsMs, tsMs)
    }

    /// Between two fixes: along the great circle, at constant speed. The antimeridian and the poles
    /// are no special cases; of two places opposite each other it is the one nearer in time.
    package init(between a: StoredFix, and b: StoredFix, atMs tsMs: Int64) {
        precondition(a.fix.tsMs < tsMs && tsMs < b.fix.tsMs, "not between the fixes")
        self.tsMs = tsMs
        (beforeMs, afterMs) = (a.fix.tsMs, b.fix.tsMs)
        verdict = b.verdict
        let (from, to) = (a.fix.coordinate, b.fix.coordinate)
        let wholeMs = Double(afterMs - beforeMs)
        let way = GreatCircle(from: from, to: to, fraction: Double(tsMs - beforeMs) / wholeMs)
        position = way.position
        let metres = from == to ? 0 : Distance.leg(from, to)
        speedCms = Trip.speedCms(
            micrometres: Int64((metres * 1e6).rounded()), ms: afterMs - beforeMs)
        headingCdeg = from == to ? nil : way.headingCdeg
    }
}

/// A place on the way between two, by unit vectors (K. Gade, "A non-singular horizontal position
/// representation", 2010).
package struct GreatCircle {
    package let position: Coordinate
    /// Along the way at this place, 0.01°.
    package let headingCdeg: Int32

    package init(from a: Coordinate, to b: Coordinate, fraction: Double) {
        let (p, q) = (Self.vector(a), Self.vector(b))
        let cosine12 = max(-1, min(1, Self.dot(p, q)))
        let sine12 = Self.length(Self.cross(p, q))
        let angle = arcTangent(sine12, over: cosine12)
        var (first, second) = (1 - fraction, fraction)
        if sine12 < 1e-9 && cosine12 < 0 {
            (first, second) = fraction < 0.5 ? (1, 0) : (0, 1)
        } else if angle > 1e-4 {
            (first, second) = (
                sine((1 - fraction) * angle) / sine12, sine(fraction * angle) / sine12
            )
        }
        let sum = (
            x: first * p.x + second * q.x, y: first * p.y + second * q.y,
            z: first * p.z + second * q.z
        )
        let across = (sum.x * sum.x + sum.y * sum.y).squareRoot()
        position = Coordinate(
            latE7: Int32((arcTangent(sum.z, over: across) / Distance.radiansPerE7).rounded()),
            lonE7: Int32((arcTangent(sum.y, over: sum.x) / Distance.radiansPerE7).rounded()))
        headingCdeg = Self.heading(sum, across, p, q, fraction * angle, (1 - fraction) * angle)
    }

    private typealias Vector3 = (x: Double, y: Double, z: Double)

    private static func vector(_ place: Coordinate) -> Vector3 {
        let lat = Double(place.latE7) * Distance.radiansPerE7
        let lon = Double(place.lonE7) * Distance.radiansPerE7
        return (cosine(lat) * cosine(lon), cosine(lat) * sine(lon), sine(lat))
    }

    private static func dot(_ a: Vector3, _ b: Vector3) -> Double {
        a.x * b.x + a.y * b.y + a.z * b.z
    }

    private static func cross(_ a: Vector3, _ b: Vector3) -> Vector3 {
        (a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    private static func length(_ a: Vector3) -> Double { dot(a, a).squareRoot() }

    /// The direction in which the place moves, seen from north by east.
    private static func heading(
        _ place: Vector3, _ across: Double, _ p: Vector3, _ q: Vector3, _ done: Double,
        _ left: Double
    ) -> Int32 {
        let (ahead, behind) = (cosine(done), cosine(left))
        let way = (
            x: ahead * q.x - behind * p.x, y: ahead * q.y - behind * p.y,
            z: ahead * q.z - behind * p.z
        )
        // At a pole itself every direction is south, or north.
        let east = across > 0 ? (way.y * place.x - way.x * place.y) / across : 0
        let north =
            across > 0
            ? way.z * across - place.z * (way.x * place.x + way.y * place.y) / across
            : -place.z
        let degrees = arcTangent(east, over: north) / (Distance.radiansPerE7 * 1e7)
        let cdeg = Int32((degrees * 100).rounded())
        return cdeg < 0 ? cdeg + Fix.fullCircleCdeg : cdeg
    }
}
