package import TachoGeo

/// A held fix whose fate is open, with what is needed to decide it without reading it again.
package struct HeldFix: Hashable, Sendable, BitwiseCopyable {
    package var tsMs: Int64
    package var latE7: Int32
    package var lonE7: Int32
    package var accuracyDm: Int32
    /// Codes that do not come from the chain.
    package var baseCodes: UInt64
    package var baseEffect: Effect
    /// TELEPORT at once held when it arrived.
    package var isTeleport: Bool
    /// The jump rule holds between the anchor and this fix.
    package var isJump: Bool
    /// A jump as receivers make them when they find satellites again after a gap.
    package var isGlitch: Bool
    /// The first fix of its place came after a gap.
    package var isAfterGap: Bool
    /// GAP_SPEED holds between the anchor and this fix.
    package var isGap: Bool

    package static let none = HeldFix(
        tsMs: 0, latE7: 0, lonE7: 0, accuracyDm: 0, baseCodes: 0, baseEffect: .accept,
        isTeleport: false, isJump: false, isGlitch: false, isAfterGap: false, isGap: false)

    /// What stays of it if it is given up.
    @inline(__always)
    var openCodes: UInt64 {
        (isTeleport ? Code.teleport.bit : 0) | (isGap ? Code.gapSpeed.bit : 0)
    }

    /// What it is given while its fate is open.
    package var heldCodes: UInt64 { openCodes == 0 ? Code.candidate.bit : openCodes }

    /// What stays of it when its place is confirmed.
    @inline(__always)
    var gap: Finding { .when(isGap, .gapSpeed, .flag) }

    /// The verdict with `finding` in place of whatever the chain said before.
    @inline(__always)
    func verdict(_ finding: Finding) -> Verdict {
        Verdict(
            codes: baseCodes | finding.codes, effect: max(baseEffect, finding.effect),
            isTrusted: false)
    }
}

/// What one fix did to the chain.
package struct ChainStep: Sendable, BitwiseCopyable {
    /// The chain's part of the verdict of the fix itself.
    package var finding = Finding.nothing
    package var isTrusted = false
    /// Held fixes decided by this one: 0, 1 or 2.
    package var decidedCount = 0
    package var decided: (HeldFix, HeldFix) = (.none, .none)
    package var decidedVerdicts: (Verdict, Verdict) = (Verdict(), Verdict())
    /// The anchor before the step and the leg from it: the evidence.
    package var anchor: Anchor?
    package var leg: Leg?
    init() {}
}

/// The two-chain anchor, per rider and in time order: A is the last trusted fix; a fix out of reach
/// of A opens candidate B and is held. The next fix within reach of A gives B up (A-B-A); three
/// fixes within reach of each other make B the new A, so the chain never latches on a stale place;
/// a fix within reach of neither opens a new B.
///
/// Only the first fix at a time, and no quarantined one, may enter. A late fix does not come here
/// but goes through `Rejudge`. State: 3 × 32 B + 2 × 40 B, copied whole into checkpoints.
package struct Chain: Hashable, Sendable, BitwiseCopyable {
    // 40 bytes that the usual fix needs.
    package var anchor: Anchor
    package var hasAnchor: Bool
    /// Open held fixes, 0…2.
    package var heldCount: UInt8
    /// The newest fix that entered, ms; `Int64.min` before the first.
    package var newestTsMs: Int64

    /// The newest fix of the candidate chain; meaningful if `heldCount` > 0.
    package var candidate: Anchor
    package var held0: HeldFix
    package var held1: HeldFix

    package init() {
        anchor = .none
        hasAnchor = false
        candidate = .none
        heldCount = 0
        held0 = .none
        held1 = .none
        newestTsMs = Int64.min
    }

    /// Takes the usual fix: no candidate is open and it is within reach of the anchor beyond doubt.
    /// False: nothing was done, `advance` decides. The two come to the same: a test compares them.
    ///
    /// No trigonometry: on a sphere a leg is never longer than its way along the meridian and then
    /// along the equator's scale. Cost: about 5 ns.
    package mutating func follow(
        _ fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        guard hasAnchor && heldCount == 0 else { return false }
        guard Leg.isSurelyWithinReach(from: anchor, to: fix, vehicle: vehicle, limits) else {
            return false
        }
        precondition(fix.tsMs > newestTsMs, "a chain is judged in time order")
        newestTsMs = fix.tsMs
        anchor = Anchor(fix, heldMs: anchor.heldMs(continuedBy: fix), limits)
        return true
    }

    /// Takes the next fix in time order. `base` is what the point rules found.
    /// Cost: one leg (about 40 ns), two while a candidate is open.
    package mutating func advance(
        _ fix: Fix, vehicle: VehicleClass, base: Finding, _ limits: Thresholds
    ) -> ChainStep {
        precondition(fix.tsMs > newestTsMs, "a chain is judged in time order")
        newestTsMs = fix.tsMs
        var step = ChainStep()
        guard hasAnchor else {
            hasAnchor = true
            anchor = Anchor(fix, heldMs: 0, limits)
            step.isTrusted = true
            return step
        }
        let leg = Leg(from: anchor, to: fix, vehicle: vehicle, limits)
        step.anchor = anchor
        step.leg = leg
        if leg.isWithinReach {
            giveUp(returned: true, into: &step)
            anchor = Anchor(fix, heldMs: anchor.heldMs(continuedBy: fix), limits)
            step.isTrusted = true
            step.finding = .when(
                GapSpeed.isOne(leg, to: fix, vehicle: vehicle, limits), .gapSpeed, .flag)
            return step
        }
        var sinceMs = leg.dtMs
        if heldCount > 0 {
            sinceMs = fix.tsMs - candidate.tsMs
            let own = Leg(from: candidate, to: fix, vehicle: vehicle, limits)
            if own.isWithinReach {
                let heldMs = candidate.heldMs(continuedBy: fix)
                if Int(heldCount) + 1 >= limits.confirmations {
                    confirm(into: &step)
                    anchor = Anchor(fix, heldMs: heldMs, limits)
                    step.isTrusted = true
                } else {
                    // As the first of them.
                    let isGlitch = held0.isGlitch && leg.distanceM <= limits.glitchToM
                    hold(
                        fix, vehicle, leg, isGlitch, isAfterGap: held0.isAfterGap, base, limits,
                        into: &step)
                    candidate = Anchor(fix, heldMs: heldMs, limits)
                }
                return step
            }
            giveUp(returned: false, into: &step)
        }
        let isGlitch = Glitch.isOne(leg, sinceMs: sinceMs, limits)
        hold(
            fix, vehicle, leg, isGlitch, isAfterGap: sinceMs > limits.glitchGapMs, base, limits,
            into: &step)
        candidate = Anchor(fix, heldMs: 0, limits)
        return step
    }

    private mutating func hold(
        _ fix: Fix, _ vehicle: VehicleClass, _ leg: Leg, _ isGlitch: Bool, isAfterGap: Bool,
        _ base: Finding, _ limits: Thresholds, into step: inout ChainStep
    ) {
        let isTeleport = Teleport.isImmediate(leg, limits)
        let held = HeldFix(
            tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, accuracyDm: fix.accuracyDm,
            baseCodes: base.codes, baseEffect: base.effect, isTeleport: isTeleport,
            isJump: leg.isJump(limits), isGlitch: isGlitch, isAfterGap: isAfterGap,
            isGap: GapSpeed.isOne(leg, to: fix, vehicle: vehicle, limits))
        if heldCount == 0 { held0 = held } else { held1 = held }
        heldCount += 1
        step.leg?.isGlitch = isGlitch
        step.leg?.isAfterGap = isAfterGap
        step.finding = Finding(codes: held.heldCodes, effect: .hold)
    }

    /// The first held fix is the jump; its followers were right all along.
    private mutating func confirm(into step: inout ChainStep) {
        decide(into: &step) { held, index in
            index == 0 ? Teleport.confirmed(held) : held.gap
        }
    }

    /// `returned`: the chain came back to A, so the excursion may be a SPIKE. Otherwise a new
    /// candidate took the place of this one, which is no A-B-A: it keeps the code it had.
    private mutating func giveUp(returned: Bool, into step: inout ChainStep) {
        decide(into: &step) { held, _ in
            var finding = Finding(codes: held.openCodes, effect: .hold)
            if returned { finding.merge(Spike.givenUp(held)) }
            if finding.codes == 0 { finding.codes = Code.candidate.bit }
            return finding
        }
    }

    @inline(__always)
    private mutating func decide(
        into step: inout ChainStep, _ finding: (HeldFix, Int) -> Finding
    ) {
        guard heldCount > 0 else { return }
        step.decidedCount = Int(heldCount)
        step.decided = (held0, held1)
        step.decidedVerdicts.0 = held0.verdict(finding(held0, 0))
        if heldCount > 1 { step.decidedVerdicts.1 = held1.verdict(finding(held1, 1)) }
        heldCount = 0
        held0 = .none
        held1 = .none
        // No trace of the candidate: chains that stand alike compare equal.
        candidate = .none
    }
}

extension Chain {
    /// What rules across riders found of a fix whose fate may be open: it stays when that is decided.
    /// True: it was open.
    package mutating func addAcross(_ finding: Finding, to tsMs: Int64) -> Bool {
        func add(_ held: inout HeldFix) {
            held.baseCodes |= finding.codes
            held.baseEffect = max(held.baseEffect, finding.effect)
        }
        if heldCount > 0 && held0.tsMs == tsMs {
            add(&held0)
        } else if heldCount > 1 && held1.tsMs == tsMs {
            add(&held1)
        } else {
            return false
        }
        return true
    }
}

extension Chain {
    /// The codes a chain decides; all others stay when a fix is judged again.
    package static var codes: UInt64 {
        Code.teleport.bit | Code.spike.bit | Code.candidate.bit | Code.glitch.bit
            | Code.gapSpeed.bit
    }
}
