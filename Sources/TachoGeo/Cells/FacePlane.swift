/// The plane that touches the sphere at the middle of one of the icosahedron's 20 faces: the sphere
/// seen from its centre (gnomonic projection), with a hexagonal grid per resolution.
///
/// This is the formula as published, in the order of operations of H3 4.5.0 (uber/h3, faceijk.c):
/// on a border the last bit decides, and only the same roundings give the same id. `CellLocator` is
/// the fast way to the same answer everywhere else.
enum FacePlane {
    /// Turn of the grids of odd resolutions: asin √(3/28).
    private static let oddRotation = 0.333473172251832115336090755351601070065900389
    private static let twoPi = 6.28318530717958647692528676655900576839433
    /// Resolution-0 units per plane radius, and back, as rounded there.
    private static let unitsPerRadius = 2.61803398874989588842
    private static let radiusPerUnit = 0.38196601125010500003
    private static let root7 = 2.6457513110645905905016157536392604257102
    private static let inverseRoot7 = 0.37796447300922722721451653623418006081576
    private static let inverseSine60 = 1.1547005383792515290182975610039149112953
    static let sine60 = 0.8660254037844386467637231707529361834714
    private static let tiny = 1e-16

    /// The face whose middle is nearest, and the grid point nearest to `p` on its plane.
    /// Cost: about 250 ns.
    static func locate(_ p: Vector, resolution: Int) -> FacePoint {
        var face = 0
        var squaredDistance = 5.0
        for (n, centre) in CellTables.faceCentres.enumerated() {
            let offset = centre - p
            let candidate = offset.dot(offset)
            if candidate < squaredDistance {
                (face, squaredDistance) = (n, candidate)
            }
        }
        var radius = arcCosine(1 - squaredDistance * 0.5)
        guard radius >= tiny else { return FacePoint(face: face, point: HexPoint(a: 0, b: 0)) }
        var angle = wrapped(CellTables.axisAzimuths[face] - wrapped(azimuth(of: p, from: face)))
        if resolution & 1 == 1 { angle = wrapped(angle - oddRotation) }
        radius = tangent(radius) * unitsPerRadius
        for _ in 0..<resolution { radius *= root7 }
        let point = nearest(x: radius * cosine(angle), y: radius * sine(angle))
        return FacePoint(face: face, point: point)
    }

    /// The point of the sphere over a grid point. Cost: about 150 ns.
    static func unproject(_ at: FacePoint, resolution: Int) -> Vector {
        unproject(PlanePoint(at.point), face: at.face, resolution: resolution)
    }

    /// The point of the sphere over a point of the plane, in units of the grid.
    static func unproject(_ at: PlanePoint, face: Int, resolution: Int) -> Vector {
        let centre = CellTables.faceCentres[face]
        let (x, y) = (at.x, at.y)
        var radius = (x * x + y * y).squareRoot()
        guard radius >= tiny else { return centre }
        var angle = arcTangent(y, over: x)
        for _ in 0..<resolution { radius *= inverseRoot7 }
        radius = arcTangent(radius * radiusPerUnit)
        if resolution & 1 == 1 { angle = wrapped(angle + oddRotation) }
        let azimuth = wrapped(CellTables.axisAzimuths[face] - angle)
        let direction =
            cosine(azimuth) * CellTables.faceNorths[face]
            + sine(azimuth) * CellTables.faceEasts[face]
        return (cosine(radius) * centre + sine(radius) * direction).normalized
    }

    private static func wrapped(_ radians: Double) -> Double {
        if radians < 0 { return radians + twoPi }
        return radians >= twoPi ? radians - twoPi : radians
    }

    /// Clockwise from north at the middle of `face`.
    private static func azimuth(of p: Vector, from face: Int) -> Double {
        let centre = CellTables.faceCentres[face]
        let tangential = (p - p.dot(centre) * centre).normalized
        return arcTangent(
            tangential.dot(CellTables.faceEasts[face]),
            over: tangential.dot(CellTables.faceNorths[face]))
    }

    /// The grid point whose hexagon holds (x, y).
    ///
    /// In the first quadrant by the rhombus of four grid points around the position, each of whose
    /// corners owns a part bounded by lines of thirds and halves; other quadrants by mirroring.
    private static func nearest(x: Double, y: Double) -> HexPoint {
        let up = y.magnitude * inverseSine60
        let along = x.magnitude + up / 2
        let (a, b) = (Int(along), Int(up))
        let (s, t) = (along - Double(a), up - Double(b))
        let right: Bool
        let upper: Bool
        if s < 1.0 / 3.0 {
            right = false
            upper = !(t < (1 + s) / 2)
        } else if s < 0.5 {
            right = 1 - s <= t && t < 2 * s
            upper = !(t < 1 - s)
        } else if s < 2.0 / 3.0 {
            right = !(2 * s - 1 < t && t < 1 - s)
            upper = !(t < 1 - s)
        } else {
            right = true
            upper = !(t < s / 2)
        }
        var point = HexPoint(a: right ? a + 1 : a, b: upper ? b + 1 : b)
        if x < 0 { point.a = point.b - point.a }
        if y < 0 { point = HexPoint(a: point.a - point.b, b: -point.b) }
        return point
    }
}

/// A grid point of some resolution on the plane of a face.
struct FacePoint: Hashable {
    var face: Int
    var point: HexPoint
}

/// A point of the plane of a face in units of a grid: x along its first axis, y 90° counterclockwise.
struct PlanePoint {
    var x: Double
    var y: Double

    init(x: Double, y: Double) { (self.x, self.y) = (x, y) }

    init(_ point: HexPoint) {
        x = Double(point.a) - 0.5 * Double(point.b)
        y = Double(point.b) * FacePlane.sine60
    }

    static func + (p: PlanePoint, q: PlanePoint) -> PlanePoint {
        PlanePoint(x: p.x + q.x, y: p.y + q.y)
    }
    static func - (p: PlanePoint, q: PlanePoint) -> PlanePoint {
        PlanePoint(x: p.x - q.x, y: p.y - q.y)
    }
    static func * (n: Double, p: PlanePoint) -> PlanePoint { PlanePoint(x: n * p.x, y: n * p.y) }

    /// Where the line through `from` and `to` meets that through two other points.
    static func crossing(
        _ from: PlanePoint, _ to: PlanePoint, _ a: PlanePoint, _ b: PlanePoint
    ) -> PlanePoint {
        let (along, side, off) = (to - from, b - a, from - a)
        let t = (side.x * off.y - side.y * off.x) / (along.x * side.y - side.x * along.y)
        return from + t * along
    }

    func isNear(_ other: PlanePoint) -> Bool {
        (x - other.x).magnitude < Self.near && (y - other.y).magnitude < Self.near
    }

    /// As H3 has it: the distance from 1 to the next number of single precision.
    private static let near = 1.1920928955078125e-7
}
