package import TachoGeo

/// How the chain came to the verdict of a stored fix: the chain run again in time order, over the
/// fixes around it as they are stored, from a fix where it surely stood.
///
/// Evidence for a person, and a check: with the thresholds that judged it, `verdict` is the stored
/// one for any order of delivery. Codes of rules outside the chain are taken as stored.
package struct Retrace: Sendable {
    package enum Outcome: Sendable, Hashable {
        /// Within reach of the anchor.
        case within
        /// Out of reach; so far no later fix decided.
        case open
        /// Three fixes agreed on the new place. The last of them has this outcome too.
        case confirmed
        /// The track came back to the anchor.
        case returned
        /// Another place out of reach took its place as candidate.
        case replaced
    }

    /// The last trusted fix before it, and the way from there; nil: it was the rider's first.
    package var anchor: Anchor?
    package var leg: Leg?
    package var outcome = Outcome.within
    /// The fix that decided: itself if it is within reach or the last of a confirmed chain.
    package var decidedBy: Fix?
    /// Held in a row out of reach up to the decision, this one included; 0: it was within reach.
    package var run = 0
    package var verdict: Verdict
    /// TELEPORT at once held for it.
    package var isImmediate = false

    /// `window`: chain entries ascending by time, the fix at `index`. `reachesFirst`: the rider has
    /// nothing earlier. nil: the window starts too late to know where the chain stood.
    /// Cost: a leg per entry from the trusted fix to the decision.
    package static func run(
        window: [ChainEntry], index: Int, reachesFirst: Bool, _ limits: Thresholds
    ) -> Retrace? {
        var chain = Chain()
        var next = 0
        if let start = Rejudge.startIndex(window, lateIndex: index) {
            guard
                let anchor = Anchor.trusted(
                    window, at: start, reachesFirst: reachesFirst, limits)
            else { return nil }
            chain.anchor = anchor
            chain.hasAnchor = true
            chain.newestTsMs = anchor.tsMs
            next = start + 1
        } else if !reachesFirst {
            return nil
        }
        var trace = Retrace(verdict: Verdict())
        while next < window.count {
            let entry = window[next]
            let base = RuleSet.base(codes: entry.verdict.codes)
            let heldBefore = Int(chain.heldCount)
            let step = chain.advance(entry.fix, vehicle: entry.vehicle, base: base, limits)
            if next == index {
                trace.take(step, base, limits)
                if step.isTrusted { trace.settle(entry.fix, after: heldBefore) }
            } else if next > index {
                trace.take(decisionOf: step, entry.fix, at: window[index].fix.tsMs)
            }
            if next >= index {
                if trace.decidedBy != nil { return trace }
                trace.run = Int(chain.heldCount)
            }
            next += 1
        }
        return trace
    }

    /// What the chain says when the fix comes.
    private mutating func take(_ step: ChainStep, _ base: Finding, _ limits: Thresholds) {
        anchor = step.anchor
        leg = step.leg
        verdict = Verdict(
            codes: base.codes | step.finding.codes,
            effect: max(base.effect, step.finding.effect), isTrusted: step.isTrusted)
        if !step.isTrusted { outcome = .open }
        if let leg { isImmediate = !leg.isWithinReach && Teleport.isImmediate(leg, limits) }
    }

    /// The fix is trusted: within reach, or the last of three that agree.
    private mutating func settle(_ fix: Fix, after held: Int) {
        decidedBy = fix
        guard let leg, !leg.isWithinReach else { return }
        outcome = .confirmed
        isImmediate = false
        run = held + 1
    }

    /// A later fix may decide it.
    private mutating func take(decisionOf step: ChainStep, _ fix: Fix, at tsMs: Int64) {
        for place in 0..<step.decidedCount {
            let held = place == 0 ? step.decided.0 : step.decided.1
            guard held.tsMs == tsMs else { continue }
            verdict = place == 0 ? step.decidedVerdicts.0 : step.decidedVerdicts.1
            decidedBy = fix
            run = step.decidedRun
            if !step.isTrusted {
                outcome = .replaced
            } else {
                outcome = run > step.decidedCount ? .confirmed : .returned
            }
        }
    }
}

extension ChainStep {
    /// Fixes in a row that a decision rests on: held ones, and the one that confirmed them.
    package var decidedRun: Int {
        let isConfirmed = isTrusted && !(leg?.isWithinReach ?? true)
        return decidedCount + (isConfirmed ? 1 : 0)
    }
}

extension Anchor {
    /// The anchor as the chain had it at a trusted entry. How long its position was held is counted
    /// back over shown fixes; held ones between them never touched the chain. nil: the window
    /// starts before that can be told.
    static func trusted(
        _ window: [ChainEntry], at index: Int, reachesFirst: Bool, _ limits: Thresholds
    ) -> Anchor? {
        let fix = window[index].fix
        var first = fix.tsMs
        var at = index - 1
        while at >= 0 {
            let earlier = window[at]
            if RuleSet.isShownByChain(earlier.verdict) {
                guard earlier.fix.latE7 == fix.latE7, earlier.fix.lonE7 == fix.lonE7 else {
                    return Anchor(fix, heldMs: fix.tsMs - first, limits)
                }
                first = earlier.fix.tsMs
                if fix.tsMs - first >= limits.holdCreditMs {
                    return Anchor(fix, heldMs: fix.tsMs - first, limits)
                }
            }
            at -= 1
        }
        return reachesFirst ? Anchor(fix, heldMs: fix.tsMs - first, limits) : nil
    }
}
