import Synchronization
import TachoGeo
import Testing

@testable import TachoEngine

/// Who is in which cell, against a dictionary.
struct LiveGridTests {
    private func box(_ a: (Double, Double), _ b: (Double, Double)) throws -> Box {
        try Box(checkedMinLat: a.0, minLon: a.1, maxLat: b.0, maxLon: b.1)
    }

    @Test(arguments: 0..<6)
    func `riders come, move and go as in a dictionary`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let grid = LiveGrid()
        var model: [UInt32: Coordinate] = [:]
        // Some in a town, some on the antimeridian and at the poles.
        let spots: [(Double, Double, Double)] = [
            (37.5, 127, 0.02), (0.001, 179.999, 0.01), (-0.001, -179.999, 0.01), (89.99, 0, 0.01),
            (-90, 180, 0.01), (85, -120, 0.5),
        ]
        var (asked, crossing) = (0, 0)
        for step in 0..<6_000 {
            let rider = UInt32.random(in: 0..<400, using: &random)
            if Int.random(in: 0..<8, using: &random) == 0 {
                grid.change { $0.remove(rider) }
                model[rider] = nil
            } else {
                let (lat, lon, reach) = spots.randomElement(using: &random)!
                let p = Coordinate(
                    latE7: Int32(
                        max(-90, min(90, lat + .random(in: -reach...reach, using: &random))) * 1e7),
                    lonE7: Int32(
                        max(-180, min(180, lon + .random(in: -reach...reach, using: &random)))
                            * 1e7))
                grid.change { $0.place(rider, latE7: p.latE7, lonE7: p.lonE7) }
                model[rider] = p
            }
            guard step % 200 == 0 else { continue }
            #expect(Set(grid.all) == Set(model.keys), "seed \(seed), step \(step)")
            #expect(grid.count == model.count, "seed \(seed), step \(step)")
            let (lat, lon, reach) = spots.randomElement(using: &random)!
            let (west, east) = (wrapped(lon - reach / 8), wrapped(lon + reach / 8))
            let area = Area.box(
                try box((max(-90, lat - reach / 8), west), (min(90, lat + reach / 8), east)))
            let boxes = area.bounds
            guard let found = grid.riders(in: boxes) else { continue }
            asked += 1
            crossing += boxes.count > 1 ? 1 : 0
            #expect(found.count == Set(found).count, "seed \(seed), step \(step): one twice")
            let inside = model.filter { _, p in boxes.contains { $0.contains(p.lat, p.lon) } }
            #expect(
                Set(found).isSuperset(of: inside.keys), "seed \(seed), step \(step): one missed")
            // Nobody from further away than a cell.
            for rider in found {
                let p = try #require(model[rider], "seed \(seed), step \(step): one who left")
                #expect(
                    boxes.contains { $0.minLat - 0.0026 < p.lat && p.lat < $0.maxLat + 0.0026 },
                    "seed \(seed), step \(step)")
            }
        }
        #expect(asked > 5 && crossing > 0, "seed \(seed): hardly anything was asked for")
    }

    private func wrapped(_ lon: Double) -> Double {
        lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon
    }

    @Test func `where two rectangles meet in one cell its riders are listed once`() throws {
        let grid = LiveGrid()
        // Every cell of the two northernmost rows, and as many more that asking all costs more.
        for rider in 0..<14_000 {
            let lonE7 = Int32(rider % 6_000 - 3_000) * 600_000
            grid.change { grid in
                grid.place(
                    UInt32(rider), latE7: [899_995_000, 900_000_000, 0][rider / 6_000],
                    lonE7: lonE7)
            }
        }
        // All round the pole but for a strip, which is narrower than a cell.
        let boxes = try box((89.999, 10.001), (90, 10)).split
        #expect(boxes.count == 2)
        let found = try #require(grid.riders(in: boxes))
        #expect(found.count == Set(found).count)
        #expect(found.count == 12_000)
    }

    @Test func `where there are more cells than riders it says so`() throws {
        let grid = LiveGrid()
        grid.change { $0.place(3, latE7: 0, lonE7: 0) }
        #expect(grid.riders(in: [try box((-90, -180), (90, 180))]) == nil)
        #expect(grid.riders(in: [try box((-0.001, -0.001), (0.001, 0.001))]) == [3])
    }

    @Test func `a rider who stays in a cell is listed once`() throws {
        let grid = LiveGrid()
        for step in 0..<100 { grid.change { $0.place(0, latE7: Int32(step), lonE7: 5) } }
        #expect(grid.riders(in: [try box((0, 0), (0.001, 0.001))]) == [0])
        #expect(grid.all == [0])
    }
}
