import TachoCodec
import TachoGeo
import TachoStore

/// Reads a page of a simplified track from a copied history, in turns like `TripReader`. A cursor
/// names a chosen fix, from which the choice goes on as if there had been no page: any size of
/// pages gives the same fixes. Used by one thread at a time.
final class SimplifiedReader: @unchecked Sendable {
    private let query: TrackQuery
    private var turns: TrackTurns
    private var simplifier: TrackSimplifier
    private var page = TrackPage(fixes: [], next: nil, isKnownRider: true)
    /// Of the newest fix that was looked at.
    private var place: TrackCursor?
    /// The newest selected fix, if it is not chosen yet.
    private var pending: (fix: StoredFix, place: TrackCursor)?
    private var chosen: TrackCursor?
    private var isCut = false

    init(_ query: TrackQuery, withinMm: Int64) {
        precondition(!query.descending, "a simplified track is read forwards")
        self.query = query
        turns = TrackTurns(
            fromMs: max(query.fromMs, query.after?.tsMs ?? .min, -Fix.timeLimitMs),
            toMs: min(query.toMs, Fix.timeLimitMs))
        simplifier = TrackSimplifier(withinMm: withinMm)
        chosen = query.after
    }

    /// nil: there is more to look at.
    func turn(_ source: HistorySource) throws(StoreError) -> TrackPage? {
        // From the first fix of a time: a turn begins there.
        var here = TrackCursor(tsMs: .min, ordinal: 0)
        let isAll = try turns.next(source) { slice in
            for index in slice.range {
                let tsMs = slice.columns.tsMs[index]
                here = TrackCursor(tsMs: tsMs, ordinal: tsMs == here.tsMs ? here.ordinal + 1 : 0)
                if let place, !Self.precedes(place, here) { continue }
                place = here
                take(slice.columns, index, here)
                if isCut { return false }
            }
            return true
        }
        guard isAll || isCut else { return nil }
        if !isCut, let pending { choose(pending.fix, pending.place) }
        return page
    }

    private static func precedes(_ a: TrackCursor, _ b: TrackCursor) -> Bool {
        (a.tsMs, a.ordinal) < (b.tsMs, b.ordinal)
    }

    private func take(_ columns: ColumnPointers, _ index: Int, _ here: TrackCursor) {
        let position = Coordinate(latE7: columns.latE7[index], lonE7: columns.lonE7[index])
        if let after = query.after, !Self.precedes(after, here) {
            if here == after { simplifier.start(tsMs: here.tsMs, at: position) }
            return
        }
        guard query.filter.admits(columns.verdict(index)) else { return }
        let choice = simplifier.add(
            tsMs: here.tsMs, at: position,
            previous: pending.map { ($0.fix.fix.tsMs, $0.fix.fix.coordinate) }
                ?? (here.tsMs, position))
        if choice.takesPrevious, let pending { choose(pending.fix, pending.place) }
        pending = nil
        if choice.takesThis {
            choose(columns.fix(index), here)
        } else {
            pending = (columns.fix(index), here)
        }
    }

    private func choose(_ fix: StoredFix, _ place: TrackCursor) {
        if isCut { return }
        if let limit = query.limit, page.fixes.count == limit {
            page.next = chosen
            isCut = true
            return
        }
        page.fixes.append(fix)
        chosen = place
    }
}
