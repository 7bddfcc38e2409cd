/// Which face of the icosahedron a position is nearest to, by four candidates instead of 20.
///
/// The middles of the faces are the corners of a dodecahedron: in the frame of a cube whose corners
/// are eight of them, (±1, ±1, ±1), the others are (0, ±1/g, ±g), (±1/g, ±g, 0) and (±g, 0, ±1/g), g
/// being the golden ratio, all of length √3. `CellTables` has that frame, divided by √3. Signs fold the sphere into one eighth, where one of each
/// kind can be the nearest. A `fold` is the kind in bits 3…4 and the signs of x, y and z in bits
/// 2, 1 and 0: it stands for a face.
struct NearestFace<Lanes: PositionLanes> {
    let fold: Lanes.Integers
    /// Cosine of the angle to the face's middle.
    let nearness: Lanes
    /// How much nearer that face is than the next, as a difference of cosines; or less, near the planes
    /// where the sphere is folded.
    let lead: Lanes

    @inline(__always)
    init(_ p: VectorLanes<Lanes>) {
        let (x, y, z) = (p.dot(CellTables.foldX), p.dot(CellTables.foldY), p.dot(CellTables.foldZ))
        let (ux, uy, uz) = (x.size, y.size, z.size)
        let corner = ux + uy + uz
        let second = (uy + uz) * FaceFolding.golden + uz
        let third = (ux + uy) * FaceFolding.golden + uy
        let fourth = (ux + uz) * FaceFolding.golden + ux
        let (more, less) = (corner.orMore(second), corner.orLess(second))
        let (moreOfRest, lessOfRest) = (third.orMore(fourth), third.orLess(fourth))
        nearness = more.orMore(moreOfRest)
        let next = more.orLess(moreOfRest).orMore(less).orMore(lessOfRest)
        lead = (nearness - next).orLess(ux).orLess(uy).orLess(uz)
        let kind = ((corner .< second).bits & 8).replacing(
            with: (third .< fourth).bits & 8 | 16, where: more .< moreOfRest)
        fold = kind | (x.bits &>> 63 & 4) | (y.bits &>> 63 & 2) | (z.bits &>> 63 & 1)
    }
}

/// The folded sphere: the golden ratio, and which face a fold stands for.
enum FaceFolding {
    /// 1/g.
    static let golden = 0.6180339887498949

    /// Of them some stand for the same face: one of the signs means nothing but at the cube's corners.
    static let folds = 32

    static func face(of fold: Int) -> Int {
        let long = 1 + golden
        let corner: (x: Double, y: Double, z: Double) =
            switch fold >> 3 {
            case 0: (1, 1, 1)
            case 1: (0, golden, long)
            case 2: (golden, long, 0)
            default: (long, 0, golden)
            }
        let middle =
            (fold & 4 == 0 ? corner.x : -corner.x) * CellTables.foldX
            + (fold & 2 == 0 ? corner.y : -corner.y) * CellTables.foldY
            + (fold & 1 == 0 ? corner.z : -corner.z) * CellTables.foldZ
        return CellTables.faceCentres.firstIndex { middle.dot($0) > 0.999 }!
    }
}
