import Testing

@testable import TachoGeo

/// The cells that an area may have positions in, against positions in it.
struct CellCoverTests {
    private func circle(_ random: inout Seeded) throws -> Circle {
        let lat =
            Bool.random(using: &random)
            ? Double.random(in: -90...90, using: &random)
            : [89.9999, -89.99, 37.5, 0].randomElement(using: &random)!
        let lon =
            Bool.random(using: &random)
            ? Double.random(in: -180...180, using: &random)
            : [180, -180, 179.9999, 127].randomElement(using: &random)!
        return try Circle(
            lat: lat, lon: lon,
            radiusM: [0.5, 30, 100, 2_000, 80_000].randomElement(using: &random)!)
    }

    /// Within the circle, often on its rim.
    private func position(in circle: Circle, _ random: inout Seeded) -> Coordinate {
        let reach = circle.radiusM / 111_700 * [1, 0.999, 0.5].randomElement(using: &random)!
        let angle = Double.random(in: 0..<6.2831, using: &random)
        let lat = min(90, max(-90, circle.lat + reach * cosine(angle)))
        let wide = max(1e-6, cosine(lat * 0.017453))
        var lon = circle.lon + max(-180, min(180, reach * sine(angle) / wide))
        if lon > 180 { lon -= 360 }
        if lon < -180 { lon += 360 }
        return Coordinate(
            latE7: Int32((lat * 1e7).rounded(.towardZero)),
            lonE7: Int32((lon * 1e7).rounded(.towardZero)))
    }

    @Test(arguments: 0..<60)
    func `no cell of a position inside is missing, and few others are there`(seed: Int) throws {
        var random = Seeded(UInt64(seed))
        let circle = try circle(&random)
        let resolution = Int.random(in: 5...12, using: &random)
        let cover = CellCover(.circle(circle), resolution: resolution)
        for _ in 0..<300 {
            let position = position(in: circle, &random)
            guard circle.contains(position) else { continue }
            let id = Cell.containing(position, resolution: resolution).rawValue
            #expect(cover.next(id) == id, "seed \(seed): \(circle), \(position)")
        }
        // Those of a small circle reach no further than a cell beyond it.
        guard circle.radiusM <= 100, resolution <= 9 else { return }
        let cells = cover.ranges.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) + 1 }
        #expect(cells >= 1 && (resolution < 9 || cover.ranges.count <= 12), "seed \(seed)")
    }

    @Test(arguments: 0..<30)
    func `a cell of any resolution is covered by what is inside it`(seed: Int) throws {
        var random = Seeded(UInt64(seed) + 1_000)
        let at = Coordinate(
            latE7: Int32.random(in: -900_000_000...900_000_000, using: &random),
            lonE7: Int32.random(in: -1_800_000_000...1_800_000_000, using: &random))
        let cell = Cell.containing(at, resolution: Int.random(in: 4...11, using: &random))
        let resolution = Int.random(in: 5...12, using: &random)
        let cover = CellCover(.cell(cell), resolution: resolution)
        let corners = cell.boundaryDegrees
        for _ in 0..<200 {
            let a = corners.randomElement(using: &random)!
            let share = Double.random(in: 0...1, using: &random)
            let middle = cell.centreDegrees
            var east = a.lon - middle.lon
            east -= 360 * (east / 360).rounded()
            var lon = middle.lon + share * east
            if lon > 180 { lon -= 360 }
            if lon < -180 { lon += 360 }
            let position = Coordinate(
                latE7: Int32(((middle.lat + share * (a.lat - middle.lat)) * 1e7).rounded()),
                lonE7: Int32((lon * 1e7).rounded()))
            guard Area.cell(cell).contains(position) else { continue }
            let id = Cell.containing(position, resolution: resolution).rawValue
            #expect(cover.next(id) == id, "seed \(seed): \(cell.hex), \(position)")
        }
    }
}
