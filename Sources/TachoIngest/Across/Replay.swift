import TachoGeo

/// REPLAY: three fixes in a row, while moving, are to 1e-6 degree those of a track more than ten
/// minutes older, of another rider or the own one, and both clocks advance alike (10 s).
enum Replay {
    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isCopy(limits) else { return nil }
        let run = ExactRun(pair, backMs: pair.offsetMs, withinMs: limits.replayClockMs)
        guard run.streak >= limits.replayFixes, run.counts(pair) else { return nil }
        return run.finding(.replay, pair)
    }
}
