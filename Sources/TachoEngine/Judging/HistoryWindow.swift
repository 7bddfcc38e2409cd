import TachoGeo
import TachoIngest
import TachoStore

/// A rider's fixes in a stretch of time, kept at hand while fixes arrive there: a backlog of a
/// thousand late fixes reads each chunk once, not a thousand times.
struct HistoryWindow {
    let rider: UInt32
    let fromMs: Int64
    let toMs: Int64
    var fixes: [HistoryFix]

    func covers(_ from: Int64, _ to: Int64) -> Bool { fromMs <= from && toMs >= to }

    /// The fixes at exactly one time, in order of arrival.
    func at(_ tsMs: Int64) -> ArraySlice<HistoryFix> {
        let first = HistorySource.firstIndex(fixes, atOrAfter: tsMs)
        var end = first
        while end < fixes.count && fixes[end].tsMs == tsMs { end += 1 }
        return fixes[first..<end]
    }

    /// Takes note of a fix that was just stored.
    mutating func insert(_ fix: HistoryFix) {
        guard fix.tsMs >= fromMs && fix.tsMs <= toMs else { return }
        var index = HistorySource.firstIndex(fixes, atOrAfter: fix.tsMs)
        while index < fixes.count && fixes[index] < fix { index += 1 }
        fixes.insert(fix, at: index)
    }

    mutating func amend(_ tsMs: Int64, ordinal: Int, _ verdict: Verdict) {
        let index = HistorySource.firstIndex(fixes, atOrAfter: tsMs) + ordinal
        guard index < fixes.count, fixes[index].tsMs == tsMs else { return }
        fixes[index].current = verdict
    }

    /// Up to `before` fixes before a time and `after` from it on; a time's fixes stay together.
    func slice(around tsMs: Int64, before: Int, after: Int) -> Range<Int> {
        let at = HistorySource.firstIndex(fixes, atOrAfter: tsMs)
        var low = max(0, at - before)
        var high = min(fixes.count, at + after)
        while low > 0 && fixes[low - 1].tsMs == fixes[low].tsMs { low -= 1 }
        while high > low && high < fixes.count && fixes[high].tsMs == fixes[high - 1].tsMs {
            high += 1
        }
        return low..<high
    }

    /// The fixes of a slice that belong to the chain: the first at each time, unless a
    /// rule keeps it out.
    func chainEntries(_ slice: Range<Int>) -> [ChainEntry] {
        var entries: [ChainEntry] = []
        entries.reserveCapacity(slice.count + 1)
        var index = slice.lowerBound
        while index < slice.upperBound {
            let fix = fixes[index]
            if RuleSet.isChained(codes: fix.current.codes) {
                entries.append(
                    ChainEntry(
                        fix: fix.stored.fix, vehicle: fix.stored.vehicle, verdict: fix.current))
            }
            index += 1
            while index < slice.upperBound && fixes[index].tsMs == fix.tsMs { index += 1 }
        }
        return entries
    }
}

/// The windows of a shard: few, because late fixes come in runs.
struct WindowCache {
    private var windows: [UInt32: HistoryWindow] = [:]

    /// Beyond so many riders all are forgotten: about 64 × 2,000 fixes.
    private static let limit = 64
    /// A window with more fixes than this is not kept.
    static let maxFixes = 2_000

    subscript(rider: UInt32) -> HistoryWindow? { windows[rider] }

    /// Looks at a window without a copy of it.
    func read<R>(_ rider: UInt32, _ body: (borrowing HistoryWindow) -> R?) -> R? {
        guard let window = windows[rider] else { return nil }
        return body(window)
    }

    /// Returns the riders whose windows went to make room.
    mutating func put(_ window: HistoryWindow) -> [UInt32] {
        var gone: [UInt32] = []
        if windows.count >= Self.limit {
            gone = Array(windows.keys)
            windows.removeAll(keepingCapacity: true)
        }
        windows[window.rider] = window
        return gone
    }

    /// False: the window grew too large and is gone.
    mutating func insert(_ fix: HistoryFix, rider: UInt32) -> Bool {
        // Changed in place: no copy of the window's fixes.
        windows[rider]!.insert(fix)
        if windows[rider]!.fixes.count > Self.maxFixes { windows[rider] = nil }
        return windows[rider] != nil
    }

    mutating func amend(rider: UInt32, _ tsMs: Int64, ordinal: Int, _ verdict: Verdict) {
        if windows[rider] != nil { windows[rider]!.amend(tsMs, ordinal: ordinal, verdict) }
    }
}
