package import TachoGeo

/// All rules, named in one place: a new rule is a file in `Rules/` and a line here.
///
/// Pure and deterministic: the verdict depends on the fix, its receipt time and the rider's state.
/// Concrete calls, no existentials: this runs once per point.
package struct RuleSet: Sendable {
    package var thresholds: Thresholds

    /// Raised with every change of a rule's meaning; stored with every commit group.
    package static let version: UInt16 = 5

    package init(thresholds: Thresholds = Thresholds()) { self.thresholds = thresholds }

    /// What the rules that need no history say. `recvMs` is the receipt time rules use
    /// (`StoredFix.ruleRecvMs`).
    package func point(_ fix: Fix, recvMs: Int64) -> Finding {
        Self.point(fix, recvMs: recvMs, thresholds)
    }

    /// The same for the loop over a batch, which has the limits at hand: to call a method of a set
    /// that lies in an object's state copies the half KiB for every fix.
    @inline(__always)
    package static func point(_ fix: Fix, recvMs: Int64, _ limits: Thresholds) -> Finding {
        var finding = NullIsland.judge(fix, limits)
        finding.merge(ClockFuture.judge(fix, recvMs: recvMs, limits))
        finding.merge(ClockPast.judge(fix, limits))
        finding.merge(LowAccuracy.judge(fix, limits))
        finding.merge(.when(fix.source == .mock, .mockFlag, .quarantine))
        return without(limits.off, finding)
    }

    /// What the stored codes outside the chain amount to: the base for judging a fix again.
    package static func base(codes: UInt64) -> Finding {
        Finding(codes: codes & ~Chain.codes, effect: effect(codes: codes & ~Chain.codes))
    }

    /// Whether a fix with such codes may enter the chain. A replayed one did and stays there: what is
    /// found across riders comes later, at no certain time, and must change no verdict of the chain.
    package static func isChained(codes: UInt64) -> Bool {
        codes & (CodeSet.quarantining | CodeSet.clockStep) == 0
    }

    /// Codes of the rules across riders.
    package static var acrossCodes: UInt64 { Code.replay.bit | Code.lockstep.bit | flaggingAcross }

    private static var flaggingAcross: UInt64 { 3 << 27 }

    /// Whether the chain shows a fix, whatever was found across riders since.
    ///
    /// One exception, of the first fix of a confirmed jump that was replayed: whether it was held or
    /// confirmed cannot be told any more, and it counts as held. What that can change is the credit
    /// for a position that was held over the jump.
    static func isShownByChain(_ verdict: Verdict) -> Bool {
        if verdict.isShown { return true }
        guard verdict.codes & Code.replay.bit != 0,
            effect(codes: verdict.codes & ~(Code.replay.bit | Chain.codes)) <= .flag
        else { return false }
        return verdict.isTrusted || verdict.codes & Chain.codes == 0
    }

    /// What is left of a finding without the codes that are switched off.
    @inline(__always)
    package static func without(_ off: UInt64, _ finding: Finding) -> Finding {
        guard finding.codes & off != 0 else { return finding }
        let codes = finding.codes & ~off
        return Finding(codes: codes, effect: effect(codes: codes))
    }

    /// Codes of the rules about motion.
    package static var motionCodes: UInt64 { CodeSet.motion }

    /// Codes of rules that look at the order of delivery; all others end as in order of time.
    package static var deliveryOrderCodes: UInt64 {
        CodeSet.motion | CodeSet.clockStep | CodeSet.conflict
    }

    static func effect(codes: UInt64) -> Effect {
        if codes & (CodeSet.quarantining | CodeSet.replay) != 0 { return .quarantine }
        if codes & (CodeSet.flicker | CodeSet.clockStep) != 0 { return .hold }
        return codes & (CodeSet.flagging | flaggingAcross) != 0 ? .flag : .accept
    }
}
