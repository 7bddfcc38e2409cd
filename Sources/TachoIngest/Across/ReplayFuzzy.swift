import TachoGeo

/// REPLAY_FUZZY: the way is locked to an older track in time (0.35 s) and place (6.5 m) at eight
/// entries into cells or more, three in five of all, over 600 m; or, whatever the other track entered
/// then, within 5 m at four in five.
enum ReplayFuzzy {
    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isCopy(limits) else { return nil }
        return LockedRun(pair, limits).finding(.replayFuzzy, pair, limits)
            ?? LockedRun(pair, limits, by: .times).finding(.replayFuzzy, pair, limits)
    }
}
