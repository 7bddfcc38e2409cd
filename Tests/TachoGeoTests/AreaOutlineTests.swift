import Testing

@testable import TachoGeo

/// Distances to borders, and how far one may go without crossing one.
struct AreaOutlineTests {
    private struct Shape {
        var name: String
        var area: Area
        var middle: (lat: Double, lon: Double)
        var sizeM: Double
    }

    private static func shape(_ random: inout Seeded, _ n: Int) throws -> Shape {
        let lat = Double.random(in: -80...80, using: &random)
        let lon = n % 5 == 0 ? 179.999 : Double.random(in: -179...179, using: &random)
        let size = [30.0, 200, 3_000, 40_000].randomElement(using: &random)!
        let north = size / 111_000
        let east = min(20, north / max(0.1, cosine(lat * 0.01745)))
        func wrapped(_ lon: Double) -> Double { lon > 180 ? lon - 360 : lon }
        func text(_ value: Double) -> String { "\((value * 1e7).rounded() / 1e7)" }
        let area: Area
        switch n % 4 {
        case 0: area = .circle(try Circle(lat: lat, lon: lon, radiusM: size))
        case 1:
            area = try Area.read([
                "BBOX", text(lat - north), text(lon - east), text(lat + north),
                text(wrapped(lon + east)),
            ]).area
        case 2:
            let corners = [(-1.0, -1.0), (1.0, -0.5), (0.2, 0.0), (1.0, 1.0), (-1.0, 0.6)]
            let words = (corners + [corners[0]]).flatMap {
                [text(lat + $0.0 * north), text(wrapped(lon + $0.1 * east))]
            }
            area = try Area.read(["POLYGON", "1", "6"] + words).area
        default:
            let resolution = size < 100 ? 11 : size < 1_000 ? 9 : size < 10_000 ? 7 : 5
            area = .cell(
                Cell.containing(latDegrees: lat, lonDegrees: lon, resolution: resolution))
        }
        return Shape(name: "\(area)", area: area, middle: (lat, lon), sizeM: size)
    }

    private static func position(
        near shape: Shape, _ random: inout Seeded
    ) -> Coordinate {
        let north = shape.sizeM / 111_000
        let east = min(20, north / max(0.1, cosine(shape.middle.lat * 0.01745)))
        let lat = shape.middle.lat + Double.random(in: -2...2, using: &random) * north
        var lon = shape.middle.lon + Double.random(in: -2...2, using: &random) * east
        if lon > 180 { lon -= 360 }
        if lon < -180 { lon += 360 }
        return Coordinate(
            latE7: Int32((min(89, max(-89, lat)) * 1e7).rounded()),
            lonE7: Int32((lon * 1e7).rounded()))
    }

    /// A step of at most so many metres in any direction.
    private static func step(
        _ from: Coordinate, _ metres: Double, _ random: inout Seeded
    ) -> Coordinate {
        let angle = Double.random(in: 0..<6.283, using: &random)
        let length = metres * Double.random(in: 0.9...1, using: &random)
        let lat = from.lat + length * cosine(angle) / 111_700
        var lon = from.lon + length * sine(angle) / (111_700 * cosine(from.lat * 0.0174533))
        if lon > 180 { lon -= 360 }
        if lon < -180 { lon += 360 }
        return Coordinate(
            latE7: Int32((lat * 1e7).rounded(.towardZero)),
            lonE7: Int32((lon * 1e7).rounded(.towardZero)))
    }

    @Test(arguments: 0..<40)
    func `within the room that is promised nothing changes`(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        let shape = try Self.shape(&random, seed)
        let outline = AreaOutline(shape.area)
        let marginM = [0, 20, 500.0].randomElement(using: &random)!
        var (moved, useful) = (0, 0)
        for round in 0..<400 {
            let from = Self.position(near: shape, &random)
            let isInside = outline.contains(from)
            let isBeyond = outline.isBeyond(marginM, from)
            #expect(!(isInside && isBeyond), "seed \(seed), round \(round)")
            let enterM = isInside ? 0 : outline.roomToEnterM(from)
            let leaveM = isBeyond ? 0 : outline.roomToLeaveM(from, marginM: marginM)
            if max(enterM, leaveM) > shape.sizeM / 20 { useful += 1 }
            for _ in 0..<8 {
                if enterM > 0.1 {
                    let to = Self.step(from, enterM, &random)
                    #expect(!outline.contains(to), "seed \(seed): \(shape.name) \(from) \(to)")
                    moved += 1
                }
                if leaveM > 0.1 {
                    let to = Self.step(from, leaveM, &random)
                    #expect(
                        !outline.isBeyond(marginM, to),
                        "seed \(seed): \(shape.name) \(from) \(to)")
                    moved += 1
                }
            }
        }
        #expect(moved > 1_000 && useful > 100, "seed \(seed): the bounds say nothing")
    }

    @Test(arguments: 0..<24)
    func `metres to a border are those of the geodesic to its nearest point`(seed: Int) throws {
        var random = Seeded(UInt64(seed) + 100)
        let shape = try Self.shape(&random, seed)
        let outline = AreaOutline(shape.area)
        // Points of the area, found by looking: the nearest of them is as far as the area is.
        for _ in 0..<20 {
            let from = Self.position(near: shape, &random)
            if outline.contains(from) { continue }
            var nearest = (metres: Double.infinity, at: from)
            var reach = shape.sizeM * 4
            var middle = Coordinate(
                latE7: Int32((shape.middle.lat * 1e7).rounded()),
                lonE7: Int32((shape.middle.lon * 1e7).rounded()))
            for _ in 0..<14 {
                for _ in 0..<200 {
                    let to = Self.step(
                        middle, reach * Double.random(in: 0...1, using: &random), &random)
                    guard outline.contains(to) else { continue }
                    let metres = Distance.geodesic(
                        lat1: from.lat, lon1: from.lon, lat2: to.lat, lon2: to.lon)
                    if metres < nearest.metres { nearest = (metres, to) }
                }
                (middle, reach) = (nearest.at, reach / 2)
            }
            let (low, high) = (nearest.metres * 0.985 - 1, nearest.metres + 0.5)
            #expect(outline.isBeyond(max(0, low), from), "seed \(seed): \(shape.name) \(from)")
            #expect(
                !outline.isBeyond(high * 1.01, from),
                "seed \(seed): \(shape.name) \(from), nearest \(nearest)")
        }
    }

    @Test func `a margin is measured from the border of a box, a polygon and a circle alike`()
        throws
    {
        let east = Coordinate(latE7: 0, lonE7: 10_000_000)
        for words in ["BBOX,-1,0,1,0.999", "POLYGON,1,5,-1,0,1,0,1,0.999,-1,0.999,-1,0"] {
            let outline = AreaOutline(try Area(commaSeparated: words))
            // 0.001 degree of the equator.
            #expect(outline.isBeyond(111.3, east) && !outline.isBeyond(111.4, east), "\(words)")
        }
        let circle = AreaOutline(try Area(commaSeparated: "CIRCLE,0,0.5,50000"))
        // Half a degree is 55,659.7 m.
        #expect(circle.isBeyond(5_659, east) && !circle.isBeyond(5_660, east))
    }
}
