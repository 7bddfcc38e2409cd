import TachoGeo

/// LOCKSTEP: locked as in REPLAY_FUZZY to another rider less than ten minutes away. For information:
/// friends ride together.
enum Lockstep {
    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isTogether(limits) else { return nil }
        return LockedRun(pair, limits).finding(.lockstep, pair, limits)
    }
}
