import TachoGeo
import Testing

/// Areas within rings. Cells of them against H3 itself: `tools/campaigns/cells.py`.
@Suite struct PolygonTests {
    private func ring(_ points: [(Double, Double)]) -> [PlanePosition] {
        points.map { PlanePosition(lat: $0.0, lon: $0.1) }
    }

    private var square: [PlanePosition] { ring([(0, 0), (0, 10), (10, 10), (10, 0), (0, 0)]) }
    private var hole: [PlanePosition] { ring([(4, 4), (4, 6), (6, 6), (6, 4), (4, 4)]) }

    @Test func `borders belong to it, holes do not`() throws {
        let polygon = try Polygon(rings: [square, hole])
        for inside in [(1.0, 1.0), (0, 0), (0, 5), (10, 10), (4, 5), (6, 6), (9.999, 0)] {
            #expect(polygon.contains(lat: inside.0, lon: inside.1), "\(inside)")
        }
        for outside in [(5.0, 5.0), (10.001, 5), (-0.001, 5), (5, 10.001), (4.001, 5.999)] {
            #expect(!polygon.contains(lat: outside.0, lon: outside.1), "\(outside)")
        }
    }

    @Test func `over the antimeridian it goes the short way round`() throws {
        let polygon = try Polygon(
            rings: [ring([(-5, 170), (-5, -170), (5, -170), (5, 170), (-5, 170)])])
        #expect(polygon.crossesAntimeridian)
        for lon in [170.0, 179.9, 180, -180, -179.9, -170] {
            #expect(polygon.contains(lat: 0, lon: lon), "\(lon)")
        }
        for lon in [0.0, 169.9, -169.9, 90, -90] {
            #expect(!polygon.contains(lat: 0, lon: lon), "\(lon)")
        }
    }

    @Test func `edges go the shorter way round, however wide the whole is`() throws {
        // Three quarters of the way round, over the antimeridian.
        let wide = try Polygon(
            rings: [
                ring([
                    (0, -20), (1, 60), (2, 140), (3, -140), (10, -140), (11, 140), (12, 60),
                    (13, -20), (0, -20),
                ]),
                ring([(5, 170), (5, -170), (6, -170), (6, 170), (5, 170)]),
            ])
        for inside in [(5.0, 0.0), (5, 100), (7, -179), (7, 179), (4, 180)] {
            #expect(wide.contains(lat: inside.0, lon: inside.1), "\(inside)")
        }
        for outside in [(6.0, -30.0), (6, -130), (5.5, 179), (5.5, -179), (14, 0)] {
            #expect(!wide.contains(lat: outside.0, lon: outside.1), "\(outside)")
        }
        #expect(throws: AreaError.roundThePole(ring: 0)) {
            try Polygon(
                rings: [ring([(80, 0), (81, 90), (80, 180), (79, -90), (80, 0)])])
        }
    }

    @Test func `what is no area says why`() {
        func error(_ rings: [[PlanePosition]]) -> AreaError? {
            do {
                _ = try Polygon(rings: rings)
                return nil
            } catch { return error }
        }
        #expect(error([]) == .noRing)
        #expect(error([[]]) == .fewPoints(ring: 0))
        #expect(error([square.dropLast()]) == .open(ring: 0))
        #expect(error([ring([(0, 0), (1, 1), (0, 0)])]) == .fewPoints(ring: 0))
        #expect(error([ring([(0, 0), (9, 9), (0, 9), (9, 0), (0, 0)])]) == .selfCrossing(ring: 0))
        #expect(error([ring([(0, 0), (0, 9), (0, 3), (3, 3), (0, 0)])]) == .selfCrossing(ring: 0))
        #expect(error([ring([(0, 0), (0, .nan), (3, 3), (0, 0)])]) == .notAPosition)
        #expect(error([ring([(0, 0), (0, 181), (3, 3), (0, 0)])]) == .notAPosition)
        #expect(error([ring([(0, 0), (91, 0), (3, 3), (0, 0)])]) == .notAPosition)
        let apart = hole.map { PlanePosition(lat: $0.lat + 20, lon: $0.lon) }
        #expect(error([square, apart]) == .holeOutside(ring: 1))
        #expect(error([hole, square]) == .holeOutside(ring: 1))
        let across = hole.map { PlanePosition(lat: $0.lat, lon: $0.lon + 5) }
        #expect(error([square, across]) == .crossingRings(0, 1))
        #expect(error([square, hole]) == nil)
        let many = (0...Polygon.mostPoints).map { PlanePosition(lat: Double($0) * 1e-3, lon: 0) }
        #expect(error([many]) == .tooManyPoints)
    }

    @Test func `its cells are those whose middle lies in it`() throws {
        var random = Seeded(31)
        for n in 0..<40 {
            let (lat, lon) = (
                Double.random(in: -70...70, using: &random),
                Double.random(in: -180...180, using: &random)
            )
            let resolution = n % 8
            let size = 40 / [1, 2.6, 7, 18, 49, 130, 343, 900][resolution]
            let corners = (0..<5).map { corner -> PlanePosition in
                let angle = 72 * Double(corner)
                let far = size * Double.random(in: 0.3...1, using: &random)
                let east = lon + far * Distance.sineOfDegrees(angle)
                let turned = east > 180 ? east - 360 : east < -180 ? east + 360 : east
                return PlanePosition(
                    lat: max(-89, min(89, lat + far * Distance.sineOfDegrees(angle + 90))),
                    lon: turned)
            }
            guard let polygon = try? Polygon(rings: [corners + [corners[0]]]) else { continue }
            let cells = try polygon.cells(at: resolution)
            #expect(cells.map(\.rawValue) == cells.map(\.rawValue).sorted())
            // All cells round about, one by one.
            let middle = Cell.containing(
                latDegrees: lat, lonDegrees: lon, resolution: resolution)
            let near = try middle.disk(resolution == 0 ? 12 : 40).filter {
                let (lat, lon) = $0.centreDegrees
                return polygon.contains(lat: lat, lon: lon)
            }
            #expect(Set(near).subtracting(cells) == [], "seed 31, \(n)")
            #expect(
                cells.allSatisfy {
                    polygon.contains(lat: $0.centreDegrees.lat, lon: $0.centreDegrees.lon)
                })
        }
    }
}
