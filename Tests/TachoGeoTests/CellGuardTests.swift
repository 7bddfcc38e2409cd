import Foundation
import Testing

@testable import TachoGeo

/// What makes the fast way the published one: its parts, and the guard band.
@Suite struct CellGuardTests {
    /// Cases that `tools/cells/generate.py` asked H3 4.5.0 for, on borders of cells and faces.
    private func borders() throws -> [(lat: Double, lon: Double, resolution: Int, hex: String)] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/cells-on-borders.csv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map
        {
            let field = $0.split(separator: ",").map(String.init)
            return (
                try #require(Double(field[0])), try #require(Double(field[1])),
                try #require(Int(field[2])), field[3]
            )
        }
    }

    @Test func `on borders the guard band decides, and as H3 does`() throws {
        var wrong = 0
        var unsure = 0
        let cases = try borders()
        #expect(cases.count == 800)
        for one in cases {
            let cell = Cell.containing(
                latDegrees: one.lat, lonDegrees: one.lon, resolution: one.resolution)
            #expect(cell.hex == one.hex, "\(one)")
            var id = [UInt64(0)]
            id.withUnsafeMutableBufferPointer { id in
                withUnsafePointer(to: one.lat) { lat in
                    withUnsafePointer(to: one.lon) { lon in
                        Cell.containing(
                            latDegrees: UnsafeBufferPointer(start: lat, count: 1),
                            lonDegrees: UnsafeBufferPointer(start: lon, count: 1),
                            resolution: one.resolution, into: id)
                    }
                }
            }
            #expect(Cell(rawValue: id[0]).hex == one.hex, "\(one)")
            let guess = CellLocator.guess(
                SIMD2(one.lat, one.lon) * Cell.radiansPerDegree, resolution: one.resolution)
            let guessed = Cell(guess.at, resolution: one.resolution)
            wrong += guessed.hex != one.hex ? 1 : 0
            unsure += guess.isSure ? 0 : 1
            #expect(!guess.isSure || guessed.hex == one.hex, "\(one)")
        }
        // Without the band these would be other ids than H3's.
        #expect(wrong > 50)
        // All but a few lie within it.
        #expect(unsure > 600)
    }

    /// A tenth of the band: errors of both ways together must never come near it.
    @Test func `no guess is wrong further than a tenth of the guard band from a border`() {
        let seed: UInt64 = 82
        var places = HardPositions(seed: seed)
        for n in 0..<60_000 {
            let resolution = n % 16
            let at = places.next(resolution: resolution)
            let radians = SIMD2(at.lat, at.lon) * Cell.radiansPerDegree
            let p = Vector(latRadians: radians[0], lonRadians: radians[1])
            let guess = CellLocator.guess(radians, resolution: resolution)
            let published = FacePlane.locate(p, resolution: resolution)
            guard guess.at != published else { continue }
            #expect(!guess.isSure, "seed \(seed), position \(n), \(at)")
            let nearest = CellTables.faceCentres.map { $0.dot(p) }.sorted()
            guard nearest[19] < CellLocator.cosineNearMiddle, guess.at.face == published.face
            else { continue }
            // Both claim it: it is as far from the middle of one cell as of the other.
            let plane = FaceAxes(face: guess.at.face, resolution: resolution)
            let x = p.dot(plane.xAxis) / p.dot(plane.normal)
            let y = p.dot(plane.yAxis) / p.dot(plane.normal)
            func squared(_ point: HexPoint) -> Double {
                let middle = plane.position(of: point)
                return (middle.x - x) * (middle.x - x) + (middle.y - y) * (middle.y - y)
            }
            let off = abs(squared(guess.at.point) - squared(published.point))
            let border = off / 2 * plane.unitsPerRadius
            #expect(
                border < CellLocator.doubtRadians / 10, "seed \(seed), position \(n), \(at)")
        }
    }

    @Test func `four candidates tell the nearest of twenty faces`() {
        let seed: UInt64 = 83
        var places = HardPositions(seed: seed)
        #expect(Set((0..<FaceFolding.folds).map(FaceFolding.face)) == Set(0..<20))
        var sure = 0
        for n in 0..<40_000 {
            let at = places.next(resolution: n % 16)
            let p = Vector(
                latRadians: at.lat * Cell.radiansPerDegree,
                lonRadians: at.lon * Cell.radiansPerDegree)
            let found = NearestFace<SIMD2<Double>>(
                VectorLanes(
                    x: SIMD2(repeating: p.x), y: SIMD2(repeating: p.y), z: SIMD2(repeating: p.z)))
            let nearness = CellTables.faceCentres.map { $0.dot(p) }
            let sorted = nearness.sorted(by: >)
            #expect(abs(found.nearness[1] - sorted[0]) < 1e-14, "seed \(seed), position \(n)")
            #expect(found.lead[1] <= sorted[0] - sorted[1] + 1e-14, "seed \(seed), position \(n)")
            guard found.lead[1] > CellLocator.doubtRadians else { continue }
            sure += 1
            let face = CellLookup.shared.face(found.fold[1])
            #expect(nearness[face] == sorted[0], "seed \(seed), position \(n), \(at)")
        }
        #expect(sure > 30_000)
    }

    @Test func `four steps at once come to the digits of single steps`() {
        let seed: UInt64 = 84
        var places = HardPositions(seed: seed)
        for n in 0..<40_000 {
            let resolution = n % 16
            let at = places.next(resolution: resolution)
            let p = Vector(
                latRadians: at.lat * Cell.radiansPerDegree,
                lonRadians: at.lon * Cell.radiansPerDegree)
            let located = FacePlane.locate(p, resolution: resolution)
            var point = located.point
            var digits: UInt64 = 0
            for r in stride(from: resolution, to: 0, by: -1) {
                digits |= point.ascend(from: r) << UInt64(3 * (15 - r))
            }
            let place = CellTables.placeCells[
                (located.face * 5 + point.a + 2) * 5 + point.b + 2]
            let seen = CellDigits(bits: digits)
            let cell = Cell(
                baseCell: Int(place & 127),
                digits: seen.turned(UInt64(place) >> (7 + 3 * seen.leading) & 7),
                resolution: resolution)
            #expect(
                Cell(located, resolution: resolution) == cell, "seed \(seed), position \(n), \(at)")
        }
    }

    @Test func `what is not a number is never beyond doubt, and names a face`() {
        for angles in [SIMD2(Double.nan, 0), SIMD2(0, .nan), SIMD2(.infinity, 1), SIMD2(1e300, 1)] {
            for resolution in 0...15 {
                let guess = CellLocator.guess(
                    angles.replacing(
                        with: .nan, where: .!(angles .<= SIMD2(repeating: SineCosine.furthest))),
                    resolution: resolution)
                #expect(!guess.isSure)
                #expect((0..<20).contains(guess.at.face))
            }
        }
    }
}
