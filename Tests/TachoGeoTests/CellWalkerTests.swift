import Foundation
import TachoGeo
import Testing

/// Whether the shortcut ever differs from the formula.
@Suite struct CellWalkerTests {
    private static let fullLat = -900_000_000...900_000_000 as ClosedRange<Int64>

    /// Somewhere: on a continent's worth of places, or where grids are awkward.
    private func place(_ random: inout Seeded) -> Coordinate {
        let pentagons: [UInt64] = [4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117]
        func near(_ lat: Int64, _ lon: Int64, _ random: inout Seeded) -> Coordinate {
            let reach = Int64(pow(10, Double.random(in: 0...8, using: &random)))
            return clamped(
                lat + Int64.random(in: -reach...reach, using: &random),
                lon + Int64.random(in: -reach...reach, using: &random))
        }
        switch Int.random(in: 0...5, using: &random) {
        case 0: return near(900_000_000, 0, &random)
        case 1: return near(-900_000_000, 1_800_000_000, &random)
        case 2: return near(.random(in: Self.fullLat, using: &random), 1_800_000_000, &random)
        case 3:
            let base = pentagons.randomElement(using: &random)!
            let centre = Cell(rawValue: 1 << 59 | base << 45 | (1 << 45 - 1)).centre
            return near(Int64(centre.latE7), Int64(centre.lonE7), &random)
        case 4: return near(375_000_000, 1_270_000_000, &random)
        default:
            return clamped(
                .random(in: Self.fullLat, using: &random),
                .random(in: -1_800_000_000...1_800_000_000, using: &random))
        }
    }

    private func clamped(_ lat: Int64, _ lon: Int64) -> Coordinate {
        var lon = lon
        if lon > 1_800_000_000 { lon -= 3_600_000_000 }
        if lon < -1_800_000_000 { lon += 3_600_000_000 }
        return Coordinate(
            latE7: Int32(min(max(lat, -900_000_000), 900_000_000)), lonE7: Int32(lon))
    }

    @Test func `a walker names the cell of every position of a walk`() {
        let seed: UInt64 = 9
        var random = Seeded(seed)
        for walk in 0..<600 {
            let resolution = Int.random(in: 0...15, using: &random)
            var walker = CellWalker(resolution: resolution)
            var at = place(&random)
            // Steps from far below a cell's size to above it.
            let stepE7 =
                1e9 / pow(7, Double(resolution) / 2)
                * Double.random(
                    in: 0.001...0.5, using: &random)
            let reach = max(1, Int64(stepE7))
            for step in 0..<200 {
                at = clamped(
                    Int64(at.latE7) + .random(in: -reach...reach, using: &random),
                    Int64(at.lonE7) + .random(in: -reach...reach, using: &random))
                let walked = walker.cell(latE7: at.latE7, lonE7: at.lonE7)
                #expect(
                    walked == Cell.containing(at, resolution: resolution),
                    "seed \(seed), walk \(walk), step \(step), \(at)")
            }
        }
    }

    /// Positions within a unit or two of the border between the inside and what is not: the
    /// furthest the inside reaches in a direction must still be the same cell.
    @Test func `the inside of a cell never reaches beyond it`() {
        let seed: UInt64 = 10
        var random = Seeded(seed)
        var useful = 0
        for n in 0..<30_000 {
            let resolution = Int.random(in: 0...15, using: &random)
            let cell = Cell.containing(place(&random), resolution: resolution)
            let inset = CellInset(cell)
            let centre = cell.centre
            guard inset.contains(latE7: centre.latE7, lonE7: centre.lonE7) else { continue }
            useful += 1
            let angle = Double.random(in: 0...(2 * .pi), using: &random)
            func at(_ reach: Double) -> Coordinate? {
                let lat = Double(centre.latE7) + reach * sin(angle)
                let lon = Double(centre.lonE7) + reach * cos(angle)
                guard abs(lat) <= 9e8, abs(lon) <= 1.8e9 else { return nil }
                return Coordinate(latE7: Int32(lat), lonE7: Int32(lon))
            }
            var (inside, outside) = (0.0, 1e9)
            while outside - inside > 0.5 {
                let middle = (inside + outside) / 2
                if let p = at(middle), inset.contains(latE7: p.latE7, lonE7: p.lonE7) {
                    inside = middle
                } else {
                    outside = middle
                }
            }
            guard let edge = at(inside) else { continue }
            #expect(
                Cell.containing(edge, resolution: resolution) == cell,
                "seed \(seed), cell \(n), \(cell), \(edge)")
        }
        #expect(useful > 10_000)
    }

    @Test func `nearly all of a cell in Seoul is inside`() {
        let seed: UInt64 = 11
        var random = Seeded(seed)
        let seoul = Coordinate(latE7: 375_000_000, lonE7: 1_270_000_000)
        for (resolution, least) in [(5, 0.95), (9, 0.99), (12, 0.99)] {
            let cell = Cell.containing(seoul, resolution: resolution)
            let inset = CellInset(cell)
            let centre = cell.centre
            let reach = Int32(1e9 / pow(7, Double(resolution) / 2))
            var (here, inside) = (0, 0)
            for _ in 0..<100_000 {
                let at = Coordinate(
                    latE7: centre.latE7 + .random(in: -reach...reach, using: &random),
                    lonE7: centre.lonE7 + .random(in: -reach...reach, using: &random))
                guard Cell.containing(at, resolution: resolution) == cell else { continue }
                here += 1
                inside += inset.contains(latE7: at.latE7, lonE7: at.lonE7) ? 1 : 0
            }
            #expect(here > 500)
            #expect(Double(inside) >= least * Double(here), "\(resolution): \(inside) of \(here)")
        }
    }

    @Test func `there is no inside of a pentagon, at the poles or nowhere`() {
        for resolution in 0...15 {
            for lat: Int32 in [900_000_000, -900_000_000] {
                let pole = Coordinate(latE7: lat, lonE7: 0)
                let inset = CellInset(Cell.containing(pole, resolution: resolution))
                #expect(!inset.contains(latE7: lat, lonE7: 0))
            }
            let bits = 1 << 59 | UInt64(resolution) << 52 | 24 << 45
            let pentagon = Cell(rawValue: bits | (1 << UInt64(45 - 3 * resolution)) - 1)
            #expect(pentagon.isPentagon)
            let centre = pentagon.centre
            let inset = CellInset(pentagon)
            #expect(!inset.contains(latE7: centre.latE7, lonE7: centre.lonE7))
        }
        #expect(!CellInset.empty.contains(latE7: 0, lonE7: 0))
    }
}
