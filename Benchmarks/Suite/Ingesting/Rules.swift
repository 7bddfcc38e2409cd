import CTacho
import TachoGeo
import TachoIngest

extension Benchmark {
    /// What judging costs by itself: one core, no journal, no tails.
    ///
    /// `judge_on` and `judge_off`: chain and point rules, with and without the rules about motion,
    /// for 150,000 riders in turn, so that every fix finds the rider's state in memory and not in a
    /// cache, fetched ahead as the engine does. `rule_…`: what one rule adds to the step they all
    /// share (0.1: less than can be told), for riders whose state is in the cache.
    static let rules = Benchmark(
        name: "rules", about: "judging alone, on one core: all rules, none, and each by itself"
    ) { scale in
        var figures: [Measurement] = []
        // As many fixes a rider as it takes for every habit to be learned.
        let wide = Track(riders: max(20, min(150_000, scale.points / 40)), rounds: 40)
        var limits = Thresholds()
        for (name, off) in [("judge_off", limits.deliveryOrderOff), ("judge_on", 0)] {
            limits.off = off
            figures.append(wide.measure(name, rounds: scale.rounds, limits))
        }
        let narrow = Track(riders: min(256, wide.riders), rounds: 40)
        figures += narrow.measureEach(rounds: scale.rounds, limits)
        figures.append(
            Measurement(
                "rules_state", Double(MemoryLayout<Motion>.size), "B/rider", n: 1,
                hash: UInt64(Motion.hotBytes)))
        return figures
    }
}

extension Thresholds {
    fileprivate var deliveryOrderOff: UInt64 { RuleSet.deliveryOrderCodes }
}

/// The reports of a fleet, a round after the other.
private struct Track {
    let riders: Int
    let fixes: [Fix]
    private let rounds: Int

    init(riders: Int, rounds: Int) {
        self.riders = riders
        self.rounds = rounds
        var fleet = BenchmarkFleet(riders: riders)
        fixes = (0..<riders * rounds).map { _ in fleet.step().fix }
    }

    private struct State {
        var chain = Chain()
        var motion = Motion()
    }

    /// Points a second, all riders in turn.
    func measure(_ name: String, rounds repeats: Int, _ limits: Thresholds) -> Measurement {
        let rules = RuleSet(thresholds: limits)
        var hash = ResultHash()
        var seconds: [Double] = []
        for _ in 0..<repeats {
            var states = [State](repeating: State(), count: riders)
            var codes: UInt64 = 0
            hash = ResultHash()
            seconds.append(
                Timing.seconds {
                    states.withUnsafeMutableBufferPointer { states in
                        codes = run(states, rules)
                    }
                })
            hash.mix(codes)
        }
        return Measurement(
            name, Double(fixes.count) / Timing.median(seconds), "points/s", n: fixes.count,
            hash: hash.value)
    }

    /// Fixes ahead of the one being judged whose rider's state is asked for.
    private static let ahead = 12

    @inline(__always)
    private static func fetch(_ state: UnsafeMutablePointer<State>) {
        let address = UnsafeRawPointer(state)
        tacho_prefetch(address)
        let motion = address + MemoryLayout<State>.offset(of: \.motion)!
        for line in 0...Motion.hotBytes / 64 { tacho_prefetch(motion + line * 64) }
    }

    /// All codes that were given, and how many fixes were trusted.
    @inline(never)
    private func run(_ states: UnsafeMutableBufferPointer<State>, _ rules: RuleSet) -> UInt64 {
        var (codes, trusted): (UInt64, UInt64) = (0, 0)
        let base = states.baseAddress!
        fixes.withUnsafeBufferPointer { fixes in
            for round in 0..<rounds {
                for rider in 0..<riders {
                    let fix = fixes[round * riders + rider]
                    let recvMs = fix.tsMs + 128
                    let state = base + rider
                    if rider + Self.ahead < riders { Self.fetch(state + Self.ahead) }
                    let point = RuleSet.point(fix, recvMs: recvMs, rules.thresholds)
                    let outcome = InOrder.judge(
                        fix, recvMs: recvMs, vehicle: .car, base: point, &state.pointee.chain,
                        &state.pointee.motion, rules.thresholds)
                    codes |= outcome.finding.codes | point.codes
                    trusted += outcome.isTrusted ? 1 : 0
                }
            }
        }
        return codes ^ trusted << 20
    }

    /// Nanoseconds a point, of the shared step and of each rule beside it in the same round.
    func measureEach(rounds repeats: Int, _ limits: Thresholds) -> [Measurement] {
        let passes = max(1, 3_000_000 / fixes.count)
        let count = fixes.count * passes
        var beside = [[Double]](repeating: [], count: Motion.singleRules.count)
        var steps: [Double] = []
        var codes = [UInt64](repeating: 0, count: Motion.singleRules.count)
        for _ in 0..<repeats {
            // A code without a rule about motion: the step alone.
            let (step, _) = nanoseconds(.invalid, passes: passes, limits)
            steps.append(step)
            for (index, code) in Motion.singleRules.enumerated() {
                let (ns, found) = nanoseconds(code, passes: passes, limits)
                beside[index].append(ns - step)
                codes[index] |= found
            }
        }
        let own = Measurement("rule_step", Timing.median(steps), "ns/point", n: count, hash: 0)
        return [own]
            + Motion.singleRules.enumerated().map { index, code in
                Measurement(
                    "rule_\(code.name.lowercased())", max(0.1, Timing.median(beside[index])),
                    "ns/point", n: count, hash: codes[index])
            }
    }

    @inline(never)
    private func nanoseconds(
        _ code: Code, passes: Int, _ limits: Thresholds
    ) -> (ns: Double, codes: UInt64) {
        var codes: UInt64 = 0
        let seconds = Timing.seconds {
            for _ in 0..<passes {
                var motions = [Motion](repeating: Motion(), count: riders)
                for index in fixes.indices {
                    let fix = fixes[index]
                    codes |= motions[index % riders].judge(
                        only: code, fix, recvMs: fix.tsMs + 128, vehicle: .car, limits)
                }
            }
        }
        return (seconds / Double(fixes.count * passes) * 1e9, codes)
    }
}
