/// Distances in metres between two coordinates.
package enum Distance {
    /// Mean radius of the Earth, m (IUGG 1980: (2a + b) / 3 of GRS80).
    package static let sphereRadiusM = 6_371_008.8
    static let radiansPerE7 = 1e-7 * 0.017453292519943295769

    /// The distance the rules use: equirectangular with the cosine of the mean latitude when both
    /// latitudes are within 85° and the longitudes within 1°, otherwise haversine.
    ///
    /// On the sphere. Against WGS84 it is off by at most 0.6 % (the flattening); within the
    /// equirectangular range and 100 km the projection itself adds at most 0.02 %.
    /// Cost: one cosine, about 20 ns.
    package static func onSphere(_ a: Coordinate, _ b: Coordinate) -> Double {
        let dLonE7 = wrappedDeltaLonE7(a.lonE7, b.lonE7)
        let dLatE7 = Int64(b.latE7) - Int64(a.latE7)
        if abs(a.latE7) < 850_000_000 && abs(b.latE7) < 850_000_000 && abs(dLonE7) < 10_000_000 {
            let meanLat = Double(Int64(a.latE7) + Int64(b.latE7)) * 0.5 * radiansPerE7
            let x = Double(dLonE7) * radiansPerE7 * cosine(meanLat)
            let y = Double(dLatE7) * radiansPerE7
            return sphereRadiusM * (x * x + y * y).squareRoot()
        }
        return haversine(a, b)
    }

    /// The great-circle distance (R. W. Sinnott, "Virtues of the Haversine", 1984). Exact on the
    /// sphere also near poles and across the antimeridian; up to 0.6 % off WGS84.
    package static func haversine(_ a: Coordinate, _ b: Coordinate) -> Double {
        let lat1 = Double(a.latE7) * radiansPerE7
        let lat2 = Double(b.latE7) * radiansPerE7
        let halfLat = sine((lat2 - lat1) * 0.5)
        let halfLon = sine(Double(wrappedDeltaLonE7(a.lonE7, b.lonE7)) * radiansPerE7 * 0.5)
        let h = halfLat * halfLat + cosine(lat1) * cosine(lat2) * halfLon * halfLon
        return 2 * sphereRadiusM * arcSine(min(1, h.squareRoot()))
    }

    /// The length of a short leg on WGS84, from the radii of curvature at the mean latitude
    /// (the "local ellipsoidal" formula; 47 CFR 73.208 uses the same with truncated series).
    ///
    /// Error against the geodesic, besides 1 mm: up to 10 km below 1 ppm within 70° of latitude and
    /// below 14 ppm within 85° (it grows as L² tan² lat / 24 R²); below 60 ppm up to 100 km. Beyond 1° of longitude or 85° of latitude it falls back to the sphere (0.6 %).
    package static func shortLegOnEllipsoid(_ a: Coordinate, _ b: Coordinate) -> Double {
        let dLonE7 = wrappedDeltaLonE7(a.lonE7, b.lonE7)
        guard abs(a.latE7) <= 850_000_000, abs(b.latE7) <= 850_000_000, abs(dLonE7) < 10_000_000
        else { return haversine(a, b) }
        let meanLat = Double(Int64(a.latE7) + Int64(b.latE7)) * 0.5 * radiansPerE7
        let s = sine(meanLat)
        let w2 = 1 - eccentricitySquared * s * s
        let w = w2.squareRoot()
        let primeVertical = semiMajorM / w
        let meridian = semiMajorM * (1 - eccentricitySquared) / (w2 * w)
        let x = Double(dLonE7) * radiansPerE7 * cosine(meanLat) * primeVertical
        let y = Double(Int64(b.latE7) - Int64(a.latE7)) * radiansPerE7 * meridian
        return (x * x + y * y).squareRoot()
    }

    static let semiMajorM = 6_378_137.0
    /// WGS84: f (2 − f) with f = 1 / 298.257223563.
    static let eccentricitySquared = 0.00669437999014131699613723354004

    /// b − a in 1e-7 degree, wrapped into (−180°, 180°].
    static func wrappedDeltaLonE7(_ a: Int32, _ b: Int32) -> Int64 {
        var d = Int64(b) - Int64(a)
        if d > 1_800_000_000 { d -= 3_600_000_000 }
        if d <= -1_800_000_000 { d += 3_600_000_000 }
        return d
    }
}

extension Distance {
    /// From one place to another in metres east and north, as `onSphere` measures within its
    /// equirectangular range; beyond it east is too long, never too short.
    /// Cost: one cosine, about 20 ns.
    package static func offset(
        from a: Coordinate, to b: Coordinate
    ) -> (eastM: Double, northM: Double) {
        let dLatE7 = Int64(b.latE7) - Int64(a.latE7)
        let meanLat = Double(Int64(a.latE7) + Int64(b.latE7)) * 0.5 * radiansPerE7
        let dLonE7 = wrappedDeltaLonE7(a.lonE7, b.lonE7)
        return (
            Double(dLonE7) * radiansPerE7 * cosine(meanLat) * sphereRadiusM,
            Double(dLatE7) * radiansPerE7 * sphereRadiusM
        )
    }

    /// Of a whole number of degrees, for tables.
    package static func sineOfDegrees(_ degrees: Double) -> Double {
        sine(degrees * radiansPerE7 * 1e7)
    }
}
