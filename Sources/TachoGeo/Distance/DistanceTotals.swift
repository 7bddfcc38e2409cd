/// The sums over legs. Sums of pages that follow each other are those of the whole.
package struct DistanceTotals: Hashable, Sendable {
    /// What counts, mm.
    package var mm: Int64 = 0
    /// Counted fixes.
    package var points = 0
    package var gaps = 0
    /// Time in gaps.
    package var gapsMs: Int64 = 0
    /// Straight over them; not in `mm`.
    package var gapMm: Int64 = 0
    package var excludedLegs = 0
    /// Straight over legs that codes take out; not in `mm`.
    package var excludedMm: Int64 = 0
    /// Straight over legs that are only noise; not in `mm`.
    package var restingMm: Int64 = 0
    package var held = 0
    package var quarantined = 0
    /// Fixes whose time another one counts for.
    package var conflicts = 0

    package init() {}

    /// Legs and fixes that a verdict takes out.
    package var excluded: Int { excludedLegs + held + quarantined }
    /// Fixes of every kind.
    package var rows: Int { points + held + quarantined + conflicts }

    package mutating func add(_ row: LegRow) {
        switch row.kind {
        case .held: held += 1
        case .quarantined: quarantined += 1
        case .conflict: conflicts += 1
        case .start, .leg, .zigzag: points += 1
        case .still, .rest:
            points += 1
            restingMm += row.straightMm
        case .excluded:
            points += 1
            excludedLegs += 1
            excludedMm += row.straightMm
        case .gap:
            points += 1
            gaps += 1
            gapsMs += row.toMs - row.fromMs
            gapMm += row.straightMm
        }
        mm += row.mm
    }
}
