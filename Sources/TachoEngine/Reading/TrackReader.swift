import TachoCodec
import TachoGeo
import TachoStore

/// Answers track queries from a copied history, a slice at a time, so that a page of a rider with
/// years of history reads only the chunks it needs.
struct TrackReader {
    let source: HistorySource
    let query: TrackQuery

    func page() throws(StoreError) -> TrackPage {
        var page = TrackPage(fixes: [], next: nil, isKnownRider: true)
        try walk { fix, cursor in
            if let limit = query.limit, page.fixes.count == limit { return false }
            page.fixes.append(fix)
            page.next = cursor
            return true
        } whenDone: {
            page.next = nil
        }
        return page
    }

    func count() throws(StoreError) -> Int {
        var count = 0
        try walk { _, _ in
            count += 1
            return true
        } whenDone: {
        }
        return count
    }

    /// Visits fixes until `visit` says stop; `whenDone` runs if there was nothing more.
    private func walk(
        _ visit: (StoredFix, TrackCursor) -> Bool, whenDone: () -> Void
    ) throws(StoreError) {
        let limit = Fix.timeLimitMs
        let from = max(query.fromMs, -limit)
        let to = min(query.toMs, limit)
        if try query.descending ? descend(from, to, visit) : ascend(from, to, visit) { whenDone() }
    }

    private func ascend(
        _ from: Int64, _ to: Int64, _ visit: (StoredFix, TrackCursor) -> Bool
    ) throws(StoreError) -> Bool {
        var slices = TrackSlices(
            source: source, cursor: ChunkWalk(source.database, at: source.snapshot))
        let start = query.after.map { max($0.tsMs, from) } ?? from
        var place = TrackCursor(tsMs: .min, ordinal: 0)
        return try slices.forEach(fromMs: start, toMs: to) { slice in
            for index in slice.range {
                let tsMs = slice.columns.tsMs[index]
                place = TrackCursor(tsMs: tsMs, ordinal: tsMs == place.tsMs ? place.ordinal + 1 : 0)
                if let after = query.after, tsMs == after.tsMs, place.ordinal <= after.ordinal {
                    continue
                }
                guard query.filter.admits(slice.columns.verdict(index)) else { continue }
                if !visit(slice.columns.fix(index), place) { return false }
            }
            return true
        }
    }

    private func descend(
        _ from: Int64, _ to: Int64, _ visit: (StoredFix, TrackCursor) -> Bool
    ) throws(StoreError) -> Bool {
        var end = query.after.map { min($0.tsMs, to) } ?? to
        while end >= from, let earlier = try source.earlier(than: end + 1) {
            // `earlier` may lie far back: the stretch ends at a fix, and starts near it.
            let start = max(from, earlier)
            let fixes = try source.load(fromMs: start, toMs: end)
            if !visitBackwards(fixes, visit) { return false }
            if start <= from { break }
            end = start - 1
        }
        return true
    }

    private func visitBackwards(
        _ fixes: [HistoryFix], _ visit: (StoredFix, TrackCursor) -> Bool
    ) -> Bool {
        for index in fixes.indices.reversed() {
            let fix = fixes[index]
            var ordinal = 0
            while index - ordinal > 0 && fixes[index - ordinal - 1].tsMs == fix.tsMs {
                ordinal += 1
            }
            if let after = query.after, after.tsMs == fix.tsMs, ordinal >= Int(after.ordinal) {
                continue
            }
            guard query.filter.admits(fix.current) else { continue }
            var shown = fix.stored
            shown.verdict = fix.current
            let cursor = TrackCursor(tsMs: fix.tsMs, ordinal: UInt32(ordinal))
            if !visit(shown, cursor) { return false }
        }
        return true
    }
}

/// The thread that reads history for clients, so that a long read holds up neither judging nor
/// committing nor the event loop.
final class ReaderThread: @unchecked Sendable {
    private struct Inbox {
        var jobs: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let inbox = Monitor(Inbox())
    private var thread: NamedThread?

    /// `yieldsToOthers`: work that nobody waits for takes the processor from nobody who is.
    init(_ name: String, yieldsToOthers: Bool = false) {
        thread = NamedThread(name) { [inbox] in
            if yieldsToOthers { yieldToOtherThreads() }
            while true {
                let jobs = inbox.wait { inbox -> [@Sendable () -> Void]? in
                    if inbox.jobs.isEmpty { return inbox.isClosed ? [] : nil }
                    defer { inbox.jobs = [] }
                    return inbox.jobs
                }
                if jobs.isEmpty { return }
                for job in jobs { job() }
            }
        }
    }

    /// False: the thread has ended, the job will not be done.
    func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        inbox.change { inbox in
            if inbox.isClosed { return (false, false) }
            inbox.jobs.append(job)
            return (inbox.jobs.count == 1, true)
        }
    }

    /// Finishes what was posted and ends the thread.
    func stop() {
        inbox.change { inbox in
            inbox.isClosed = true
            return (true, ())
        }
        thread?.join()
    }
}
