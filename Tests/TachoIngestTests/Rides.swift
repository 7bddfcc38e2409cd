import TachoGeo

@testable import TachoIngest

/// Made-up rides: streets, turns and a receiver's noise, to 1e-7 degree.
struct Rides {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func unit() -> Double { Double.random(in: -1...1, using: &random) }

    /// `count` points, `step` seconds apart, from 37.5° N, 127° E.
    mutating func ride(
        count: Int, step: Double = 1, mps: Double = 8, fromMs: Int64 = 1_767_225_600_000
    ) -> [WayPoint] {
        var (lat, lon) = (375_000_000.0, 1_270_000_000.0)
        var (north, east) = (1.0, 0.0)
        var left = 120.0
        var points: [WayPoint] = []
        for index in 0..<count {
            let speed = mps * (1 + 0.2 * unit())
            lat += north * speed * step / 0.011119508
            lon += east * speed * step / 0.0088216
            left -= speed * step
            if left < 0 {
                left = 100 + 150 * abs(unit())
                let isLeft = unit() < 0
                (north, east) = isLeft ? (-east, north) : (east, -north)
            }
            points.append(
                WayPoint(
                    tsMs: fromMs + Int64(Double(index) * step * 1000),
                    latE7: Int32(lat + 100 * unit()), lonE7: Int32(lon + 100 * unit())))
        }
        return points
    }

    /// The same ride later, with so many metres of noise.
    mutating func copy(
        _ ride: [WayPoint], laterMs: Int64, noiseM: Double = 0
    ) -> [WayPoint] {
        ride.map { point in
            WayPoint(
                tsMs: point.tsMs + laterMs,
                latE7: point.latE7 + Int32(noiseM * gaussian() / 0.011119508),
                lonE7: point.lonE7 + Int32(noiseM * gaussian() / 0.0088216))
        }
    }

    private mutating func gaussian() -> Double {
        (0..<12).reduce(-6) { sum, _ in sum + (unit() + 1) / 2 }
    }

    /// Positions on a grid of so many 1e-7 degrees.
    static func onGrid(_ ride: [WayPoint], _ unitE7: Int32) -> [WayPoint] {
        ride.map {
            WayPoint(
                tsMs: $0.tsMs, latE7: $0.latE7 / unitE7 * unitE7,
                lonE7: $0.lonE7 / unitE7 * unitE7)
        }
    }

    /// Positions as single precision holds them.
    static func single(_ ride: [WayPoint]) -> [WayPoint] {
        func rounded(_ e7: Int32) -> Int32 {
            Int32((Double(Float(Double(e7) * 1e-7)) * 1e7).rounded())
        }
        return ride.map {
            WayPoint(tsMs: $0.tsMs, latE7: rounded($0.latE7), lonE7: rounded($0.lonE7))
        }
    }
}
