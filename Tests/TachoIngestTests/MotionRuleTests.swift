import TachoGeo
import Testing

@testable import TachoIngest

/// Rules about motion on rides that are drawn from a seed: silent on the honest one, and each on the
/// manipulation it is for.
struct MotionRuleTests {
    /// A ride of a scooter with the noise of a receiver: bends, stops, all fields.
    private struct Ride {
        var fixes: [Fix] = []
        var recvMs: [Int64] = []

        init(seed: UInt64, seconds: Int, every step: Int = 3) {
            var random = SeededGenerator(seed: seed)
            var (east, north, speed, heading) = (0.0, 0.0, 8.0, 40.0)
            var (noiseEast, noiseNorth, altitude) = (0.0, 0.0, 300.0)
            var stopUntil = 0
            for second in stride(from: 0, to: seconds, by: step) {
                if second >= stopUntil + 120 { stopUntil = second + 45 }
                let want = second < stopUntil ? 0 : 8 + 3 * gauss(&random) * 0.3
                speed = max(0, speed + max(-2.0, min(1.5, want - speed)) * 0.8)
                if speed > 3 && Int.random(in: 0..<100, using: &random) < 20 {
                    heading += gauss(&random) * 25
                }
                for _ in 0..<step {
                    east += speed * CMathTest.sine(heading)
                    north += speed * CMathTest.sine(heading + 90)
                }
                noiseEast = 0.93 * noiseEast + 0.9 * gauss(&random)
                noiseNorth = 0.93 * noiseNorth + 0.9 * gauss(&random)
                altitude += gauss(&random) * 0.5
                let turned = (heading + gauss(&random) * 4).truncatingRemainder(dividingBy: 360)
                fixes.append(
                    Fix(
                        tsMs: start + Int64(second) * 1000,
                        latE7: 375_000_000 + Int32((north + noiseNorth) * 89.93),
                        lonE7: 1_270_000_000 + Int32((east + noiseEast) * 113.3),
                        speedCms: Int32(max(0, speed + gauss(&random) * 0.15) * 100),
                        headingCdeg: Int32((turned < 0 ? turned + 360 : turned) * 100) % 36_000,
                        accuracyDm: Int32(50 + abs(gauss(&random)) * 12),
                        altitudeDm: Int32(altitude), source: .fused))
                recvMs.append(fixes.last!.tsMs + Int64.random(in: 100...600, using: &random))
            }
        }
    }

    private static let start: Int64 = 1_767_225_600_000
    private static func gauss(_ random: inout SeededGenerator) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &random) }
    }

    /// Codes given from an index on.
    private static func codes(_ ride: Ride, from first: Int = 0) -> Set<String> {
        var (chain, motion) = (Chain(), Motion())
        var codes: UInt64 = 0
        var limits = Thresholds()
        limits.off = 0
        for (index, fix) in ride.fixes.enumerated() {
            guard fix.tsMs > chain.newestTsMs else {
                let late = motion.clockStep.judge(
                    fix, recvMs: ride.recvMs[index], newestTsMs: chain.newestTsMs, limits)
                codes |= late.codes
                continue
            }
            let outcome = InOrder.judge(
                fix, recvMs: ride.recvMs[index], vehicle: .car, base: .nothing, &chain, &motion,
                limits)
            if index >= first { codes |= outcome.finding.codes }
        }
        return Set(Code.allCases.filter { codes & $0.bit != 0 }.map(\.name))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `an honest ride is silent`(seed: UInt64) {
        for step in [1, 2, 3, 5] {
            let ride = Ride(seed: seed, seconds: 2_400, every: step)
            // WHITE_JITTER is for information: it is too weak to be silent.
            let codes = Self.codes(ride).subtracting(["WHITE_JITTER"])
            #expect(codes == [], "seed \(seed), every \(step) s")
        }
    }

    /// Where the manipulations begin: devices are known by then.
    private static let first = 400

    private static let manipulations: [(code: String, change: @Sendable (inout Ride) -> Void)] = [
        (
            "OVERSPEED",
            { ride in
                let from = ride.fixes[first - 1]
                each(&ride) { fix, index in
                    fix.latE7 = from.latE7 + Int32((index + 1) * 3 * 48 * 90)
                    fix.lonE7 = from.lonE7
                }
            }
        ),
        (
            "SPEED_MISMATCH", { each(&$0) { fix, _ in fix.speedCms = fix.speedCms * 3 + 1_200 } }
        ),
        (
            "HEADING_MISMATCH",
            {
                each(&$0) { fix, _ in
                    fix.headingCdeg = (fix.headingCdeg + 18_000) % 36_000
                }
            }
        ),
        ("PV_DIVERGE", { each(&$0) { fix, index in fix.latE7 += Int32(index * 3 * 2 * 90) } }),
        (
            "FROZEN",
            { ride in
                let held = ride.fixes[first - 1]
                each(&ride) { fix, _ in (fix.latE7, fix.lonE7) = (held.latE7, held.lonE7) }
            }
        ),
        (
            "STATIC_SYNTH",
            { ride in
                let held = ride.fixes[first - 1]
                each(&ride) { fix, _ in
                    (fix.latE7, fix.lonE7, fix.speedCms) = (held.latE7, held.lonE7, 0)
                }
            }
        ),
        (
            "SYNTH_LINE",
            { ride in
                let from = ride.fixes[first - 1]
                each(&ride) { fix, index in
                    fix.latE7 = from.latE7 + Int32((index + 1) * 3 * 9 * 90)
                    fix.lonE7 = from.lonE7
                }
            }
        ),
        (
            "SYNTH_SPEED",
            { ride in
                let from = ride.fixes[first - 1]
                each(&ride) { fix, index in
                    let angle = Double(index) * 6
                    fix.latE7 = from.latE7 + Int32(257 * 89.93 * CMathTest.sine(angle))
                    fix.lonE7 = from.lonE7 + Int32(257 * 113.35 * (1 - CMathTest.sine(angle + 90)))
                }
            }
        ),
        (
            "QUANTISED",
            {
                each(&$0) { fix, _ in
                    fix.latE7 = fix.latE7 / 1_000 * 1_000
                    fix.lonE7 = fix.lonE7 / 1_000 * 1_000
                }
            }
        ),
        ("CONST_META", { each(&$0) { fix, _ in (fix.accuracyDm, fix.altitudeDm) = (10, 0) } }),
        ("ALT_JUMP", { each(&$0) { fix, _ in fix.altitudeDm += 5_000 } }),
        ("ZIGZAG", { each(&$0) { fix, index in fix.latE7 += index % 2 == 0 ? 6_300 : -6_300 } }),
        ("FLICKER", { each(&$0) { fix, index in fix.latE7 += index % 2 == 0 ? 0 : 270_000 } }),
        ("TS_STEP", { each(&$0) { fix, _ in fix.tsMs -= 1_800_000 } }),
        (
            "TS_RATE",
            { ride in
                let from = ride.fixes[first - 1].tsMs
                each(&ride) { fix, _ in fix.tsMs = from + (fix.tsMs - from) * 45 / 100 }
            }
        ),
    ]

    private static func each(_ ride: inout Ride, _ change: (inout Fix, Int) -> Void) {
        for index in first..<ride.fixes.count { change(&ride.fixes[index], index - first) }
    }

    @Test(arguments: manipulations.indices, 1...5 as ClosedRange<UInt64>)
    func `a manipulated ride is told by its rule`(which: Int, seed: UInt64) {
        let (code, change) = Self.manipulations[which]
        var ride = Ride(seed: seed, seconds: 3 * 600)
        change(&ride)
        let found = Self.codes(ride, from: Self.first)
        #expect(found.contains(code), "seed \(seed): \(found) without \(code)")
    }

    /// A ride on a straight road whose reported speed changes with every so many fixes only.
    private static func steady(seed: UInt64, changes: Int, agrees: Bool = true) -> Ride {
        var random = SeededGenerator(seed: seed)
        var ride = Ride(seed: seed, seconds: 2_400)
        if !agrees { for index in 0..<first { ride.fixes[index].speedCms = 0 } }
        let from = ride.fixes[first - 1]
        for index in first..<ride.fixes.count {
            ride.fixes[index].latE7 =
                from.latE7
                + Int32(Double((index - first + 1) * 3 * 8) * 89.93 + gauss(&random) * 72)
            ride.fixes[index].lonE7 = from.lonE7 + Int32(gauss(&random) * 91)
            let told = 800 + Int32((index - first) / changes % 2 * 3)
            ride.fixes[index].speedCms = agrees ? told : 2_500
            ride.fixes[index].headingCdeg = Int32(100 * (1 + abs(gauss(&random))))
        }
        return ride
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `one reported speed over 26 steps is a simulator's, over 20 a phone's`(seed: UInt64) {
        func isFound(_ ride: Ride) -> Bool {
            Self.codes(ride, from: Self.first).contains("SYNTH_SPEED")
        }
        #expect(isFound(Self.steady(seed: seed, changes: 27)), "seed \(seed)")
        #expect(!isFound(Self.steady(seed: seed, changes: 20)), "seed \(seed)")
        // Of a phone whose speed has never been right a speed that stays is no wonder.
        #expect(!isFound(Self.steady(seed: seed, changes: 400, agrees: false)), "seed \(seed)")
    }

    @Test func `a phone that re-sends its position for seconds is not said to be frozen`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var ride = Ride(seed: seed, seconds: 2_400, every: 1)
            for index in ride.fixes.indices where index % 7 != 0 {
                let held = ride.fixes[index - index % 7]
                (ride.fixes[index].latE7, ride.fixes[index].lonE7) = (held.latE7, held.lonE7)
            }
            #expect(Self.codes(ride) == [], "seed \(seed)")
        }
    }

    @Test func `times at their limits are judged, also before any other fix`() {
        let limits = Thresholds()
        let ends = [-Fix.timeLimitMs + 1, -1, 0, Fix.timeLimitMs - 1]
        for first in [Int64.min] + ends {
            for tsMs in ends {
                for recvMs in ends {
                    var state = ClockStepState()
                    var one = fix(0)
                    one.tsMs = tsMs
                    for _ in 0..<3 {
                        let found = state.judge(
                            one, recvMs: recvMs, newestTsMs: first, limits)
                        #expect(found.codes == 0)
                    }
                }
            }
        }
    }

    @Test func `a tunnel of three minutes starts every window anew`() {
        var ride = Ride(seed: 3, seconds: 2_400)
        for index in 300..<ride.fixes.count {
            ride.fixes[index].tsMs += 180_000
            ride.recvMs[index] += 180_000
            ride.fixes[index].latE7 += 2_000 * 90
        }
        #expect(Self.codes(ride) == [])
    }
}

/// Sine of degrees.
private enum CMathTest {
    static func sine(_ degrees: Double) -> Double { Distance.sineOfDegrees(degrees) }
}
