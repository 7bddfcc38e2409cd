import FormatSpec
import Testing

@testable import TachoGeo

/// The length of a leg of distance v1: its published bits, and how far from the geodesic it is.
struct LegLengthTests {
    private static func straightMm(_ a: Coordinate, _ b: Coordinate) -> Int64 {
        EarthPlace(a).millimetres(to: EarthPlace(b))
    }

    @Test func `the constants are those of the page`() throws {
        let page = try SpecPage(section: 19)
        let values: [String: Double] = [
            "RADIANS": DistanceV1.radiansPerE7, "A": DistanceV1.semiMajorMm,
            "B": DistanceV1.semiMinorMm, "E2": DistanceV1.eccentricity2, "G2": DistanceV1.axes2,
            "K": DistanceV1.curvature, "SPLIT": DistanceV1.longestChordMm,
            "NONE": DistanceV1.noMiddle, "S3": ExactSine.sine3, "S5": ExactSine.sine5,
            "S7": ExactSine.sine7, "S9": ExactSine.sine9, "S11": ExactSine.sine11,
            "S13": ExactSine.sine13, "S15": ExactSine.sine15, "C2": ExactSine.cosine2,
            "C4": ExactSine.cosine4, "C6": ExactSine.cosine6, "C8": ExactSine.cosine8,
            "C10": ExactSine.cosine10, "C12": ExactSine.cosine12, "C14": ExactSine.cosine14,
            "C16": ExactSine.cosine16,
        ]
        let rows = page.rows("name | value | what it is")
        #expect(Set(rows.map { $0[0] }) == Set(values.keys))
        for row in rows { #expect(Double(row[1]) == values[row[0]], "\(row[0])") }
        let counts: [String: Int64] = [
            "GAP": DistanceV1.gapMs, "REST": DistanceV1.restMs,
            "EXCURSION": DistanceV1.excursionMs, "REST_FIXES": Int64(DistanceV1.restFixes),
            "REST_LEAST": DistanceV1.restLeastMm, "REST_MOST": DistanceV1.restMostMm,
            "REST_PER_ACCURACY": DistanceV1.restPerAccuracyDm,
            "STANDING": Int64(DistanceV1.standingCms), "DRIFTING": Int64(DistanceV1.driftingCms),
            "NOISE_LEAST": DistanceV1.noiseLeastMm,
            "NOISE_PER_ACCURACY": DistanceV1.noisePerAccuracyDm,
            "MISSING_ACCURACY": Int64(DistanceV1.missingAccuracyDm),
        ]
        let limits = page.rows("name | value | unit")
        #expect(Set(limits.map { $0[0] }) == Set(counts.keys))
        for row in limits { #expect(Int64(row[1]) == counts[row[0]], "\(row[0])") }
        #expect(DistanceV1.contextMs == 240_000)
    }

    @Test func `the lengths of the page are computed, both ways`() throws {
        let rows = try SpecPage(section: 19).rows("from_lat | from_lon | to_lat | to_lon | mm")
        #expect(rows.count == 11)
        for row in rows {
            let degrees = row[..<4].map { text -> Int32 in
                var text = text
                let value = text.withUTF8 { Decimal.scaled(UnsafeRawBufferPointer($0), scale: 7) }
                return Int32((try? value.get()) ?? .max)
            }
            let a = Coordinate(latE7: degrees[0], lonE7: degrees[1])
            let b = Coordinate(latE7: degrees[2], lonE7: degrees[3])
            #expect(Self.straightMm(a, b) == Int64(row[4]), "\(row)")
            #expect(Self.straightMm(b, a) == Int64(row[4]), "\(row)")
        }
    }

    /// Angle in 1e-7 degree, bits of sine and cosine as Python computes them.
    private static let published: [(Int32, UInt64, UInt64)] = [
        (1, 0x3E1D_FC0A_0ACF_97E2, 0x3FF0_0000_0000_0000),
        (375_665_000, 0x3FE3_8283_727A_FD9A, 0x3FE9_5D5B_AB91_E9AE),
        (449_999_999, 0x3FE6_A09E_65D5_9D90, 0x3FE6_A09E_6728_DA09),
        (450_000_000, 0x3FE6_A09E_667F_3BCD, 0x3FE6_A09E_667F_3BCC),
        (450_000_001, 0x3FE6_A09E_6728_DA09, 0x3FE6_A09E_65D5_9D90),
        (-899_999_999, 0xBFF0_0000_0000_0000, 0x3E1D_FC0A_0ACF_97E2),
        (1_269_780_000, 0x3FE9_9050_8B5B_D14E, 0xBFE3_3F8E_62E5_915C),
        (-1_350_000_000, 0xBFE6_A09E_667F_3BCC, 0xBFE6_A09E_667F_3BCD),
        (1_799_999_999, 0x3E1D_FC0A_0ACF_97E2, 0xBFF0_0000_0000_0000),
    ]

    @Test func `sines and places have the published bits`() {
        for (angle, sine, cosine) in Self.published {
            let found = ExactSine.sineCosine(angle)
            #expect(found.sine.bitPattern == sine, "\(angle)")
            #expect(found.cosine.bitPattern == cosine, "\(angle)")
        }
        let place = EarthPlace(Coordinate(latE7: 375_665_000, lonE7: 1_269_780_000))
        #expect(place.x.bitPattern == 0xC1E6_AF74_F846_1EB6)
        #expect(place.y.bitPattern == 0x41EE_20EA_66EB_B041)
        #expect(place.z.bitPattern == 0x41EC_D083_321C_0487)
    }

    private static func mix(_ hash: inout UInt64, _ value: Double) {
        hash = (hash ^ value.bitPattern) &* 0x100_0000_01B3
    }

    @Test func `all bits of 10,002 angles and 2,000 places are those of Python`() {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for angle in stride(from: Int32(-1_799_999_993), to: 1_800_000_000, by: 359_963) {
            let found = ExactSine.sineCosine(angle)
            Self.mix(&hash, found.sine)
            Self.mix(&hash, found.cosine)
        }
        #expect(hash == 0x2695_CC70_B04E_64DA)
        hash = 0xCBF2_9CE4_8422_2325
        for index in 0..<Int32(2_000) {
            let place = EarthPlace(
                Coordinate(
                    latE7: index * 899_563 - 899_000_000,
                    lonE7: Int32(Int64(index) * 1_799_337 - 1_799_000_000)))
            for value in [place.x, place.y, place.z] { Self.mix(&hash, value) }
        }
        #expect(hash == 0x10EC_AF99_916D_8CF9)
    }

    /// The series with each × and + in one rounding, as a compiler that contracts would have it.
    private static func fused(_ angle: Int32) -> (sine: Double, cosine: Double) {
        let x = Double(angle) * DistanceV1.radiansPerE7
        let t = x * x
        var p = ExactSine.sine15
        for factor in [
            ExactSine.sine13, ExactSine.sine11, ExactSine.sine9, ExactSine.sine7, ExactSine.sine5,
            ExactSine.sine3,
        ] { p = factor.addingProduct(p, t) }
        let s = x.addingProduct(x, t * p)
        p = ExactSine.cosine16
        for factor in [
            ExactSine.cosine14, ExactSine.cosine12, ExactSine.cosine10, ExactSine.cosine8,
            ExactSine.cosine6, ExactSine.cosine4, ExactSine.cosine2,
        ] { p = factor.addingProduct(p, t) }
        return (s, 1.0.addingProduct(t, p))
    }

    @Test func `nothing is fused: fused, one sine in twenty would have other bits`() {
        var others = 0
        for angle in stride(from: Int32(1), to: 450_000_000, by: 450_007) {
            let (plain, fused) = (ExactSine.sineCosine(angle), Self.fused(angle))
            #expect(abs(plain.sine - fused.sine) < 1e-15)
            #expect(abs(plain.cosine - fused.cosine) < 1e-15)
            if plain.sine != fused.sine || plain.cosine != fused.cosine { others += 1 }
        }
        #expect(others > 50)
        // An angle whose bits tell: the published ones, and not the fused ones.
        let telling = Self.published.filter { angle, sine, cosine in
            guard (0...450_000_000).contains(angle) else { return false }
            let fused = Self.fused(angle)
            return fused.sine.bitPattern != sine || fused.cosine.bitPattern != cosine
        }
        #expect(!telling.isEmpty)
    }

    @Test func `legs up to 10 km are the geodesic, rounded, everywhere`() {
        var random = TrackRandom(seed: 11)
        for _ in 0..<20_000 {
            let lat: Double =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: Double.random(in: 89.9...90, using: &random)
                case 1: -Double.random(in: 89.9...90, using: &random)
                default: Double.random(in: -90...90, using: &random)
                }
            let reach = [1.0, 30, 900, 7_000].randomElement(using: &random)!
            let lon = Double.random(in: -180...180, using: &random)
            let a = RandomTrack.place(lat, lon, north: 0, east: 0)
            let b = RandomTrack.place(
                lat, lon, north: Double.random(in: -reach...reach, using: &random),
                east: Double.random(in: -reach...reach, using: &random))
            let exact = 1e3 * Distance.geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
            guard exact <= 1e7 else { continue }
            let mm = Self.straightMm(a, b)
            // Vincenty's series is itself within 0.1 mm.
            #expect(abs(Double(mm) - exact) <= 0.5 + 0.11, "\(a) \(b)")
            #expect(mm == Self.straightMm(b, a), "\(a) \(b)")
        }
    }

    @Test func `far legs follow the great ellipse`() {
        var random = TrackRandom(seed: 12)
        for _ in 0..<400 {
            let a = Coordinate(
                latE7: .random(in: -900_000_000...900_000_000, using: &random),
                lonE7: .random(in: -1_800_000_000...1_800_000_000, using: &random))
            let b = Coordinate(
                latE7: .random(in: -900_000_000...900_000_000, using: &random),
                lonE7: .random(in: -1_800_000_000...1_800_000_000, using: &random))
            let exact = Distance.geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
            let metres = Double(Self.straightMm(a, b)) * 1e-3
            // Shorter than the shortest way only by what chords are bent too little.
            #expect(metres >= exact * (1 - 1e-8) - 1e-3, "\(a) \(b)")
            #expect(metres <= exact * 1.002, "\(a) \(b)")
            if exact < 1e6 { #expect(metres <= exact * (1 + 2e-8) + 1e-3, "\(a) \(b)") }
            #expect(Self.straightMm(a, b) == Self.straightMm(b, a), "\(a) \(b)")
        }
    }

    @Test func `one place is one place, at the antimeridian and at poles too`() {
        let east = Coordinate(latE7: 123, lonE7: 1_800_000_000)
        let west = Coordinate(latE7: 123, lonE7: -1_800_000_000)
        #expect(Self.straightMm(east, west) == 0)
        for lon: Int32 in [-1_800_000_000, -7, 0, 900_000_000] {
            for lat: Int32 in [-900_000_000, 900_000_000] {
                let pole = Coordinate(latE7: lat, lonE7: lon)
                #expect(Self.straightMm(pole, Coordinate(latE7: lat, lonE7: 5)) == 0)
                #expect(Self.straightMm(pole, pole) == 0)
            }
        }
    }

    @Test func `places opposite each other, or nearly, are half a meridian apart`() {
        for lat in stride(from: Int32(-900_000_000), through: 900_000_000, by: 50_000_000) {
            for lon: Int32 in [0, 1, 900_000_000, 1_799_999_999, -1_234_567] {
                let a = Coordinate(latE7: lat, lonE7: lon)
                let other = lon > 0 ? lon - 1_800_000_000 : lon + 1_800_000_000
                for (north, east): (Int32, Int32) in [(0, 0), (1, 0), (0, 1), (-1, 1), (3, -2)] {
                    let b = Coordinate(
                        latE7: max(-900_000_000, min(900_000_000, -lat + north)),
                        lonE7: min(1_800_000_000, other + east))
                    let metres = Double(Self.straightMm(a, b)) * 1e-3
                    // Beside the exact opposite the great ellipse may be the long way round.
                    #expect(metres > Distance.longestGeodesicM - 1, "\(a) \(b)")
                    #expect(metres < Distance.longestGeodesicM * 1.002, "\(a) \(b)")
                    #expect(Self.straightMm(a, b) == Self.straightMm(b, a), "\(a) \(b)")
                    if north == 0 && east == 0 {
                        #expect(abs(metres - Distance.longestGeodesicM) < 0.1, "\(a)")
                    }
                }
            }
        }
    }
}
