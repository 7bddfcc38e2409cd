import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

extension Shard {
    /// A rider's history as this shard sees it now. Borrows the tails: not to be kept.
    func source(_ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>) -> HistorySource {
        HistorySource(
            rider: rider, range: slot.pointee.range, main: TailView(tail: slot.pointee.main),
            late: TailView(tail: slot.pointee.late), closed: pending.tails(of: rider),
            amendments: pending.amendments(of: rider),
            hasAmendments: slot.pointee.amendments > 0,
            maxChunkSpanMs: slot.pointee.maxChunkSpanMs,
            chunks: ChunkHull(
                oldestMs: slot.pointee.closedOldestMs, newestMs: slot.pointee.closedNewestMs,
                hasClockSpans: slot.pointee.hasClockSpans), database: database,
            segments: segments, snapshot: nil, scratch: scratch)
    }

    /// Copies of riders' histories, all with one view of the database.
    mutating func share(of riders: [UInt32]) -> ScanShare {
        let snapshot = database.snapshot()
        var copies: [HistoryCopy] = []
        for rider in riders {
            admit(rider)
            copies.append(HistoryCopy(source(rider, slot(rider)), at: snapshot))
        }
        return ScanShare(copies: copies, snapshot: snapshot)
    }

    /// How far around a time a window is loaded: little for a single late fix, more for a rider
    /// whose late fixes keep coming.
    private static let aroundMs: Int64 = 60_000
    private static let aroundAgainMs: Int64 = 5 * 60_000

    /// A window that covers the times asked for, from the cache or loaded.
    mutating func window(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ fromMs: Int64, _ toMs: Int64
    ) throws(StoreError) -> HistoryWindow {
        if let known = windows[rider], known.covers(fromMs, toMs) { return known }
        let limit = Fix.timeLimitMs
        let around = windows[rider] == nil ? Self.aroundMs : Self.aroundAgainMs
        let from = max(-limit, fromMs - around)
        let to = min(limit, toMs + around)
        let fixes = try source(rider, slot).load(fromMs: from, toMs: to)
        let fresh = HistoryWindow(rider: rider, fromMs: from, toMs: to, fixes: fixes)
        if fixes.count <= WindowCache.maxFixes {
            for other in windows.put(fresh) { self.slot(other).pointee.hasWindow = false }
            slot.pointee.hasWindow = true
        }
        return fresh
    }

    /// Fixes stored at a time: how many, and the first that came.
    struct Others {
        var count = 0
        var first: Fix?

        mutating func add(_ fix: Fix) {
            if count == 0 { first = fix }
            count += 1
        }
    }

    /// The others that are stored at a fix's time, or nil if it is identical to one of them.
    mutating func place(
        of fix: Fix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> Others? {
        var others = Others()
        guard slot.chunkMayHold(fix.tsMs) else {
            // Only the tails can hold that time; the main one is in order, newest last.
            let main = slot.pointee.main
            var index = main.firstIndex(atOrAfter: fix.tsMs)
            while index < Int(main.count), main.tsMs(index) == fix.tsMs {
                if main[index].stored.fix == fix { return nil }
                others.add(main[index].stored.fix)
                index += 1
            }
            let late = slot.pointee.late
            var isKnown = false
            late.scan(fromMs: fix.tsMs, toMs: fix.tsMs) { index in
                if late[index].stored.fix == fix { isKnown = true }
                others.add(late[index].stored.fix)
            }
            if isKnown { return nil }
            return others
        }
        for other in try window(rider, slot, fix.tsMs, fix.tsMs).at(fix.tsMs) {
            if other.stored.fix == fix { return nil }
            others.add(other.stored.fix)
        }
        return others
    }

    /// Finds again what latest shows, after an amendment touched it: the newest accepted or
    /// flagged fix, and among several at its time the first. Where that cannot be read nothing is
    /// shown, and it is looked for again at the rider's next fix: what was amended cannot be taken back,
    /// and what it hides must not be seen.
    mutating func showAgain(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) {
        let newest = slot.pointee.newest
        slot.pointee.needsShownAgain = false
        slot.pointee.isLatestTouched = true
        slot.pointee.isDirty = true
        slot.pointee.hasShown = false
        slot.pointee.shown = Slot.nothing
        do throws(StoreError) {
            try findShown(rider, slot, newest)
        } catch {
            guard error.isOfStoredBytes else { throw error }
            slot.pointee.hasShown = false
            slot.pointee.shown = Slot.nothing
            slot.pointee.newest = newest
            slot.pointee.needsShownAgain = true
        }
    }

    private mutating func findShown(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ known: FixImage
    ) throws(StoreError) {
        var newest = known
        let source = source(rider, slot)
        var to = Fix.timeLimitMs
        while let from = try source.earlier(than: to + 1) {
            let fixes = try source.load(fromMs: from, toMs: to)
            if let best = fixes.last(where: { $0.current.isShown }) {
                let first = fixes.first { $0.tsMs == best.tsMs && $0.current.isShown }!
                var shown = first.stored
                shown.verdict = first.current
                slot.pointee.shown = FixImage(shown)
                slot.pointee.hasShown = true
                break
            }
            to = from - 1
        }
        if slot.pointee.hasNewest {
            let ts = newest.row.tsMs
            if let first = try source.load(fromMs: ts, toMs: ts).first {
                var stored = first.stored
                stored.verdict = first.current
                newest = FixImage(stored)
            }
        }
        slot.pointee.newest = newest
        slot.pointee.newestIsShown = slot.pointee.hasShown && newest == slot.pointee.shown
    }
}
