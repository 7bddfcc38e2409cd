import TachoGeo

/// COLOCATED: three fixes in a row, while moving, are to 1e-6 degree those of another rider within
/// 90 s. Riders locked with two others at once are given it by the judge.
///
/// Positions on a grid of 1e-5 degree, 1.1 m, or of single precision agree by chance on any busy road:
/// of such phones it takes thirty in a row, always the same time apart, give or take 2 s.
enum Colocated {
    private static let coarseFixes = 30
    private static let coarseWithinMs: Int64 = 2_000

    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isTogether(limits), abs(pair.offsetMs) <= limits.colocatedMs,
            pair.isMiddling
        else { return nil }
        let isFine = pair.isFine
        let run =
            isFine
            ? ExactRun(pair, backMs: 0, withinMs: limits.colocatedMs)
            : ExactRun(
                pair, backMs: pair.offsetMs, withinMs: min(limits.colocatedMs, coarseWithinMs))
        let least = isFine ? limits.colocatedFixes : max(limits.colocatedFixes, coarseFixes)
        guard run.streak >= least, run.moves(pair) else { return nil }
        return run.finding(.colocated, pair)
    }
}
