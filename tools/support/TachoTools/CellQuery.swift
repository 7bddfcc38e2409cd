package import TachoGeo

/// A position and a resolution as people write them, asking for the H3 cell.
///
/// Read as binary doubles, not at the precision Tacho stores: an id then equals that of any other
/// H3 program given the same text.
package struct CellQuery: Equatable {
    package var latDegrees: Double
    package var lonDegrees: Double
    package var resolution: Int

    package struct Defect: Error, Equatable {
        package var message: String
    }

    package init(lat: String, lon: String, resolution: String) throws(Defect) {
        latDegrees = try Self.degrees(lat, of: "latitude", limit: 90)
        lonDegrees = try Self.degrees(lon, of: "longitude", limit: 180)
        guard let number = Self.integer(resolution), (0...Cell.finestResolution).contains(number)
        else { throw Defect(message: "resolution \(resolution) is not one of 0…15") }
        self.resolution = number
    }

    package var cell: Cell {
        Cell.containing(
            latDegrees: latDegrees, lonDegrees: lonDegrees, resolution: resolution)
    }

    /// The grammar of `Decimal`, which knows neither `nan` nor `0x10`.
    private static func degrees(
        _ text: String, of what: String, limit: Double
    ) throws(Defect) -> Double {
        let isNumber = Array(text.utf8).withUnsafeBytes {
            Decimal.scaled($0, scale: 0) != .failure(.notANumber)
        }
        guard isNumber, let value = Double(text) else {
            throw Defect(message: "\(what) \(text) is not a number")
        }
        guard value.magnitude <= limit else {
            throw Defect(message: "\(what) \(text) is not within ±\(Int(limit))°")
        }
        return value
    }

    private static func integer(_ text: String) -> Int? {
        Array(text.utf8).withUnsafeBytes { Decimal.integer($0) }.map { Int($0) }
    }
}
