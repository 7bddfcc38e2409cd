import TachoCodec
import TachoGeo
import TachoStore

/// Reads a page of trips or stops from a copied history, in turns, so that years of one rider hold
/// up no other question. Used by one thread at a time.
final class TripReader: @unchecked Sendable {
    private let query: TripQuery
    private var turns: TrackTurns
    private var detector: TripDetector
    private var page = TripPage(items: [], next: nil, isKnownRider: true)
    /// Where one can go on behind the items taken so far.
    private var resume: TripCursor?
    private var isCut = false

    init(_ query: TripQuery) {
        self.query = query
        turns = TrackTurns(
            fromMs: max(query.fromMs, query.after?.tsMs ?? .min, -Fix.timeLimitMs),
            toMs: min(query.toMs, Fix.timeLimitMs))
        detector = TripDetector(query.settings, after: query.after)
        resume = query.after
    }

    /// nil: there is more to look at.
    func turn(_ source: HistorySource) throws(StoreError) -> TripPage? {
        let isAll = try turns.next(source) { slice in
            take(slice)
            return !isCut
        }
        if isAll && !isCut { detector.finish { take($0, $1) } }
        if isAll && !isCut { page.next = nil }
        return isAll || isCut ? page : nil
    }

    private func take(_ slice: TrackSlice) {
        let columns = slice.columns
        for index in slice.range {
            let verdict = columns.verdict(index)
            guard verdict.isShown else { continue }
            let point = TrackPoint(
                tsMs: columns.tsMs[index],
                position: Coordinate(latE7: columns.latE7[index], lonE7: columns.lonE7[index]),
                speedCms: columns.speedCms[index], accuracyDm: columns.accuracyDm[index],
                codes: verdict.codes)
            detector.add(point) { take($0, $1) }
            if isCut { return }
        }
    }

    /// A page ends where one can go on: a trip that a stop ends, behind that stop.
    private func take(_ item: TripItem, _ after: TripCursor?) {
        if isCut { return }
        if query.wants(item) {
            if let limit = query.limit, page.items.count == limit {
                page.next = resume
                isCut = true
                return
            }
            page.items.append(item)
        }
        if let after { resume = after }
    }
}
