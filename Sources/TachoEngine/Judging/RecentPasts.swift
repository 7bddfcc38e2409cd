import TachoGeo
import TachoIngest

#if canImport(Glibc)
    import Glibc
#endif

/// A row of the past with its time.
struct PastFix: BitwiseCopyable {
    var tsMs: Int64
    var row: PastRow

    var neighbour: Neighbour { row.neighbour(tsMs: tsMs) }
}

/// The nearest fix on one side of a time, among some fixes.
struct Beside<Place: BitwiseCopyable>: BitwiseCopyable {
    var tsMs: Int64
    var place: Place
    /// Another one has its time: who counts is not told here.
    var isTwice: Bool
}

/// What the rows of a past tell of a time.
struct PastAround: BitwiseCopyable {
    var before: Beside<PastFix>?
    /// Or at the time itself.
    var after: Beside<PastFix>?
}

/// The recent pasts of a shard, within a bound of bytes; beyond it riders in turn lose the older
/// half of theirs. A late fix finds its neighbours here in 0.2 µs, and reads no chunk.
struct RecentPasts {
    /// A slot's `past` is the index here; 0 is nobody's.
    let heads: UnsafeMutablePointer<PastHead>
    private(set) var headCount = 1
    var blocks: PastBlocks
    var lists: PastLists
    /// By past, then by time: see `PastHead.hasAmended`.
    private var amended: [UInt32: [Int64: Verdict]] = [:]
    /// Whose turn it is to lose rows.
    var turn = 0
    private var countedBytes = 0

    private static let headRoom = (SlotSlab.maxRiders + 1) * MemoryLayout<PastHead>.stride

    init(limitBytes: Int) {
        blocks = PastBlocks(limitBytes: limitBytes)
        lists = PastLists(blocks: blocks.capacity)
        // Address space for a head of every rider a shard can have.
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, Self.headRoom, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for recent pasts (\(Self.headRoom >> 20) MiB)") }
        _ = madvise(memory, Self.headRoom, MADV_HUGEPAGE)
        heads = memory.bindMemory(to: PastHead.self, capacity: SlotSlab.maxRiders + 1)
        heads[0] = PastHead(rider: UInt32.max)
    }

    @inline(__always)
    subscript(past: UInt32) -> PastHead {
        precondition(past < headCount)
        return heads[Int(past)]
    }

    /// Begins a rider's past; returns its index.
    mutating func begin(_ head: PastHead, amended verdicts: [Int64: Verdict]) -> UInt32 {
        let past = UInt32(headCount)
        heads[headCount] = head
        heads[headCount].hasAmended = !verdicts.isEmpty
        if !verdicts.isEmpty { amended[past] = verdicts }
        headCount += 1
        return past
    }

    /// Forgets everything; returns the riders it was of.
    mutating func removeAll() -> [UInt32] {
        let riders = (1..<headCount).map { heads[$0].rider }
        headCount = 1
        amended = [:]
        lists.removeAll()
        turn = 0
        blocks.removeAll()
        count()
        return riders
    }

    /// After this nothing may be used.
    mutating func free() {
        _ = removeAll()
        munmap(heads, Self.headRoom)
        lists.unmap()
        blocks.unmap()
        TailPool.shared.count(besideBytes: -countedBytes)
    }

    /// The verdict a fix of the open main tail has now.
    func current(_ tsMs: Int64, _ decided: Verdict, in past: UInt32) -> Verdict {
        heads[Int(past)].hasAmended ? amended[past]?[tsMs] ?? decided : decided
    }

    /// The first fix of a time has another verdict now: here, or in the open main tail.
    mutating func amend(_ tsMs: Int64, _ verdict: Verdict, in past: UInt32) {
        guard heads[Int(past)].covers(tsMs) else { return }
        if amendRow(tsMs, verdict, in: past) { return }
        heads[Int(past)].hasAmended = true
        amended[past, default: [:]][tsMs] = verdict
    }

    /// The main tail whose verdicts were remembered is closed.
    mutating func forgetAmended(in past: UInt32) {
        guard heads[Int(past)].hasAmended else { return }
        heads[Int(past)].hasAmended = false
        amended[past] = nil
    }

    /// What it takes is counted with the tails.
    mutating func count() {
        let bytes =
            blocks.heldBytes + lists.heldBytes + headCount * MemoryLayout<PastHead>.stride
        if bytes == countedBytes { return }
        TailPool.shared.count(besideBytes: bytes - countedBytes)
        countedBytes = bytes
    }
}
