import TachoCodec
import TachoGeo
import TachoStore

/// A stored fix with what orders it: time, then arrival (range, place in the range).
struct HistoryFix: BitwiseCopyable {
    /// As decided on arrival.
    var stored: StoredFix
    /// With all amendments.
    var current: Verdict
    var range: UInt32
    var arrival: UInt32

    var tsMs: Int64 { stored.fix.tsMs }

    static func < (a: HistoryFix, b: HistoryFix) -> Bool {
        if a.tsMs != b.tsMs { return a.tsMs < b.tsMs }
        if a.range != b.range { return a.range < b.range }
        return a.arrival < b.arrival
    }
}

/// Between which times a rider's chunks lie: outside, the database need not be asked. Newest leaves
/// clock forgeries out, so with those nothing is certain.
struct ChunkHull: BitwiseCopyable {
    var oldestMs: Int64
    var newestMs: Int64
    var hasClockSpans: Bool

    func mayReach(_ fromMs: Int64, _ toMs: Int64) -> Bool {
        hasClockSpans || (fromMs <= newestMs && toMs >= oldestMs)
    }
}

/// Where one rider's fixes are at a moment: tails, tails being written, database. A value, so that
/// the judge reads its live state and a reader thread a copy taken by the judge.
struct HistorySource {
    var rider: UInt32
    /// Range of the entries still in tails.
    var range: UInt32
    var main: TailView
    var late: TailView
    var closed: [ClosedTail]
    var amendments: [PendingAmendment]
    var hasAmendments: Bool
    var maxChunkSpanMs: Int64
    var chunks: ChunkHull
    let database: Database
    /// Where retired ranges are read.
    let segments: SegmentShelf
    /// False: a read that would need one ends with `StoreError.segment`.
    var readsSegments = true
    var snapshot: Snapshot?
    /// Of the thread that reads.
    var scratch: ChunkScratch

    /// All fixes with times from `fromMs` to `toMs`, ordered, with current verdicts.
    /// Cost: a seek, and a decode per chunk touched.
    func load(fromMs: Int64, toMs: Int64) throws(StoreError) -> [HistoryFix] {
        var fixes: [HistoryFix] = []
        func take(_ entry: TailEntry, _ range: UInt32) {
            fixes.append(
                HistoryFix(
                    stored: entry.stored, current: entry.stored.verdict, range: range,
                    arrival: entry.arrival))
        }
        var index = main.tail.firstIndex(atOrAfter: fromMs)
        while index < main.count, main.tail.tsMs(index) <= toMs {
            take(main[index], range)
            index += 1
        }
        late.tail.scan(fromMs: fromMs, toMs: toMs) { take(late[$0], range) }
        for tail in closed where tail.firstMs <= toMs && tail.lastMs >= fromMs {
            tail.forEach(fromMs: fromMs, toMs: toMs) { take($0, tail.key.range) }
        }
        if chunks.mayReach(fromMs, toMs) {
            try loadChunks(fromMs: fromMs, toMs: toMs, into: &fixes)
        }
        fixes.sort(by: <)
        if hasAmendments { try overlay(&fixes, fromMs: fromMs, toMs: toMs) }
        return fixes
    }

    private func loadChunks(
        fromMs: Int64, toMs: Int64, into fixes: inout [HistoryFix]
    ) throws(StoreError) {
        let cursor = ChunkWalk(database, at: snapshot)
        cursor.seek(rider: rider, fromMs: earliestStart(fromMs), toMs: toMs)
        while let chunk = try chunk(at: cursor, toMs: toMs) {
            if chunk.lastMs >= fromMs {
                try decode(cursor, chunk)
                scratch.append(fromMs: fromMs, toMs: toMs, range: chunk.key.range, to: &fixes)
            }
            cursor.next()
        }
    }

    /// Where to look for the first chunk with a fix at or after `ms`.
    func earliestStart(_ ms: Int64) -> Int64 {
        max(ms, -Keys.timeOffsetMs + maxChunkSpanMs) - maxChunkSpanMs
    }

    /// The first chunk at or behind the cursor; nil: none of the rider begins by `toMs`. What is in
    /// closed tails does not count: it is read from there.
    func chunk(at cursor: ChunkWalk, toMs: Int64) throws(StoreError) -> ChunkPlace? {
        while try cursor.isValid() {
            guard let key = ChunkKey(trackKey: cursor.key), key.rider == rider, key.t0Ms <= toMs
            else { return nil }
            if !closed.contains(where: { $0.key == key }) {
                return ChunkPlace(key: key, lastMs: try TrackRow.lastMs(cursor.value, of: key))
            }
            cursor.next()
        }
        return nil
    }

    /// Decodes the chunk at the cursor into `scratch`, or what of a segment stands for it.
    func decode(_ cursor: ChunkWalk, _ chunk: ChunkPlace) throws(StoreError) {
        if !readsSegments && SegmentReference.isOne(cursor.value) {
            throw .segment("none is to be read")
        }
        try scratch.decode(cursor.value, of: chunk.key, segments)
    }

    /// Lays amendments over the verdicts as decided: those in the database in the order of their
    /// sequence, then those still on their way, which are newer.
    private func overlay(
        _ fixes: inout [HistoryFix], fromMs: Int64, toMs: Int64
    ) throws(StoreError) {
        guard !fixes.isEmpty else { return }
        let cursor = database.cursor(.amend, at: snapshot)
        cursor.seek(Keys.amend(rider: rider, fromMs: fromMs))
        while try cursor.isValid() {
            let key = cursor.key
            guard key.count == 20, KeyReader.u32(key, at: 0) == rider else { break }
            let ts = KeyReader.time(key, at: 4)
            if ts > toMs { break }
            let (verdict, _, _) = try AmendmentRow.read(cursor.value)
            Self.apply(verdict, ts, KeyReader.u16(key, at: 10), to: &fixes)
            cursor.next()
        }
        for amendment in amendments where amendment.tsMs >= fromMs && amendment.tsMs <= toMs {
            Self.apply(amendment.verdict, amendment.tsMs, amendment.ordinal, to: &fixes)
        }
    }

    /// The first time at or after `ms` of a fix whose verdict was amended; nil: there is none.
    func firstAmended(atOrAfter ms: Int64) throws(StoreError) -> Int64? {
        let waiting = amendments.lazy.map(\.tsMs).filter { $0 >= ms }.min()
        let cursor = database.cursor(.amend, at: snapshot)
        cursor.seek(Keys.amend(rider: rider, fromMs: ms))
        guard try cursor.isValid(), KeyReader.u32(cursor.key, at: 0) == rider else {
            return waiting
        }
        let written = KeyReader.time(cursor.key, at: 4)
        return waiting.map { min($0, written) } ?? written
    }

    private static func apply(
        _ verdict: Verdict, _ tsMs: Int64, _ ordinal: UInt16, to fixes: inout [HistoryFix]
    ) {
        let index = firstIndex(fixes, atOrAfter: tsMs) + Int(ordinal)
        guard index < fixes.count, fixes[index].tsMs == tsMs else { return }
        fixes[index].current = verdict
    }

    /// The first index whose time is not below `tsMs`.
    static func firstIndex(_ fixes: [HistoryFix], atOrAfter tsMs: Int64) -> Int {
        partitionPoint(fixes.count) { fixes[$0].tsMs < tsMs }
    }
}

extension HistorySource {
    /// A time before `ms` from which on there is at least one fix before `ms`; nil: nothing is.
    func earlier(than ms: Int64) throws(StoreError) -> Int64? {
        var best: Int64?
        func offer(_ ts: Int64) { if ts < ms, ts > best ?? Int64.min { best = ts } }
        if !main.isEmpty { offer(main.tail.tsMs(0)) }
        late.tail.scan(fromMs: Int64.min, toMs: ms - 1) { offer(late.tail.tsMs($0)) }
        for tail in closed { offer(tail.firstMs) }
        guard chunks.hasClockSpans || chunks.oldestMs < ms else { return best }
        let cursor = database.cursor(.track, at: snapshot)
        cursor.seekBack(
            Keys.track(ChunkKey(rider: rider, t0Ms: ms - 1, range: .max, generation: .max)))
        if try cursor.isValid(), let key = ChunkKey(trackKey: cursor.key), key.rider == rider {
            offer(key.t0Ms)
        }
        return best
    }

    /// The earliest time at or after `ms` at which there may be a fix that is in no chunk yet; nil:
    /// nothing is.
    func firstInTails(atOrAfter ms: Int64) -> Int64? {
        var best: Int64?
        func offer(_ ts: Int64) { if ts >= ms, ts < best ?? Int64.max { best = ts } }
        let next = main.tail.firstIndex(atOrAfter: ms)
        if next < Int(main.tail.count) { offer(main.tail.tsMs(next)) }
        late.tail.scan(fromMs: ms, toMs: Int64.max) { offer(late.tail.tsMs($0)) }
        for tail in closed where tail.lastMs >= ms { offer(max(tail.firstMs, ms)) }
        return best
    }

    /// The earliest time after `ms` at which there may be a fix; nil: nothing is.
    func later(than ms: Int64) throws(StoreError) -> Int64? {
        var best = firstInTails(atOrAfter: ms + 1)
        func offer(_ ts: Int64) { if ts > ms, ts < best ?? Int64.max { best = ts } }
        guard chunks.hasClockSpans || chunks.newestMs > ms else { return best }
        let cursor = ChunkWalk(database, at: snapshot)
        cursor.seek(rider: rider, fromMs: earliestStart(ms), toMs: best ?? Int64.max)
        while let chunk = try chunk(at: cursor, toMs: best ?? Int64.max) {
            if chunk.lastMs > ms {
                offer(max(chunk.key.t0Ms, ms + 1))
                break
            }
            cursor.next()
        }
        return best
    }
}
