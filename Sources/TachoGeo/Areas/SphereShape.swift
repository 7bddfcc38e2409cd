/// A circle or rectangle round a centre as Redis's GEOSEARCH measures it: on its sphere, which takes
/// latitudes and longitudes of the ellipsoid for its own. Borders belong to it.
package struct SphereShape: Hashable, Sendable {
    package enum Extent: Hashable, Sendable {
        case circle(radiusM: Double)
        /// Half of the height north and south of the centre, along the meridian; half of the width
        /// east and west of it, along the great circle at the position's own latitude.
        case rectangle(widthM: Double, heightM: Double)
    }

    /// Degrees.
    package let lat: Double
    package let lon: Double
    package let extent: Extent

    /// Lengths are 0 or more, infinity included.
    package init(lat: Double, lon: Double, extent: Extent) {
        self.lat = lat
        self.lon = lon
        self.extent = extent
    }

    /// From the centre, m; nil: the position is outside. Cost: 60 ns.
    package func distanceM(to position: Coordinate) -> Double? {
        switch extent {
        case .circle(let radiusM):
            let distanceM = distanceM(fromCentreTo: position)
            return distanceM <= radiusM ? distanceM : nil
        case .rectangle(let widthM, let heightM):
            let northM = Distance.onRedisSphere(
                lat1: lat, lon1: lon, lat2: position.lat, lon2: lon)
            guard northM <= heightM / 2 else { return nil }
            let eastM = Distance.onRedisSphere(
                lat1: position.lat, lon1: lon, lat2: position.lat, lon2: position.lon)
            return eastM <= widthM / 2 ? distanceM(fromCentreTo: position) : nil
        }
    }

    private func distanceM(fromCentreTo position: Coordinate) -> Double {
        Distance.onRedisSphere(lat1: lat, lon1: lon, lat2: position.lat, lon2: position.lon)
    }

    /// Nobody inside is further from the centre, m.
    package var reachM: Double {
        let farthestM = Distance.redisRadiusM * Self.halfTurn * 1.000_001
        return switch extent {
        case .circle(let radiusM): min(radiusM, farthestM)
        // Along the meridian to the position's latitude, then along the great circle there.
        case .rectangle(let widthM, let heightM):
            min((widthM + heightM) / 2 * 1.000_001 + 1e-3, farthestM)
        }
    }

    /// Rectangles that hold every position inside, and some that are not. None crosses the
    /// antimeridian, whose both sides are in it if one is.
    package var bounds: [Box] {
        switch extent {
        case .circle(let radiusM):
            // A circle round a pole has every longitude; any other is widest where a meridian touches
            // it: sin Δλ = sin θ / cos φ.
            let reach = Self.widened(radiusM / Distance.redisRadiusM)
            let isRoundPole = lat.magnitude + reach >= 90
            let ratio =
                isRoundPole ? 1 : Distance.sineOfDegrees(reach) / Self.cosineOfDegrees(lat)
            return box(reach, east: ratio < 1 ? Distance.degreesOfArcSine(ratio) : 180)
        case .rectangle(let widthM, let heightM):
            // cos φ sin(Δλ / 2) = sin(w / 4R): widest at the latitude nearest to a pole.
            let reach = Self.widened(heightM / 2 / Distance.redisRadiusM)
            let quarter = widthM / 4 / Distance.redisRadiusM
            let highest = min(90, lat.magnitude + reach)
            let ratio =
                quarter > Self.halfTurn / 2 - 0.001
                ? 1
                : Distance.sineOfDegrees(Self.widened(quarter)) / Self.cosineOfDegrees(highest)
            return box(reach, east: ratio < 1 ? 2 * Distance.degreesOfArcSine(ratio) : 180)
        }
    }

    /// Degrees from the centre.
    private func box(_ north: Double, east: Double) -> [Box] {
        let east = east + Self.slack
        let isAround = east >= 180
        return Box(
            minLat: max(-90, lat - north), minLon: isAround ? -180 : Box.wrapped(lon - east),
            maxLat: min(90, lat + north), maxLon: isAround ? 180 : Box.wrapped(lon + east)
        ).parts
    }

    private static let halfTurn = 3.141592653589793
    /// 0.1 m: a thousand times what rounding does to a distance, which is most near the antipode.
    private static let slack = 1e-6

    private static func widened(_ radians: Double) -> Double {
        min(radians, halfTurn) / halfTurn * 180 * (1 + 1e-9) + slack
    }

    private static func cosineOfDegrees(_ degrees: Double) -> Double {
        Distance.sineOfDegrees(90 - degrees.magnitude)
    }
}
