/// The axes of one resolution's grid on the plane of a face, for arithmetic without angles.
/// Lengths on the plane are radii: 1 is the sphere's.
struct FaceAxes {
    let normal: Vector
    /// Along the grid's first axis, and 90° counterclockwise of it.
    let xAxis: Vector
    let yAxis: Vector
    let unitsPerRadius: Double
    private let isOdd: Bool

    @inline(__always)
    init(face: Int, resolution: Int) {
        isOdd = resolution & 1 == 1
        normal = CellTables.faceCentres[face]
        xAxis = isOdd ? CellTables.oddX[face] : CellTables.evenX[face]
        yAxis = isOdd ? CellTables.oddY[face] : CellTables.evenY[face]
        unitsPerRadius = Self.unitsPerRadius[resolution]
    }

    private static let sine60 = 0.8660254037844386

    func position(of point: HexPoint) -> (x: Double, y: Double) {
        let radiusPerUnit = 1 / unitsPerRadius
        return (
            (Double(point.a) - 0.5 * Double(point.b)) * radiusPerUnit,
            Double(point.b) * Self.sine60 * radiusPerUnit
        )
    }

    /// The point of the sphere seen through a point of the plane.
    func point(x: Double, y: Double) -> Vector {
        (normal + x * xAxis + y * yAxis).normalized
    }

    /// From a point of the plane to the nearest of the face's three sides, negative beyond. They
    /// are one unit of resolution 0 from the middle, at 60°, 180° and 300° in the even axes.
    func distanceToSide(x: Double, y: Double) -> Double {
        let evenX = isOdd ? x * Self.cosineOfTurn - y * Self.sineOfTurn : x
        let evenY = isOdd ? x * Self.sineOfTurn + y * Self.cosineOfTurn : y
        let outwards = max(-evenX, 0.5 * evenX + Self.sine60 * abs(evenY))
        return Self.sideRadius - outwards
    }

    private static let sideRadius = 0.381966011250105
    /// Of the grids of odd resolutions against the even ones: sin² = 3/28.
    private static let sineOfTurn = 0.3273268353539886
    private static let cosineOfTurn = 0.9449111825230680

    /// (3 + √5) / 2 times √7 to the resolution.
    static let unitsPerRadius: [Double] = [
        2.618033988749895, 6.926666858146694, 18.326237921249266, 48.486668007026864,
        128.28366544874487, 339.4066760491881, 897.9856581412142, 2375.846732344317,
        6285.8996069885, 16630.92712641022, 44001.2972489195, 116416.48988487155,
        308009.0807424366, 814915.4291941009, 2156063.565197056, 5704408.004358707,
    ]
}
