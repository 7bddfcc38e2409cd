/// A fix as distances look at it.
package struct LegFix: Sendable, BitwiseCopyable {
    /// Unix ms.
    package var tsMs: Int64
    package var position: Coordinate
    /// 0.01 m/s, or `Fix.absent`.
    package var speedCms: Int32
    /// 0.1 m, or `Fix.absent`.
    package var accuracyDm: Int32
    /// The current one.
    package var verdict: Verdict

    package init(
        tsMs: Int64, position: Coordinate, speedCms: Int32 = Fix.absent,
        accuracyDm: Int32 = Fix.absent, verdict: Verdict = Verdict()
    ) {
        self.tsMs = tsMs
        self.position = position
        self.speedCms = speedCms
        self.accuracyDm = accuracyDm
        self.verdict = verdict
    }

    /// Codes make the leg to it 0 m.
    var isExcluded: Bool {
        LegRules.isExcluded(codes: verdict.codes, speedCms: speedCms)
    }
}

/// Turns a rider's fixes, as they come by in order of time, into the rows of a distance.
///
/// Give it every fix from `DistanceV1.contextMs` before the first time asked for to as much behind
/// the last, those of one time in order of arrival, then `finish`. A row comes out when it is
/// certain: a leg that may be part of a rest waits for up to a minute of fixes. Each fix is looked
/// at once as the first one of a span; where a rider stands, only one in a span is.
///
/// Memory: the fixes of a few minutes. Cost: 40 ns a fix.
package struct LegFolder {
    private let fromMs: Int64
    private let toMs: Int64
    private var track = CountedTrack()
    private var rest = RestSearch()
    /// Fixes that are not counted, behind the counted fix they came after.
    private var others: [(after: Int, row: LegRow)] = []
    /// The last counted fix whose row was given.
    private var decided = -1

    package typealias Emit = (LegRow) -> Void

    /// Rows for fixes with times from `fromMs` to `toMs`, inclusive.
    package init(fromMs: Int64, toMs: Int64) {
        self.fromMs = fromMs
        self.toMs = toMs
    }

    package mutating func add(_ fix: LegFix, _ emit: Emit) {
        if fix.verdict.isShown && (track.isEmpty || track.lastMs < fix.tsMs) {
            track.append(fix)
            return decide(isEnd: false, emit)
        }
        guard fix.tsMs >= fromMs && fix.tsMs <= toMs else { return }
        let kind: LegKind =
            switch fix.verdict.effect {
            case .hold: .held
            case .quarantine: .quarantined
            default: .conflict
            }
        let row = Self.alone(kind, fix)
        if decided == track.end - 1 { emit(row) } else { others.append((track.end - 1, row)) }
    }

    /// There are no more fixes. Nothing may be added afterwards.
    package mutating func finish(_ emit: Emit) { decide(isEnd: true, emit) }

    private mutating func decide(isEnd: Bool, _ emit: Emit) {
        while decided < track.end - 1 {
            let index = decided + 1
            let fix = track[index].fix
            if fix.tsMs >= fromMs && fix.tsMs <= toMs {
                if index == 0 || track.tsMs(index - 1) < fromMs {
                    emit(Self.alone(.start, fix))
                } else {
                    guard let row = leg(to: index, isEnd: isEnd) else { return }
                    emit(row)
                }
            }
            decided = index
            if !others.isEmpty { giveOthers(after: index, emit) }
        }
        track.forget(before: decided)
    }

    private mutating func giveOthers(after index: Int, _ emit: Emit) {
        let count = others.prefix { $0.after == index }.count
        for other in others.prefix(count) { emit(other.row) }
        others.removeFirst(count)
    }

    private static func alone(_ kind: LegKind, _ fix: LegFix) -> LegRow {
        LegRow(
            kind: kind, fromMs: fix.tsMs, toMs: fix.tsMs, from: fix.position, to: fix.position,
            straightMm: 0, mm: 0, verdict: fix.verdict)
    }

    /// nil: fixes to come decide.
    private mutating func leg(to index: Int, isEnd: Bool) -> LegRow? {
        let (a, b) = (track[index - 1], track[index])
        var row = LegRow(
            kind: .leg, fromMs: a.fix.tsMs, toMs: b.fix.tsMs, from: a.fix.position,
            to: b.fix.position, straightMm: 0, mm: 0, verdict: b.fix.verdict)
        if b.fix.tsMs - a.fix.tsMs > DistanceV1.gapMs {
            row.kind = .gap
        } else if b.fix.isExcluded {
            row.kind = .excluded
        } else {
            guard let isResting = rest.covers(legTo: index, of: track, isEnd: isEnd) else {
                return nil
            }
            if isResting { row.kind = .rest }
        }
        row.straightMm = a.place.millimetres(to: b.place)
        guard row.kind == .leg else { return row }
        let radii = (a.fix.accuracyDm, b.fix.accuracyDm)
        if LegRules.isStill(row.straightMm, speedCms: b.fix.speedCms, accuraciesDm: radii) {
            row.kind = .still
            return row
        }
        row.mm = row.straightMm
        if b.fix.verdict.codes & Code.zigzag.bit != 0, index > 1, !a.fix.isExcluded,
            a.fix.tsMs - track.tsMs(index - 2) <= DistanceV1.gapMs
        {
            row.kind = .zigzag
            row.mm = min(row.mm, (track[index - 2].place.millimetres(to: b.place) + 1) / 2)
        }
        return row
    }
}
