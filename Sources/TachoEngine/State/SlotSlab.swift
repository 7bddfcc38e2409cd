import CTacho
import TachoIngest

#if canImport(Glibc)
    import Glibc
#endif

/// All slots of a shard in one stretch of memory that never moves. Touched by the shard's thread
/// alone.
///
/// Address space for `maxRiders` is reserved at once and costs nothing; pages are touched, in huge
/// pages where the system has them, when riders appear, a few thousand ahead of need, so that no
/// page fault falls on a fix.
struct SlotSlab {
    private let base: UnsafeMutablePointer<Slot>
    private(set) var count = 0
    private var ready = 0

    /// Riders one shard can hold.
    static let maxRiders = 1 << 24
    private static let readyStep = 4096

    init() {
        let bytes = Self.maxRiders * MemoryLayout<Slot>.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no address space for the riders' slots (\(bytes >> 30) GiB)") }
        _ = madvise(memory, bytes, MADV_HUGEPAGE)
        base = memory.bindMemory(to: Slot.self, capacity: Self.maxRiders)
    }

    @inline(__always)
    subscript(index: Int) -> UnsafeMutablePointer<Slot> {
        // Inside what `grow` made ready, which every caller has called before.
        base + index
    }

    /// Memory for so many riders in use.
    static func bytes(riders: Int) -> Int { ready(for: riders) * MemoryLayout<Slot>.stride }

    private static func ready(for riders: Int) -> Int {
        min(maxRiders, (riders + readyStep - 1) / readyStep * readyStep)
    }

    mutating func grow(to needed: Int) {
        guard needed > count else { return }
        precondition(needed <= Self.maxRiders, "more riders than a shard is built for")
        if needed > ready {
            let end = Self.ready(for: needed)
            (base + ready).initialize(repeating: Slot(), count: end - ready)
            ready = end
        }
        count = needed
    }

    /// Asks for the slot's hot lines ahead of use; 12 fixes ahead a miss costs nothing.
    @inline(__always)
    func prefetch(_ index: Int, withMotion: Bool) {
        guard index < count else { return }
        let address = UnsafeRawPointer(base + index)
        let hot = address + Slot.hotOffset
        for line in 0..<Slot.hotLines { tacho_prefetch(hot + line * 64) }
        if withMotion {
            let motion = address + Self.motionOffset
            for line in 0..<Self.motionLines { tacho_prefetch(motion + line * 64) }
        }
    }

    private static let motionOffset = MemoryLayout<Slot>.offset(of: \.motion)!
    private static let motionLines = (Motion.hotBytes + 63) / 64

    /// The same for where the rider's next row goes; the slot itself must have arrived.
    @inline(__always)
    static func prefetchTail(_ slot: UnsafeMutablePointer<Slot>) {
        if let row = slot.pointee.main.nextRow { tacho_prefetch(UnsafeRawPointer(row)) }
    }

    /// The lines of a slot that a late fix needs.
    @inline(__always)
    static func prefetchLate(_ slot: UnsafeMutablePointer<Slot>) {
        let late = UnsafeRawPointer(slot) + MemoryLayout<Slot>.offset(of: \.late)!
        tacho_prefetch(late)
        tacho_prefetch(late + 64)
    }

    /// Where the next row of a late fix goes; the lines above must have arrived.
    @inline(__always)
    static func prefetchLateTail(_ slot: UnsafeMutablePointer<Slot>) {
        slot.pointee.late.prefetchNext()
    }

    mutating func free() {
        for index in 0..<count {
            base[index].main.free()
            base[index].late.free()
        }
        munmap(base, Self.maxRiders * MemoryLayout<Slot>.stride)
        count = 0
        ready = 0
    }
}
