import TachoGeo
import Testing

@testable import TachoIngest

/// Recomputing a stored verdict from the fixes around it.
struct RetraceTests {
    private let limits = Thresholds()

    /// Random rides with jumps of every size, gaps, held positions and stops.
    private func track(_ seed: UInt64, _ count: Int) -> [ChainEntry] {
        var random = SplitMix(seed)
        var entries: [ChainEntry] = []
        var ts: Int64 = 1_767_225_600_000
        var (lat, lon) = (Int32(375_000_000), Int32(1_270_000_000))
        for _ in 0..<count {
            ts += [1_000, 3_000, 3_000, 15_000, 70_000, 4_000_000].randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0...1: break
            case 2: lat += Int32.random(in: -60_000...60_000, using: &random)
            case 3: lon += Int32.random(in: -900_000...900_000, using: &random)
            default: lat += Int32.random(in: 0...3_000, using: &random)
            }
            let isAway = Int.random(in: 0..<12, using: &random) == 0
            let fix = Fix(
                tsMs: ts, latE7: lat + (isAway ? 500_000 : 0), lonE7: lon,
                speedCms: [Fix.absent, 0, 900].randomElement(using: &random)!,
                accuracyDm: [Fix.absent, 50, 900].randomElement(using: &random)!)
            entries.append(ChainEntry(fix: fix, vehicle: .scooter, verdict: Verdict()))
        }
        return entries
    }

    /// Verdicts as the chain ends with them.
    private func judged(_ entries: [ChainEntry]) -> [ChainEntry] {
        var entries = entries
        var chain = Chain()
        for index in entries.indices {
            let step = chain.advance(
                entries[index].fix, vehicle: entries[index].vehicle, base: .nothing, limits)
            entries[index].verdict = Verdict(
                codes: step.finding.codes, effect: step.finding.effect, isTrusted: step.isTrusted)
            for place in 0..<step.decidedCount {
                let held = place == 0 ? step.decided.0 : step.decided.1
                let at = entries.firstIndex { $0.fix.tsMs == held.tsMs }!
                entries[at].verdict = place == 0 ? step.decidedVerdicts.0 : step.decidedVerdicts.1
            }
        }
        return entries
    }

    @Test(arguments: Array(1...20) as [UInt64])
    func `the recomputed verdict is the stored one, from any start that is early enough`(
        seed: UInt64
    ) {
        let entries = judged(track(seed, 120))
        var outcomes: Set<Retrace.Outcome> = []
        for index in entries.indices {
            var short: Retrace?
            for reach in [4, 16, 120] {
                let start = max(0, index - reach)
                let trace = Retrace.run(
                    window: Array(entries[start...]), index: index - start,
                    reachesFirst: start == 0, limits)
                guard let trace else {
                    #expect(start > 0, "seed \(seed), fix \(index)")
                    continue
                }
                #expect(trace.verdict == entries[index].verdict, "seed \(seed), fix \(index)")
                if let short {
                    #expect(short.leg?.reachM == trace.leg?.reachM, "seed \(seed), fix \(index)")
                    #expect(short.anchor == trace.anchor, "seed \(seed), fix \(index)")
                }
                short = trace
                outcomes.insert(trace.outcome)
                if trace.outcome == .open {
                    #expect(trace.decidedBy == nil, "seed \(seed), fix \(index)")
                } else {
                    #expect(trace.decidedBy != nil, "seed \(seed), fix \(index)")
                }
            }
        }
        #expect(outcomes.isSuperset(of: [.within, .returned]), "seed \(seed)")
    }

    @Test func `all three that agree on a new place are confirmed by the third`() {
        let entries = judged(
            [0, 0, 0, 9_000, 9_010, 9_020, 9_030].enumerated().map { place, north in
                ChainEntry(
                    fix: Fix(
                        tsMs: 1_767_225_600_000 + Int64(place) * 1_000,
                        latE7: 375_000_000 + Int32(Double(north) / 0.011119508),
                        lonE7: 1_270_000_000),
                    vehicle: .car, verdict: Verdict())
            })
        for index in 3...5 {
            let trace = Retrace.run(window: entries, index: index, reachesFirst: true, limits)
            #expect(trace?.outcome == .confirmed)
            #expect(trace?.run == 3)
            #expect(trace?.decidedBy?.tsMs == entries[5].fix.tsMs)
            #expect(trace?.anchor?.tsMs == entries[2].fix.tsMs)
        }
        let next = Retrace.run(window: entries, index: 6, reachesFirst: true, limits)
        #expect(next?.outcome == .within)
        #expect(next?.anchor?.tsMs == entries[5].fix.tsMs)
    }
}

private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
