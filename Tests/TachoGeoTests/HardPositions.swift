import Foundation
import TachoGeo

/// Positions where cells are hard to tell: beside borders, edges of the icosahedron, middles of its
/// faces, pentagons, the poles and the antimeridian; every third is anywhere or in Korea.
struct HardPositions {
    var random: Seeded

    init(seed: UInt64) { random = Seeded(seed) }

    static let vertices = [4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117].map { base in
        Cell(rawValue: 1 << 59 | UInt64(base) << 45 | (1 << 45 - 1)).centreDegrees
    }

    mutating func next(resolution: Int) -> (lat: Double, lon: Double) {
        switch Int.random(in: 0...8, using: &random) {
        case 0: return (.random(in: -90...90, using: &random), longitude())
        case 1:
            return (.random(in: 33...39, using: &random), .random(in: 124...131, using: &random))
        case 2: return beside((.random(in: -90...90, using: &random), 180))
        case 3: return beside((Bool.random(using: &random) ? 90 : -90, longitude()))
        case 4: return beside(Self.vertices.randomElement(using: &random)!)
        case 5:
            let here = Self.vertices.randomElement(using: &random)!
            let near = Self.vertices.sorted { apart(here, $0) < apart(here, $1) }
            return beside(between(here, near[.random(in: 1...5, using: &random)]))
        case 6:
            // Middles of faces: three vertices' sum.
            let here = Self.vertices.randomElement(using: &random)!
            let near = Self.vertices.filter { apart(here, $0) < 70 && apart(here, $0) > 1 }
            let second = near.randomElement(using: &random)!
            let third = near.filter { apart(second, $0) < 70 && apart(second, $0) > 1 }
                .randomElement(using: &random)!
            let sum = vector(here) + vector(second) + vector(third)
            return beside(position(sum))
        default:
            let cell = Cell.containing(
                latDegrees: .random(in: -90...90, using: &random), lonDegrees: longitude(),
                resolution: resolution)
            let corners = cell.boundaryDegrees
            let n = Int.random(in: 0..<corners.count, using: &random)
            return beside(between(corners[n], corners[(n + 1) % corners.count]))
        }
    }

    /// To 1e-7 degree.
    mutating func nextStored(resolution: Int) -> Coordinate {
        let (lat, lon) = next(resolution: resolution)
        return Coordinate(
            latE7: Int32((lat * 1e7).rounded()), lonE7: Int32((lon * 1e7).rounded()))
    }

    private mutating func longitude() -> Double { .random(in: -180...180, using: &random) }

    /// At a distance of 1e-16 to 1 degree.
    private mutating func beside(_ at: (lat: Double, lon: Double)) -> (lat: Double, lon: Double) {
        let reach = pow(10, Double.random(in: -16...0, using: &random))
        let lat = at.lat + Double.random(in: -reach...reach, using: &random)
        let wide = reach / max(0.01, cos(lat * .pi / 180))
        let lon = at.lon + Double.random(in: -wide...wide, using: &random)
        return (max(-90, min(90, lat)), lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon)
    }

    private mutating func between(
        _ a: (lat: Double, lon: Double), _ b: (lat: Double, lon: Double)
    ) -> (lat: Double, lon: Double) {
        let part = [0, Double.random(in: 0...1, using: &random)].randomElement(using: &random)!
        return position(vector(a) + part * (vector(b) - vector(a)))
    }

    private func vector(_ at: (lat: Double, lon: Double)) -> SIMD3<Double> {
        let (phi, lambda) = (at.lat * .pi / 180, at.lon * .pi / 180)
        return SIMD3(cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
    }

    private func position(_ v: SIMD3<Double>) -> (lat: Double, lon: Double) {
        (
            atan2(v.z, (v.x * v.x + v.y * v.y).squareRoot()) * 180 / .pi,
            atan2(v.y, v.x) * 180 / .pi
        )
    }

    private func apart(_ a: (lat: Double, lon: Double), _ b: (lat: Double, lon: Double)) -> Double {
        acos(max(-1, min(1, (vector(a) * vector(b)).sum()))) * 180 / .pi
    }
}
