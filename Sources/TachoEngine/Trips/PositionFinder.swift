import TachoCodec
import TachoGeo
import TachoStore

/// Finds where a rider was between its fixes.
struct PositionFinder: Sendable {
    let atMs: Int64
    let maxGapMs: Int64

    /// Cost: a seek and a decode for each side.
    func find(in source: HistorySource) throws(StoreError) -> TrackPosition? {
        let limit = Fix.timeLimitMs
        guard atMs > -limit, atMs < limit else { return nil }
        let reachMs = min(max(maxGapMs, 0), 2 * limit)
        guard let before = try lastShown(source, from: max(atMs - reachMs, -limit), to: atMs)
        else { return nil }
        if before.fix.tsMs == atMs { return TrackPosition(before) }
        let endMs = min(before.fix.tsMs + reachMs, limit)
        guard endMs > atMs, let after = try firstShown(source, from: atMs + 1, to: endMs) else {
            return nil
        }
        return TrackPosition(between: before, and: after, atMs: atMs)
    }

    private func firstShown(
        _ source: HistorySource, from fromMs: Int64, to toMs: Int64
    ) throws(StoreError) -> StoredFix? {
        var slices = TrackSlices(
            source: source, cursor: ChunkWalk(source.database, at: source.snapshot))
        var found: StoredFix?
        _ = try slices.forEach(fromMs: fromMs, toMs: toMs) { slice in
            guard let index = slice.range.first(where: { slice.columns.verdict($0).isShown })
            else { return true }
            found = slice.columns.fix(index)
            return false
        }
        return found
    }

    /// The first of the latest time that has one.
    private func lastShown(
        _ source: HistorySource, from fromMs: Int64, to toMs: Int64
    ) throws(StoreError) -> StoredFix? {
        var endMs = toMs
        while endMs >= fromMs, let earlier = try source.earlier(than: endMs + 1) {
            let startMs = max(fromMs, earlier)
            let fixes = try source.load(fromMs: startMs, toMs: endMs)
            if let last = fixes.last(where: { $0.current.isShown }) {
                let first = fixes.first { $0.tsMs == last.tsMs && $0.current.isShown } ?? last
                var shown = first.stored
                shown.verdict = first.current
                return shown
            }
            if startMs <= fromMs { return nil }
            endMs = startMs - 1
        }
        return nil
    }
}
