import TachoAudit
import TachoCodec
import TachoGeo
import TachoStore

/// Reads a distance from a copied history, in turns, so that years of one rider hold up no other
/// question. Used by one thread at a time.
final class DistanceReader: @unchecked Sendable {
    private let toMs: Int64
    private var folder: LegFolder
    /// From here on nothing was looked at.
    private var positionMs: Int64
    private let rows: LegRowSink

    /// Fixes of one turn: some 50 ms.
    private static let turnFixes = 262_144

    init(_ query: DistanceQuery) {
        let limit = Fix.timeLimitMs
        let fromMs = min(max(query.fromMs, -limit), limit)
        let lastMs = min(max(query.toMs, -limit), limit)
        toMs = lastMs + DistanceV1.contextMs
        positionMs = max(fromMs, query.after?.tsMs ?? .min) - DistanceV1.contextMs
        folder = LegFolder(fromMs: fromMs, toMs: lastMs)
        rows = LegRowSink(query)
    }

    /// nil: there is more to look at.
    func turn(_ source: HistorySource) throws(StoreError) -> DistancePage? {
        var slices = TrackSlices(
            source: source, cursor: ChunkWalk(source.database, at: source.snapshot))
        var left = Self.turnFixes
        var lastMs = Int64.min
        let isAll = try slices.forEach(fromMs: positionMs, toMs: toMs) { slice in
            // Not within one time: the next turn begins with the first fix of a time.
            let firstMs = slice.columns.tsMs[slice.range.lowerBound]
            if left <= 0 && firstMs > lastMs {
                positionMs = firstMs
                return false
            }
            left -= slice.range.count
            lastMs = slice.columns.tsMs[slice.range.upperBound - 1]
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
