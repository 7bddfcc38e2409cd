import TachoGeo
import Testing

@Suite struct DistanceTests {
    private func at(_ lat: Double, _ lon: Double) -> Coordinate {
        Coordinate(latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }

    private func isNear(_ a: Double, _ b: Double, within tolerance: Double) -> Bool {
        abs(a - b) <= tolerance
    }

    /// Two places at most `reachM` apart, anywhere up to 85°, some across the antimeridian.
    private func pair(_ random: inout Seeded, reachM: Double) -> (Coordinate, Coordinate)? {
        let lat = Double.random(in: -85...85, using: &random)
        let lon =
            Bool.random(using: &random)
            ? Double.random(in: -180...180, using: &random)
            : Double.random(in: 179.5...180, using: &random)
        let reach = reachM / 111_000
        let lat2 = lat + Double.random(in: -reach...reach, using: &random)
        var lon2 = lon + Double.random(in: -0.999...0.999, using: &random) * min(1, reach * 5)
        if lon2 > 180 { lon2 -= 360 }
        if lon2 < -180 { lon2 += 360 }
        guard abs(lat2) <= 85 else { return nil }
        let (a, b) = (at(lat, lon), at(lat2, lon2))
        return geodesicM(a, b) <= reachM ? (a, b) : nil
    }

    @Test func `the oracle knows Vincenty's own example`() {
        // Flinders Peak to Buninyong, Geocentric Datum of Australia technical manual: 54,972.271 m.
        let a = at(-37.951033416667, 144.424867888889)
        let b = at(-37.652821138889, 143.926495527778)
        #expect(isNear(geodesicM(a, b), 54_972.271, within: 0.02))
        #expect(isNear(Distance.shortLegOnEllipsoid(a, b), 54_972.271, within: 54_972 * 60e-6))
    }

    @Test func `great circles of known length`() {
        let quarter = Double.pi / 2 * Distance.sphereRadiusM
        for distance in [Distance.haversine, Distance.onSphere] {
            #expect(isNear(distance(at(0, 0), at(90, 0)), quarter, within: 0.01))
            #expect(isNear(distance(at(0, 0), at(0, 90)), quarter, within: 0.01))
            #expect(isNear(distance(at(0, -90), at(0, 90)), 2 * quarter, within: 0.01))
            #expect(isNear(distance(at(-90, 0), at(90, 77)), 2 * quarter, within: 0.01))
            #expect(isNear(distance(at(10, 20), at(-10, -160)), 2 * quarter, within: 0.2))
            #expect(distance(at(50, 8), at(50, 8)) == 0)
        }
        // One degree of latitude.
        let degree = Double.pi / 180 * Distance.sphereRadiusM
        #expect(isNear(Distance.onSphere(at(50, 8), at(51, 8)), degree, within: 0.01))
    }

    @Test func `across the antimeridian it is as near as it looks`() {
        let west = at(10, 179.99995)
        let east = at(10, -179.99995)
        let here = (at(10, 0), at(10, 0.0001))
        let measures: [(Coordinate, Coordinate) -> Double] = [
            Distance.onSphere, Distance.haversine, Distance.shortLegOnEllipsoid,
        ]
        for distance in measures {
            #expect(isNear(distance(west, east), distance(here.0, here.1), within: 1e-6))
            #expect(isNear(distance(west, east), distance(east, west), within: 1e-9))
            #expect(distance(at(10, 180), at(10, -180)) < 1e-6)
        }
    }

    @Test func `at the poles all longitudes meet`() {
        for lat in [90.0, -90] {
            #expect(Distance.onSphere(at(lat, 0), at(lat, 123)) < 1e-6)
            #expect(Distance.onSphere(at(lat, -180), at(lat, 180)) < 1e-6)
            #expect(Distance.shortLegOnEllipsoid(at(lat, 0), at(lat, 90)) < 1e-6)
        }
        // Over the pole: twice the way to it.
        let side = Distance.haversine(at(89.9, 0), at(90, 0))
        #expect(isNear(Distance.onSphere(at(89.9, 0), at(89.9, 180)), 2 * side, within: 0.001))
    }

    @Test func `the rules' distance is within its bounds of the great circle and of WGS84`() {
        var checked = 0
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            guard let (a, b) = pair(&random, reachM: 100_000) else { continue }
            let fast = Distance.onSphere(a, b)
            let circle = Distance.haversine(a, b)
            #expect(isNear(fast, circle, within: 0.0002 * circle + 1e-6), "seed \(seed)")
            let truth = geodesicM(a, b)
            #expect(isNear(fast, truth, within: 0.006 * truth + 1e-6), "seed \(seed)")
            checked += 1
        }
        #expect(checked > 5_000)
    }

    @Test func `great circles are within 0.6 percent of WGS84 all over the world`() {
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            let a = at(
                .random(in: -90...90, using: &random), .random(in: -180...180, using: &random))
            let b = at(
                .random(in: -90...90, using: &random), .random(in: -180...180, using: &random))
            let truth = geodesicM(a, b)
            // Close to antipodes the oracle does not converge.
            if truth.isNaN { continue }
            #expect(
                isNear(Distance.onSphere(a, b), truth, within: 0.006 * truth), "seed \(seed)")
        }
    }

    @Test func `a short leg is within its bounds of the geodesic up to 10 km`() {
        var checked = 0
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            guard let (a, b) = pair(&random, reachM: 10_000) else { continue }
            let truth = geodesicM(a, b)
            let leg = Distance.shortLegOnEllipsoid(a, b)
            let isFarNorth = max(abs(a.latDegrees), abs(b.latDegrees)) > 70
            #expect(
                isNear(leg, truth, within: 0.001 + (isFarNorth ? 14e-6 : 1e-6) * truth),
                "seed \(seed): \(leg) for \(truth), \(a) \(b)")
            checked += 1
        }
        #expect(checked > 5_000)
    }

    @Test func `a leg along a parallel, the worst case, is within its bounds too`() {
        for (lat, bound) in [(70.0, 1e-6), (-70, 1e-6), (85, 14e-6), (-85, 14e-6)] {
            let a = at(lat, 179.8)
            let b = at(lat, lat.magnitude > 80 ? -179.2001 : -179.95)
            let truth = geodesicM(a, b)
            #expect(truth > 9_000 && truth < 10_000)
            #expect(
                isNear(Distance.shortLegOnEllipsoid(a, b), truth, within: 0.001 + bound * truth))
        }
    }

    @Test func `a leg is within 60 ppm of the geodesic up to 100 km`() {
        var checked = 0
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            guard let (a, b) = pair(&random, reachM: 100_000) else { continue }
            let truth = geodesicM(a, b)
            let leg = Distance.shortLegOnEllipsoid(a, b)
            #expect(
                isNear(leg, truth, within: 0.001 + 60e-6 * truth),
                "seed \(seed): \(leg) for \(truth), \(a) \(b)")
            checked += 1
        }
        #expect(checked > 5_000)
    }
}
