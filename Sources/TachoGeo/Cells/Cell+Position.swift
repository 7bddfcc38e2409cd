extension Cell {
    fileprivate static let radiansPerDegree = 0.0174532925199432957692369076848861271111
    static let degreesPerRadian = 57.29577951308232087679815481410517033240547

    /// The cell of `resolution` (0…15) a stored position lies in: `latLngToCell`.
    /// Cost: about 150 ns (44 of them sines and cosines), 300 where `FacePlane` has to decide.
    package static func containing(_ position: Coordinate, resolution: Int) -> Cell {
        Cell(
            CellLocator.locate(Vector(position), resolution: resolution), resolution: resolution)
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
        let p = Vector(latRadians: latRadians, lonRadians: lonRadians)
        return Cell(CellLocator.locate(p, resolution: resolution), resolution: resolution)
    }

    /// The cell of a grid point: digits upwards to resolution 0, where a table tells which base cell
    /// is there and by how much its own axes are turned against the face's.
    init(_ at: FacePoint, resolution: Int) {
        var point = at.point
        var digits = CellDigits(bits: 0)
        var r = resolution
        if r & 1 == 1 {
            digits.bits = point.ascend(from: r) << UInt64(3 * (15 - r))
            r -= 1
        }
        while r > 0 {
            digits.bits |= point.ascendTwice() << UInt64(3 * (15 - r))
            r -= 2
        }
        let place = CellTables.placeCells[(at.face * 5 + point.a + 2) * 5 + point.b + 2]
        // No point of a face is under any other place of resolution 0.
        precondition(place != .max, "a grid point that is on no face")
        let turns = UInt64(place) >> (7 + 3 * digits.leading) & 7
        self.init(
            baseCell: Int(place & 127), digits: digits.turned(turns), resolution: resolution)
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

extension Vector {
    /// Divided, not multiplied by 1e-7: this is the double nearest to the decimal number.
    init(_ position: Coordinate) {
        self.init(
            latRadians: Double(position.latE7) / 1e7 * Cell.radiansPerDegree,
            lonRadians: Double(position.lonE7) / 1e7 * Cell.radiansPerDegree)
    }
}
