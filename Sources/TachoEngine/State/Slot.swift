import TachoGeo
import TachoIngest

/// A span of times, empty at first.
struct TimeSpan: BitwiseCopyable, Hashable {
    var firstMs = Int64.max
    var lastMs = Int64.min

    func contains(_ ms: Int64) -> Bool { ms >= firstMs && ms <= lastMs }

    mutating func extend(_ ms: Int64) {
        firstMs = min(firstMs, ms)
        lastMs = max(lastMs, ms)
    }
}

/// Everything the engine knows of one rider without looking at chunks: about 900 B, in a slab.
struct Slot: BitwiseCopyable {
    var chain = Chain()
    /// What `latest` shows: the newest accepted or flagged fix by event time.
    var shown = Slot.nothing
    var hasShown = false
    /// The newest fix of any effect.
    var newest = Slot.nothing
    var hasNewest = false
    /// The newest time in the main tail, ever.
    var mainNewestMs = Int64.min
    /// The newest time in closed chunks, clock forgeries apart.
    var closedNewestMs = Int64.min
    /// Where fixes with a clock in the future, or before 2000, lie: they must not make every other
    /// fix look late.
    var futureSpan = TimeSpan()
    var pastSpan = TimeSpan()
    /// The longest chunk of the rider, ms: how far before a time its chunks may begin.
    var maxChunkSpanMs: Int64 = 0
    var points: UInt64 = 0
    var amendments: UInt32 = 0
    var vehicle = VehicleClass.car
    /// The range the next two counters belong to.
    var range: UInt32 = 0
    var arrivals: UInt32 = 0
    var generation: UInt16 = 0
    var main = Tail()
    var late = Tail()
    /// Changed since the last checkpoint.
    var isDirty = false
    /// Has fixes in the part being judged whose sequence is still to be set.
    var isTouched = false
    /// Groups up to this one are contained; set when loaded from a checkpoint.
    var asOfGroup: UInt64 = 0
    /// The same as a sequence: amendments from then on are newer than the image.
    var needsShownAgain = false

    static let nothing = StoredFix(
        fix: Fix(tsMs: Int64.min, latE7: 0, lonE7: 0), provenance: .live, vehicle: .car,
        verdict: Verdict(), recvMs: 0, claimedRecvMs: 0)

    /// The counters of the range that is open now.
    mutating func enter(range: UInt32) {
        if self.range == range { return }
        self.range = range
        arrivals = 0
        generation = 0
    }

    /// Whether a fix of that time may already be stored. False is certain.
    func mayHold(_ tsMs: Int64) -> Bool {
        tsMs <= mainNewestMs || futureSpan.contains(tsMs) || pastSpan.contains(tsMs)
            || (!late.isEmpty && tsMs <= lateNewestMs) || tsMs <= closedNewestMs
    }

    /// Whether a chunk, not only a tail, may hold that time.
    func chunkMayHold(_ tsMs: Int64) -> Bool {
        tsMs <= closedNewestMs || futureSpan.contains(tsMs) || pastSpan.contains(tsMs)
    }

    /// The newest time in the open late tail.
    var lateNewestMs = Int64.min
}

/// All slots of a shard, in segments that never move. Touched by the shard's thread alone.
struct SlotSlab {
    private var segments: [UnsafeMutablePointer<Slot>] = []
    private(set) var count = 0

    static let segmentSize = 1024

    subscript(index: Int) -> UnsafeMutablePointer<Slot> {
        segments[index / Self.segmentSize] + index % Self.segmentSize
    }

    mutating func grow(to needed: Int) {
        while segments.count * Self.segmentSize < needed {
            let segment = UnsafeMutablePointer<Slot>.allocate(capacity: Self.segmentSize)
            segment.initialize(repeating: Slot(), count: Self.segmentSize)
            segments.append(segment)
        }
        count = max(count, needed)
    }

    mutating func free() {
        for index in 0..<count {
            _ = self[index].pointee.main.drain()
            _ = self[index].pointee.late.drain()
        }
        for segment in segments { segment.deallocate() }
        segments = []
        count = 0
    }
}
