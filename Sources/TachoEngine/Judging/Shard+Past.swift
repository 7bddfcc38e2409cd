import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

extension Shard {
    /// Recent pasts of all shards take at most this share of the memory limit.
    static let pastShare = 10
    /// A rider with at most so many fixes has all of them read at its first late one.
    private static let readAtOnce: UInt64 = 4096

    /// Has the rider's recent past at hand from now on. Cost: nothing as a rule; at a rider's first
    /// late fix up to 0.3 ms.
    mutating func rememberPast(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) {
        if slot.pointee.past != 0 { return }
        var head = PastHead(rider: rider)
        let hasChunks =
            slot.pointee.closedOldestMs <= slot.pointee.closedNewestMs
            || slot.pointee.hasClockSpans
        let isPlain = slot.pointee.amendments == 0 && !hasChunks
        let readsAll = !isPlain && slot.pointee.points <= Self.readAtOnce
        if !isPlain && !readsAll {
            head.elsewhere.extend(slot.pointee.oldestMs)
            head.elsewhere.extend(slot.pointee.newestMs)
            for span in [slot.pointee.pastSpan, slot.pointee.futureSpan] where !span.isEmpty {
                head.elsewhere.extend(span.firstMs)
                head.elsewhere.extend(span.lastMs)
            }
        }
        let amended =
            readsAll && slot.pointee.amendments > 0 ? try amendedInTail(rider, slot) : [:]
        let past = pasts.begin(head, amended: amended)
        slot.pointee.past = past
        if readsAll {
            var source = source(rider, slot)
            source.main = TailView(tail: Tail())
            for fix in try source.load(fromMs: -Fix.timeLimitMs, toMs: Fix.timeLimitMs) {
                pasts.insert(fix.stored.fix, fix.stored.vehicle, fix.current, to: past)
            }
        } else {
            for entry in TailView(tail: slot.pointee.late) { pasts.insert(entry.stored, to: past) }
        }
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
}
