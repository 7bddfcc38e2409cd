package import TachoGeo

/// All rules, named in one place: a new rule is a file in `Rules/` and a line here.
///
/// Pure and deterministic: the verdict depends on the fix, its receipt time and the rider's state.
/// Concrete calls, no existentials: this runs once per point.
package struct RuleSet: Sendable {
    package var thresholds: Thresholds

    /// Raised with every change of a rule's meaning; stored with every commit group.
    package static let version: UInt16 = 2

    package init(thresholds: Thresholds = Thresholds()) { self.thresholds = thresholds }

    /// What the rules that need no history say. `recvMs` is the receipt time rules use
    /// (`StoredFix.ruleRecvMs`).
    @inline(__always)
    package func point(_ fix: Fix, recvMs: Int64) -> Finding {
        var finding = NullIsland.judge(fix, thresholds)
        finding.merge(ClockFuture.judge(fix, recvMs: recvMs, thresholds))
        finding.merge(ClockPast.judge(fix, thresholds))
        finding.merge(LowAccuracy.judge(fix, thresholds))
        finding.merge(.when(fix.source == .mock, .mockFlag, .quarantine))
        return Self.without(thresholds.off, finding)
    }

    /// What the stored codes outside the chain amount to: the base for judging a fix again.
    package static func base(codes: UInt64) -> Finding {
        Finding(codes: codes & ~Chain.codes, effect: effect(codes: codes & ~Chain.codes))
    }

    /// Whether a fix with such codes may enter the chain.
    package static func isChained(codes: UInt64) -> Bool {
        codes & (quarantining | Code.tsStep.bit) == 0
    }

    /// What is left of a finding without the codes that are switched off.
    @inline(__always)
    package static func without(_ off: UInt64, _ finding: Finding) -> Finding {
        guard finding.codes & off != 0 else { return finding }
        let codes = finding.codes & ~off
        return Finding(codes: codes, effect: effect(codes: codes))
    }

    /// Codes of the rules about motion.
    @inline(__always)
    static var motionCodes: UInt64 {
        flagging | Code.flicker.bit | Code.altJump.bit | Code.whiteJitter.bit
    }

    /// Codes of rules that look at the order of delivery; all others end as in order of time.
    package static var deliveryOrderCodes: UInt64 {
        flagging | Code.tsStep.bit | Code.tsConflict.bit | Code.flicker.bit | Code.altJump.bit
            | Code.whiteJitter.bit
    }

    static func effect(codes: UInt64) -> Effect {
        if codes & quarantining != 0 { return .quarantine }
        if codes & (Code.flicker.bit | Code.tsStep.bit) != 0 { return .hold }
        return codes & flagging != 0 ? .flag : .accept
    }

    private static var quarantining: UInt64 {
        Code.invalid.bit | Code.mockFlag.bit | Code.tsFuture.bit | Code.tsPast.bit
            | Code.tsConflict.bit
    }
    private static var flagging: UInt64 {
        Code.overspeed.bit | Code.speedMismatch.bit | Code.headingMismatch.bit
            | Code.pvDiverge.bit | Code.frozen.bit | Code.staticSynth.bit | Code.synthLine.bit
            | Code.synthSpeed.bit | Code.quantised.bit | Code.constMeta.bit
            | Code.zigzag.bit | Code.tsRate.bit
    }
}
