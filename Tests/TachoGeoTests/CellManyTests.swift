import Foundation
import Testing

@testable import TachoGeo

/// Many positions at once, and one alone by the fast way, against the published formula.
@Suite struct CellManyTests {
    private static let unused: UInt64 = 0xDEAD

    private func cells(latDegrees: [Double], lonDegrees: [Double], resolution: Int) -> [UInt64] {
        // One more than needed, to see that it is left alone.
        var ids = [UInt64](repeating: Self.unused, count: latDegrees.count + 1)
        ids.withUnsafeMutableBufferPointer { ids in
            latDegrees.withUnsafeBufferPointer { lat in
                lonDegrees.withUnsafeBufferPointer { lon in
                    Cell.containing(
                        latDegrees: lat, lonDegrees: lon, resolution: resolution, into: ids)
                }
            }
        }
        #expect(ids.removeLast() == Self.unused)
        return ids
    }

    private func cells(_ positions: [Coordinate], resolution: Int) -> [UInt64] {
        var ids = [UInt64](repeating: Self.unused, count: positions.count + 1)
        ids.withUnsafeMutableBufferPointer { ids in
            positions.map(\.latE7).withUnsafeBufferPointer { lat in
                positions.map(\.lonE7).withUnsafeBufferPointer { lon in
                    Cell.containing(latE7: lat, lonE7: lon, resolution: resolution, into: ids)
                }
            }
        }
        #expect(ids.removeLast() == Self.unused)
        return ids
    }

    /// By `FacePlane` alone.
    private func published(latDegrees: Double, lonDegrees: Double, resolution: Int) -> Cell {
        let p = Vector(
            latRadians: latDegrees * Cell.radiansPerDegree,
            lonRadians: lonDegrees * Cell.radiansPerDegree)
        return Cell(FacePlane.locate(p, resolution: resolution), resolution: resolution)
    }

    @Test(arguments: 0...15)
    func `hard positions in degrees get the published cell, many at once and one alone`(
        resolution: Int
    ) {
        let seed = 40 + UInt64(resolution)
        var places = HardPositions(seed: seed)
        let positions = (0..<6_000).map { _ in places.next(resolution: resolution) }
        let ids = cells(
            latDegrees: positions.map(\.lat), lonDegrees: positions.map(\.lon),
            resolution: resolution)
        for (n, at) in positions.enumerated() {
            let expected = published(
                latDegrees: at.lat, lonDegrees: at.lon, resolution: resolution)
            let alone = Cell.containing(
                latDegrees: at.lat, lonDegrees: at.lon, resolution: resolution)
            #expect(ids[n] == expected.rawValue, "seed \(seed), position \(n), \(at)")
            #expect(alone == expected, "seed \(seed), position \(n), \(at)")
        }
    }

    @Test(arguments: 0...15)
    func `stored positions get the cell of their decimal degrees, many at once and one alone`(
        resolution: Int
    ) {
        let seed = 60 + UInt64(resolution)
        var places = HardPositions(seed: seed)
        let positions = (0..<6_000).map { _ in places.nextStored(resolution: resolution) }
        let ids = cells(positions, resolution: resolution)
        for (n, at) in positions.enumerated() {
            let expected = published(
                latDegrees: Double(at.latE7) / 1e7, lonDegrees: Double(at.lonE7) / 1e7,
                resolution: resolution)
            #expect(ids[n] == expected.rawValue, "seed \(seed), position \(n), \(at)")
            #expect(
                Cell.containing(at, resolution: resolution) == expected,
                "seed \(seed), position \(n), \(at)")
        }
    }

    @Test func `any number of positions is answered, and nothing behind them written`() {
        let seed: UInt64 = 80
        var places = HardPositions(seed: seed)
        for count in 0...100 {
            let resolution = count % 16
            let stored = (0..<count).map { _ in places.nextStored(resolution: resolution) }
            #expect(
                cells(stored, resolution: resolution)
                    == stored.map { Cell.containing($0, resolution: resolution).rawValue },
                "seed \(seed), \(count) positions")
            let degrees = (0..<count).map { _ in places.next(resolution: resolution) }
            #expect(
                cells(
                    latDegrees: degrees.map(\.lat), lonDegrees: degrees.map(\.lon),
                    resolution: resolution)
                    == degrees.map {
                        Cell.containing(
                            latDegrees: $0.lat, lonDegrees: $0.lon, resolution: resolution
                        ).rawValue
                    }, "seed \(seed), \(count) positions")
        }
    }

    @Test func `the corners of the stored range are answered like any other position`() {
        let ends: [Int32] = [.min, -1_800_000_000, -900_000_000, -1, 0, 1, 900_000_000, .max]
        let positions = ends.flatMap { lat in ends.map { Coordinate(latE7: lat, lonE7: $0) } }
        for resolution in 0...15 {
            let expected = positions.map {
                published(
                    latDegrees: Double($0.latE7) / 1e7, lonDegrees: Double($0.lonE7) / 1e7,
                    resolution: resolution
                ).rawValue
            }
            #expect(cells(positions, resolution: resolution) == expected)
        }
    }

    @Test func `angles too large for the fast sines are left to the C library`() {
        let seed: UInt64 = 81
        var random = Seeded(seed)
        for resolution in 0...15 {
            let lon = (0..<50).map { _ in Double.random(in: -1e12...1e12, using: &random) }
            let lat = (0..<50).map { _ in Double.random(in: -1e9...1e9, using: &random) }
            let expected = zip(lat, lon).map {
                published(latDegrees: $0, lonDegrees: $1, resolution: resolution)
            }
            let ids = cells(latDegrees: lat, lonDegrees: lon, resolution: resolution)
            let alone = zip(lat, lon).map {
                Cell.containing(latDegrees: $0, lonDegrees: $1, resolution: resolution)
            }
            #expect(ids == expected.map(\.rawValue), "seed \(seed), resolution \(resolution)")
            #expect(alone == expected, "seed \(seed), resolution \(resolution)")
        }
    }
}
