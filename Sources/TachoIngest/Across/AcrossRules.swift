package import TachoGeo

/// The rules across riders, named in one place: a new one is a file here and a line below.
///
/// They compare stretches of two tracks that landmarks found alike; pure and deterministic in them.
package enum AcrossRules {
    /// The strongest finding of the rules that are on. Cost: some 20 µs for ten minutes at a fix a
    /// second.
    package static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard !pair.own.isEmpty, !pair.other.isEmpty else { return nil }
        if isOn(.replay, limits), let found = Replay.judge(pair, limits) { return found }
        if isOn(.colocated, limits), let found = Colocated.judge(pair, limits) { return found }
        if isOn(.replayFuzzy, limits), let found = ReplayFuzzy.judge(pair, limits) {
            return found
        }
        return isOn(.lockstep, limits) ? Lockstep.judge(pair, limits) : nil
    }

    package static func isOn(_ code: Code, _ limits: Thresholds) -> Bool {
        limits.off & code.bit == 0
    }

    /// Whether two landmarks are worth comparing the ways that lead to them; `later` is the younger
    /// one by the phones' clocks.
    package static func mayJudge(
        _ later: Landmark, _ earlier: Landmark, _ limits: Thresholds
    ) -> Bool {
        let offset = later.tsMs - earlier.tsMs
        if offset <= limits.replayAgeMs {
            guard later.rider != earlier.rider else { return false }
            if !later.isOfCells { return offset <= limits.colocatedMs }
        }
        let nearE7 = Int32(limits.lockedWithinM / 0.0111) + 1
        // Four times as many units of longitude are as far at 75° of latitude.
        return !later.isOfCells || later.isNear(earlier, latE7: nearE7, lonE7: 4 * nearE7)
    }

    /// What a code of these rules adds to a verdict.
    package static func finding(_ code: Code) -> Finding {
        Finding(codes: code.bit, effect: RuleSet.effect(codes: code.bit))
    }
}
