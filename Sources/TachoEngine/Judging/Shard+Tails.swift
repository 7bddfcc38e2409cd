import TachoCodec
import TachoGeo
import TachoStore

extension Shard {
    /// The longest stretch of time one late chunk may span: it bounds how far before a time a
    /// reader has to look for chunks that reach it.
    static let lateSpanMs: Int64 = 24 * 3_600_000
    /// Chunks of one (rider, range) are told apart by 16 bits.
    static let generationsBeforeCut: UInt16 = 40_000

    mutating func closeMain(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ closed: inout [ClosedTail]
    ) {
        guard !slot.pointee.main.isEmpty else { return }
        let (first, last) = (slot.pointee.main.first, slot.pointee.main.last)
        let entries = slot.pointee.main.drain()
        close(entries, .main, first, last, rider, slot, &closed)
    }

    /// The late tail is in order of arrival: sorted here, and cut where it spans too long.
    mutating func closeLate(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ closed: inout [ClosedTail]
    ) {
        guard !slot.pointee.late.isEmpty else { return }
        let (first, last) = (slot.pointee.late.first, slot.pointee.late.last)
        let entries = slot.pointee.late.drain().sorted { a, b in
            let (x, y) = (a.stored.fix.tsMs, b.stored.fix.tsMs)
            return x != y ? x < y : a.arrival < b.arrival
        }
        slot.pointee.lateNewestMs = Int64.min
        var start = 0
        for index in 1...entries.count {
            let ends =
                index == entries.count
                || entries[index].stored.fix.tsMs - entries[start].stored.fix.tsMs
                    > Self.lateSpanMs
            if ends {
                close(
                    Array(entries[start..<index]), .late, first, last, rider, slot, &closed)
                start = index
            }
        }
    }

    private mutating func close(
        _ entries: [TailEntry], _ kind: ChunkKind, _ first: SequenceMark, _ last: SequenceMark,
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ closed: inout [ClosedTail]
    ) {
        let firstMs = entries[0].stored.fix.tsMs
        let lastMs = entries[entries.count - 1].stored.fix.tsMs
        let key = ChunkKey(
            rider: rider, t0Ms: firstMs, range: slot.pointee.range,
            generation: slot.pointee.generation)
        slot.pointee.generation += 1
        if slot.pointee.generation >= Self.generationsBeforeCut {
            needsCut = true
            isNearLimit = true
        }
        slot.pointee.maxChunkSpanMs = max(slot.pointee.maxChunkSpanMs, lastMs - firstMs)
        slot.pointee.isDirty = true
        for entry in entries.reversed() {
            let ts = entry.stored.fix.tsMs
            if !slot.pointee.futureSpan.contains(ts) {
                slot.pointee.closedNewestMs = max(slot.pointee.closedNewestMs, ts)
                break
            }
        }
        let tail = ClosedTail(key: key, kind: kind, entries: entries, first: first, last: last)
        pending.add(tail)
        closed.append(tail)
    }

    /// Whether a batch could use up a rider's chunk numbers before the cut comes: each fix may close
    /// a chunk, or with a late tail one per fix in it.
    func mustWaitForCut(_ work: BatchWork) -> Bool {
        guard isNearLimit else { return false }
        let room = Int(UInt16.max) - 2 * Tail.limit - work.batch.count
        return work.numbers.contains { rider in
            rider != UInt32.max && owns(rider) && Int(rider) / count < slots.count
                && slot(rider).pointee.range == range
                && Int(slot(rider).pointee.generation) > room
        }
    }

    /// A cut of the range: every open tail becomes a chunk.
    mutating func closeAll(asOf group: UInt64 = .max, _ closed: inout [ClosedTail]) {
        for index in 0..<slots.count {
            let slot = slots[index]
            if slot.pointee.asOfGroup >= group { continue }
            let rider = UInt32(index * count + self.index)
            closeMain(rider, slot, &closed)
            closeLate(rider, slot, &closed)
        }
    }
}
