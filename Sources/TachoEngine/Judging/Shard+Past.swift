import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

extension Shard {
    /// Recent pasts of all shards take at most so much.
    static let pastBytes = 384 << 20
    /// A rider with at most so many fixes has all of them read at its first late one.
    private static let readAtOnce: UInt64 = 4096

    /// Has the rider's recent past at hand from now on; false where clocks were wrong, as then no
    /// stretch of time is sure to be known. Cost: nothing as a rule; at a rider's first late fix up
    /// to 0.3 ms.
    mutating func rememberPast(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> Bool {
        if slot.pointee.hasClockSpans { return false }
        if slot.pointee.past != 0 { return true }
        var past = RecentPast(rider: rider)
        let hasChunks = slot.pointee.closedOldestMs <= slot.pointee.closedNewestMs
        let isPlain = slot.pointee.amendments == 0 && !hasChunks
        let readsAll = !isPlain && slot.pointee.points <= Self.readAtOnce
        if !isPlain && !readsAll {
            past.elsewhere.extend(slot.pointee.oldestMs)
            past.elsewhere.extend(slot.pointee.newestMs)
        }
        if readsAll && slot.pointee.amendments > 0 {
            past.amended = try amendedInTail(rider, slot)
        }
        let index = pasts.begin(past)
        slot.pointee.past = index
        if readsAll {
            var source = source(rider, slot)
            source.main = TailView(tail: Tail())
            for fix in try source.load(fromMs: -Fix.timeLimitMs, toMs: Fix.timeLimitMs) {
                pasts.insert(
                    PastRow(fix.stored.fix, fix.stored.vehicle, fix.current), to: index)
            }
        } else {
            for entry in TailView(tail: slot.pointee.late) {
                let stored = entry.stored
                pasts.insert(PastRow(stored.fix, stored.vehicle, stored.verdict), to: index)
            }
        }
        return true
    }

    /// Verdicts of the open main tail that are not the ones the fixes arrived with.
    private func amendedInTail(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> [Int64: Verdict] {
        var amended: [Int64: Verdict] = [:]
        let main = slot.pointee.main
        guard !main.isEmpty else { return amended }
        let last = main.tsMs(Int(main.count) - 1)
        for fix in try source(rider, slot).load(fromMs: main.firstTsMs, toMs: last)
        where fix.current != fix.stored.verdict { amended[fix.tsMs] = fix.current }
        return amended
    }

    /// Lets go of what is kept for speed alone.
    mutating func forgetPasts() {
        for rider in pasts.removeAll() { slot(rider).pointee.past = 0 }
    }

    /// A late fix that was just stored.
    @inline(__always)
    mutating func remember(_ stored: StoredFix, _ slot: UnsafeMutablePointer<Slot>) {
        pasts.insert(
            PastRow(stored.fix, stored.vehicle, stored.verdict), to: slot.pointee.past)
    }

    /// The main tail that is being closed.
    mutating func remember(_ main: Tail, _ slot: UnsafeMutablePointer<Slot>) {
        let past = slot.pointee.past
        for entry in TailView(tail: main) {
            let stored = entry.stored
            let verdict = pasts[past].current(stored.fix.tsMs, stored.verdict)
            pasts.insert(PastRow(stored.fix, stored.vehicle, verdict), to: past)
        }
        pasts[past].amended = [:]
    }

    /// The verdict of the first fix at a time is another now.
    mutating func rememberAmendment(
        _ tsMs: Int64, _ verdict: Verdict, _ slot: UnsafeMutablePointer<Slot>
    ) {
        let past = slot.pointee.past
        guard pasts[past].covers(tsMs), !pasts.amend(tsMs, verdict, in: past) else { return }
        pasts[past].amended[tsMs] = verdict
    }

    /// Whether memory alone tells that no fix of that time is stored.
    func isSurelyFree(_ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>) -> Bool {
        let past = slot.pointee.past
        guard pasts[past].covers(tsMs), !pasts.holds(tsMs, in: past) else { return false }
        let main = slot.pointee.main
        let index = main.firstIndex(atOrAfter: tsMs)
        return index == Int(main.count) || main.tsMs(index) != tsMs
    }
}
