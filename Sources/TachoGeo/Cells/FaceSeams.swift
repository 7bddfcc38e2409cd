/// How the grids of two faces continue each other: the icosahedron unfolded along one of its edges.
///
/// A grid point beyond an edge is a grid point of the face there: the same triangle of points, turned
/// by a multiple of 60° and moved. All integers, nothing rounded. Derived once from the faces' middles.
enum FaceSeams {
    struct Seam {
        var face: Int
        /// p becomes turn · p + shift · 7^(resolution / 2).
        var turn: HexPoint
        var shift: HexPoint

        func carry(_ point: HexPoint, scale: Int) -> FacePoint {
            FacePoint(face: face, point: turn * point + scale * shift)
        }
    }

    /// The point on the face it lies on. `point` is of `resolution`, on `face` or within a few cells
    /// of it.
    static func settle(_ at: FacePoint, resolution: Int) -> FacePoint {
        if at.point.isOnFace(resolution: resolution) { return at }
        // Edges pass through points of even resolutions: look at the middle child of odd ones.
        let isOdd = resolution & 1 == 1
        let even = resolution + (isOdd ? 1 : 0)
        var now = at
        if isOdd { now.point = at.point.descended(to: even, digit: 0) }
        now = settle(now, scale: scale(resolution: even))
        if isOdd { _ = now.point.ascend(from: even) }
        return now
    }

    /// The same on a grid of even resolution, or three times as fine as one: `scale` steps of it make
    /// a unit of resolution 0.
    static func settle(_ at: FacePoint, scale: Int) -> FacePoint {
        var now = at
        // Round a vertex there are five faces.
        for _ in 0..<5 {
            let (side, out) = furthest(now.point)
            guard out > 2 * scale else { break }
            now = seams[now.face * 3 + side].carry(now.point, scale: scale)
        }
        return now
    }

    /// √7 to an even resolution.
    static func scale(resolution: Int) -> Int { (0..<resolution / 2).reduce(1) { n, _ in 7 * n } }

    /// The edge a point is furthest beyond, or least far inside, named after the vertex opposite: 0 i,
    /// 1 j, 2 k. On the edge `out` is two units of resolution 0.
    static func furthest(_ point: HexPoint) -> (side: Int, out: Int) {
        let (a, b) = (point.a, point.b)
        let out = (b - 2 * a, a - 2 * b, a + b)
        if out.2 >= out.0 && out.2 >= out.1 { return (2, out.2) }
        return out.1 >= out.0 ? (1, out.1) : (0, out.0)
    }

    /// The edge of a face beyond which another one lies.
    static func side(of face: Int, towards other: Int) -> Int? {
        (0..<3).first { seams[face * 3 + $0].face == other }
    }

    static let vertices = [
        HexPoint(a: 2, b: 0), HexPoint(a: 0, b: 2), HexPoint(a: -2, b: -2),
    ]
    private static let units = [4, 6, 2, 3, 1, 5].map { HexPoint(digit: $0) }

    static let seams: [Seam] = {
        let corners = (0..<20).map { face in
            vertices.map { FacePlane.unproject(FacePoint(face: face, point: $0), resolution: 0) }
        }
        func isSame(_ a: Vector, _ b: Vector) -> Bool { (a - b).dot(a - b) < 1e-6 }
        return (0..<60).map { index in
            let (face, side) = (index / 3, index % 3)
            let (from, to) = ((side + 1) % 3, (side + 2) % 3)
            for other in 0..<20 where other != face {
                let first = corners[other].firstIndex { isSame($0, corners[face][from]) }
                let second = corners[other].firstIndex { isSame($0, corners[face][to]) }
                guard let first, let second else { continue }
                for turn in units
                where turn * (vertices[to] - vertices[from]) == vertices[second] - vertices[first] {
                    return Seam(
                        face: other, turn: turn,
                        shift: vertices[first] - turn * vertices[from])
                }
            }
            preconditionFailure("a face without a neighbour")
        }
    }()
}

extension HexPoint {
    static func + (p: HexPoint, q: HexPoint) -> HexPoint { HexPoint(a: p.a + q.a, b: p.b + q.b) }
    static func - (p: HexPoint, q: HexPoint) -> HexPoint { HexPoint(a: p.a - q.a, b: p.b - q.b) }
    static func * (n: Int, p: HexPoint) -> HexPoint { HexPoint(a: n * p.a, b: n * p.b) }

    /// As numbers a + b ω: ω² is −1 − ω.
    static func * (p: HexPoint, q: HexPoint) -> HexPoint {
        HexPoint(a: p.a * q.a - p.b * q.b, b: p.a * q.b + p.b * q.a - p.b * q.b)
    }
}
