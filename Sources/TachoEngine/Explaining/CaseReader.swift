import TachoExplain
import TachoGeo
import TachoIngest
import TachoStore

/// Collects what is stored around a fix, from a rider's history as it was copied by the judge.
struct CaseReader {
    let source: HistorySource

    /// Fixes read on each side at first; and before it at most, when the chain's anchor is further
    /// back.
    private static let beside = 48
    private static let most = 4_096
    /// So much time is loaded at once behind a fix.
    private static let stretchMs: Int64 = 15 * 60_000

    /// The fixes of exactly that time, by arrival.
    func at(_ tsMs: Int64) throws(StoreError) -> [HistoryFix] {
        try source.load(fromMs: tsMs, toMs: tsMs)
    }

    /// The time of the fix nearest to a time; nil: the rider has none.
    func nearest(to tsMs: Int64) throws(StoreError) -> Int64? {
        let before = try before(tsMs, atLeast: 1).fixes.last?.tsMs
        let after = try after(tsMs, atLeast: 1).first?.tsMs
        guard let before, let after else { return before ?? after }
        return tsMs - before <= after - tsMs ? before : after
    }

    /// The cases of all fixes of a time, without alerts and place. Reads further back until the
    /// chain's anchor is found.
    func cases(
        at tsMs: Int64, rider: String, _ rules: RuleHistory
    ) throws(StoreError) -> [(fix: HistoryFix, case: Case)] {
        let fixes = try at(tsMs)
        guard !fixes.isEmpty else { return [] }
        let later = try after(tsMs, atLeast: Self.beside)
        var count = Self.beside
        while true {
            let (earlier, reachesFirst) = try before(tsMs, atLeast: count)
            let track = Self.track(earlier + fixes + later)
            var cases: [(fix: HistoryFix, case: Case)] = []
            for (ordinal, fix) in fixes.enumerated() {
                let amendments = try amendments(of: tsMs, ordinal)
                let isJudgedAgain = amendments.last?.cause == .rulesChanged
                cases.append(
                    (
                        fix,
                        Case(
                            rider: rider, stored: fix.stored, current: fix.current,
                            ordinal: ordinal, amendments: amendments, alerts: [],
                            place: CasePlace(
                                holder: .hot, range: fix.range, arrival: fix.arrival,
                                firstSequence: 0, lastSequence: nil),
                            track: track, reachesFirst: reachesFirst,
                            limits: isJudgedAgain
                                ? rules.inForce : rules.limits(atMs: fix.stored.recvMs))
                    ))
            }
            if count >= Self.most || cases.allSatisfy({ Explanation.isComplete($0.case) }) {
                return cases
            }
            count = min(count * 8, Self.most)
        }
    }

    private static func track(_ fixes: [HistoryFix]) -> [CaseFix] {
        var track: [CaseFix] = []
        track.reserveCapacity(fixes.count)
        for fix in fixes {
            let isSameTime = track.last?.fix.tsMs == fix.tsMs
            track.append(
                CaseFix(
                    fix: fix.stored.fix, vehicle: fix.stored.vehicle, current: fix.current,
                    ordinal: isSameTime ? track[track.count - 1].ordinal + 1 : 0))
        }
        return track
    }

    private func before(
        _ tsMs: Int64, atLeast count: Int
    ) throws(StoreError) -> (fixes: [HistoryFix], reachesFirst: Bool) {
        var pieces: [[HistoryFix]] = []
        var found = 0
        var end = tsMs
        while found < count {
            guard let earlier = try source.earlier(than: end) else {
                return (Array(pieces.reversed().joined()), true)
            }
            let piece = try source.load(fromMs: earlier, toMs: end - 1)
            pieces.append(piece)
            found += piece.count
            end = earlier
        }
        return (Array(pieces.reversed().joined()), false)
    }

    private func after(
        _ tsMs: Int64, atLeast count: Int
    ) throws(StoreError) -> [HistoryFix] {
        var fixes: [HistoryFix] = []
        var last = tsMs
        while fixes.count < count, let next = try source.later(than: last) {
            last = min(next + Self.stretchMs, Fix.timeLimitMs)
            fixes += try source.load(fromMs: next, toMs: last)
        }
        return fixes
    }

    /// Changes of a verdict in the order in which they were decided.
    private func amendments(
        of tsMs: Int64, _ ordinal: Int
    ) throws(StoreError) -> [CaseAmendment] {
        guard source.hasAmendments else { return [] }
        var list: [CaseAmendment] = []
        let cursor = source.database.cursor(.amend, at: source.snapshot)
        cursor.seek(Keys.amend(rider: source.rider, fromMs: tsMs))
        while try cursor.isValid() {
            let key = cursor.key
            guard key.count == 20, KeyReader.u32(key, at: 0) == source.rider,
                KeyReader.time(key, at: 4) == tsMs
            else { break }
            if Int(KeyReader.u16(key, at: 10)) == ordinal {
                let (verdict, ruleSet, cause) = try AmendmentRow.read(cursor.value)
                list.append(
                    CaseAmendment(
                        verdict: verdict, cause: cause, sequence: KeyReader.u64(key, at: 12),
                        ruleSet: ruleSet))
            }
            cursor.next()
        }
        let waiting = source.amendments.filter {
            $0.tsMs == tsMs && Int($0.ordinal) == ordinal
        }
        // Those that are on their way may have arrived in the meantime: they stand last then.
        var known = min(waiting.count, list.count)
        while known > 0
            && !zip(list.suffix(known), waiting).allSatisfy({
                $0.verdict == $1.verdict && $0.cause == $1.cause
            })
        {
            known -= 1
        }
        return list
            + waiting[known...].map {
                CaseAmendment(
                    verdict: $0.verdict, cause: $0.cause, sequence: nil,
                    ruleSet: RuleSet.version)
            }
    }

    /// Whether a fix lies in a tail, which the journal alone makes safe.
    func isInTail(_ fix: HistoryFix) -> Bool {
        if fix.range == source.range {
            var index = source.main.tail.firstIndex(atOrAfter: fix.tsMs)
            while index < source.main.count, source.main.tail.tsMs(index) == fix.tsMs {
                if source.main.tail.arrival(index) == fix.arrival { return true }
                index += 1
            }
            var isFound = false
            source.late.tail.scan(fromMs: fix.tsMs, toMs: fix.tsMs) {
                if source.late.tail.arrival($0) == fix.arrival { isFound = true }
            }
            if isFound { return true }
        }
        var isFound = false
        for tail in source.closed where tail.key.range == fix.range && !tail.isWritten {
            tail.forEach(fromMs: fix.tsMs, toMs: fix.tsMs) {
                if $0.arrival == fix.arrival { isFound = true }
            }
        }
        return isFound
    }
}
