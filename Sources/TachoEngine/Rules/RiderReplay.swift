import TachoGeo
import TachoIngest

/// All fixes of a rider judged again in memory, in the order in which they were delivered, by rules of
/// choice: what the judge would have said had these been in force from the first fix on.
///
/// It goes the judge's way (`Shard`) with the same rules, on one array instead of tails, windows and
/// chunks. Tests hold its verdicts against those of engines that took the same fixes. What is not
/// stored did not change anything there either: duplicates. What was found across riders stays, as
/// one rider's history cannot tell it again, unless its rule is off.
struct RiderReplay {
    private let rules: RuleSet
    /// By time, then arrival.
    let fixes: [HistoryFix]
    /// As they would be now, beside `fixes`.
    private(set) var verdicts: [Verdict]
    /// Where the chain stands in the end.
    private(set) var chain = Chain()
    private var motion = Motion()
    private var delivered: DeliveredFixes

    /// Neighbours a late fix is judged with at first, on each side.
    private static let firstReach = 8

    /// `fixes`: by time, then arrival, without gaps from the first one on.
    init(_ fixes: [HistoryFix], _ rules: RuleSet) {
        self.fixes = fixes
        self.rules = rules
        verdicts = Array(repeating: Verdict(), count: fixes.count)
        delivered = DeliveredFixes(count: fixes.count)
    }

    /// Cost: 0.3 µs a fix in order of time, some 10 µs a late one.
    mutating func run() {
        func arrivedBefore(_ a: Int, _ b: Int) -> Bool {
            (fixes[a].range, fixes[a].arrival) < (fixes[b].range, fixes[b].arrival)
        }
        if (1..<max(fixes.count, 1)).allSatisfy({ arrivedBefore($0 - 1, $0) }) {
            for index in fixes.indices { take(index) }
        } else {
            for index in fixes.indices.sorted(by: arrivedBefore) { take(index) }
        }
        // In the end: it changes nothing of what the chain decides, whenever it was found.
        let kept = RuleSet.acrossCodes & ~rules.thresholds.off
        for index in fixes.indices where fixes[index].current.codes & kept != 0 {
            verdicts[index].add(.of(fixes[index].current.codes & kept))
        }
    }

    private mutating func take(_ index: Int) {
        let stored = fixes[index].stored
        // Those of the same time that came before it lie before it.
        let first = firstIndex(at: stored.fix.tsMs, endingAt: index)
        let base = base(of: stored, first: first, others: index - first)
        let isChained =
            first == index && (base.codes == 0 || RuleSet.isChained(codes: base.codes))
        verdicts[index] = Verdict(codes: base.codes, effect: base.effect)
        if isChained && stored.fix.tsMs > chain.newestTsMs {
            takeInOrder(index, stored, base)
        } else if isChained {
            takeLate(index)
        }
        delivered.insert(index)
    }

    /// What the rules outside the chain say of a fix, but for those about motion.
    private mutating func base(of stored: StoredFix, first: Int, others: Int) -> Finding {
        var base = rules.point(stored.fix, recvMs: stored.ruleRecvMs)
        let isNewest = stored.fix.tsMs > chain.newestTsMs
        let isPlain = base.codes == 0 || RuleSet.isChained(codes: base.codes)
        if others == 0 && isNewest && isPlain { return base }
        var clock = motion.clockStep.judge(
            stored.fix, recvMs: stored.ruleRecvMs, newestTsMs: chain.newestTsMs,
            rules.thresholds)
        if others > 0 {
            clock.merge(
                ClockConflict.judge(
                    stored.fix, first: fixes[first].stored.fix, others: others,
                    rules.thresholds))
        }
        base.merge(RuleSet.without(rules.thresholds.off, clock))
        return base
    }

    private mutating func takeInOrder(_ index: Int, _ stored: StoredFix, _ base: Finding) {
        let outcome = InOrder.judge(
            stored.fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle, base: base, &chain,
            &motion, rules.thresholds)
        verdicts[index] = Verdict(
            codes: base.codes | outcome.finding.codes,
            effect: max(base.effect, outcome.finding.effect), isTrusted: outcome.isTrusted)
        guard let step = outcome.step, step.decidedCount > 0 else { return }
        decide(step.decided.0, step.decidedVerdicts.0)
        if step.decidedCount > 1 { decide(step.decided.1, step.decidedVerdicts.1) }
    }

    private mutating func decide(_ held: HeldFix, _ verdict: Verdict) {
        verdicts[HistorySource.firstIndex(fixes, atOrAfter: held.tsMs)] = verdict
    }

    /// Between its neighbours: a few first, more until the runs meet.
    private mutating func takeLate(_ index: Int) {
        var (before, after) = (Self.firstReach, Self.firstReach)
        while true {
            let window = window(around: index, before: before, after: after)
            let outcome = Rejudge.run(
                window: window.entries, lateIndex: window.lateIndex,
                reachesFirst: window.reachesFirst, reachesNewest: window.reachesNewest,
                rules.thresholds)
            switch outcome {
            case .needsEarlierHistory: before *= Self.firstReach
            case .needsLaterHistory: after *= Self.firstReach
            case .met(let changes): return apply(changes, late: index)
            case .reachedEnd(let changes, let chain):
                self.chain = chain
                return apply(changes, late: index)
            }
        }
    }

    private mutating func apply(_ changes: [Rejudge.Change], late: Int) {
        for change in changes {
            let index =
                change.isLate ? late : HistorySource.firstIndex(fixes, atOrAfter: change.tsMs)
            verdicts[index] = change.verdict
        }
    }

    private func firstIndex(at tsMs: Int64, endingAt index: Int) -> Int {
        var first = index
        while first > 0 && fixes[first - 1].tsMs == tsMs { first -= 1 }
        return first
    }
}

extension RiderReplay {
    private struct Window {
        var entries: [ChainEntry] = []
        var lateIndex = 0
        var reachesFirst = false
        var reachesNewest = false
    }

    /// Delivered fixes that belong to the chain around a late one, and that one.
    private func window(around late: Int, before: Int, after: Int) -> Window {
        var window = Window()
        var low = late
        var earlier: [ChainEntry] = []
        for _ in 0..<before {
            guard let next = delivered.before(low) else {
                window.reachesFirst = true
                break
            }
            low = next
            if let entry = entry(low) { earlier.append(entry) }
        }
        window.entries = earlier.reversed()
        window.lateIndex = earlier.count
        let stored = fixes[late].stored
        window.entries.append(
            ChainEntry(fix: stored.fix, vehicle: stored.vehicle, verdict: verdicts[late]))
        var high = late
        for _ in 0..<after {
            guard let next = delivered.after(high) else {
                window.reachesNewest = true
                break
            }
            high = next
            if let entry = entry(high) { window.entries.append(entry) }
        }
        return window
    }

    /// The first fix of each time, unless a rule keeps it out.
    private func entry(_ index: Int) -> ChainEntry? {
        guard index == 0 || fixes[index - 1].tsMs != fixes[index].tsMs,
            RuleSet.isChained(codes: verdicts[index].codes)
        else { return nil }
        let stored = fixes[index].stored
        return ChainEntry(fix: stored.fix, vehicle: stored.vehicle, verdict: verdicts[index])
    }
}
