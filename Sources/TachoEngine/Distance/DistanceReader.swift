import TachoAudit
import TachoCodec
import TachoGeo
import TachoStore

/// Reads a distance from a copied history, in turns, so that years of one rider hold up no other
/// question. Used by one thread at a time.
final class DistanceReader: @unchecked Sendable {
    private var turns: TrackTurns
    private var folder: LegFolder
    private let rows: LegRowSink

    init(_ query: DistanceQuery) {
        let limit = Fix.timeLimitMs
        let fromMs = min(max(query.fromMs, -limit), limit)
        let lastMs = min(max(query.toMs, -limit), limit)
        turns = TrackTurns(
            fromMs: max(fromMs, query.after?.tsMs ?? .min) - DistanceV1.contextMs,
            toMs: lastMs + DistanceV1.contextMs)
        folder = LegFolder(fromMs: fromMs, toMs: lastMs)
        rows = LegRowSink(query)
    }

    /// nil: there is more to look at.
    func turn(_ source: HistorySource) throws(StoreError) -> DistancePage? {
        let isAll = try turns.next(source) { slice in
            Self.take(slice, &folder, rows)
            return !rows.isCut
        }
        if isAll && !rows.isCut { folder.finish { rows.take($0) } }
        return isAll || rows.isCut ? rows.finished() : nil
    }

    private static func take(_ slice: TrackSlice, _ folder: inout LegFolder, _ rows: LegRowSink) {
        let columns = slice.columns
        for index in slice.range {
            let fix = LegFix(
                tsMs: columns.tsMs[index],
                position: Coordinate(latE7: columns.latE7[index], lonE7: columns.lonE7[index]),
                speedCms: columns.speedCms[index], accuracyDm: columns.accuracyDm[index],
                verdict: columns.verdict(index))
            folder.add(fix) { rows.take($0) }
        }
    }
}

/// Sums up rows, and keeps what else was asked for.
private final class LegRowSink {
    private let wanted: DistanceQuery.Wanted
    private let limit: Int
    private var page = DistancePage(isKnownRider: true)
    private var place: LegPlace
    private var digest = LegDigest()
    /// The page is full and there is more.
    private(set) var isCut = false

    init(_ query: DistanceQuery) {
        wanted = query.wanted
        limit = query.wanted == .legs ? query.limit ?? .max : .max
        place = LegPlace(after: query.after)
    }

    func take(_ row: LegRow) {
        if isCut { return }
        if page.totals.rows == limit {
            page.next = place.cursor
            isCut = true
            return
        }
        guard place.take(row) else { return }
        page.totals.add(row)
        if wanted == .totals { return }
        digest.add(row)
        if wanted == .legs { page.legs.append(row) }
    }

    func finished() -> DistancePage {
        if wanted != .totals { page.legsSHA256 = digest.value() }
        return page
    }
}
