extension Distance {
    /// Radius of the sphere on which Redis measures, m.
    package static let redisRadiusM = 6_372_797.560_856

    /// The great-circle distance, m, as GEODIST and GEOSEARCH of Redis have it: haversine of degrees on
    /// a sphere. Up to 0.6 % off WGS84. Cost: 50 ns.
    package static func onRedisSphere(
        lat1: Double, lon1: Double, lat2: Double, lon2: Double
    ) -> Double {
        let radians = radiansPerE7 * 1e7
        let halfLat = sine((lat2 - lat1) * radians * 0.5)
        let halfLon = sine((lon2 - lon1) * radians * 0.5)
        let h =
            halfLat * halfLat
            + cosine(lat1 * radians) * cosine(lat2 * radians) * halfLon * halfLon
        return 2 * redisRadiusM * arcSine(min(1, h.squareRoot()))
    }

    /// −90…90.
    static func degreesOfArcSine(_ ratio: Double) -> Double {
        arcSine(ratio) / (radiansPerE7 * 1e7)
    }
}

/// Which end of a list of distances comes first.
package enum DistanceOrder: Hashable, Sendable {
    case ascending
    case descending
}
