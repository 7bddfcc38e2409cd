/// What the way from a position to a cell looks up: 17 KB, made once and never freed, so that a
/// look-up is a load.
struct CellLookup: Sendable {
    static let shared = CellLookup()

    /// Per parity of the resolution and fold eight numbers, of which six are used.
    private nonisolated(unsafe) let rows: UnsafeMutablePointer<SIMD8<Double>>
    /// Per remainders of a and b.
    private nonisolated(unsafe) let steps: UnsafeMutablePointer<UInt32>
    /// `CellTables.placeCells`, per fold instead of face.
    private nonisolated(unsafe) let places: UnsafeMutablePointer<UInt32>
    private nonisolated(unsafe) let faces: UnsafeMutablePointer<UInt8>

    private init() {
        let folds = FaceFolding.folds
        rows = .allocate(capacity: 2 * folds)
        places = .allocate(capacity: 25 * folds)
        faces = .allocate(capacity: folds)
        for fold in 0..<folds {
            let face = FaceFolding.face(of: fold)
            for resolution in 0...1 {
                let plane = FaceAxes(face: face, resolution: resolution)
                // A position's a and b are its x + y / √3 and y · 2 / √3.
                let a = plane.xAxis + 0.5773502691896258 * plane.yAxis
                let b = 1.1547005383792515 * plane.yAxis
                (rows + resolution * folds + fold).initialize(
                    to: SIMD8(a.x, a.y, a.z, b.x, b.y, b.z, 0, 0))
            }
            for n in 0..<25 {
                (places + fold * 25 + n).initialize(to: CellTables.placeCells[face * 25 + n])
            }
            (faces + fold).initialize(to: UInt8(face))
        }
        steps = .allocate(capacity: 49 * 49)
        for n in 0..<49 * 49 {
            var point = HexPoint(a: n / 49, b: n % 49)
            let fine = point.ascendTwice()
            let coarse = point.ascendTwice()
            (steps + n).initialize(
                to: UInt32(point.b << 15 | point.a << 12 | Int(coarse << 6 | fine)))
        }
    }

    /// The face of one fold, 0…31.
    @inline(__always)
    func face(_ fold: Int64) -> Int { Int(faces[Int(fold)]) }

    /// Along which a and b of the grid grow on the planes of the faces, in radii.
    @inline(__always)
    func axes<Lanes: PositionLanes>(
        _ fold: Lanes.Integers, isOdd: Bool, _: Lanes.Type
    ) -> (a: VectorLanes<Lanes>, b: VectorLanes<Lanes>) {
        var a = VectorLanes(x: Lanes(), y: Lanes(), z: Lanes())
        var b = a
        let first = rows + (isOdd ? FaceFolding.folds : 0)
        for lane in 0..<Lanes.scalarCount {
            let row = UnsafeRawPointer(first + Int(fold[lane])).assumingMemoryBound(to: Double.self)
            a.x[lane] = row[0]
            a.y[lane] = row[1]
            a.z[lane] = row[2]
            b.x[lane] = row[3]
            b.y[lane] = row[4]
            b.z[lane] = row[5]
        }
        return (a, b)
    }

    /// Four steps up: the index is 49 times the remainder of a and that of b. Digits in bits 0…11,
    /// what is carried to the quotient of a in 12…14, of b from 15 on.
    @inline(__always)
    func step(_ index: Int64) -> Int64 { Int64(steps[Int(index)]) }

    /// What lies at a place of resolution 0, a and b given as 0…4 instead of −2…2.
    @inline(__always)
    func place(fold: Int64, a: Int64, b: Int64) -> Int64 {
        Int64(places[Int(fold &* 25 &+ a &* 5 &+ b)])
    }

    static let noPlace = Int64(UInt32.max)
}
