import TachoGeo
import TachoIngest
import TachoStore

/// How a rider stood when its history was copied. Equal: nothing was stored or amended since.
struct RiderStamp: Hashable, Sendable {
    var points: UInt64
    var amendments: UInt32
    /// Times of held fixes whose fate is open.
    var openMs: [Int64]

    init(_ slot: Slot) {
        points = slot.points
        amendments = slot.amendments
        openMs = slot.chain.openMs
    }
}

extension Chain {
    /// Times of held fixes whose fate is open.
    var openMs: [Int64] { Array([held0.tsMs, held1.tsMs].prefix(Int(heldCount))) }
}

/// A rider's stored history judged again, compared with its current verdicts.
struct RiderHistory {
    let query: RulesQuery
    let rules: RuleSet

    /// So much time is loaded at once.
    private static let stretchMs: Int64 = 24 * 3_600_000

    /// Fixes whose fate is open, as the rider stands or as the replay ends, are left to the judge:
    /// what they will be is for the next fix to say.
    func replay(
        _ source: HistorySource, _ stamp: RiderStamp
    ) throws -> RiderReplayResult {
        var replay = RiderReplay(try load(source), rules)
        replay.run()
        let open = Set(stamp.openMs + replay.chain.openMs)
        var result = RiderReplayResult()
        var index = HistorySource.firstIndex(replay.fixes, atOrAfter: query.fromMs)
        var ordinal = 0
        while index < replay.fixes.count, replay.fixes[index].tsMs < query.toMs {
            let fix = replay.fixes[index]
            let isFirst = index == 0 || replay.fixes[index - 1].tsMs != fix.tsMs
            ordinal = isFirst ? 0 : ordinal + 1
            let after = replay.verdicts[index]
            result.fixes += 1
            if after != fix.current, let number = UInt16(exactly: ordinal) {
                if isFirst && open.contains(fix.tsMs) {
                    result.undecided += 1
                } else {
                    result.changes.append(
                        VerdictChange(
                            tsMs: fix.tsMs, ordinal: number, before: fix.current, after: after))
                }
            }
            index += 1
        }
        return result
    }

    private func load(_ source: HistorySource) throws -> [HistoryFix] {
        let limit = Fix.timeLimitMs
        var start = -limit
        var end = limit
        if let leadIn = query.leadInMs {
            start = max(start, query.fromMs.subtractingSaturated(leadIn))
            end = min(end, query.toMs.addingSaturated(leadIn))
        }
        var fixes: [HistoryFix] = []
        while start <= end, let next = try source.later(than: start - 1), next <= end {
            let last = min(end, next + Self.stretchMs)
            fixes += try source.load(fromMs: next, toMs: last)
            guard fixes.count <= RulesLimits.maxFixes else { throw TooManyFixes() }
            start = last + 1
        }
        return fixes
    }

    struct TooManyFixes: Error {}
}

extension Int64 {
    fileprivate func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? .min : difference
    }
}
