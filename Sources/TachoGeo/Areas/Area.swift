/// A part of the Earth's surface that is asked for. Borders belong to it.
package enum Area: Hashable, Sendable {
    case circle(Circle)
    case box(Box)
    case polygon(Polygon)
    /// The positions whose cell, at its resolution, it is.
    case cell(Cell)

    /// Whether a stored position is inside. Exact: what lies near the border is measured, not guessed.
    /// Cost: a circle 10 ns, near its border 0.5 µs; a polygon 3 ns an edge; a cell 80 ns.
    package func contains(_ position: Coordinate) -> Bool {
        switch self {
        case .circle(let circle): circle.contains(position)
        case .box(let box):
            Self.anyMeridian(of: position) { box.contains(position.lat, $0) }
        case .polygon(let polygon):
            Self.anyMeridian(of: position) { polygon.contains(lat: position.lat, lon: $0) }
        case .cell(let cell):
            Cell.containing(position, resolution: cell.resolution) == cell
        }
    }

    /// Rectangles that hold every position inside, and some that are not. None crosses the
    /// antimeridian; where one ends there, the other side of it is one of its own.
    package var bounds: [Box] {
        let box =
            switch self {
            case .circle(let circle): circle.bounds
            case .box(let box): box
            case .polygon(let polygon): polygon.bounds
            case .cell(let cell): cell.bounds
            }
        return box.parts
    }

    /// 180° east and west are one meridian.
    @inline(__always)
    private static func anyMeridian(
        of position: Coordinate, _ contains: (Double) -> Bool
    ) -> Bool {
        let lon = position.lon
        return contains(lon) || lon.magnitude == 180 && contains(-lon)
    }
}

extension Coordinate {
    /// Degrees, rounded as the decimal text of them is read.
    package var lat: Double { Double(latE7) / 1e7 }
    package var lon: Double { Double(lonE7) / 1e7 }
}

/// The positions up to a distance from a centre, along geodesics of WGS84.
package struct Circle: Hashable, Sendable, BitwiseCopyable {
    /// Degrees.
    package let lat: Double
    package let lon: Double
    package let radiusM: Double

    package init(lat: Double, lon: Double, radiusM: Double) throws(AreaError) {
        guard lat.magnitude <= 90, lon.magnitude <= 180 else { throw .notAPosition }
        guard radiusM > 0, radiusM <= Distance.longestGeodesicM else { throw .radius(radiusM) }
        self.lat = lat
        self.lon = lon
        self.radiusM = radiusM
    }

    /// How much the sphere of mean radius can be off, both ways: 0.56 % at most.
    private static let sphereError = 0.0058

    package func contains(_ position: Coordinate) -> Bool {
        let (nearestM, furthestM) = distanceBoundsM(to: position)
        if furthestM <= radiusM { return true }
        if nearestM > radiusM { return false }
        return distanceM(to: position) <= radiusM
    }

    /// Between which the distance lies, by that on the sphere. Cost: 20 ns.
    package func distanceBoundsM(
        to position: Coordinate
    ) -> (nearest: Double, furthest: Double) {
        let sphereM = Distance.onSphere(centre, position)
        // The centre may have more digits than a stored position: half a centimetre.
        let slackM = sphereM * Self.sphereError + 0.02
        return (sphereM - slackM, sphereM + slackM)
    }

    package func distanceM(to position: Coordinate) -> Double {
        Distance.geodesic(lat1: lat, lon1: lon, lat2: position.lat, lon2: position.lon)
    }

    /// To 1e-7°.
    package var centre: Coordinate {
        Coordinate(latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }

    var bounds: Box {
        // A degree of latitude is 110,574 m at the equator, and nowhere shorter.
        let reach = radiusM / 110_500
        let (south, north) = (max(-90, lat - reach), min(90, lat + reach))
        guard north < 90, south > -90 else {
            return Box(minLat: south, minLon: -180, maxLat: north, maxLon: 180)
        }
        let degree = 0.017453292519943295769
        // On the sphere the widest place of a circle; the ellipsoid is up to 0.6 % off.
        let ratio = sine(min(90, reach * 1.01) * degree) / cosine(lat * degree)
        let east = ratio >= 1 ? 180 : arcSine(ratio) / degree * 1.001
        guard east < 180 else {
            return Box(minLat: south, minLon: -180, maxLat: north, maxLon: 180)
        }
        return Box(
            minLat: south, minLon: Box.wrapped(lon - east), maxLat: north,
            maxLon: Box.wrapped(lon + east))
    }
}

/// A rectangle of latitude and longitude, degrees. Where the western side is further east than the
/// eastern one it crosses the antimeridian.
package struct Box: Hashable, Sendable {
    package let minLat: Double
    package let minLon: Double
    package let maxLat: Double
    package let maxLon: Double

    init(minLat: Double, minLon: Double, maxLat: Double, maxLon: Double) {
        self.minLat = minLat
        self.minLon = minLon
        self.maxLat = maxLat
        self.maxLon = maxLon
    }

    package init(
        checkedMinLat minLat: Double, minLon: Double, maxLat: Double, maxLon: Double
    ) throws(AreaError) {
        for lat in [minLat, maxLat] where !(lat.magnitude <= 90) { throw .notAPosition }
        for lon in [minLon, maxLon] where !(lon.magnitude <= 180) { throw .notAPosition }
        guard minLat <= maxLat else { throw .noBox(minLat: minLat, maxLat: maxLat) }
        self.init(minLat: minLat, minLon: minLon, maxLat: maxLat, maxLon: maxLon)
    }

    @inline(__always)
    package func contains(_ lat: Double, _ lon: Double) -> Bool {
        guard lat >= minLat && lat <= maxLat else { return false }
        return minLon <= maxLon
            ? lon >= minLon && lon <= maxLon : lon >= minLon || lon <= maxLon
    }

    func touches(_ lon: Double) -> Bool { minLon == lon || maxLon == lon }

    /// The parts on either side of the antimeridian.
    package var split: [Box] {
        guard minLon > maxLon else { return [self] }
        return [
            Box(minLat: minLat, minLon: minLon, maxLat: maxLat, maxLon: 180),
            Box(minLat: minLat, minLon: -180, maxLat: maxLat, maxLon: maxLon),
        ]
    }

    /// The same, and the antimeridian's other side where a part ends there: positions on it may have
    /// either longitude.
    var parts: [Box] {
        var parts = split
        for lon in [-180.0, 180] where parts.contains(where: { $0.touches(-lon) }) {
            if parts.contains(where: { $0.touches(lon) }) { continue }
            parts.append(Box(minLat: minLat, minLon: lon, maxLat: maxLat, maxLon: lon))
        }
        return parts
    }

    static func wrapped(_ lon: Double) -> Double {
        lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon
    }
}

extension Polygon {
    var bounds: Box {
        let isAround = lons.upperBound - lons.lowerBound >= 360
        return Box(
            minLat: lats.lowerBound, minLon: isAround ? -180 : lons.lowerBound,
            maxLat: lats.upperBound, maxLon: isAround ? 180 : Box.wrapped(lons.upperBound))
    }
}

extension Cell {
    /// Around its boundary, a tenth of it wider, and half of it those of resolutions 0 and 1: sides are
    /// straight on a face of the icosahedron and not on a map, and bend towards the pole.
    var bounds: Box {
        let corners = boundaryDegrees
        let lats = corners.map(\.lat)
        let middle = centreDegrees
        let (south, north) = (lats.min()!, lats.max()!)
        let high = (north - south) * (resolution <= 1 ? 0.5 : 0.1)
        let hasPole =
            Cell.containing(latDegrees: 90, lonDegrees: 0, resolution: resolution) == self
            || Cell.containing(latDegrees: -90, lonDegrees: 0, resolution: resolution) == self
        if hasPole || north + high > 89 || south - high < -89 {
            return Box(
                minLat: middle.lat < 0 ? -90 : south - high, minLon: -180,
                maxLat: middle.lat < 0 ? north + high : 90, maxLon: 180)
        }
        // Seen from the middle no cell is wider than half the globe.
        let easts = corners.map { Box.wrapped($0.lon - middle.lon) }
        let (west, east) = (easts.min()!, easts.max()!)
        let wide = (east - west) * 0.1
        guard east - west + 2 * wide < 360 else {
            return Box(minLat: south - high, minLon: -180, maxLat: north + high, maxLon: 180)
        }
        return Box(
            minLat: max(-90, south - high), minLon: Box.wrapped(middle.lon + west - wide),
            maxLat: min(90, north + high), maxLon: Box.wrapped(middle.lon + east + wide))
    }
}
