import TachoGeo
import TachoIngest

/// splitmix64: tests repeat exactly from their seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A fix `north` and `east` metres from 37.5° N, 127° E at `seconds` of 2026.
func fix(
    _ seconds: Double, north: Double = 0, east: Double = 0, accuracyDm: Int32 = Fix.absent,
    speedCms: Int32 = Fix.absent
) -> Fix {
    Fix(
        tsMs: 1_767_225_600_000 + Int64(seconds * 1000),
        latE7: 375_000_000 + Int32((north / 0.011119508).rounded()),
        lonE7: 1_270_000_000 + Int32((east / 0.0088216).rounded()), speedCms: speedCms,
        accuracyDm: accuracyDm)
}

/// Verdicts of fixes given in order of time: what every other order must end in.
func verdictsInOrder(_ fixes: [Fix], vehicle: VehicleClass = .car) -> [Verdict] {
    let rules = RuleSet()
    var chain = Chain()
    var verdicts: [Int64: Verdict] = [:]
    for fix in fixes {
        let base = rules.point(fix, recvMs: fix.tsMs)
        var verdict = Verdict(codes: base.codes, effect: base.effect)
        if base.effect < .quarantine {
            let step = chain.advance(fix, vehicle: vehicle, base: base, rules.thresholds)
            verdict.codes |= step.finding.codes
            verdict.effect = max(verdict.effect, step.finding.effect)
            verdict.isTrusted = step.isTrusted
            if step.decidedCount > 0 { verdicts[step.decided.0.tsMs] = step.decidedVerdicts.0 }
            if step.decidedCount > 1 { verdicts[step.decided.1.tsMs] = step.decidedVerdicts.1 }
        }
        verdicts[fix.tsMs] = verdict
    }
    return fixes.map { verdicts[$0.tsMs]! }
}

func texts(_ fixes: [Fix], vehicle: VehicleClass = .car) -> [String] {
    verdictsInOrder(fixes, vehicle: vehicle).map(\.text)
}
