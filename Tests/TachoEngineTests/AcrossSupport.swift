import TachoGeo
import TachoIngest

@testable import TachoEngine

/// Engines that compare tracks, and rides to compare.
func acrossOptions(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
    var options = testOptions(directory, workers: workers)
    options.judgesAcross = true
    options.fault = .skipSync
    return options
}

extension SeededGenerator {
    private mutating func unit() -> Double { Double.random(in: -1...1, using: &self) }

    /// A ride of `count` fixes, `step` seconds apart, that begins at `second` and is a few km from
    /// others; streets, turns and a receiver's noise, to 1e-7 degree.
    mutating func ride(
        count: Int, from second: Double, step: Double = 1, mps: Double = 8
    ) -> [Fix] {
        var (north, east) = (Double(number(0...400)) * 50, Double(number(0...400)) * 50)
        var (toNorth, toEast) = (1.0, 0.0)
        var left = 100.0
        return (0..<count).map { index in
            let way = mps * step * (1 + 0.2 * unit())
            north += toNorth * way
            east += toEast * way
            left -= way
            if left < 0 {
                left = Double(number(80...250))
                (toNorth, toEast) = chance(50) ? (-toEast, toNorth) : (toEast, -toNorth)
            }
            return fix(
                second + Double(index) * step, north: north + 2 * unit(), east: east + 2 * unit())
        }
    }

    /// The same ride so many seconds later, with so many metres of noise.
    mutating func copy(_ ride: [Fix], later seconds: Double, noiseM: Double = 0) -> [Fix] {
        ride.map { fix in
            var copy = fix
            copy.tsMs += Int64(seconds * 1000)
            copy.latE7 += Int32(noiseM * unit() / 0.011119508)
            copy.lonE7 += Int32(noiseM * unit() / 0.0088216)
            return copy
        }
    }
}

extension Engine {
    /// Sends a ride in batches.
    func send(_ rider: String, _ fixes: [Fix], size: Int = 40) throws {
        for start in stride(from: 0, to: fixes.count, by: size) {
            let part = fixes[start..<min(start + size, fixes.count)]
            _ = try append(batch(part.map { (rider, $0) }))
        }
    }

    /// How many fixes of a rider have a code.
    func count(_ rider: String, _ code: Code) throws -> Int {
        try all(rider).count { $0.verdict.codes & code.bit != 0 }
    }

    func alerts(of code: Code) throws -> [Alert] {
        try alertsByReceipt().filter { $0.code == code }
    }
}
