package import TachoCodec
import TachoGeo
import TachoStore

/// Fixes of one rider, next to each other in order of time and arrival, column by column, with
/// their current verdicts. Good inside the call that hands it out.
package struct TrackSlice {
    package let columns: ColumnPointers
    /// Which places of the columns; not empty.
    package let range: Range<Int>
}

/// Hands out a rider's history in slices.
///
/// A chunk that nothing else lies among is handed out as it was decoded. Where chunks overlap, or
/// tails or amendments lie among their fixes, the stretch is merged (`HistorySource.load`) and
/// handed out in pieces. Memory: a chunk; of what is merged, a stretch.
struct TrackSlices {
    let source: HistorySource
    /// Of family `track`, with the source's snapshot.
    let cursor: ChunkWalk
    /// Places where more than chunks may lie, so that nothing is asked twice.
    private var nextTail: NextTime
    private var nextAmended: NextTime

    /// So much time is merged at once.
    private static let stretchMs: Int64 = 6 * 3_600_000
    /// Fixes of a merged slice: about as many as of a chunk.
    private static let mergedFixes = 256

    init(source: HistorySource, cursor: ChunkWalk) {
        self.source = source
        self.cursor = cursor
        nextTail = NextTime()
        nextAmended = NextTime()
    }

    /// Calls `visit` with all fixes with times from `fromMs` to `toMs`, until it says stop (false).
    /// False: it did. Cost: a seek, and about 40 ns a fix where chunks lie alone; 150 elsewhere.
    mutating func forEach(
        fromMs: Int64, toMs: Int64, _ visit: (TrackSlice) -> Bool
    ) throws(StoreError) -> Bool {
        var position = fromMs
        if source.chunks.mayReach(fromMs, toMs) {
            cursor.seek(
                rider: source.rider, fromMs: source.earliestStart(fromMs), toMs: toMs)
            while let chunk = try source.chunk(at: cursor, toMs: toMs) {
                if chunk.lastMs < position {
                    cursor.next()
                    continue
                }
                // Before the cursor moves: it may well lie alone.
                try source.decode(cursor, chunk)
                let horizonMs = max(position, chunk.key.t0Ms) + Self.stretchMs
                let group = try group(of: chunk, toMs: toMs, horizonMs: horizonMs)
                let endMs = group.endMs
                let mustMerge = group.isAlone ? try hasMore(position, endMs) : true
                if !mustMerge {
                    let slice = source.scratch.slice(fromMs: position, toMs: endMs)
                    if !slice.range.isEmpty && !visit(slice) { return false }
                } else if try !merge(fromMs: position, toMs: endMs, visit) {
                    return false
                }
                position = endMs + 1
                // What was passed may reach beyond.
                if group.isCut {
                    cursor.seek(
                        rider: source.rider, fromMs: source.earliestStart(position), toMs: toMs)
                }
            }
        }
        guard position <= toMs, try tail(atOrAfter: position) <= toMs else { return true }
        return try merge(fromMs: position, toMs: toMs, visit)
    }

    private struct Group {
        /// Where the last of its chunks ends, at most at the end of what is asked for.
        var endMs: Int64
        var isAlone = true
        /// It goes on beyond its end.
        var isCut = false
    }

    /// Goes past all chunks that reach into `chunk` or into one another. Cut off at `horizonMs`: where
    /// fixes keep coming days late, chunks overlap for as long as the rider rides.
    private func group(
        of chunk: ChunkPlace, toMs: Int64, horizonMs: Int64
    ) throws(StoreError) -> Group {
        var group = Group(endMs: chunk.lastMs)
        cursor.next()
        while let other = try source.chunk(at: cursor, toMs: min(group.endMs, toMs)) {
            group.isAlone = false
            if other.key.t0Ms > horizonMs {
                group.isCut = true
                group.endMs = horizonMs
                break
            }
            group.endMs = max(group.endMs, other.lastMs)
            cursor.next()
        }
        group.endMs = min(group.endMs, toMs)
        return group
    }

    /// Whether anything but chunks matters to fixes of these times.
    private mutating func hasMore(_ fromMs: Int64, _ toMs: Int64) throws(StoreError) -> Bool {
        if try tail(atOrAfter: fromMs) <= toMs { return true }
        guard source.hasAmendments else { return false }
        let source = source
        return try nextAmended.atOrAfter(fromMs) { ms throws(StoreError) in
            try source.firstAmended(atOrAfter: ms)
        } <= toMs
    }

    private mutating func tail(atOrAfter ms: Int64) throws(StoreError) -> Int64 {
        let source = source
        return try nextTail.atOrAfter(ms) { ms throws(StoreError) in
            source.firstInTails(atOrAfter: ms)
        }
    }

    private func merge(
        fromMs: Int64, toMs: Int64, _ visit: (TrackSlice) -> Bool
    ) throws(StoreError) -> Bool {
        var start = fromMs
        while start <= toMs, let next = try source.later(than: start - 1), next <= toMs {
            let endMs = min(toMs, next + Self.stretchMs)
            let fixes = try source.load(fromMs: next, toMs: endMs)
            var place = 0
            while place < fixes.count {
                let piece = fixes[place..<min(place + Self.mergedFixes, fixes.count)]
                if !visit(source.scratch.slice(of: piece)) { return false }
                place = piece.endIndex
            }
            start = endMs + 1
        }
        return true
    }
}

/// The first time of some kind at or after a place, remembered while places ascend.
private struct NextTime {
    private var askedMs = Int64.max
    private var foundMs = Int64.min

    /// `Int64.max`: there is none. `find` gives it too, or nil.
    mutating func atOrAfter(
        _ ms: Int64, _ find: (Int64) throws(StoreError) -> Int64?
    ) throws(StoreError) -> Int64 {
        if ms < askedMs || ms > foundMs {
            foundMs = try find(ms) ?? Int64.max
            askedMs = ms
        }
        return foundMs
    }
}

/// Where a chunk is and how far it reaches.
struct ChunkPlace {
    var key: ChunkKey
    var lastMs: Int64
}
