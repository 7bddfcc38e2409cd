import TachoEngine
import TachoGeo
import TachoIngest

/// What an engine must do, written the slow and obvious way: every fix in a list, verdicts by
/// judging all of a rider's fixes again in order of time after each arrival.
struct Model {
    struct Kept {
        var fix: Fix
        /// In order of arrival of all fixes.
        var arrival: Int
        /// Of the point rules.
        var base: Verdict
        var verdict: Verdict
    }

    private(set) var riders: [String: [Kept]] = [:]
    private var arrivals = 0
    /// Verdicts as decided on arrival, in order of arrival.
    private var onArrival: [Verdict] = []
    let rules = RuleSet()

    /// Takes a fix and says what the engine must answer.
    mutating func add(_ rider: String, _ fix: Fix, nowMs: Int64) -> ReplyMask {
        var list = riders[rider] ?? []
        let same = list.filter { $0.fix.tsMs == fix.tsMs }
        if same.contains(where: { $0.fix == fix }) { return .duplicate }
        var mask: ReplyMask = []
        if let shown = Self.shown(list), fix.tsMs < shown.fix.tsMs { mask.insert(.late) }
        if !same.isEmpty { mask.insert(.conflict) }
        let recvMs = StoredFix.quantisedReceipt(tsMs: fix.tsMs, nowMs: nowMs)
        let finding = rules.point(fix, recvMs: recvMs)
        let base = Verdict(codes: finding.codes, effect: finding.effect)
        list.append(Kept(fix: fix, arrival: arrivals, base: base, verdict: base))
        arrivals += 1
        list.sort { ($0.fix.tsMs, $0.arrival) < ($1.fix.tsMs, $1.arrival) }
        judge(&list)
        riders[rider] = list
        let verdict = list.first { $0.arrival == arrivals - 1 }!.verdict
        onArrival.append(verdict)
        if verdict.effect != .accept { mask.insert(.flagged) }
        if verdict.codes & (Code.tsFuture.bit | Code.tsPast.bit) != 0 { mask.insert(.clock) }
        if verdict.codes & Code.lowAccuracy.bit != 0 { mask.insert(.lowAccuracy) }
        return mask
    }

    /// The verdict a fix had when it arrived.
    func decided(_ rider: String, _ fix: Fix) -> Verdict? {
        riders[rider]?.first { $0.fix == fix }.map { onArrival[$0.arrival] }
    }

    private func judge(_ list: inout [Kept]) {
        var chain = Chain()
        var previousMs: Int64?
        for index in list.indices {
            list[index].verdict = list[index].base
            defer { previousMs = list[index].fix.tsMs }
            // Second fixes at one time and quarantined ones never enter a chain.
            guard list[index].fix.tsMs != previousMs, list[index].base.effect < .quarantine
            else { continue }
            let base = RuleSet.base(codes: list[index].base.codes)
            let step = chain.advance(
                list[index].fix, vehicle: .car, base: base, rules.thresholds)
            list[index].verdict = Verdict(
                codes: base.codes | step.finding.codes,
                effect: max(base.effect, step.finding.effect), isTrusted: step.isTrusted)
            let decided = [
                (step.decided.0, step.decidedVerdicts.0), (step.decided.1, step.decidedVerdicts.1),
            ]
            for (held, verdict) in decided.prefix(step.decidedCount) {
                let at = list.firstIndex { $0.fix.tsMs == held.tsMs }!
                list[at].verdict = verdict
            }
        }
    }

    /// The newest time among accepted and flagged fixes, and of that time the first to arrive.
    static func shown(_ list: [Kept]) -> Kept? {
        guard let newest = list.last(where: { $0.verdict.isShown }) else { return nil }
        return list.first { $0.fix.tsMs == newest.fix.tsMs && $0.verdict.isShown }
    }

    func shown(_ rider: String) -> Kept? { Self.shown(riders[rider] ?? []) }
}
