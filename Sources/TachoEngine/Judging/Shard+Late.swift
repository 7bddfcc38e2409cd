import TachoGeo
import TachoIngest
import TachoStore

/// What judging a late fix came to.
struct LateOutcome {
    var verdict: Verdict
    var changes: [Rejudge.Change]
    /// The live chain, when the new run reached the newest fix.
    var chain: Chain?
}

extension Shard {
    /// Neighbours looked at on each side at first. Two fixes that agree end a run as a rule.
    private static let firstReach = 8

    /// Judges a fix older than the chain's newest between its neighbours in time: a few first, more
    /// of the window if they do not settle it, then more history.
    mutating func judgeLate(
        _ stored: StoredFix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> LateOutcome {
        let ts = stored.fix.tsMs
        let newest = slot.pointee.chain.newestTsMs
        var from = ts
        var to = ts
        var reachesFirst = false
        var (before, after) = (Self.firstReach, Self.firstReach)
        while true {
            let window = try window(rider, slot, from, to)
            let slice = window.slice(around: ts, before: before, after: after)
            var entries = window.chainEntries(slice)
            var at = entries.count
            while at > 0 && entries[at - 1].fix.tsMs > ts { at -= 1 }
            entries.insert(
                ChainEntry(fix: stored.fix, vehicle: stored.vehicle, verdict: stored.verdict),
                at: at)
            let outcome = Rejudge.run(
                window: entries, lateIndex: at,
                reachesFirst: reachesFirst && slice.lowerBound == 0,
                reachesNewest: window.toMs >= newest && slice.upperBound == window.fixes.count,
                rules.thresholds)
            switch outcome {
            case .needsEarlierHistory where slice.lowerBound > 0:
                before *= Self.firstReach
            case .needsLaterHistory where slice.upperBound < window.fixes.count:
                after *= Self.firstReach
            case .needsEarlierHistory:
                from = window.fromMs
                to = window.toMs
                if let earlier = try source(rider, slot).earlier(than: from) {
                    from = earlier
                } else {
                    reachesFirst = true
                }
            case .needsLaterHistory:
                from = window.fromMs
                let later = try source(rider, slot).later(than: window.toMs)
                to = min(later ?? newest, newest)
            case .met(let changes):
                return LateOutcome(
                    verdict: changes.first { $0.isLate }!.verdict, changes: changes, chain: nil)
            case .reachedEnd(let changes, let chain):
                return LateOutcome(
                    verdict: changes.first { $0.isLate }!.verdict, changes: changes, chain: chain)
            }
        }
    }

    /// Records what a late fix changed: amendments of its neighbours, and the chain.
    mutating func apply(
        _ outcome: LateOutcome, _ stored: StoredFix, _ rider: UInt32,
        _ slot: UnsafeMutablePointer<Slot>, _ part: Part
    ) {
        for change in outcome.changes {
            if !change.isLate {
                amend(
                    rider, slot, change.tsMs, change.verdict, was: change.old, .lateNeighbour,
                    part)
                if change.tsMs <= slot.pointee.newestMs {
                    let touchesShown =
                        slot.pointee.hasShown && change.tsMs == slot.pointee.shownMs
                    let risesAbove =
                        change.verdict.isShown
                        && (!slot.pointee.hasShown || change.tsMs >= slot.pointee.shownMs)
                    let isNewest = change.tsMs == slot.pointee.newestMs
                    if touchesShown || risesAbove || isNewest {
                        slot.pointee.needsShownAgain = true
                    }
                }
            }
            alert(change, stored, rider, part)
        }
        if let chain = outcome.chain, chain != slot.pointee.chain {
            slot.pointee.chain = chain
            part.events.putEvent(.chain(rider: rider, image: SlotImage.chain(chain)))
        }
    }

    /// Held fixes whose fate the newest fix decided.
    mutating func decide(
        _ step: ChainStep, _ stored: StoredFix, before was: RiderBefore, _ rider: UInt32,
        _ slot: UnsafeMutablePointer<Slot>, _ part: Part
    ) {
        for index in 0..<step.decidedCount {
            let held = index == 0 ? step.decided.0 : step.decided.1
            let verdict = index == 0 ? step.decidedVerdicts.0 : step.decidedVerdicts.1
            let before = held.baseCodes | held.heldCodes
            if verdict.codes == before && verdict.effect == .hold { continue }
            amend(
                rider, slot, held.tsMs, verdict, was: Verdict(codes: before, effect: .hold),
                .candidateDecided, part)
            let added = verdict.codes & ~before
            if added != 0, let anchor = step.anchor {
                let limits = rules.thresholds
                let fix = Fix(
                    tsMs: held.tsMs, latE7: held.latE7, lonE7: held.lonE7,
                    accuracyDm: held.accuracyDm)
                let leg = Leg(
                    from: anchor, to: fix, vehicle: stored.vehicle, limits)
                raise(
                    added, verdict, held.tsMs, atRecvMs: stored.ruleRecvMs, rider, part,
                    circumstances(of: leg, was), decidedBy: stored.fix
                ) { code in
                    AlertEvidence.leg(
                        from: anchor, to: fix, leg, code: code, vehicle: stored.vehicle,
                        isImmediate: false, run: step.decidedRun, limits)
                }
            }
        }
    }

    /// Appends an amendment and brings everything in memory up to date. The chain amends only the
    /// first fix at a time.
    mutating func amend(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ tsMs: Int64, ordinal: UInt16 = 0,
        _ verdict: Verdict, was: Verdict, _ cause: AmendCause, _ part: Part
    ) {
        // A change of the judge's own mark is told nobody.
        if verdict.codes != was.codes || verdict.effect != was.effect {
            part.verdicts.add(
                VerdictEntry(
                    rider: rider, tsMs: tsMs, ordinal: ordinal, verdict: verdict, previous: was,
                    cause: .amended(cause)))
        }
        part.events.putEvent(
            .amend(rider: rider, tsMs: tsMs, ordinal: ordinal, verdict: verdict, cause: cause))
        let pendingRow = PendingAmendment(
            rider: rider, tsMs: tsMs, ordinal: ordinal, verdict: verdict, cause: cause,
            sequence: part.points == 0 ? .beforePart : .index(part.points - 1))
        part.amendments.append(pendingRow)
        pending.add(pendingRow)
        slot.pointee.amendments += 1
        if slot.pointee.past != 0 && ordinal == 0 {
            pasts.amend(tsMs, verdict, in: slot.pointee.past)
        }
        slot.pointee.isDirty = true
        if slot.pointee.hasWindow {
            windows.amend(rider: rider, tsMs, ordinal: Int(ordinal), verdict)
        }
    }
}
