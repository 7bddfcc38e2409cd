/// A position on the plane of latitude and longitude, degrees: on it edges of areas are straight.
package struct PlanePosition: Hashable, Sendable {
    package var lat: Double
    package var lon: Double

    package init(lat: Double, lon: Double) { (self.lat, self.lon) = (lat, lon) }
}

/// A straight edge on that plane.
struct PlaneEdge {
    var from: PlanePosition
    var to: PlanePosition

    /// Twice the area of the triangle with a point: its sign tells the side, 0 is on the line. Exact to
    /// one rounding for positions of seven decimals: products of differences fit into 63 bits.
    func side(of p: PlanePosition) -> Double {
        (to.lon - from.lon) * (p.lat - from.lat) - (to.lat - from.lat) * (p.lon - from.lon)
    }

    /// Whether a point is on it, ends included.
    func has(_ p: PlanePosition) -> Bool {
        side(of: p) == 0 && min(from.lat, to.lat) <= p.lat && p.lat <= max(from.lat, to.lat)
            && min(from.lon, to.lon) <= p.lon && p.lon <= max(from.lon, to.lon)
    }

    /// Whether two edges have a point in common, ends included.
    func meets(_ other: PlaneEdge) -> Bool {
        guard max(from.lat, to.lat) >= min(other.from.lat, other.to.lat),
            max(other.from.lat, other.to.lat) >= min(from.lat, to.lat),
            max(from.lon, to.lon) >= min(other.from.lon, other.to.lon),
            max(other.from.lon, other.to.lon) >= min(from.lon, to.lon)
        else { return false }
        let (a, b) = (side(of: other.from), side(of: other.to))
        let (c, d) = (other.side(of: from), other.side(of: to))
        if (a > 0) != (b > 0), (c > 0) != (d > 0), a != 0, b != 0, c != 0, d != 0 { return true }
        return has(other.from) || has(other.to) || other.has(from) || other.has(to)
    }

    /// Whether it comes into a rectangle, borders included.
    func enters(lat: ClosedRange<Double>, lon: ClosedRange<Double>) -> Bool {
        guard max(from.lat, to.lat) >= lat.lowerBound, min(from.lat, to.lat) <= lat.upperBound,
            max(from.lon, to.lon) >= lon.lowerBound, min(from.lon, to.lon) <= lon.upperBound
        else { return false }
        // All corners on one side of its line: it passes by.
        var (isLeft, isRight) = (false, false)
        for corner in [
            PlanePosition(lat: lat.lowerBound, lon: lon.lowerBound),
            PlanePosition(lat: lat.lowerBound, lon: lon.upperBound),
            PlanePosition(lat: lat.upperBound, lon: lon.lowerBound),
            PlanePosition(lat: lat.upperBound, lon: lon.upperBound),
        ] {
            let side = side(of: corner)
            isLeft = isLeft || side >= 0
            isRight = isRight || side <= 0
        }
        return isLeft && isRight
    }
}
