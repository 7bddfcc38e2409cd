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
