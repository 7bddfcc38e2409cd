import TachoGeo

/// REPLAY: three fixes in a row, while moving, are to 1e-6 degree those of a track more than ten
/// minutes older, of another rider or the own one, and both clocks advance alike (10 s).
///
/// Positions on a grid of 1e-5 degree, 1.1 m, or of single precision agree by chance once in thirty
/// on the same road: of such phones it takes eight in a row. Coarser ones are not compared.
enum Replay {
    private static let coarseFixes = 8

    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isCopy(limits) else { return nil }
        let run = ExactRun(pair, backMs: pair.offsetMs, withinMs: limits.replayClockMs)
        let least = pair.isFine ? limits.replayFixes : max(limits.replayFixes, coarseFixes)
        guard pair.isMiddling, run.streak >= least, run.moves(pair) else { return nil }
        return run.finding(.replay, pair)
    }
}
