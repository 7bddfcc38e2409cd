import TachoGeo

/// A late rider's fixes in order of time, in blocks: its closed chunks and its late tail, not the
/// open main tail, which is in order already.
struct RecentPast {
    struct BlockRef: BitwiseCopyable {
        var firstKey: UInt64
        var block: UInt32
        var count: Int32
    }

    let rider: UInt32
    fileprivate(set) var blocks: [BlockRef] = []
    /// Where fixes lie that are not kept here: those times are asked of the database.
    var elsewhere = TimeSpan()
    /// Fixes of the open main tail whose verdict is not the one they arrived with.
    var amended: [Int64: Verdict] = [:]

    init(rider: UInt32) { self.rider = rider }

    /// Whether everything at that time is here or in the open main tail.
    func covers(_ tsMs: Int64) -> Bool { !elsewhere.contains(tsMs) }

    /// The verdict a fix of the open main tail has now.
    func current(_ tsMs: Int64, _ decided: Verdict) -> Verdict {
        amended.isEmpty ? decided : amended[tsMs] ?? decided
    }

    /// The last block that begins not after a time; 0 where all begin after it.
    fileprivate func blockIndex(_ key: UInt64) -> Int {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].firstKey <= key { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}

/// The recent pasts of a shard, within a bound of bytes; beyond it riders in turn lose the older
/// half of theirs. A late fix finds its neighbours here in 0.2 µs, and reads no chunk.
struct RecentPasts {
    /// A slot's `past` is the index here; 0 is nobody's.
    private var pasts = [RecentPast(rider: UInt32.max)]
    private var memory: PastBlocks
    /// Whose turn it is to lose rows.
    private var turn = 0
    private var countedBytes = 0

    init(limitBytes: Int) { memory = PastBlocks(limitBytes: limitBytes) }

    subscript(past: UInt32) -> RecentPast {
        @inline(__always) _read { yield pasts[Int(past)] }
        @inline(__always) _modify { yield &pasts[Int(past)] }
    }

    /// Begins a rider's past; returns its index.
    mutating func begin(_ past: RecentPast) -> UInt32 {
        pasts.append(past)
        return UInt32(pasts.count - 1)
    }

    /// Forgets everything; returns the riders it was of.
    mutating func removeAll() -> [UInt32] {
        let riders = pasts.dropFirst().map(\.rider)
        pasts = [RecentPast(rider: UInt32.max)]
        memory.removeAll()
        turn = 0
        count()
        return riders
    }

    mutating func free() {
        _ = removeAll()
        memory.unmap()
    }

    /// Takes a row in, after all others of its time, unless its time is not kept here.
    mutating func insert(_ row: PastRow, to past: UInt32) {
        if memory.room < 2 { makeRoom() }
        let index = Int(past)
        guard pasts[index].covers(row.tsMs) else { return }
        let key = PastRow.key(row.tsMs)
        if pasts[index].blocks.isEmpty {
            pasts[index].blocks.append(.init(firstKey: key, block: take(), count: 0))
        }
        var at = pasts[index].blockIndex(key)
        var ref = pasts[index].blocks[at]
        var place = upperBound(ref, key)
        if Int(ref.count) == PastBlocks.rows {
            // A run that goes on, forward or back, leaves full blocks behind.
            let split = place == 0 || place == PastBlocks.rows ? place : PastBlocks.rows / 2
            let other = take()
            memory.split(ref.block, at: split, count: PastBlocks.rows, to: other)
            let isSecond = place > split || split == PastBlocks.rows
            let second = RecentPast.BlockRef(
                firstKey: split == PastBlocks.rows ? key : memory.words(other)[0] & ~0xFFFF,
                block: other, count: Int32(PastBlocks.rows - split))
            pasts[index].blocks[at].count = Int32(split)
            pasts[index].blocks.insert(second, at: at + 1)
            if isSecond {
                at += 1
                place -= split
            }
            ref = pasts[index].blocks[at]
        }
        memory.insert(row, ref.block, at: place, count: Int(ref.count))
        pasts[index].blocks[at].count += 1
        if place == 0 { pasts[index].blocks[at].firstKey = key }
    }

    /// Gives the first row at a time another verdict; false: there is none.
    mutating func amend(_ tsMs: Int64, _ verdict: Verdict, in past: UInt32) -> Bool {
        guard let found = find(tsMs, in: past), found.row.tsMs == tsMs else { return false }
        var row = found.row
        row.set(verdict)
        memory.words(found.block)[found.index] = row.word
        return true
    }

    func holds(_ tsMs: Int64, in past: UInt32) -> Bool { find(tsMs, in: past)?.row.tsMs == tsMs }

    /// Calls `body` with up to two rows before a time and two from it on.
    @inline(__always)
    func around(_ tsMs: Int64, in past: UInt32, _ body: (PastRow) -> Void) {
        let key = PastRow.key(tsMs)
        let blocks = pasts[Int(past)].blocks
        guard !blocks.isEmpty else { return }
        let at = pasts[Int(past)].blockIndex(key)
        let place = lowerBound(blocks[at], key)
        var (block, index) = (at, place)
        for _ in 0..<2 {
            while index == 0 && block > 0 {
                block -= 1
                index = Int(blocks[block].count)
            }
            if index == 0 { break }
            index -= 1
            body(memory.row(blocks[block].block, index))
        }
        (block, index) = (at, place)
        for _ in 0..<2 {
            while block < blocks.count && index == Int(blocks[block].count) {
                block += 1
                index = 0
            }
            if block == blocks.count { break }
            body(memory.row(blocks[block].block, index))
            index += 1
        }
    }

    /// The first row whose time is not below a time.
    private func find(_ tsMs: Int64, in past: UInt32) -> (block: UInt32, index: Int, row: PastRow)?
    {
        let key = PastRow.key(tsMs)
        let blocks = pasts[Int(past)].blocks
        guard !blocks.isEmpty else { return nil }
        var at = pasts[Int(past)].blockIndex(key)
        // Several of one time may begin in the block before.
        while at > 0 && blocks[at].firstKey == key { at -= 1 }
        var index = lowerBound(blocks[at], key)
        while index == Int(blocks[at].count) {
            at += 1
            index = 0
            if at == blocks.count { return nil }
        }
        let block = blocks[at].block
        return (block, index, memory.row(block, index))
    }

    private func lowerBound(_ ref: RecentPast.BlockRef, _ key: UInt64) -> Int {
        let words = memory.words(ref.block)
        var (low, high) = (0, Int(ref.count))
        while low < high {
            let middle = (low + high) / 2
            if words[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func upperBound(_ ref: RecentPast.BlockRef, _ key: UInt64) -> Int {
        lowerBound(ref, key | 0xFFFF)
    }

    private mutating func take() -> UInt32 {
        let block = memory.take()
        count()
        return block
    }

    /// The next rider that has two blocks or more loses the older half, or a lone one its block.
    private mutating func makeRoom() {
        var wanted = 2
        while wanted > 0 {
            turn = turn % pasts.count + 1
            if turn == pasts.count { turn = 1 }
            let blocks = pasts[turn].blocks
            if blocks.isEmpty { continue }
            let gone = (blocks.count + 1) / 2
            let last = blocks[gone - 1]
            pasts[turn].elsewhere.extend(PastRow.tsMs(blocks[0].firstKey))
            pasts[turn].elsewhere.extend(
                PastRow.tsMs(memory.words(last.block)[Int(last.count) - 1]))
            for ref in blocks[..<gone] { memory.give(ref.block) }
            pasts[turn].blocks.removeFirst(gone)
            wanted -= gone
        }
        count()
    }

    /// What it takes is counted with the tails.
    private mutating func count() {
        let bytes = memory.usedBytes + (pasts.count - 1) * MemoryLayout<RecentPast>.stride
        TailPool.shared.count(besideBytes: bytes - countedBytes)
        countedBytes = bytes
    }
}
