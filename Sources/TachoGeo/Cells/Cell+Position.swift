extension Cell {
    static let radiansPerDegree = 0.0174532925199432957692369076848861271111
    static let degreesPerRadian = 57.29577951308232087679815481410517033240547

    /// The cell of `resolution` (0…15) a stored position lies in: `latLngToCell`.
    /// Cost: about 75 ns, 300 where `FacePlane` has to decide; many at once, 22 (`Cell+Many`).
    package static func containing(_ position: Coordinate, resolution: Int) -> Cell {
        Cell(CellLocator.locate(position, resolution: resolution), resolution: resolution)
    }

    /// The cell of `resolution` (0…15) at a position in degrees, which must be finite.
    package static func containing(
        latDegrees: Double, lonDegrees: Double, resolution: Int
    ) -> Cell {
        containing(
            latRadians: latDegrees * radiansPerDegree, lonRadians: lonDegrees * radiansPerDegree,
            resolution: resolution)
    }

    /// The cell of `resolution` (0…15) at a position in radians, which must be finite.
    package static func containing(
        latRadians: Double, lonRadians: Double, resolution: Int
    ) -> Cell {
        let at = CellLocator.locate(
            latRadians: latRadians, lonRadians: lonRadians, resolution: resolution)
        return Cell(at, resolution: resolution)
    }

    /// The cell of a grid point: digits upwards to resolution 0, where a table tells which base cell
    /// is there and by how much its own axes are turned against the face's. `DigitLanes` does the
    /// same for several, and says how.
    init(_ at: FacePoint, resolution: Int) {
        let lookup = CellLookup.shared
        var (a, b) = (at.point.a, at.point.b)
        if resolution & 1 == 1 { (a, b) = (3 * a - b, a + 2 * b) }
        if (resolution + 1) & 2 == 2 { (a, b) = (7 * a, 7 * b) }
        let steps = (resolution + 3) >> 2
        var moved = 2
        for _ in 0..<steps { moved *= 49 }
        var (restA, restB) = (UInt32(a + moved), UInt32(b + moved))
        var digits: UInt64 = 0
        for n in 0..<steps {
            let (highA, highB) = (restA / 49, restB / 49)
            let step = lookup.step(
                Int64((restA &- highA &* 49) &* 49 &+ restB &- highB &* 49))
            restA = highA &+ UInt32(step >> 12 & 7)
            restB = highB &+ UInt32(step >> 15)
            digits |= UInt64(step & 0xFFF) &<< UInt64(12 * n)
        }
        digits = steps == 4 ? digits >> 3 : digits << UInt64(45 - 12 * steps)
        // No point of a face is under any other place of resolution 0.
        precondition(restA < 5 && restB < 5, "a grid point that is on no face")
        let place = CellTables.placeCells[at.face * 25 + Int(restA * 5 + restB)]
        precondition(place != .max, "a grid point that is on no face")
        let onFace = CellDigits(bits: digits)
        let turns = UInt64(place) >> (7 + 3 * onFace.leading) & 7
        self.init(
            baseCell: Int(place & 127), digits: onFace.turned(turns), resolution: resolution)
    }

    /// The cell's grid point, on the face it lies on: the digits turned back into the axes of each
    /// face that the base cell touches, until the point is on that face. nil: no cell.
    var facePoint: FacePoint? {
        guard baseCell < 122 else { return nil }
        let digits = CellDigits(of: self)
        for n in 0..<5 {
            let index = Int(CellTables.cellPlaces[baseCell * 5 + n])
            guard index < CellTables.placeCells.count else { break }
            let place = UInt64(CellTables.placeCells[index])
            for leading: UInt64 in 0...6 {
                let turns = leading == 0 ? 0 : place >> (7 + 3 * leading) & 7
                let onFace = digits.turned(turns == 0 ? 0 : 6 - turns)
                guard onFace.leading == leading else { continue }
                var point = HexPoint(a: index / 5 % 5 - 2, b: index % 5 - 2)
                for r in stride(from: 1, through: resolution, by: 1) {
                    point = point.descended(to: r, digit: onFace[r])
                }
                if point.isOnFace(resolution: resolution) {
                    return FacePoint(face: index / 25, point: point)
                }
            }
        }
        return nil
    }

    /// The middle of the cell, in radians: `cellToLatLng`. The cell must be valid.
    /// Error: 1e-15 against H3, which itself loses up to 1e-8 within metres of a pole.
    package var centreRadians: (lat: Double, lon: Double) {
        guard let at = facePoint else { preconditionFailure("not a cell of H3: \(hex)") }
        let p = FacePlane.unproject(at, resolution: resolution)
        return (arcSine(p.z), arcTangent(p.y, over: p.x))
    }

    /// The middle of the cell, in degrees. The cell must be valid.
    package var centreDegrees: (lat: Double, lon: Double) {
        let (lat, lon) = centreRadians
        return (lat * Self.degreesPerRadian, lon * Self.degreesPerRadian)
    }

    /// The middle of the cell to the nearest 1e-7 degree. The cell must be valid.
    package var centre: Coordinate {
        let (lat, lon) = centreDegrees
        return Coordinate(latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }
}
