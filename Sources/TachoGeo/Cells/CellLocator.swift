/// The fast way from a position to its grid point: scalar products instead of angles.
///
/// Its own error and that of the published order of operations (`FacePlane`) together stay below
/// 1e-12 rad from 6 km around a face's middle outwards; nearer, the published arc cosine loses digits.
/// So the answers can differ only within that distance of a border of cells or faces. Positions
/// within `doubtRadians` of one, or that near the middle, are left to `FacePlane`: every id is the
/// published one, and one position in 2,000 at resolution 15 pays for it.
enum CellLocator {
    static let doubtRadians = 1e-11
    private static let cosineNearMiddle = 0.9999995

    /// The faces opposite faces 0…9.
    private static let opposites: [UInt8] = [17, 18, 19, 15, 16, 12, 13, 14, 10, 11]

    /// The grid point a position belongs to. Cost: about 60 ns.
    static func locate(_ p: Vector, resolution: Int) -> FacePoint {
        // Faces lie opposite each other: ten scalar products tell all twenty.
        var face = 0
        var nearest = 0.0
        var signed = 0.0
        var second = 0.0
        for n in 0..<10 {
            let nearness = p.dot(CellTables.faceCentres[n])
            let size = nearness.magnitude
            second = max(second, min(nearest, size))
            if size > nearest {
                (face, nearest, signed) = (n, size, nearness)
            }
        }
        if signed < 0 { face = Int(opposites[face]) }
        let plane = FaceAxes(face: face, resolution: resolution)
        let scale = plane.unitsPerRadius / nearest
        let b = p.dot(plane.yAxis) * scale * 1.1547005383792517
        let a = p.dot(plane.xAxis) * scale + b * 0.5
        let (point, clearance) = round(a: a, b: b)
        if clearance > plane.unitsPerRadius * doubtRadians && nearest - second > doubtRadians
            && nearest < cosineNearMiddle
        {
            return FacePoint(face: face, point: point)
        }
        return FacePlane.locate(p, resolution: resolution)
    }

    /// The grid point nearest to a + b ω, and how far its hexagon's border is, in grid units.
    ///
    /// a − b, b and −a are the position's three coordinates of sum 0 along the axes; rounding all
    /// three and mending the one that moved most gives the nearest point.
    @inline(__always)
    private static func round(a: Double, b: Double) -> (HexPoint, clearance: Double) {
        var first = integer(a - b)
        var second = integer(b)
        let third = integer(-a)
        let moved = (
            abs(first - (a - b)), abs(second - b), abs(third + a)
        )
        if moved.0 >= moved.1 && moved.0 >= moved.2 {
            first = -second - third
        } else if moved.1 >= moved.2 {
            second = -first - third
        }
        let (u, v) = (a - (first + second), b - second)
        let off = max(abs(u - 0.5 * v), abs(v - 0.5 * u), abs(u + v) * 0.5)
        return (HexPoint(a: Int(first + second), b: Int(second)), 0.5 - off)
    }

    /// The nearest integer. Sums with 1.5 · 2^52 have no room for fractions; `rounded()` would be
    /// a call on processors without SSE 4.1.
    @inline(__always)
    private static func integer(_ x: Double) -> Double { (x + 0x1.8p52) - 0x1.8p52 }
}
