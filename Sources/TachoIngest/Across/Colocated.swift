import TachoGeo

/// COLOCATED: three fixes in a row, while moving, are to 1e-6 degree those of another rider within
/// 90 s. Riders locked with two others at once are given it by the judge.
enum Colocated {
    static func judge(_ pair: WayPair, _ limits: Thresholds) -> AcrossFinding? {
        guard pair.isTogether(limits), abs(pair.offsetMs) <= limits.colocatedMs else { return nil }
        let run = ExactRun(pair, backMs: 0, withinMs: limits.colocatedMs)
        guard pair.isFine, run.streak >= limits.colocatedFixes, run.moves(pair) else { return nil }
        return run.finding(.colocated, pair)
    }
}
