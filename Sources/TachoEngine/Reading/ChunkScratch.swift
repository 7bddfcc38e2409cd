import TachoCodec
import TachoGeo

/// Memory for the chunk that is being read, kept from chunk to chunk. For one thread at a time:
/// each shard has one, and each history that was copied for a reader.
final class ChunkScratch {
    private var columns = ChunkColumns()

    /// Checks a chunk and takes its fixes. Cost: about 30 ns a fix.
    func decode(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        _ = try Chunk.decode(bytes, into: &columns)
    }

    /// Appends the fixes that were decoded last, those with times from `fromMs` to `toMs`; none are
    /// made of others. Cost: 10 ns for each taken.
    func append(fromMs: Int64, toMs: Int64, range: UInt32, to fixes: inout [HistoryFix]) {
        let taken = slice(fromMs: fromMs, toMs: toMs)
        for i in taken.range {
            let stored = taken.columns.fix(i)
            fixes.append(
                HistoryFix(
                    stored: stored, current: stored.verdict, range: range,
                    arrival: taken.columns.arrival[i]))
        }
    }

    /// The fixes that were decoded last, those with times from `fromMs` to `toMs`, where they lie.
    func slice(fromMs: Int64, toMs: Int64) -> TrackSlice {
        let first = columns.firstIndex(atOrAfter: fromMs)
        return TrackSlice(
            columns: columns.at, range: first..<max(first, columns.firstIndex(atOrAfter: toMs + 1)))
    }

    /// Fixes with their current verdicts, instead of those that were decoded.
    func slice(of fixes: ArraySlice<HistoryFix>) -> TrackSlice {
        columns.makeRoom(for: fixes.count)
        columns.count = fixes.count
        for (place, fix) in fixes.enumerated() {
            var shown = fix.stored
            shown.verdict = fix.current
            columns.at.set(place, shown, arrival: fix.arrival)
        }
        return TrackSlice(columns: columns.at, range: 0..<fixes.count)
    }
}
