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
        if slot.pointee.past != 0 { pasts.merge(slot.pointee.main, to: slot.pointee.past) }
        let main = TailMemory(slot.pointee.main.move())
        slot.pointee.mainBounds = .empty
        close(main, nil, .main, rider, slot, &closed)
    }

    /// The late tail is in order of arrival: its order in time is made here, and cut where it spans
    /// too long.
    mutating func closeLate(
        _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ closed: inout [ClosedTail]
    ) {
        guard !slot.pointee.late.isEmpty else { return }
        let memory = TailMemory(slot.pointee.late.move())
        let late = memory.tail
        slot.pointee.lateNewestMs = Int64.min
        let order = late.sortedIndices()
        var start = 0
        var startMs = late.tsMs(Int(order[0]))
        for place in 1..<order.count {
            let ms = late.tsMs(Int(order[place]))
            if ms - startMs <= Self.lateSpanMs { continue }
            close(memory, order[start..<place], .late, rider, slot, &closed)
            (start, startMs) = (place, ms)
        }
        close(memory, order[start...], .late, rider, slot, &closed)
    }

    /// Makes fixes of a tail, in order of time, a closed one.
    private mutating func close(
        _ memory: TailMemory, _ order: ArraySlice<UInt8>?, _ kind: ChunkKind, _ rider: UInt32,
        _ slot: UnsafeMutablePointer<Slot>, _ closed: inout [ClosedTail]
    ) {
        let tail = memory.tail
        let firstMs = tail.tsMs(order.map { Int($0.first!) } ?? 0)
        let key = ChunkKey(
            rider: rider, t0Ms: firstMs, range: slot.pointee.range,
            generation: slot.pointee.generation)
        let closedTail = ClosedTail(key: key, kind: kind, memory, order: order)
        slot.pointee.generation += 1
        if slot.pointee.generation >= Self.generationsBeforeCut {
            needsCut = true
            isNearLimit = true
        }
        slot.pointee.maxChunkSpanMs = max(
            slot.pointee.maxChunkSpanMs, closedTail.lastMs - firstMs)
        slot.pointee.closedOldestMs = min(slot.pointee.closedOldestMs, firstMs)
        slot.pointee.isDirty = true
        if let newestMs = closedTail.newestMs(outside: slot.pointee.futureSpan) {
            slot.pointee.closedNewestMs = max(slot.pointee.closedNewestMs, newestMs)
        }
        pending.add(closedTail)
        closed.append(closedTail)
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

extension Slot {
    /// The main tail is in order of time. What would break that, or comes from a wrong clock and
    /// would push the order decades ahead, goes beside it.
    @inline(__always)
    func goesToLateTail(_ stored: StoredFix) -> Bool {
        stored.fix.tsMs < mainNewestMs || stored.verdict.codes & Self.forgedClock != 0
    }
}
