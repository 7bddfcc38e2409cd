import TachoGeo
import Testing

/// Circles and rectangles as Redis measures them, and its scores.
struct SphereShapeTests {
    private func position(_ lat: Double, _ lon: Double) -> Coordinate {
        Coordinate(latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }

    /// Another way to the same distance: the chord between two points of the sphere.
    private func chordM(_ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double) -> Double {
        func point(_ lat: Double, _ lon: Double) -> SIMD3<Double> {
            let (sinLat, cosLat) = (Distance.sineOfDegrees(lat), Distance.sineOfDegrees(90 - lat))
            return SIMD3(
                cosLat * Distance.sineOfDegrees(90 - lon), cosLat * Distance.sineOfDegrees(lon),
                sinLat)
        }
        let d = point(lat1, lon1) - point(lat2, lon2)
        return (d * d).sum().squareRoot() * 6_372_797.560856
    }

    @Test func `distances are those of Redis's sphere`() {
        var random = Seeded(1)
        for round in 0..<2_000 {
            let (lat1, lon1) = (
                Double.random(in: -90...90, using: &random),
                Double.random(in: -180...180, using: &random)
            )
            let reach = [1e-4, 0.01, 1, 60].randomElement(using: &random)!
            let lat2 = max(-90, min(90, lat1 + .random(in: -reach...reach, using: &random)))
            let lon2 = lon1 + .random(in: -reach...reach, using: &random)
            let distanceM = Distance.onRedisSphere(lat1: lat1, lon1: lon1, lat2: lat2, lon2: lon2)
            let angle = distanceM / 6_372_797.560856 * 90 / 3.141592653589793
            let expected = chordM(lat1, lon1, lat2, lon2)
            let chord = 2 * 6_372_797.560856 * Distance.sineOfDegrees(angle)
            #expect((chord - expected).magnitude < 1e-5, "round \(round) of seed 1")
        }
        let half = Distance.onRedisSphere(lat1: 0, lon1: 0, lat2: 0, lon2: 180)
        #expect((half - 20_020_734).magnitude < 0.01)
    }

    @Test func `scores and geohashes are those of redis-server 7`() {
        let answers: [(lat: Double, lon: Double, score: UInt64, text: String)] = [
            (37.5665, 126.978, 4_077_564_854_911_468, "wydm9qy89z0"),
            (37.51, 127.02, 4_077_553_651_697_717, "wydm6kmpsd0"),
            (0, -180, 1_125_899_906_842_624, "80000000000"),
            (-0.000_000_1, 0.000_000_1, 2_627_099_782_632_789, "kpbpbpbpbp0"),
            (85.051_128_7, 12.345_678_9, 3_761_838_776_383_447, "ur0gbgjfep0"),
            (-85.051_128_7, -179.999_999_9, 0, "00bh0hbj200"),
        ]
        for answer in answers {
            let hash = RedisGeohash(position(answer.lat, answer.lon))
            #expect(hash.score == answer.score && hash.text == answer.text, "\(answer)")
        }
    }

    @Test func `where Redis does not go, scores are those of the last cell`() {
        let last = RedisGeohash(position(85.051_128_7, 12.345_678_9))
        for lat in [85.051_128_8, 86, 90] {
            #expect(RedisGeohash(position(lat, 12.345_678_9)).score == last.score)
        }
        #expect(RedisGeohash(position(86, 12.345_678_9)).text == "ur2c0zvf710")
        #expect(RedisGeohash(position(90, 12.345_678_9)).text == "urbzbzvzgp0")
        #expect(RedisGeohash(position(-90, 12.345_678_9)).text == "h20b0bjb500")
        #expect(RedisGeohash(position(-90, 12.345_678_9)).score < 1 << 52)
        let (east, west) = (RedisGeohash(position(10, 180)), RedisGeohash(position(10, -180)))
        #expect(east == RedisGeohash(position(10, 179.999_999_9)) && east != west)
        #expect(east.text.hasPrefix("xczbzur") && west.text.hasPrefix("81b0bh2"))
    }

    @Test func `a rectangle is measured along the meridian and at the latitude of the place`() {
        let box = SphereShape(
            lat: 60, lon: 10, extent: .rectangle(widthM: 2_000, heightM: 4_000))
        // A degree of latitude is 111,226.3 m there, one of longitude at 60° half of it.
        #expect(box.distanceM(to: position(60.017_98, 10)) != nil)
        #expect(box.distanceM(to: position(60.017_982, 10)) == nil)
        #expect(box.distanceM(to: position(60, 10.017_98)) != nil)
        #expect(box.distanceM(to: position(60, 10.017_985)) == nil)
        // Further north the same degrees are fewer metres.
        #expect(box.distanceM(to: position(60.017, 10.017_985)) != nil)
        let whole = SphereShape(
            lat: 60, lon: 10, extent: .rectangle(widthM: .infinity, heightM: .infinity))
        #expect(whole.distanceM(to: position(-60, -170)) != nil)
    }

    /// Centres beside poles and the antimeridian, lengths of all sizes.
    private func shape(_ random: inout Seeded) -> SphereShape {
        let lat = [0, 37.5, 89.99, -90, 84, .random(in: -90...90, using: &random)]
            .randomElement(using: &random)!
        let lon = [127, 180, -180, 179.9999, .random(in: -180...180, using: &random)]
            .randomElement(using: &random)!
        func length() -> Double {
            let whole = [1, 300, 20_000, 900_000, 1e7, 2e7, 4e7].randomElement(using: &random)!
            return whole * .random(in: 0...1.2, using: &random)
        }
        return SphereShape(
            lat: lat, lon: lon,
            extent: Bool.random(using: &random)
                ? .circle(radiusM: length())
                : .rectangle(widthM: length(), heightM: length()))
    }

    @Test(arguments: 0..<8)
    func `the rectangles of a shape hold whatever is inside, and the reach too`(seed: Int) {
        var random = Seeded(UInt64(seed))
        var inside = 0
        for round in 0..<600 {
            let shape = shape(&random)
            let bounds = shape.bounds
            for box in bounds { #expect(box.minLon <= box.maxLon && box.minLat <= box.maxLat) }
            let reach = shape.reachM / 6_372_797.560856 * 57.3
            for _ in 0..<60 {
                // As far as the shape goes, in all directions, and a bit further.
                let north = reach * .random(in: -1.01...1.01, using: &random)
                let lat = max(-90, min(90, shape.lat + north))
                let wide = reach / max(1e-3, Distance.sineOfDegrees(90 - lat.magnitude))
                var lon =
                    shape.lon + .random(in: -1.01...1.01, using: &random) * min(180, wide)
                lon = lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon
                if Int.random(in: 0..<30, using: &random) == 0 { lon = lon < 0 ? -180 : 180 }
                let place = position(lat, lon)
                guard let distanceM = shape.distanceM(to: place) else { continue }
                inside += 1
                #expect(
                    bounds.contains { $0.contains(place.lat, place.lon) },
                    "seed \(seed), round \(round): \(shape), \(place)")
                #expect(distanceM <= shape.reachM, "seed \(seed), round \(round): \(shape)")
            }
        }
        #expect(inside > 5_000, "seed \(seed): hardly anything was inside")
    }

    @Test func `the rectangles of a small shape are small`() {
        for lat in [0.0, 37.5, -84] {
            let circle = SphereShape(lat: lat, lon: 127, extent: .circle(radiusM: 1_000))
            let box = SphereShape(
                lat: lat, lon: 127, extent: .rectangle(widthM: 2_000, heightM: 2_000))
            for bounds in [circle.bounds, box.bounds] {
                #expect(bounds.count == 1)
                let height = bounds[0].maxLat - bounds[0].minLat
                let width =
                    (bounds[0].maxLon - bounds[0].minLon)
                    * Distance.sineOfDegrees(90 - lat.magnitude)
                #expect(height < 0.01801 && width < 0.0181, "\(lat): \(height) \(width)")
            }
        }
    }
}
