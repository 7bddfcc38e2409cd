import TachoCodec
import TachoStore

/// A reader's way through one rider's fixes in turns of bounded length, so that years of one rider
/// hold up no other question. A turn never ends within one time: the next one begins with the first
/// fix of a time, so that places within a time can be counted.
struct TrackTurns {
    /// From here on nothing was looked at.
    private var positionMs: Int64
    private let toMs: Int64

    /// Fixes of one turn: some 50 ms.
    private static let turnFixes = 262_144

    init(fromMs: Int64, toMs: Int64) {
        positionMs = fromMs
        self.toMs = toMs
    }

    /// Gives slices to `visit` for one turn, or until it says stop (false). True: the end is
    /// reached; after false `visit` has stopped it or there is more. Cost as `TrackSlices.forEach`.
    mutating func next(
        _ source: HistorySource, _ visit: (TrackSlice) -> Bool
    ) throws(StoreError) -> Bool {
        var slices = TrackSlices(
            source: source, cursor: ChunkWalk(source.database, at: source.snapshot))
        var left = Self.turnFixes
        var lastMs = Int64.min
        var nextMs = positionMs
        let isAll = try slices.forEach(fromMs: positionMs, toMs: toMs) { slice in
            let firstMs = slice.columns.tsMs[slice.range.lowerBound]
            if left <= 0 && firstMs > lastMs {
                nextMs = firstMs
                return false
            }
            left -= slice.range.count
            lastMs = slice.columns.tsMs[slice.range.upperBound - 1]
            return visit(slice)
        }
        positionMs = nextMs
        return isAll
    }
}
