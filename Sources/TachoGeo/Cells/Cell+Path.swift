extension Cell {
    /// How many steps from cell to cell lead to another one of the same resolution: `gridDistance`.
    ///
    /// Counted on the icosahedron unfolded along up to five of its edges, which is right, also past
    /// pentagons, up to 7 steps of resolution 0, two fifths of the way round the Earth; nil beyond. H3 has
    /// no answer where a pentagon is between. Cost: about 2 µs between faces, 0.3 µs on one.
    package func distance(to other: Cell) throws(CellError) -> Int? {
        guard let steps = try way(to: other)?.steps else { return nil }
        let most = (0..<resolution).reduce(49) { square, _ in 7 * square }
        return steps * steps <= most ? steps : nil
    }

    /// The cells on a straight line to another one, both ends included: `gridPathCells`. On the plane
    /// that the way lies on when the icosahedron is unfolded; nil where `distance` is, and where the line
    /// would go through the gap beside a pentagon.
    ///
    /// Each step is rounded to the nearest cell in the axes of the first cell's base cell, as H3 rounds,
    /// so that lines between two cells are the same ones. Cost: 0.3 µs a cell.
    package func path(to other: Cell) throws(CellError) -> [Cell]? {
        guard let distance = try distance(to: other), let way = try way(to: other),
            let from = facePoint
        else { return nil }
        if distance <= 1 { return distance == 0 ? [self] : [self, other] }
        // As numbers: the axes of the base cell are the face's, turned.
        let turn = CellLine.turn(from: from, self)
        let start = CellLine.inBaseCell(self)
        let line = CellLine(from: start, to: start + turn * way, steps: distance)
        let back = CellLine.inverse(turn)
        var path: [Cell] = []
        for step in 0...distance {
            let point = from.point + back * (line.point(step) - start)
            let at = FaceSeams.settle(
                FacePoint(face: from.face, point: point), resolution: resolution)
            let cell = Cell(at, resolution: resolution)
            if let last = path.last, try last.distance(to: cell) != 1 { return nil }
            path.append(cell)
        }
        return path.last == other ? path : nil
    }

    /// The way as a number of the grid of this cell's face.
    private func way(to other: Cell) throws(CellError) -> HexPoint? {
        guard isValid else { throw .notACell(rawValue) }
        guard other.isValid else { throw .notACell(other.rawValue) }
        guard resolution == other.resolution else {
            throw .mixedResolutions(resolution, other.resolution)
        }
        guard let from = facePoint, let to = other.facePoint else { return nil }
        var shortest: HexPoint?
        for point in FaceSeams.unfolded(to, onto: from.face, resolution: resolution) {
            let way = point - from.point
            if shortest.map({ way.steps < $0.steps }) ?? true { shortest = way }
        }
        return shortest
    }
}

/// A straight line over the grid, in the axes of a base cell.
private struct CellLine {
    let from: HexPoint
    let to: HexPoint
    let steps: Int

    /// The nearest grid point to a part of the way; between two the one that H3 takes.
    func point(_ step: Int) -> HexPoint {
        // Three axes 120° apart whose coordinates add up to 0.
        let (i, j, k) = Self.cube(from)
        let (endI, endJ, endK) = Self.cube(to)
        // In this order, as H3 multiplies: half way between two cells the last bit decides.
        let share = steps > 0 ? 1 / Double(steps) : 0
        func part(_ from: Int, _ to: Int) -> Double {
            Double(from) + Double(to - from) * share * Double(step)
        }
        let (x, y, z) = (part(i, endI), part(j, endJ), part(k, endK))
        var (a, b, c) = (x.rounded(), y.rounded(), z.rounded())
        let (offA, offB, offC) = (abs(a - x), abs(b - y), abs(c - z))
        // The one that is furthest off is what the others leave.
        if offA > offB && offA > offC {
            a = -b - c
        } else if offB > offC {
            b = -a - c
        } else {
            c = -a - b
        }
        return HexPoint(a: Int(-a), b: Int(b))
    }

    private static func cube(_ p: HexPoint) -> (Int, Int, Int) { (-p.a, p.b, p.a - p.b) }

    /// Of a cell, from the middle of its base cell.
    static func inBaseCell(_ cell: Cell) -> HexPoint {
        let digits = CellDigits(of: cell)
        var point = HexPoint(a: 0, b: 0)
        for r in stride(from: 1, through: cell.resolution, by: 1) {
            point = point.descended(to: r, digit: digits[r])
        }
        return point
    }

    /// The unit that turns directions on a face into directions of the base cell: told by one step on
    /// both.
    static func turn(from at: FacePoint, _ cell: Cell) -> HexPoint {
        let base = inBaseCell(cell)
        for unit in units {
            let next = FaceSeams.settle(
                FacePoint(face: at.face, point: at.point + unit), resolution: cell.resolution)
            let neighbour = Cell(next, resolution: cell.resolution)
            guard neighbour.baseCell == cell.baseCell else { continue }
            let step = inBaseCell(neighbour) - base
            // Units are inverted by conjugation, and all have norm 1.
            if step.steps == 1 { return step * inverse(unit) }
        }
        // At resolution 0 each cell is a base cell: the table of places tells.
        var point = at.point
        for r in stride(from: cell.resolution, to: 0, by: -1) { _ = point.ascend(from: r) }
        let place = CellTables.placeCells[(at.face * 5 + point.a + 2) * 5 + point.b + 2]
        var turn = HexPoint(a: 1, b: 0)
        for _ in 0..<(Int(place) >> 10 & 7) { turn = turn * HexPoint(a: 1, b: 1) }
        return turn
    }

    static func inverse(_ unit: HexPoint) -> HexPoint {
        // The conjugate of a + b ω is a − b − b ω.
        HexPoint(a: unit.a - unit.b, b: -unit.b)
    }

    private static let units = [4, 6, 2, 3, 1, 5].map { HexPoint(digit: $0) }
}

extension HexPoint {
    /// From 0, in steps of the six units.
    var steps: Int { max(abs(a), abs(b), abs(a - b)) }
}

extension FaceSeams {
    /// A point of one face where it comes to lie on the plane of another, over at most five edges.
    static func unfolded(
        _ at: FacePoint, onto face: Int, resolution: Int
    ) -> [HexPoint] {
        if at.face == face { return [at.point] }
        let isOdd = resolution & 1 == 1
        let even = resolution + (isOdd ? 1 : 0)
        let scale = scale(resolution: even)
        let point = isOdd ? at.point.descended(to: even, digit: 0) : at.point
        var found: [HexPoint] = []
        func cross(_ at: FacePoint, from last: Int, edges: Int) {
            for seam in seams[at.face * 3..<at.face * 3 + 3] where seam.face != last {
                let next = seam.carry(at.point, scale: scale)
                if next.face == face {
                    found.append(next.point)
                } else if edges > 1 {
                    cross(next, from: at.face, edges: edges - 1)
                }
            }
        }
        cross(FacePoint(face: at.face, point: point), from: at.face, edges: 5)
        guard isOdd else { return found }
        return found.map { point in
            var point = point
            _ = point.ascend(from: even)
            return point
        }
    }
}
