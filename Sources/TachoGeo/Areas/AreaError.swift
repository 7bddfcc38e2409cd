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
        }
    }
}
