package import TachoGeo

/// A fix of a rider's past as the chain needs it: the first at its time, not quarantined.
package struct ChainEntry: Sendable, BitwiseCopyable {
    package var fix: Fix
    package var vehicle: VehicleClass
    /// The current verdict; of the inserted fix the base verdict of the point rules.
    package var verdict: Verdict
    package init(fix: Fix, vehicle: VehicleClass, verdict: Verdict) {
        self.fix = fix
        self.vehicle = vehicle
        self.verdict = verdict
    }
}

/// Judging a late fix between its neighbours in time, and its neighbours again.
///
/// The chain is run from a trusted fix before the late one until the old run and the new run stand
/// on the same fix with the same hold and no candidate open: from there on they cannot differ. So
/// verdicts end as if all fixes had come in time order (`Sources/rules.md`, Order of delivery).
package struct Rejudge: Sendable {
    package enum Outcome: Sendable {
        /// The window starts too late to know where the chain stood: load more, call again.
        case needsEarlierHistory
        /// The window ends before the runs meet and history goes on: load more, call again.
        case needsLaterHistory
        /// The runs met; the rider's live chain stays as it is.
        case met(changes: [Change])
        /// The new run reached the newest fix; `chain` replaces the live one.
        case reachedEnd(changes: [Change], chain: Chain)
    }

    /// A verdict that is different now. `isLate`: of the inserted fix itself, always present.
    package struct Change: Sendable {
        package var tsMs: Int64
        package var place: Coordinate
        package var verdict: Verdict
        package var old: Verdict
        package var isLate: Bool
        package var evidence: Evidence?
    }

    package struct Evidence: Sendable {
        package var anchor: Anchor
        package var leg: Leg
    }

    /// `window`: chain entries ascending by time, the late one at `lateIndex`.
    /// `reachesFirst`, `reachesNewest`: the rider has nothing earlier, nothing later.
    /// Cost: a leg per entry between the trusted fix and where the runs meet.
    package static func run(
        window: [ChainEntry], lateIndex: Int, reachesFirst: Bool, reachesNewest: Bool,
        _ limits: Thresholds
    ) -> Outcome {
        var run = Run(window: window, lateIndex: lateIndex, limits: limits)
        return run.execute(reachesFirst: reachesFirst, reachesNewest: reachesNewest)
    }

    /// The last trusted entry before `lateIndex`, where a run may start; nil: none in the window.
    package static func startIndex(_ window: [ChainEntry], lateIndex: Int) -> Int? {
        window[..<lateIndex].lastIndex { $0.verdict.isTrusted }
    }
}

extension Rejudge {
    private struct Run {
        let window: [ChainEntry]
        let lateIndex: Int
        let limits: Thresholds
        var verdicts: [Verdict]
        var evidence: [Int: Evidence] = [:]

        init(window: [ChainEntry], lateIndex: Int, limits: Thresholds) {
            self.window = window
            self.lateIndex = lateIndex
            self.limits = limits
            verdicts = window.map(\.verdict)
        }

        mutating func execute(reachesFirst: Bool, reachesNewest: Bool) -> Outcome {
            var chain = Chain()
            // Where the old run stood: the newest shown fix, and the anchor when it is trusted.
            var old: Anchor?
            var next = 0
            if let start = Rejudge.startIndex(window, lateIndex: lateIndex) {
                guard
                    let anchor = Anchor.trusted(
                        window, at: start, reachesFirst: reachesFirst, limits)
                else { return .needsEarlierHistory }
                chain.anchor = anchor
                chain.hasAnchor = true
                chain.newestTsMs = anchor.tsMs
                old = anchor
                next = start + 1
            } else if !reachesFirst {
                return .needsEarlierHistory
            }
            while next < window.count {
                step(&chain, next)
                let entry = window[next]
                if next != lateIndex, RuleSet.isShownByChain(entry.verdict) {
                    old = Anchor(
                        entry.fix, heldMs: old?.heldMs(continuedBy: entry.fix) ?? 0, limits)
                    if next > lateIndex, entry.verdict.isTrusted, chain.heldCount == 0,
                        chain.anchor == old
                    {
                        return .met(changes: changes(through: next))
                    }
                }
                next += 1
            }
            guard reachesNewest else { return .needsLaterHistory }
            return .reachedEnd(changes: changes(through: window.count - 1), chain: chain)
        }

        private mutating func step(_ chain: inout Chain, _ index: Int) {
            let entry = window[index]
            let base = RuleSet.base(codes: entry.verdict.codes)
            let step = chain.advance(entry.fix, vehicle: entry.vehicle, base: base, limits)
            verdicts[index] = Verdict(
                codes: base.codes | step.finding.codes,
                effect: max(base.effect, step.finding.effect), isTrusted: step.isTrusted)
            if let anchor = step.anchor, let leg = step.leg {
                evidence[index] = Evidence(anchor: anchor, leg: leg)
            }
            if step.decidedCount > 0 {
                set(step.decided.0.tsMs, step.decidedVerdicts.0, before: index)
            }
            if step.decidedCount > 1 {
                set(step.decided.1.tsMs, step.decidedVerdicts.1, before: index)
            }
        }

        private mutating func set(_ tsMs: Int64, _ verdict: Verdict, before index: Int) {
            var at = index - 1
            while window[at].fix.tsMs != tsMs { at -= 1 }
            verdicts[at] = verdict
        }

        private func changes(through last: Int) -> [Change] {
            var list: [Change] = []
            for index in 0...last
            where index == lateIndex || verdicts[index] != window[index].verdict {
                list.append(
                    Change(
                        tsMs: window[index].fix.tsMs, place: window[index].fix.coordinate,
                        verdict: verdicts[index],
                        old: window[index].verdict, isLate: index == lateIndex,
                        evidence: evidence[index]))
            }
            return list
        }
    }
}
