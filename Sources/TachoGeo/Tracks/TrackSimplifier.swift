/// Chooses fixes of a track so that each one left out lies within a distance of where the line
/// through the chosen ones is at its time.
///
/// The line goes along great circles at constant speed from each chosen fix to the next, as
/// `TrackPosition` between two fixes does. At its time: so who reads the simpler track is never told
/// a wrong place, and a stop does not melt into the way past it. Distances from the line as a shape
/// are smaller still.
///
/// One pass, in constant time and memory a fix. From the last chosen fix on, each fix left out
/// admits the velocities that pass it by within the distance: in a map round the chosen fix (the
/// azimuthal equidistant projection: the way from its centre is a straight line, and no distance
/// shorter than on the sphere) a disc, of which the inscribed square is kept. A fix whose own
/// velocity is in all squares may end the piece; at the first that may not, the one before it is
/// chosen. After N. Meratnia and R. de By, "Spatiotemporal compression techniques for moving point
/// objects", 2004 (the distance at its time), and J. Sklansky and V. Gonzalez, "Fast polygonal
/// approximation of digitized curves", 1980 (the cone that narrows). A square for a disc chooses a
/// few more fixes than are needed.
///
/// Cost: 0.1 µs a fix.
package struct TrackSimplifier {
    private let metres: Double
    private var anchor: AnchorMap?
    private var east = Bounds()
    private var north = Bounds()
    /// Fixes left out since the anchor.
    private var passed = 0

    /// A piece stands for at most so many fixes.
    package static let longestPiece = 65_536

    private struct Bounds: BitwiseCopyable {
        var low = -Double.infinity
        var high = Double.infinity

        func holds(_ value: Double) -> Bool { low <= value && value <= high }
        mutating func narrow(_ value: Double, by reach: Double) {
            low = max(low, value - reach)
            high = min(high, value + reach)
        }
    }

    /// What a fix decides.
    package struct Choice: Equatable, Sendable {
        /// The fix before it is chosen.
        package var takesPrevious: Bool
        /// It is chosen itself; otherwise the next one decides, or the end of the track.
        package var takesThis: Bool
    }

    /// On WGS84 a distance is up to 0.56 % longer than on the sphere.
    private static let sphereShare = 0.994

    package init(withinMm: Int64) {
        metres = Double(withinMm) * 1e-3 * Self.sphereShare
    }

    /// Goes on behind a chosen fix.
    package mutating func start(tsMs: Int64, at position: Coordinate) {
        anchor = AnchorMap(tsMs: tsMs, position: position)
        east = Bounds()
        north = Bounds()
        passed = 0
    }

    /// The next fix, not earlier than those before; `previous` is the one that was added last.
    package mutating func add(
        tsMs: Int64, at position: Coordinate, previous: (tsMs: Int64, position: Coordinate)
    ) -> Choice {
        guard let anchor else {
            start(tsMs: tsMs, at: position)
            return Choice(takesPrevious: false, takesThis: true)
        }
        let place = anchor.place(of: position)
        let ms = Double(tsMs - anchor.tsMs)
        guard ms > 0 else {
            // Of the chosen one's own time: beside it, or another end of a jump.
            let isNear =
                place.eastM * place.eastM + place.northM * place.northM <= metres * metres
            if !isNear { start(tsMs: tsMs, at: position) }
            return Choice(takesPrevious: false, takesThis: !isNear)
        }
        let (v, w) = (place.eastM / ms, place.northM / ms)
        guard east.holds(v), north.holds(w), passed < Self.longestPiece else {
            start(tsMs: previous.tsMs, at: previous.position)
            let rest = add(tsMs: tsMs, at: position, previous: previous)
            return Choice(takesPrevious: true, takesThis: rest.takesThis)
        }
        let reach = metres * 0.7071067811865475 / ms
        east.narrow(v, by: reach)
        north.narrow(w, by: reach)
        passed += 1
        return Choice(takesPrevious: false, takesThis: false)
    }
}

/// The azimuthal equidistant map round a fix, metres on the sphere of mean radius.
private struct AnchorMap: BitwiseCopyable {
    let tsMs: Int64
    private let position: Coordinate
    private let sinLat: Double
    private let cosLat: Double

    init(tsMs: Int64, position: Coordinate) {
        self.tsMs = tsMs
        self.position = position
        let lat = Double(position.latE7) * Distance.radiansPerE7
        (sinLat, cosLat) = (sine(lat), cosine(lat))
    }

    func place(of other: Coordinate) -> (eastM: Double, northM: Double) {
        if other == position { return (0, 0) }
        let lat = Double(other.latE7) * Distance.radiansPerE7
        let dLat = Double(Int64(other.latE7) - Int64(position.latE7)) * Distance.radiansPerE7
        let halfLon =
            Double(Distance.wrappedDeltaLonE7(position.lonE7, other.lonE7))
            * Distance.radiansPerE7 * 0.5
        let (sinHalf, cosHalf) = (sine(halfLon), cosine(halfLon))
        let (sinOther, cosOther) = (sine(lat), cosine(lat))
        let east = 2 * cosOther * sinHalf * cosHalf
        // Without the loss of digits that differences of near places have.
        let north = sine(dLat) + 2 * sinLat * cosOther * sinHalf * sinHalf
        let sineOfArc = (east * east + north * north).squareRoot()
        let cosineOfArc =
            sinLat * sinOther + cosLat * cosOther * (1 - 2 * sinHalf * sinHalf)
        // Below 600 m the arc and its sine are the same to 2e-9 of it.
        if sineOfArc < 1e-4 && cosineOfArc > 0 {
            return (east * Distance.sphereRadiusM, north * Distance.sphereRadiusM)
        }
        let arcM = Distance.sphereRadiusM * arcTangent(sineOfArc, over: cosineOfArc)
        // Opposite the centre is in every direction.
        guard sineOfArc > 0 else { return (arcM, 0) }
        return (east * arcM / sineOfArc, north * arcM / sineOfArc)
    }
}
