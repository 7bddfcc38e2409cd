import TachoGeo
import TachoIngest

@testable import TachoExplain

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

/// 2026-01-01T12:03:00Z.
let noonMs: Int64 = 1_767_268_980_000

/// A fix `north` and `east` metres from 37.5° N, 127° E, `seconds` after 12:03.
func fix(
    _ seconds: Double, north: Double = 0, east: Double = 0, accuracyDm: Int32 = 100,
    source: FixSource = .unknown
) -> Fix {
    Fix(
        tsMs: noonMs + Int64((seconds * 1000).rounded()),
        latE7: 375_000_000 + Int32((north / 0.011119508).rounded()),
        lonE7: 1_270_000_000 + Int32((east / 0.0088216).rounded()), accuracyDm: accuracyDm,
        source: source)
}

/// A ride of fixes a second apart at 10 m/s to the north, from second 0 on.
func ride(_ seconds: ClosedRange<Int>) -> [Fix] {
    seconds.map { fix(Double($0), north: Double($0) * 10) }
}

/// The verdicts that the rules in time order end in.
func judged(_ fixes: [Fix], _ vehicle: VehicleClass = .car) -> [CaseFix] {
    let rules = RuleSet()
    var chain = Chain()
    var list: [CaseFix] = []
    for fix in fixes {
        let ordinal = list.last?.fix.tsMs == fix.tsMs ? list[list.count - 1].ordinal + 1 : 0
        var verdict = Verdict()
        let base = rules.point(fix, recvMs: fix.tsMs + 100)
        verdict.codes = base.codes
        verdict.effect = base.effect
        if ordinal == 0 && RuleSet.isChained(codes: base.codes) {
            let step = chain.advance(fix, vehicle: vehicle, base: base, rules.thresholds)
            verdict.codes |= step.finding.codes
            verdict.effect = max(base.effect, step.finding.effect)
            verdict.isTrusted = step.isTrusted
            for place in 0..<step.decidedCount {
                let held = place == 0 ? step.decided.0 : step.decided.1
                let at = list.firstIndex { $0.fix.tsMs == held.tsMs && $0.ordinal == 0 }!
                list[at].current = place == 0 ? step.decidedVerdicts.0 : step.decidedVerdicts.1
            }
        }
        list.append(CaseFix(fix: fix, vehicle: vehicle, current: verdict, ordinal: ordinal))
    }
    return list
}

/// The case of the `index`th of some fixes, which are all there is of the rider.
func makeCase(
    _ track: [CaseFix], _ index: Int, rider: String = "r7", arrival: Verdict? = nil,
    recvMs: Int64? = nil, alerts: [CaseAlert] = [], amendments: [CaseAmendment] = []
) -> Case {
    let one = track[index]
    return Case(
        rider: rider,
        stored: StoredFix(
            fix: one.fix, provenance: .live, vehicle: one.vehicle,
            verdict: arrival ?? one.current, recvMs: recvMs ?? one.fix.tsMs + 128,
            claimedRecvMs: 0),
        current: one.current, ordinal: one.ordinal, amendments: amendments, alerts: alerts,
        place: CasePlace(
            holder: .journal, range: 1, arrival: UInt32(index), firstSequence: 1,
            lastSequence: nil),
        track: track, reachesFirst: true, limits: Thresholds())
}

func explained(_ track: [CaseFix], _ index: Int) -> Explanation {
    Explanation(makeCase(track, index))
}

/// A verdict with these codes, by name.
func codes(_ names: String..., effect: Effect) -> Verdict {
    var verdict = Verdict(effect: effect)
    for name in names {
        verdict.codes |= 1 << UInt64(Code.names.firstIndex(of: name)!)
    }
    return verdict
}
