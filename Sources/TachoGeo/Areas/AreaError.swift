/// Why something is no area.
package enum AreaError: Error, Hashable, CustomStringConvertible {
    /// A latitude beyond ±90°, a longitude beyond ±180°, or no number.
    case notAPosition
    case fewPoints(ring: Int)
    case open(ring: Int)
    case tooManyPoints
    case selfCrossing(ring: Int)
    case holeOutside(ring: Int)
    case crossingRings(Int, Int)
    case noRing
    /// It goes all the way round the Earth: which side is meant?
    case roundThePole(ring: Int)
    /// A circle's, m.
    case radius(Double)
    case noBox(minLat: Double, maxLat: Double)
    /// The id is no cell's, or not one in hexadecimal.
    case notACell(String)
    case latitude(String)
    case longitude(String)
    /// Of a circle's radius, or a count of rings or points.
    case notANumber(what: String, text: String)
    case unknownShape(String)
    /// The words end before the area does.
    case incomplete(String)

    package var description: String {
        switch self {
        case .notAPosition: "latitude within ±90 and longitude within ±180 degrees"
        case .fewPoints(let ring):
            "ring \(ring + 1): at least three different points, and the first again"
        case .open(let ring): "ring \(ring + 1) is open: the last point must be the first again"
        case .tooManyPoints: "more than \(Polygon.mostPoints) points"
        case .selfCrossing(let ring): "ring \(ring + 1) crosses or touches itself"
        case .holeOutside(let ring): "ring \(ring + 1) is a hole and not inside the first ring"
        case .crossingRings(let a, let b): "rings \(a + 1) and \(b + 1) cross or touch"
        case .noRing: "a polygon has at least one ring"
        case .roundThePole(let ring):
            "ring \(ring + 1) goes round a pole: use BBOX or CIRCLE, or cut it in two"
        case .radius(let metres):
            "radius \(metres) m: more than 0 and at most half the globe, "
                + "\(Int(Distance.longestGeodesicM)) m"
        case .noBox(let low, let high): "BBOX: min_lat \(low) is above max_lat \(high)"
        case .notACell(let text): "'\(text)' is not a cell of H3"
        case .latitude(let text):
            "lat \(text) out of range, did you swap lat and lon?"
        case .longitude(let text): "lon \(text) out of range"
        case .notANumber(let what, let text): "\(what) '\(text)' is not a number"
        case .unknownShape(let text):
            "'\(text)' is no area: CIRCLE lat lon m, BBOX min_lat min_lon max_lat max_lon, "
                + "POLYGON rings n lat lon…, or CELL h3"
        case .incomplete(let shape): "\(shape) ends too early"
        }
    }
}
