package import TachoGeo

/// Judging a fix that is newer than all before: the chain, then the rules about motion.
package enum InOrder {
    package struct Outcome: BitwiseCopyable {
        /// What is to be added to the base.
        package var finding: Finding
        package var isTrusted: Bool
        /// nil: the usual fix.
        package var step: ChainStep?
    }

    /// `base` is what the point rules found. Recovery calls it too, for the state alone.
    package static func judge(
        _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, base: Finding, _ chain: inout Chain,
        _ motion: inout Motion, _ limits: Thresholds
    ) -> Outcome {
        if let codes = follow(fix, recvMs: recvMs, vehicle: vehicle, &chain, &motion, limits) {
            return Outcome(finding: .of(codes), isTrusted: true, step: nil)
        }
        return judgeAtLength(
            fix, recvMs: recvMs, vehicle: vehicle, base: base, &chain, &motion, limits)
    }

    /// The usual fix, within reach of the anchor, no candidate open: it is trusted and has these
    /// codes. nil: nothing was done, `judgeAtLength` decides. Apart from it because an outcome is
    /// 215 B to be moved about.
    @inline(__always)
    package static func follow(
        _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, _ chain: inout Chain,
        _ motion: inout Motion, _ limits: Thresholds
    ) -> UInt64? {
        guard chain.follow(fix, vehicle: vehicle, limits) else { return nil }
        if limits.isMotionOff { return 0 }
        return motion.judge(fix, recvMs: recvMs, vehicle: vehicle, isJump: false, limits)
            & ~limits.off
    }

    package static func judgeAtLength(
        _ fix: Fix, recvMs: Int64, vehicle: VehicleClass, base: Finding, _ chain: inout Chain,
        _ motion: inout Motion, _ limits: Thresholds
    ) -> Outcome {
        let step = chain.advance(fix, vehicle: vehicle, base: base, limits)
        var finding = step.finding
        if limits.isMotionOff {
            return Outcome(finding: finding, isTrusted: step.isTrusted, step: step)
        }
        if step.isTrusted {
            let isJump = step.leg.map { !$0.isWithinReach } ?? false
            let moved = motion.judge(
                fix, recvMs: recvMs, vehicle: vehicle, isJump: isJump, limits)
            finding.merge(.of(moved & ~limits.off))
        } else if let leg = step.leg {
            let held = Finding.of(
                motion.hold(fix, leg, vehicle: vehicle, limits) & ~limits.off)
            chain.addToHeld(held)
            finding.merge(held)
        }
        return Outcome(finding: finding, isTrusted: step.isTrusted, step: step)
    }
}

extension Chain {
    /// What rules outside the chain found of the fix that was held last: it stays when its fate is
    /// decided.
    mutating func addToHeld(_ finding: Finding) {
        guard finding.codes != 0, heldCount > 0 else { return }
        func add(_ held: inout HeldFix) {
            held.baseCodes |= finding.codes
            held.baseEffect = max(held.baseEffect, finding.effect)
        }
        if heldCount == 1 { add(&held0) } else { add(&held1) }
    }
}
