import TachoCodec
import TachoGeo
import TachoStore

/// Memory for the row of family `track` that is being read, kept from row to row: a chunk, or the
/// fixes of a sealed segment that one refers to. For one thread at a time: each shard has one, and
/// each history that was copied for a reader.
final class ChunkScratch {
    private var columns = ChunkColumns()
    /// The fixes that were decoded last are in it; nil: in `columns`.
    private var block: ShelvedBlock?
    /// Which of its places; of `columns` all.
    private var piece = 0..<0

    /// Checks a row and takes its fixes. Cost: about 30 ns a fix of a chunk, of a block those of all
    /// of it, unless it was read lately.
    func decode(
        _ value: UnsafeRawBufferPointer, of key: ChunkKey, _ segments: SegmentShelf
    ) throws(StoreError) {
        guard SegmentReference.isOne(value) else {
            block = nil
            do {
                _ = try Chunk.decode(value, into: &columns)
            } catch {
                piece = 0..<0
                throw key.damaged(error.message)
            }
            piece = 0..<columns.count
            return
        }
        let reference = try SegmentReference.read(value)
        let block = try segments.block(reference, range: key.range)
        let fixes = reference.fixes
        guard fixes.upperBound <= block.columns.count,
            block.columns.at.tsMs[fixes.lowerBound] == key.t0Ms,
            block.columns.at.tsMs[fixes.upperBound - 1] == reference.lastMs
        else { throw key.damaged("its segment has other times than the row that refers to it") }
        self.block = block
        piece = fixes
    }

    /// Where the fixes that were decoded last lie. Good until the next call.
    var decoded: TrackSlice { TrackSlice(columns: at, range: piece) }

    private var at: ColumnPointers { block?.columns.at ?? columns.at }

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
        let first = firstIndex(atOrAfter: fromMs)
        return TrackSlice(
            columns: at, range: first..<max(first, firstIndex(atOrAfter: toMs + 1)))
    }

    private func firstIndex(atOrAfter ms: Int64) -> Int {
        let index = block?.columns.firstIndex(atOrAfter: ms) ?? columns.firstIndex(atOrAfter: ms)
        return min(max(index, piece.lowerBound), piece.upperBound)
    }

    /// Fixes with their current verdicts, instead of those that were decoded.
    func slice(of fixes: ArraySlice<HistoryFix>) -> TrackSlice {
        block = nil
        columns.makeRoom(for: fixes.count)
        columns.count = fixes.count
        piece = 0..<fixes.count
        for (place, fix) in fixes.enumerated() {
            var shown = fix.stored
            shown.verdict = fix.current
            columns.at.set(place, shown, arrival: fix.arrival)
        }
        return decoded
    }
}

/// What a row of family `track` tells of itself before it is decoded.
enum TrackRow {
    /// The time of its last fix. Cost: neither checksum nor columns are looked at.
    static func lastMs(
        _ value: UnsafeRawBufferPointer, of key: ChunkKey
    ) throws(StoreError) -> Int64 {
        if SegmentReference.isOne(value) { return try SegmentReference.lastMs(value) }
        do {
            return try Chunk.header(value).lastTsMs
        } catch {
            throw key.damaged(error.message)
        }
    }
}

extension ChunkKey {
    func damaged(_ what: String) -> StoreError {
        .damaged("chunk of rider \(rider) at \(t0Ms), range \(range): \(what)")
    }
}
