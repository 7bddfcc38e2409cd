import TachoGeo
import Testing

/// What lies around, above and below cells. Against H3 itself: `tools/campaigns/cells.py`.
@Suite struct CellGridTests {
    /// A cell of any shape: half of them at a pentagon.
    private func anyCell(_ random: inout Seeded, resolution: Int) throws -> Cell {
        let pentagon = Cell.containing(
            latDegrees: 64.7, lonDegrees: 10.536, resolution: resolution)
        if Bool.random(using: &random) {
            return try pentagon.disk(3).randomElement(using: &random)!
        }
        return Cell.containing(
            latDegrees: .random(in: -90...90, using: &random),
            lonDegrees: .random(in: -180...180, using: &random), resolution: resolution)
    }

    @Test func `neighbours are each other's, and there are six, or five round a pentagon`() throws {
        var random = Seeded(21)
        for n in 0..<3_000 {
            let cell = try anyCell(&random, resolution: n % 16)
            let around = cell.neighbours
            #expect(around.count == (cell.isPentagon ? 5 : 6), "seed 21, \(cell)")
            #expect(around.allSatisfy { $0.isValid && $0.resolution == cell.resolution })
            #expect(around.allSatisfy { $0.neighbours.contains(cell) }, "seed 21, \(cell)")
        }
    }

    @Test func `cells below are those whose cell above it is`() throws {
        var random = Seeded(22)
        for n in 0..<400 {
            let cell = try anyCell(&random, resolution: n % 13)
            for finer in cell.resolution...cell.resolution + 3 {
                let children = Array(try cell.children(at: finer))
                #expect(children.count == (try cell.childCount(at: finer)), "seed 22, \(cell)")
                #expect(Set(children).count == children.count)
                #expect(children.map(\.rawValue) == children.map(\.rawValue).sorted())
                #expect(children.contains(try cell.centreChild(at: finer)))
                for child in children {
                    #expect(child.isValid)
                    #expect(try child.parent(at: cell.resolution) == cell, "seed 22, \(child)")
                }
            }
        }
    }

    @Test func `the whole Earth is so many cells, and one of its own when compacted`() throws {
        let all = (0..<122).map { base in
            Cell(rawValue: 1 << 59 | UInt64(base) << 45 | (1 << 45 - 1))
        }
        for resolution in 0...3 {
            let cells = try CellSet.uncompact(all, to: resolution)
            // 2 + 120 · 7^r.
            #expect(cells.count == 2 + 120 * [1, 7, 49, 343][resolution])
            #expect(try CellSet.compact(cells.shuffled()) == all)
            var seen: Set<Cell> = []
            for cell in cells { seen.formUnion(cell.neighbours) }
            #expect(seen == Set(cells))
        }
    }

    @Test func `a disk is its rings, and two disks meet half way`() throws {
        var random = Seeded(23)
        for n in 0..<60 {
            let cell = try anyCell(&random, resolution: n % 16)
            let rings = try cell.rings(5)
            for k in 0...5 {
                #expect(try cell.ring(k) == rings[k])
                if !cell.isPentagon { #expect(rings[k].count <= max(1, 6 * k)) }
            }
            #expect(try cell.disk(5) == rings.flatMap { $0 })
            for far in rings[5].prefix(4) {
                #expect(try !Set(far.disk(3)).isDisjoint(with: try cell.disk(2)), "seed 23")
                #expect(try Set(far.disk(2)).isDisjoint(with: try cell.disk(2)), "seed 23")
            }
        }
    }

    @Test func `steps are as many as rings`() throws {
        var random = Seeded(24)
        for n in 0..<60 {
            let cell = try anyCell(&random, resolution: n % 16)
            for (k, ring) in try cell.rings(6).enumerated() {
                for other in ring {
                    #expect(try cell.distance(to: other) == k, "seed 24, \(cell) \(other)")
                }
            }
        }
    }

    @Test func `a path goes from neighbour to neighbour, one cell for each step`() throws {
        var random = Seeded(27)
        for n in 0..<400 {
            let cell = try anyCell(&random, resolution: 1 + n % 14)
            let k = Int.random(in: 0...12, using: &random)
            let other = try cell.disk(k).randomElement(using: &random)!
            guard let path = try cell.path(to: other) else { continue }
            let distance = try #require(try cell.distance(to: other))
            #expect(path.count == distance + 1, "seed 27, \(cell) \(other)")
            #expect(path.first == cell && path.last == other)
            for (a, b) in zip(path, path.dropFirst()) {
                #expect(a.neighbours.contains(b), "seed 27, \(cell) \(other): \(a) \(b)")
            }
        }
    }

    /// From h3 4.5.0: `grid_path_cells`. In base cell 24, a pentagon, and elsewhere.
    @Test(arguments: [
        "8930e1d9b37ffff 8930e1d9b27ffff 8930e1d9b2fffff"
            + " 8930e1cb597ffff",
        "8730e1d8dffffff 8730e1c32ffffff 8730e1c14ffffff"
            + " 8730e1c15ffffff 8730e1c11ffffff",
        "85442b73fffffff 85442b63fffffff 85442b6ffffffff"
            + " 85440dd7fffffff 85440dc7fffffff",
        "854474dbfffffff 854429a7fffffff 85455a6bfffffff"
            + " 85455a7bfffffff 85455a47fffffff",
    ])
    func `paths are those of H3`(path: String) throws {
        let cells = try path.split(separator: " ").map { try #require(Cell(hex: $0)) }
        #expect(try cells[0].path(to: cells[cells.count - 1]) == cells)
    }

    @Test func `corners go round the middle, and areas below make up that above`() throws {
        var random = Seeded(25)
        for n in 0..<200 {
            let cell = try anyCell(&random, resolution: n % 14)
            let corners = cell.boundaryDegrees.count
            #expect(cell.isPentagon ? [5, 10].contains(corners) : (6...8).contains(corners))
            let children = try cell.children(at: cell.resolution + 1)
            let sum = children.reduce(0) { $0 + $1.areaSquareMetres }
            // Seven hexagons are no hexagon.
            #expect(abs(sum / cell.areaSquareMetres - 1) < 0.2, "seed 25, \(cell)")
        }
        let whole = (0..<122).reduce(0.0) { sum, base in
            sum + Cell(rawValue: 1 << 59 | UInt64(base) << 45 | (1 << 45 - 1)).areaSquareMetres
        }
        #expect(abs(whole / (4 * .pi * Cell.earthRadiusM * Cell.earthRadiusM) - 1) < 1e-12)
    }

    @Test func `what has no answer says why`() throws {
        let cell = try #require(Cell(hex: "8930e1d9b37ffff"))
        let finer = try cell.centreChild(at: 10)
        #expect(throws: CellError.resolution(16)) { try cell.children(at: 16) }
        #expect(throws: CellError.resolution(-1)) { try cell.parent(at: -1) }
        #expect(throws: CellError.wrongWay(from: 9, to: 10)) { try cell.parent(at: 10) }
        #expect(throws: CellError.wrongWay(from: 9, to: 8)) { try cell.childCount(at: 8) }
        #expect(throws: CellError.distance(-1)) { try cell.disk(-1) }
        #expect(throws: CellError.notACell(7)) { try Cell(rawValue: 7).disk(1) }
        #expect(throws: CellError.overlap(cell)) { try CellSet.compact([cell, cell]) }
        #expect(throws: CellError.mixedResolutions(9, 10)) { try CellSet.compact([cell, finer]) }
        #expect(throws: CellError.wrongWay(from: 10, to: 9)) {
            try CellSet.uncompact([finer], to: 9)
        }
        #expect(try CellSet.compact([]) == [] && CellSet.uncompact([], to: 3) == [])
    }
}
