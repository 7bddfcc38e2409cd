/// The fast way from a position to its grid point: scalar products instead of angles.
///
/// Its own error is below 1e-13 rad: sines and cosines within 2e-15 (`SineCosine`), some twenty
/// roundings after them. That of the published order of operations (`FacePlane`) is below 1e-12 rad from
/// 6 km around a face's middle outwards; nearer, its arc cosine loses digits. So the answers can
/// differ only within the sum of both of a border of cells or faces. Positions within `doubtRadians` of
/// one, or that near the middle, are left to `FacePlane`: every id is the published one, and one
/// position in 2,000 at resolution 15 pays for it.
enum CellLocator {
    static let doubtRadians = 1e-11
    static let cosineNearMiddle = 0.9999995

    /// The grid point a stored position belongs to. Cost: about 50 ns.
    @inline(__always)
    static func locate(_ position: Coordinate, resolution: Int) -> FacePoint {
        let angles = SIMD2(Double(position.latE7), Double(position.lonE7)) * radiansPerE7
        let guess = guess(angles, resolution: resolution)
        return guess.isSure
            ? guess.at : FacePlane.locate(Vector(position), resolution: resolution)
    }

    /// The grid point a position in radians belongs to.
    @inline(__always)
    static func locate(latRadians: Double, lonRadians: Double, resolution: Int) -> FacePoint {
        let guess = guess(SIMD2(latRadians, lonRadians), resolution: resolution)
        if guess.isSure && max(abs(latRadians), abs(lonRadians)) < SineCosine.furthest {
            return guess.at
        }
        let p = Vector(latRadians: latRadians, lonRadians: lonRadians)
        return FacePlane.locate(p, resolution: resolution)
    }

    /// The grid point of latitude and longitude, and whether it is surely the published one. Angles
    /// that are not, or too large for `SineCosine`, make a guess worthless, but do no harm.
    @inline(__always)
    static func guess(_ angles: SIMD2<Double>, resolution: Int) -> (at: FacePoint, isSure: Bool) {
        let lookup = CellLookup.shared
        let (sine, cosine) = SineCosine.of(angles)
        let p = VectorLanes<SIMD2<Double>>(
            x: SIMD2(repeating: cosine[1] * cosine[0]), y: SIMD2(repeating: sine[1] * cosine[0]),
            z: SIMD2(repeating: sine[0]))
        let grid = GridLanes(p, resolution: resolution, lookup)
        let point = HexPoint(a: Int(grid.a[0]), b: Int(grid.b[0]))
        return (FacePoint(face: lookup.face(grid.fold[0]), point: point), grid.isSure[0])
    }

    /// Stored positions times this are angles within 1e-15 rad.
    static let radiansPerE7 = 1.7453292519943295e-9
}

extension Vector {
    /// Divided, not multiplied by 1e-7: this is the double nearest to the decimal number.
    init(_ position: Coordinate) {
        self.init(
            latRadians: Double(position.latE7) / 1e7 * Cell.radiansPerDegree,
            lonRadians: Double(position.lonE7) / 1e7 * Cell.radiansPerDegree)
    }
}
