import TachoGeo
import Testing

/// Areas as they are asked for: what belongs to them, and how they are written.
struct AreaTests {
    private func position(_ lat: Double, _ lon: Double) -> Coordinate {
        Coordinate(latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }

    private func read(_ words: String) throws -> Area {
        try Area(commaSeparated: words.replacing(" ", with: ","))
    }

    @Test func `a circle is what is near along geodesics, its border too`() throws {
        // One degree of the equator is 111,319.4908 m, one of the meridian 110,574.3886 m.
        let degree = try Circle(lat: 0, lon: 0, radiusM: 111_319.491)
        #expect(degree.contains(position(0, 1)))
        #expect(!degree.contains(position(0, 1.000_000_1)))
        #expect(degree.contains(position(1, 0)))
        let meridian = try Circle(lat: 0, lon: 0, radiusM: 110_574.389)
        #expect(meridian.contains(position(1, 0)))
        #expect(!meridian.contains(position(0, 1)))
        #expect(try read("CIRCLE 37.5 127 20003931").contains(position(-37.4, -53)))
        #expect(try read("CIRCLE 90 0 200000").contains(position(89, 123)))
        #expect(try read("CIRCLE 0 179.99 5000").contains(position(0, -179.99)))
    }

    @Test func `a box whose west is further east goes over the antimeridian`() throws {
        let box = try read("BBOX -10 170 10 -170")
        for lon in [170.0, 180, -180, -170] { #expect(box.contains(position(10, lon)), "\(lon)") }
        for lon in [0.0, 169.9999999, -169.9999999] {
            #expect(!box.contains(position(0, lon)), "\(lon)")
        }
        // 180° is one meridian, whichever way it is written.
        #expect(try read("BBOX -10 170 10 180").contains(position(0, -180)))
        #expect(try read("BBOX -10 -180 10 -170").contains(position(0, 180)))
        #expect(try !read("BBOX 10.0000001 0 20 10").contains(position(10, 5)))
    }

    @Test func `a polygon has borders of seven decimals to the digit`() throws {
        let polygon = try read(
            "POLYGON 2 5 37.1 127.1 37.1 127.2 37.2 127.2 37.2 127.1 37.1 127.1"
                + " 4 37.14 127.14 37.14 127.16 37.16 127.15 37.14 127.14")
        for (lat, lon) in [(37.1, 127.1), (37.15, 127.2), (37.2, 127.1234567), (37.14, 127.15)] {
            #expect(polygon.contains(position(lat, lon)), "\(lat) \(lon)")
        }
        #expect(!polygon.contains(position(37.0999999, 127.15)))
        #expect(!polygon.contains(position(37.15, 127.2000001)))
        #expect(!polygon.contains(position(37.1500001, 127.15)))
    }

    @Test func `a cell is what lies in it at its resolution`() throws {
        let place = position(37.5665, 126.978)
        let cell = Cell.containing(place, resolution: 9)
        let area = try read("CELL \(cell.hex)")
        #expect(area.contains(place))
        let next = try #require(try cell.disk(1).first { $0 != cell })
        #expect(!area.contains(next.centre))
        #expect(area.contains(cell.centre))
    }

    /// Areas of all kinds all over the globe, some over the antimeridian and the poles.
    private func some(_ random: inout Seeded) throws -> Area {
        let lat = Double.random(in: -90...90, using: &random)
        let lon = Double.random(in: -180...180, using: &random)
        let reach = pow10(Double.random(in: 2...7.3, using: &random))
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return .circle(
                try Circle(lat: lat, lon: lon, radiusM: min(reach, Distance.longestGeodesicM)))
        case 1:
            let other = Double.random(in: -90...90, using: &random)
            let east = Double.random(in: -180...180, using: &random)
            return .box(
                try Box(
                    checkedMinLat: min(lat, other), minLon: lon, maxLat: max(lat, other),
                    maxLon: east))
        case 2:
            let high = min(90, lat + reach / 200_000)
            let wrapped = lon + reach / 150_000
            let east = wrapped > 180 ? wrapped - 360 : wrapped
            guard high > lat, east != lon, abs(wrapped - lon) < 170 else {
                return try some(&random)
            }
            let corners = [(lat, lon), (lat, east), (high, lon), (lat, lon)]
            return .polygon(
                try Polygon(rings: [corners.map { PlanePosition(lat: $0.0, lon: $0.1) }]))
        default:
            return .cell(
                Cell.containing(
                    position(lat, lon), resolution: Int.random(in: 0...6, using: &random)))
        }
    }

    private func pow10(_ exponent: Double) -> Double {
        var value = 1.0
        for _ in 0..<Int(exponent) { value *= 10 }
        return value * (1 + 9 * (exponent - exponent.rounded(.down)))
    }

    @Test(arguments: 0..<4)
    func `whatever is inside is inside the bounds`(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        var inside = 0
        for round in 0..<300 {
            let area = try some(&random)
            let bounds = area.bounds
            #expect(!bounds.isEmpty && bounds.count <= 3)
            for _ in 0..<60 {
                // Half of them within or near the bounds, so that small areas are met too.
                let box = bounds.randomElement(using: &random)!
                let isNear = Bool.random(using: &random)
                var p = position(
                    Double.random(
                        in: isNear ? box.minLat...box.maxLat : -90...90, using: &random),
                    Double.random(
                        in: isNear ? box.minLon...box.maxLon : -180...180, using: &random))
                switch Int.random(in: 0..<10, using: &random) {
                case 0: p.lonE7 = 1_800_000_000
                case 1: p.lonE7 = -1_800_000_000
                case 2: p.latE7 = 900_000_000
                default: break
                }
                guard area.contains(p) else { continue }
                inside += 1
                #expect(
                    bounds.contains { $0.contains(p.lat, p.lon) },
                    "seed \(seed), round \(round): \(p) in \(area), not in \(bounds)")
            }
        }
        #expect(inside > 2_000, "seed \(seed)")
    }

    @Test func `whatever lies in a coarse cell is inside its bounds, round the poles too`() {
        var random = Seeded(12)
        for round in 0..<40_000 {
            // As often near a pole as elsewhere.
            let lat =
                round % 2 == 0
                ? Double.random(in: -90...90, using: &random)
                : Double.random(in: 75...90, using: &random) * (round % 4 == 1 ? 1 : -1)
            let p = position(lat, Double.random(in: -180...180, using: &random))
            for resolution in [0, 1, 2, 3, 5] {
                let cell = Cell.containing(p, resolution: resolution)
                #expect(
                    Area.cell(cell).bounds.contains { $0.contains(p.lat, p.lon) },
                    "seed 12, round \(round): \(p) in \(cell)")
            }
        }
    }

    @Test func `the antimeridian is one line, from whichever side it is named`() throws {
        for area in [
            "BBOX -10 170 10 180", "BBOX -10 -180 10 -170", "CIRCLE 0 180 1000",
            "POLYGON 1 5 -5 170 -5 -180 5 -180 5 170 -5 170",
            "POLYGON 1 5 -5 -180 -5 -170 5 -170 5 180 -5 -180",
        ] {
            let area = try read(area)
            for lon in [180.0, -180] {
                #expect(area.contains(position(1e-3, lon)), "\(area) \(lon)")
                #expect(area.bounds.contains { $0.contains(1e-3, lon) }, "\(area) \(lon)")
            }
        }
    }

    @Test func `the circle's quick answers are those of the geodesic`() throws {
        var random = Seeded(9)
        for round in 0..<3_000 {
            let lat = Double.random(in: -89...89, using: &random)
            let lon = Double.random(in: -180...180, using: &random)
            let p = position(
                max(-90, min(90, lat + Double.random(in: -2...2, using: &random))),
                max(-180, min(180, lon + Double.random(in: -2...2, using: &random))))
            let metres = Distance.geodesic(lat1: lat, lon1: lon, lat2: p.lat, lon2: p.lon)
            // Within a percent of the border, where the sphere cannot tell.
            let radius = metres * Double.random(in: 0.99...1.01, using: &random) + 1e-6
            let circle = try Circle(lat: lat, lon: lon, radiusM: radius)
            #expect(circle.contains(p) == (metres <= radius), "seed 9, round \(round)")
        }
    }

    @Test func `words that are no area say what is wrong`() {
        func error(_ words: String) -> AreaError? {
            do {
                _ = try Area(commaSeparated: words)
                return nil
            } catch { return error }
        }
        #expect(error("") == .unknownShape(""))
        #expect(error("SQUARE,1,2") == .unknownShape("SQUARE"))
        #expect(error("CIRCLE") == .incomplete("CIRCLE"))
        #expect(error("circle,37.5,127") == .incomplete("CIRCLE"))
        #expect(error("CIRCLE,127.02,37.5,100") == .latitude("127.02"))
        #expect(error("CIRCLE,37.5,181,100") == .longitude("181"))
        #expect(error("CIRCLE,37.5,127,0") == .radius(0))
        #expect(error("CIRCLE,37.5,127,-1") == .radius(-1))
        #expect(error("CIRCLE,37.5,127,2.1e7") == .radius(2.1e7))
        for text in ["nan", "inf", "0x10", "", "1m"] {
            #expect(error("CIRCLE,37.5,127,\(text)") == .notANumber(what: "radius", text: text))
            #expect(error("CIRCLE,\(text),127,1") == .notANumber(what: "lat", text: text))
        }
        #expect(error("BBOX,2,0,1,0") == .noBox(minLat: 2, maxLat: 1))
        #expect(error("BBOX,1,0,2") == .incomplete("BBOX"))
        #expect(error("CELL,89283082837fffe") == .notACell("89283082837fffe"))
        #expect(error("CELL,xyz") == .notACell("xyz"))
        #expect(error("POLYGON,0") == .noRing)
        #expect(error("POLYGON,-1") == .notANumber(what: "rings", text: "-1"))
        #expect(error("POLYGON,1,20000") == .tooManyPoints)
        #expect(error("POLYGON,1,5,80,0,81,90,80,180,79,-90,80,0") == .roundThePole(ring: 0))
        #expect(error("CELL,a\u{1B}[1m\nb") == .notACell("a?[1m?b"))
        let long = String(repeating: "x", count: 70)
        #expect(error(long) == .unknownShape(String(repeating: "x", count: 64) + "..."))
        #expect(error("POLYGON,1,3,0,0,0,1,1,1") == .open(ring: 0))
        #expect(error("POLYGON,1,4,0,0,0,1,1,1,0") == .incomplete("POLYGON"))
        #expect(error("CIRCLE,37.5,127,100,5") == .unknownShape("5"))
        #expect(
            AreaError.latitude("127.02").description
                == "lat 127.02 out of range, did you swap lat and lon?")
    }
}
