import Foundation
import TachoGeo

/// Positions in degrees, by seed: anywhere on the sphere, in Korea, or so near a line where cells or
/// faces meet that rounding could decide.
struct H3Positions {
    enum Kind: CaseIterable { case world, korea, borders }

    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func next(_ kind: Kind, resolution: Int) -> (lat: Double, lon: Double) {
        switch kind {
        case .world: return Self.position(anywhere())
        case .korea: return (33 + 5.7 * unit(), 124.5 + 6.5 * unit())
        case .borders: return Self.position(beside(border(resolution)))
        }
    }

    /// A point between two corners of a cell, between two vertices of the icosahedron, or a vertex,
    /// which is the middle of a pentagon. One in 40 is a pole.
    private mutating func border(_ resolution: Int) -> SIMD3<Double> {
        switch random.next(10) {
        case 0 where random.next(4) == 0: return SIMD3(0, 0, random.next(2) == 0 ? 1 : -1)
        case 0: return Self.vertices[random.next(12)]
        case 1, 2:
            let here = Self.vertices[random.next(12)]
            let near = Self.vertices.filter { (0.4..<0.5).contains(($0 * here).sum()) }
            return between(here, near[random.next(5)])
        case 3:
            let middle = Self.position(Self.vertices[random.next(12)])
            let pentagon = Cell.containing(
                latDegrees: middle.lat, lonDegrees: middle.lon, resolution: resolution)
            return side(of: pentagon)
        default:
            let (lat, lon) = next(random.next(4) == 0 ? .korea : .world, resolution: resolution)
            return side(
                of: Cell.containing(latDegrees: lat, lonDegrees: lon, resolution: resolution))
        }
    }

    private mutating func side(of cell: Cell) -> SIMD3<Double> {
        let corners = cell.boundaryDegrees
        let n = random.next(corners.count)
        return between(
            Self.vector(corners[n]), Self.vector(corners[(n + 1) % corners.count]))
    }

    private mutating func between(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        a + unit() * (b - a)
    }

    /// Off by 1e-9 to 1e-5 rad, every order of magnitude as likely.
    private mutating func beside(_ at: SIMD3<Double>) -> SIMD3<Double> {
        let off = pow(10, -9 + 4 * unit())
        let way = anywhere()
        // At right angles to the position, so of this length on the sphere.
        let across = way - (way * at).sum() / (at * at).sum() * at
        let length = (across * across).sum().squareRoot()
        return at / (at * at).sum().squareRoot() + off / length * across
    }

    private mutating func anywhere() -> SIMD3<Double> {
        let z = 2 * unit() - 1
        let angle = 2 * Double.pi * unit()
        let r = (1 - z * z).squareRoot()
        return SIMD3(r * cos(angle), r * sin(angle), z)
    }

    private mutating func unit() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    private static let vertices = try! Cell.pentagons(at: 0).map {
        vector($0.centreDegrees)
    }

    private static func vector(_ at: (lat: Double, lon: Double)) -> SIMD3<Double> {
        let (phi, lambda) = (at.lat * .pi / 180, at.lon * .pi / 180)
        return SIMD3(cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
    }

    private static func position(_ v: SIMD3<Double>) -> (lat: Double, lon: Double) {
        (
            atan2(v.z, (v.x * v.x + v.y * v.y).squareRoot()) * 180 / .pi,
            atan2(v.y, v.x) * 180 / .pi
        )
    }
}
