import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// The honest hard cases: what phones and roads do by themselves. None may reach operations, whatever
/// the seed; every rule is on.
struct HonestCaseTests {
    /// A courier's ride with a receiver's wandering noise: bends, stops, all fields.
    private struct Ride {
        var fixes: [Fix] = []
        /// By index.
        var recvMs: [Int64] = []

        init(
            seed: UInt64, seconds: Int, every step: Int = 3, speedMps: Double = 8,
            straight: Bool = false
        ) {
            var random = SeededGenerator(seed: seed)
            var (north, east, speed, degrees) = (0.0, 0.0, speedMps, 40.0)
            var (noiseNorth, noiseEast, altitude) = (0.0, 0.0, 30.0)
            for second in stride(from: 0, to: seconds, by: step) {
                let stops = !straight && second % 400 < 45 && second > 60
                let want = stops ? 0 : speedMps + Self.gauss(&random)
                speed = max(0, speed + max(-2, min(1.5, want - speed)) * Double(step) / 3)
                if !straight && speed > 3 && random.chance(15) {
                    degrees += Self.gauss(&random) * 25
                }
                let way = speed * Double(step)
                north += way * Distance.sineOfDegrees(Self.whole(degrees + 90))
                east += way * Distance.sineOfDegrees(Self.whole(degrees))
                noiseNorth = 0.9 * noiseNorth + 0.8 * Self.gauss(&random)
                noiseEast = 0.9 * noiseEast + 0.8 * Self.gauss(&random)
                altitude += Self.gauss(&random) * 0.5
                var one = fix(
                    Double(second), north: north + noiseNorth, east: east + noiseEast,
                    accuracyDm: Int32(50 + abs(Self.gauss(&random)) * 12))
                one.speedCms = Int32(max(0, speed + Self.gauss(&random) * 0.15) * 100)
                one.headingCdeg =
                    Int32(Self.whole(degrees + Self.gauss(&random) * 4) * 100) % 36_000
                one.altitudeDm = Int32(altitude * 10)
                one.source = .fused
                fixes.append(one)
                recvMs.append(one.tsMs + random.number(100...600))
            }
        }

        /// From an index on.
        mutating func each(from first: Int, _ change: (inout Fix, Int) -> Void) {
            for index in first..<fixes.count { change(&fixes[index], index - first) }
        }

        mutating func delay(from first: Int, byMs ms: Int64) {
            for index in first..<fixes.count {
                fixes[index].tsMs += ms
                recvMs[index] += ms
            }
        }

        private static func gauss(_ random: inout SeededGenerator) -> Double {
            (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &random) }
        }

        private static func whole(_ degrees: Double) -> Double {
            let rest = degrees.truncatingRemainder(dividingBy: 360)
            return rest < 0 ? rest + 360 : rest
        }
    }

    private static let seeds: ClosedRange<UInt64> = 1...5
    private static func east(_ metres: Double) -> Int32 { Int32(metres / 0.0088216) }
    private static func north(_ metres: Double) -> Int32 { Int32(metres / 0.011119508) }

    /// Sends a ride in an order of delivery, and returns what operations would hear, without what is
    /// for information only.
    private func alerts(
        _ ride: Ride, order: [Int]? = nil, vehicle: VehicleClass? = nil,
        look: (Engine) throws -> Void = { _ in }
    ) throws -> [String] {
        let directory = TemporaryDirectory()
        var options = testOptions(directory, allRules: true)
        options.fault = .skipSync
        let engine = try Engine.open(options)
        defer { engine.abandon() }
        var all = FixBatch(capacity: ride.fixes.count)
        all.vehicle = vehicle
        for index in order ?? Array(ride.fixes.indices) {
            Array("r".utf8).withUnsafeBytes { name in
                _ = all.append(
                    rider: name, fix: ride.fixes[index], provenance: .claimed,
                    claimedRecvMs: ride.recvMs[index])
            }
        }
        _ = try engine.append(all)
        try look(engine)
        return try engine.alertsByReceipt().filter { $0.severity != "info" }.map {
            "\($0.code.name) at \(($0.tsMs - ride.fixes[0].tsMs) / 1000) s: \($0.evidenceJSON)"
        }
    }

    @Test(arguments: seeds)
    func `a tunnel: three minutes without a fix, 2 km`(seed: UInt64) throws {
        var ride = Ride(seed: seed, seconds: 2_000)
        ride.delay(from: 300, byMs: 180_000)
        ride.each(from: 300) { fix, _ in fix.latE7 += Self.north(2_000) }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `an urban canyon: excursions of 50 to 300 m are kept out of latest in silence`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        var ride = Ride(seed: seed, seconds: 2_000)
        var away: [Int64] = []
        for index in stride(from: 100, to: ride.fixes.count - 10, by: 47) {
            let metres = Double(random.number(50...300))
            let isNorth = random.chance(50)
            // A second fix there can be in reach by then.
            if metres > 250 { away.append(ride.fixes[index].tsMs) }
            for index in index..<index + random.number(1...2) {
                if isNorth {
                    ride.fixes[index].latE7 += Self.north(metres)
                } else {
                    ride.fixes[index].lonE7 += Self.east(metres)
                }
            }
        }
        let found = try alerts(ride) { engine in
            let held = try engine.all("r").filter { !$0.verdict.isShown }.map(\.fix.tsMs)
            #expect(Set(held).isSuperset(of: away), "seed \(seed)")
        }
        #expect(found == [], "seed \(seed)")
    }

    @Test(arguments: seeds) func `a ferry at 20 m/s, straight on`(seed: UInt64) throws {
        let ride = Ride(seed: seed, seconds: 1_500, speedMps: 19, straight: true)
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `an elevator: 100 m up at 10 m/s, the position at a stand`(seed: UInt64) throws {
        var ride = Ride(seed: seed, seconds: 1_500)
        ride.each(from: 300) { fix, after in
            fix.altitudeDm += Int32(min(Double(after * 3) * 10, 100) * 10)
        }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds, [-30_000, -15_000, 15_000, 29_000] as [Int64])
    func `a clock that is off by a constant`(seed: UInt64, offMs: Int64) throws {
        var ride = Ride(seed: seed, seconds: 1_000)
        ride.each(from: 0) { fix, _ in fix.tsMs += offMs }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test func `a first fix is shown at once, wherever it is`() throws {
        var ride = Ride(seed: 1, seconds: 3)
        ride.fixes[0].latE7 = -337_000_000
        let found = try alerts(ride) { engine in
            #expect(engine.shown("r")?.verdict.text == "ok")
        }
        #expect(found == [])
    }

    @Test(arguments: seeds)
    func `a first position from a cache, 4 km off, is for information`(seed: UInt64) throws {
        var ride = Ride(seed: seed, seconds: 600)
        let place = ride.fixes[20]
        for index in 0..<20 {
            ride.fixes[index].latE7 = place.latE7 + Int32(index % 3) * 40
            ride.fixes[index].lonE7 = place.lonE7
            ride.fixes[index].speedCms = 0
        }
        ride.fixes[0].latE7 += Self.north(4_000)
        let found = try alerts(ride) { engine in
            let verdicts = try engine.verdicts("r")
            #expect(verdicts[1...3] == ["flag:TELEPORT", "ok", "ok"], "seed \(seed)")
        }
        #expect(found == [], "seed \(seed)")
        // Where the phone says it moves, it is an alert.
        ride.fixes[0].speedCms = 800
        let moving = try alerts(ride)
        #expect(moving.contains { $0.hasPrefix("TELEPORT") }, "seed \(seed)")
    }

    @Test(arguments: seeds) func `across the antimeridian, both ways`(seed: UInt64) throws {
        for sign in [1, -1] as [Int64] {
            var ride = Ride(seed: seed, seconds: 2_000, straight: true)
            ride.each(from: 0) { fix, _ in
                var lon = Int64(fix.lonE7) - 1_270_000_000
                lon = sign * lon + sign * 1_799_500_000
                if lon > 1_800_000_000 { lon -= 3_600_000_000 }
                if lon < -1_800_000_000 { lon += 3_600_000_000 }
                fix.lonE7 = Int32(lon)
                // East and west have changed sides.
                if sign < 0 { fix.headingCdeg = (36_000 - fix.headingCdeg) % 36_000 }
            }
            #expect(Set(ride.fixes.map { $0.lonE7.signum() }).count == 2)
            #expect(try alerts(ride) == [], "seed \(seed), \(sign)")
        }
    }

    @Test(arguments: seeds) func `over the pole`(seed: UInt64) throws {
        var ride = Ride(seed: seed, seconds: 1_000)
        let start = ride.fixes[0]
        ride.each(from: 0) { fix, _ in
            // Along a meridian to the pole and down on the other side.
            let metres = Double(fix.tsMs - start.tsMs) / 1000 * 8 - 4_000
            fix.latE7 = 900_000_000 - Self.north(abs(metres))
            fix.lonE7 = metres < 0 ? 300_000_000 : -1_500_000_000
            fix.headingCdeg = Fix.absent
            fix.speedCms = 780 + fix.altitudeDm % 41
            // What is at hand at the pole; and a receiver's noise along the meridian.
            fix.latE7 -= Int32(fix.altitudeDm % 7) * 90
        }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `a leap second: one second comes twice`(seed: UInt64) throws {
        var ride = Ride(seed: seed, seconds: 600, every: 1)
        ride.each(from: 300) { fix, _ in fix.tsMs -= 1_000 }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `another device: five decimals less, another altitude, another habit`(
        seed: UInt64
    ) throws {
        var ride = Ride(seed: seed, seconds: 2_400)
        ride.delay(from: 400, byMs: 90_000)
        ride.each(from: 400) { fix, _ in
            fix.latE7 = fix.latE7 / 1_000 * 1_000
            fix.lonE7 = fix.lonE7 / 1_000 * 1_000
            fix.altitudeDm = 4_700
            fix.accuracyDm = 100
            fix.source = .net
        }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test(arguments: seeds, [0, 1, 2])
    func `a backlog of four hours: in order, newest page first, backwards`(
        seed: UInt64, how: Int
    ) throws {
        var ride = Ride(seed: seed, seconds: 4 * 3_600)
        let endMs = ride.fixes.last!.tsMs + 60_000
        for index in ride.recvMs.indices { ride.recvMs[index] = endMs + Int64(index / 100) }
        let all = Array(ride.fixes.indices)
        let order =
            switch how {
            case 0: all
            case 1:
                stride(from: 0, to: all.count, by: 100).reversed().flatMap {
                    all[$0...].prefix(100)
                }
            default: Array(all.reversed())
            }
        #expect(try alerts(ride, order: order) == [], "seed \(seed)")
    }

    @Test(arguments: seeds)
    func `a phone that re-sends its position for 5 to 8 s, then jumps on`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ride = Ride(seed: seed, seconds: 2_000, every: 1, speedMps: 13)
        var from = 0
        while from < ride.fixes.count {
            let count = random.number(5...8)
            for index in from..<min(from + count, ride.fixes.count) {
                ride.fixes[index].latE7 = ride.fixes[from].latE7
                ride.fixes[index].lonE7 = ride.fixes[from].lonE7
            }
            from += count
        }
        #expect(try alerts(ride) == [], "seed \(seed)")
    }

    @Test func `the same ride with a jump of 5 km is heard of`() throws {
        var ride = Ride(seed: 1, seconds: 1_000)
        ride.each(from: 200) { fix, _ in fix.latE7 += Self.north(5_000) }
        #expect(try alerts(ride).contains { $0.hasPrefix("TELEPORT") })
    }
}
