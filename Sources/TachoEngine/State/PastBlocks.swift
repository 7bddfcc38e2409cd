import TachoGeo
import TachoIngest

#if canImport(Glibc)
    import Glibc
#endif

/// What the judge needs of a fix to tell whether a late one fits beside it: 16 B, four to a line.
struct PastRow: BitwiseCopyable {
    /// Time from the block's base, ms: 49 days.
    var sinceBaseMs: UInt32
    var latE7: Int32
    var lonE7: Int32
    private var accuracy: UInt16
    private var marks: UInt8
    private var vehicle: UInt8

    private static let trustedBit: UInt8 = 1
    private static let markedBit: UInt8 = 2
    private static let accuracyAbsent = UInt16.max

    init(_ fix: Fix, _ vehicle: VehicleClass, _ verdict: Verdict, baseMs: Int64) {
        sinceBaseMs = UInt32(fix.tsMs - baseMs)
        latE7 = fix.latE7
        lonE7 = fix.lonE7
        // Of a radius of 6.5 km and more a smaller one is kept: reach grows with the radius, so it
        // only sends a fix that lies beside it to be judged at length.
        accuracy =
            fix.accuracyDm == Fix.absent
            ? Self.accuracyAbsent : UInt16(min(fix.accuracyDm, Int32(Self.accuracyAbsent) - 1))
        marks = 0
        self.vehicle = vehicle.rawValue
        set(verdict)
    }

    mutating func set(_ verdict: Verdict) {
        let told = Neighbour(Fix(tsMs: 0, latE7: 0, lonE7: 0), .any, verdict)
        marks = (told.isTrusted ? Self.trustedBit : 0) | (told.isMarked ? Self.markedBit : 0)
    }

    /// The same row in a block with another base.
    @inline(__always)
    func counted(from baseMs: Int64, tsMs: Int64) -> PastRow {
        var row = self
        row.sinceBaseMs = UInt32(tsMs - baseMs)
        return row
    }

    @inline(__always)
    func neighbour(tsMs: Int64) -> Neighbour {
        Neighbour(
            tsMs: tsMs, latE7: latE7, lonE7: lonE7,
            accuracyDm: accuracy == Self.accuracyAbsent ? Fix.absent : Int32(accuracy),
            vehicle: VehicleClass(rawValue: vehicle) ?? .any,
            isTrusted: marks & Self.trustedBit != 0, isMarked: marks & Self.markedBit != 0)
    }
}

/// Memory for rows of the past: blocks of 64 rows in huge pages. One a shard; its thread alone
/// uses it.
struct PastBlocks {
    static let rows = 64
    static let byteCount = rows * MemoryLayout<PastRow>.stride

    private let base: UnsafeMutableRawPointer
    let capacity: Int
    private var free: [UInt32] = []
    private var touched = 0

    /// Address space for so much is reserved; only what is used costs memory.
    init(limitBytes: Int) {
        precondition(MemoryLayout<PastRow>.stride == 16)
        capacity = max(16, limitBytes / Self.byteCount)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let bytes = capacity * Self.byteCount
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for recent pasts (\(bytes >> 20) MiB)") }
        _ = madvise(memory, bytes, MADV_HUGEPAGE)
        base = memory
    }

    /// After this nothing may be used.
    func unmap() { munmap(base, capacity * Self.byteCount) }

    /// Blocks that can be taken before something must go.
    var room: Int { free.count + capacity - touched }

    /// Memory that is held, whether used or to be used again.
    var heldBytes: Int { touched * Self.byteCount }

    mutating func take() -> UInt32 {
        if let block = free.popLast() { return block }
        precondition(touched < capacity, "room was made before")
        touched += 1
        return UInt32(touched - 1)
    }

    mutating func give(_ block: UInt32) { free.append(block) }

    /// Gives everything back, to the system too.
    mutating func removeAll() {
        free = []
        _ = madvise(base, touched * Self.byteCount, MADV_DONTNEED)
        touched = 0
    }

    @inline(__always)
    subscript(block: UInt32) -> UnsafeMutablePointer<PastRow> {
        (base + Int(block) * Self.byteCount).assumingMemoryBound(to: PastRow.self)
    }
}
