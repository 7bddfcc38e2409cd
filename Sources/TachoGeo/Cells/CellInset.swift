/// The inside of a cell as six numbers: a position in it needs no projection to know its cell.
///
/// On the plane of its face a cell is a regular hexagon, and close to its middle the plane's
/// coordinates are linear in latitude and longitude. `contains` says yes only where that holds with a
/// margin, so never for a position that `Cell.containing` puts elsewhere; no is always allowed.
///
/// The margin is a bound of the second derivative. Let L be the hexagon's outer radius on the plane
/// and c the cosine of its latitude; the plane is the sphere stretched, so the sphere's arcs are no
/// longer than L. With L < 0.012 and c > 0.17, along a straight path in latitude and longitude the unit
/// vector p moves by at most 1.07 L and bends by at most 2.1 L² / c; a plane coordinate is
/// p·w / p·n with w and n perpendicular, p·n > 0.78 and p·w < 0.62, so it bends by less than
/// (4.9 / c + 6.8) L², and leaves its tangent by less than half of that. Outside these limits, and where
/// the hexagon crosses the side of a face (always, for a pentagon), the inside is smaller or empty.
package struct CellInset: Sendable, BitwiseCopyable {
    @usableFromInline let latE7: Double
    @usableFromInline let lonE7: Double
    /// Changes of two of the hexagon's three widths per 1e-7 degree; the third is their sum. Inside,
    /// all are within ±1.
    @usableFromInline let first: (perLatE7: Double, perLonE7: Double)
    @usableFromInline let second: (perLatE7: Double, perLonE7: Double)

    /// Contains nothing: not a number is never less than 1.
    package static let empty = CellInset()

    /// The inside of a cell, which must be valid. Cost: about 150 ns.
    package init(_ cell: Cell) {
        guard let at = cell.facePoint else { preconditionFailure("not a cell of H3: \(cell.hex)") }
        self.init(at, resolution: cell.resolution)
    }

    /// Whether the position is inside. Longitudes are not wrapped: across the antimeridian, no.
    /// Cost: about 2 ns.
    @inlinable
    @inline(__always)
    package func contains(latE7: Int32, lonE7: Int32) -> Bool {
        let north = Double(latE7) - self.latE7
        let east = Double(lonE7) - self.lonE7
        let f = north * first.perLatE7 + east * first.perLonE7
        let g = north * second.perLatE7 + east * second.perLonE7
        return abs(f) < 1 && abs(g) < 1 && abs(f + g) < 1
    }

    private init() {
        (latE7, lonE7, first, second) = (.nan, .nan, (.nan, .nan), (.nan, .nan))
    }

    private static let radiansPerE7 = 1.7453292519943295e-9
    private static let sine60 = 0.8660254037844386

    /// Cost: about 60 ns.
    init(_ at: FacePoint, resolution: Int) {
        let plane = FaceAxes(face: at.face, resolution: resolution)
        let (x, y) = plane.position(of: at.point)
        let p = plane.point(x: x, y: y)
        let cosLat = (p.x * p.x + p.y * p.y).squareRoot()
        let outer = 0.5 / (Self.sine60 * plane.unitsPerRadius)
        guard outer < 0.012, cosLat > 0.17 else {
            self = .empty
            return
        }
        let width = Self.sine60 * min(outer, plane.distanceToSide(x: x, y: y))
        let bend = (3 / cosLat + 4) * outer * outer
        let limit = width - bend - CellLocator.doubtRadians
        guard limit > 0 else {
            self = .empty
            return
        }
        // How fast the plane's coordinates change for a step north and one of longitude.
        let north = Vector(x: -p.z * p.x / cosLat, y: -p.z * p.y / cosLat, z: cosLat)
        let east = Vector(x: -p.y, y: p.x, z: 0)
        let scale = Self.radiansPerE7 / (limit * p.dot(plane.normal))
        let xSlope = scale * (plane.xAxis - x * plane.normal)
        let ySlope = scale * (plane.yAxis - y * plane.normal)
        let across = (ySlope.dot(north) * Self.sine60, ySlope.dot(east) * Self.sine60)
        first = (xSlope.dot(north), xSlope.dot(east))
        second = (across.0 - 0.5 * first.perLatE7, across.1 - 0.5 * first.perLonE7)
        latE7 = arcTangent(p.z, over: cosLat) / Self.radiansPerE7
        lonE7 = arcTangent(p.y, over: p.x) / Self.radiansPerE7
    }
}
