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
        // First: a past that is not whole must not be there when reading fails.
        let read =
            !isPlain && slot.pointee.points <= Self.readAtOnce ? try readPast(rider, slot) : nil
        if !isPlain && read == nil {
            head.elsewhere.extend(slot.pointee.oldestMs)
            head.elsewhere.extend(slot.pointee.newestMs)
            for span in [slot.pointee.pastSpan, slot.pointee.futureSpan] where !span.isEmpty {
                head.elsewhere.extend(span.firstMs)
                head.elsewhere.extend(span.lastMs)
            }
        }
        let past = pasts.begin(head, amended: read?.amended ?? [:])
        slot.pointee.past = past
        guard let read else {
            for entry in TailView(tail: slot.pointee.late) { pasts.insert(entry.stored, to: past) }
            return
        }
        for fix in read.fixes {
            pasts.insert(fix.stored.fix, fix.stored.vehicle, fix.current, to: past)
        }
    }

    private typealias Past = (fixes: [HistoryFix], amended: [Int64: Verdict])

    /// All fixes that are not in the open main tail, and those verdicts of it that are not the ones
    /// its fixes arrived with. nil: some are in sealed segments alone, which may be a thousand files.
    private func readPast(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> Past? {
        var source = source(rider, slot)
        source.readsSegments = false
        do throws(StoreError) {
            let amended = slot.pointee.amendments > 0 ? try amendedInTail(source) : [:]
            source.main = TailView(tail: Tail())
            return (try source.load(fromMs: -Fix.timeLimitMs, toMs: Fix.timeLimitMs), amended)
        } catch {
            guard case .segment = error else { throw error }
            return nil
        }
    }

    private func amendedInTail(_ source: HistorySource) throws(StoreError) -> [Int64: Verdict] {
        var amended: [Int64: Verdict] = [:]
        let main = source.main.tail
        guard !main.isEmpty else { return amended }
        let last = main.tsMs(Int(main.count) - 1)
        for fix in try source.load(fromMs: main.firstTsMs, toMs: last)
        where fix.current != fix.stored.verdict { amended[fix.tsMs] = fix.current }
        return amended
    }

    /// Lets go of what is kept for speed alone.
    mutating func forgetPasts() {
        for rider in pasts.removeAll() { slot(rider).pointee.past = 0 }
    }
}
