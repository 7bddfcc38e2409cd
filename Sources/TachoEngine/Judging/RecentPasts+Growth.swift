import TachoGeo

#if canImport(Glibc)
    import Glibc
#endif

// Growing and shrinking.
extension RecentPasts {
    @inline(__always)
    mutating func insert(_ stored: StoredFix, to past: UInt32) {
        insert(
            stored.fix, stored.vehicle, current(stored.fix.tsMs, stored.verdict, in: past),
            to: past)
    }

    /// Takes a fix in, after all others of its time, unless its time is not kept here.
    mutating func insert(
        _ fix: Fix, _ vehicle: VehicleClass, _ verdict: Verdict, to past: UInt32
    ) {
        if blocks.room < 2 { makeRoom() }
        let index = Int(past)
        guard heads[index].covers(fix.tsMs) else { return }
        let found = foundPlace(fix.tsMs, index)
        var (at, place) = found ?? searchedPlace(fix.tsMs, index)
        if heads[index].count == 0 || !heads[index].refs![at].canHold(fix.tsMs) {
            (at, place) = (begin(fix.tsMs, at, index), 0)
        }
        if Int(heads[index].refs![at].count) == PastBlocks.rows {
            (at, place) = split(at, place, fix.tsMs, index)
        }
        let ref = heads[index].refs! + at
        let row = blocks[ref.pointee.block] + place
        memmove(row + 1, row, (Int(ref.pointee.count) - place) * MemoryLayout<PastRow>.stride)
        row.pointee = PastRow(fix, vehicle, verdict, baseMs: ref.pointee.baseMs)
        ref.pointee.count += 1
        if place == 0 { ref.pointee.firstMs = fix.tsMs }
        // Otherwise it may be the second of its time.
        heads[index].soughtMs = found != nil ? fix.tsMs : Int64.min
        heads[index].sought = Place(block: Int32(at), index: Int32(place))
    }

    /// Where a fix goes whose time was just looked for, unless others of its time are there.
    @inline(__always)
    private func foundPlace(_ tsMs: Int64, _ index: Int) -> (at: Int, place: Int)? {
        let head = heads[index]
        guard head.soughtMs == tsMs, head.count > 0 else { return nil }
        if let here = fix(at: head.sought, head), here.tsMs == tsMs { return nil }
        let (at, place) = (Int(head.sought.block), Int(head.sought.index))
        // Behind the block before: rows at hand stay where they are.
        if place == 0 && at > 0 { return (at - 1, Int(head.refs![at - 1].count)) }
        return (at, place)
    }

    private func searchedPlace(_ tsMs: Int64, _ index: Int) -> (at: Int, place: Int) {
        let head = heads[index]
        let at = head.blockIndex(tsMs)
        guard head.count > 0, tsMs >= head.refs![at].firstMs, head.refs![at].canHold(tsMs) else {
            return (at, 0)
        }
        let ref = head.refs![at]
        let place = Self.bound(
            UInt32(tsMs - ref.baseMs), in: blocks[ref.block], count: Int(ref.count),
            guess: head.guess(tsMs, in: at))
        return (at, place)
    }

    /// Takes a tail in that is in order of time, as `insert` does one fix after the other: together
    /// with what lies beside it in time it fills blocks anew. Cost: 10 ns a fix instead of 60.
    mutating func merge(_ tail: Tail, to past: UInt32) {
        guard !tail.isEmpty else { return }
        let index = Int(past)
        while blocks.room < Tail.limit / PastBlocks.rows + 2 { makeRoom() }
        let first = heads[index].blockIndex(tail.firstTsMs)
        guard rowCount(from: first, index) <= Self.mostMerged else {
            for entry in TailView(tail: tail) { insert(entry.stored, to: past) }
            forgetAmended(in: past)
            return
        }
        var beside = takeBlocks(from: first, index)[...]
        for entry in TailView(tail: tail) {
            let stored = entry.stored
            let tsMs = stored.fix.tsMs
            guard heads[index].covers(tsMs) else { continue }
            while let other = beside.first, other.tsMs <= tsMs {
                append(other.tsMs, index) { other.row.counted(from: $0, tsMs: other.tsMs) }
                beside.removeFirst()
            }
            let verdict = current(tsMs, stored.verdict, in: past)
            append(tsMs, index) {
                PastRow(stored.fix, stored.vehicle, verdict, baseMs: $0)
            }
        }
        for other in beside {
            append(other.tsMs, index) { other.row.counted(from: $0, tsMs: other.tsMs) }
        }
        forgetAmended(in: past)
    }

    /// Beside so many rows a tail is put in fix by fix.
    private static let mostMerged = 4 * Tail.limit

    private func rowCount(from first: Int, _ index: Int) -> Int {
        var rows = 0
        var at = first
        while at < Int(heads[index].count) {
            rows += Int(heads[index].refs![at].count)
            at += 1
        }
        return rows
    }

    /// Takes the last blocks of a past away; returns their rows.
    private mutating func takeBlocks(from first: Int, _ index: Int) -> [PastFix] {
        var taken: [PastFix] = []
        for at in first..<max(first, Int(heads[index].count)) {
            let ref = heads[index].refs![at]
            for place in 0..<Int(ref.count) {
                let row = blocks[ref.block][place]
                taken.append(PastFix(tsMs: ref.baseMs + Int64(row.sinceBaseMs), row: row))
            }
            blocks.give(ref.block)
        }
        heads[index].keepFirst(first)
        heads[index].soughtMs = Int64.min
        return taken
    }

    /// Puts a row behind all others of a past.
    @inline(__always)
    private mutating func append(_ tsMs: Int64, _ index: Int, _ row: (Int64) -> PastRow) {
        var last = Int(heads[index].count) - 1
        if last < 0 || Int(heads[index].refs![last].count) == PastBlocks.rows
            || !heads[index].refs![last].canHold(tsMs)
        {
            last += 1
            insertBlock(firstMs: tsMs, at: last, index)
        }
        let ref = heads[index].refs! + last
        blocks[ref.pointee.block][Int(ref.pointee.count)] = row(ref.pointee.baseMs)
        ref.pointee.count += 1
    }

    /// A block of its own for a time that does not fit into the one at `at`; returns its index.
    private mutating func begin(_ tsMs: Int64, _ at: Int, _ index: Int) -> Int {
        // All rows of a block that cannot hold a later time are before it: they are within 49 days.
        let isBehind = heads[index].count > 0 && tsMs >= heads[index].refs![at].firstMs
        let place = isBehind ? at + 1 : at
        insertBlock(firstMs: tsMs, at: place, index)
        return place
    }

    /// A full block becomes two; returns where the new row goes.
    private mutating func split(
        _ at: Int, _ place: Int, _ tsMs: Int64, _ index: Int
    ) -> (at: Int, place: Int) {
        // A run that goes on, forward or back, leaves full blocks behind.
        let split = place == 0 || place == PastBlocks.rows ? place : PastBlocks.rows / 2
        let full = heads[index].refs![at]
        if split == 0 {
            insertBlock(firstMs: tsMs, at: at, index)
            return (at, 0)
        }
        let moved = PastBlocks.rows - split
        let rows = blocks[full.block] + split
        insertBlock(
            firstMs: moved == 0 ? tsMs : full.baseMs + Int64(rows.pointee.sinceBaseMs), at: at + 1,
            index)
        if moved == 0 { return (at + 1, 0) }
        let other = heads[index].refs! + at + 1
        // One base for both: what fitted there fits here.
        other.pointee.baseMs = full.baseMs
        other.pointee.count = Int32(moved)
        memcpy(blocks[other.pointee.block], rows, moved * MemoryLayout<PastRow>.stride)
        heads[index].refs![at].count = Int32(split)
        return place > split ? (at + 1, place - split) : (at, place)
    }

    private mutating func insertBlock(firstMs: Int64, at: Int, _ index: Int) {
        heads[index].insert(.init(firstMs: firstMs, block: blocks.take()), at: at, &lists)
        count()
    }

    /// The next rider that has two blocks or more loses the older half, or a lone one its block.
    private mutating func makeRoom() {
        var wanted = 2
        while wanted > 0 {
            turn = turn % headCount + 1
            if turn == headCount { turn = 1 }
            let count = Int(heads[turn].count)
            if count == 0 { continue }
            let gone = (count + 1) / 2
            let last = heads[turn].refs![gone - 1]
            let lastRow = blocks[last.block][Int(last.count) - 1]
            heads[turn].elsewhere.extend(heads[turn].refs![0].firstMs)
            heads[turn].elsewhere.extend(last.baseMs + Int64(lastRow.sinceBaseMs))
            for at in 0..<gone { blocks.give(heads[turn].refs![at].block) }
            heads[turn].removeFirst(gone, &lists)
            heads[turn].soughtMs = Int64.min
            wanted -= gone
        }
    }
}
