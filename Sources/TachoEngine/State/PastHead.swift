import CTacho
import TachoGeo

#if canImport(Glibc)
    import Glibc
#endif

/// A late rider's fixes in order of time, in blocks: its closed chunks and its late tail, not the
/// open main tail, which is in order already.
struct PastHead: BitwiseCopyable {
    /// One block of rows. Its first time is here, so that finding a block reads no rows.
    struct Ref: BitwiseCopyable {
        var firstMs: Int64
        /// What the rows' times are counted from.
        var baseMs: Int64
        var block: UInt32
        var count: Int32

        /// A block that begins with a time can hold what lies 24 days around it.
        init(firstMs: Int64, block: UInt32) {
            self.firstMs = firstMs
            baseMs = firstMs - Int64(1 << 31)
            self.block = block
            count = 0
        }

        func canHold(_ tsMs: Int64) -> Bool {
            tsMs >= baseMs && tsMs - baseMs <= Int64(UInt32.max)
        }
    }

    /// A row by its block in the list and its place there, which may be just behind the last.
    struct Place: BitwiseCopyable, Equatable {
        var block: Int32
        var index: Int32
    }

    /// Ascending by first time.
    private(set) var refs: UnsafeMutablePointer<Ref>?
    private(set) var count: Int32 = 0
    private var capacity: Int32 = 0
    let rider: UInt32
    /// Fixes of the open main tail have another verdict than the one they arrived with.
    var hasAmended = false
    /// Where fixes lie that are not kept here: those times are asked of the database.
    var elsewhere = TimeSpan()
    /// The time that was looked for last, and the first row not before it: what is put in next, or
    /// looked for next where fixes come in runs, is there. `Int64.min`: none.
    var soughtMs = Int64.min
    var sought = Place(block: 0, index: 0)

    init(rider: UInt32) { self.rider = rider }

    /// Whether everything at that time is here or in the open main tail.
    func covers(_ tsMs: Int64) -> Bool { !elsewhere.contains(tsMs) }

    mutating func insert(_ ref: Ref, at index: Int, _ lists: inout PastLists) {
        if count == capacity { resize(to: max(PastLists.fewest, capacity * 2), &lists) }
        let at = refs! + index
        memmove(at + 1, at, (Int(count) - index) * MemoryLayout<Ref>.stride)
        at.pointee = ref
        count += 1
    }

    mutating func removeFirst(_ gone: Int, _ lists: inout PastLists) {
        memmove(refs!, refs! + gone, (Int(count) - gone) * MemoryLayout<Ref>.stride)
        count -= Int32(gone)
        // Never more room than four times what is in it.
        while capacity > PastLists.fewest && capacity > 4 * count {
            resize(to: capacity / 2, &lists)
        }
    }

    mutating func keepFirst(_ kept: Int) { count = min(count, Int32(kept)) }

    private mutating func resize(to room: Int32, _ lists: inout PastLists) {
        let list = lists.take(room)
        if let refs {
            memcpy(list, refs, Int(count) * MemoryLayout<Ref>.stride)
            lists.give(refs, capacity)
        }
        refs = list
        capacity = room
    }

    /// The last block that begins not after a time; 0 where all begin after it.
    @inline(__always)
    func blockIndex(_ tsMs: Int64) -> Int {
        guard let refs else { return 0 }
        return max(0, partitionPoint(Int(count)) { refs[$0].firstMs <= tsMs } - 1)
    }

    /// Where in a block a time is likely to be, as if the fixes came evenly.
    @inline(__always)
    func guess(_ tsMs: Int64, in index: Int) -> Int {
        let ref = refs![index]
        let last = Int(ref.count) - 1
        guard index + 1 < Int(count) else { return last }
        let span = refs![index + 1].firstMs - ref.firstMs
        guard span > 0, tsMs > ref.firstMs else { return 0 }
        return min(last, Int((tsMs - ref.firstMs) * Int64(ref.count) / span))
    }

    /// Asks for the middle of the list, where a search begins.
    @inline(__always)
    func prefetchList() {
        guard let refs else { return }
        let quarter = Int(count) / 4
        for step in 1...3 { tacho_prefetch(refs + quarter * step) }
        tacho_prefetch(refs + max(0, Int(count) - 1))
    }
}
