import TachoCodec
import TachoGeo
import TachoIngest

/// A span of times, empty at first.
struct TimeSpan: BitwiseCopyable, Hashable {
    var firstMs = Int64.max
    var lastMs = Int64.min

    var isEmpty: Bool { firstMs > lastMs }

    func contains(_ ms: Int64) -> Bool { ms >= firstMs && ms <= lastMs }

    mutating func extend(_ ms: Int64) {
        firstMs = min(firstMs, ms)
        lastMs = max(lastMs, ms)
    }
}

/// Everything the engine knows of one rider without looking at chunks: 1 KiB, in a slab.
///
/// What every fix needs comes first: counters, main tail, what latest shows, the chain's anchor; in
/// all four cache lines. The rest is for late, held and conflicting fixes.
struct Slot: BitwiseCopyable {
    // First line.
    /// The newest time in the main tail, ever.
    var mainNewestMs = Int64.min
    /// The newest time in closed chunks, clock forgeries apart.
    var closedNewestMs = Int64.min
    /// The newest time in the open late tail.
    var lateNewestMs = Int64.min
    var points: UInt64 = 0
    var arrivals: UInt32 = 0
    /// The range `arrivals` and `generation` belong to.
    var range: UInt32 = 0
    var generation: UInt16 = 0
    var vehicle = VehicleClass.car
    var hasShown = false
    /// A fix was stored, whatever its effect.
    var hasNewest = false
    /// The newest fix of any effect is the one shown: `newest` is not kept then.
    var newestIsShown = false
    /// Changed since the last checkpoint.
    var isDirty = false
    /// Has fixes in the part being judged whose sequence is still to be set.
    var isTouched = false
    /// What latest shows is another since the last part.
    var isLatestTouched = false
    /// Fixes with a clock in the future or the past lie somewhere: see the spans.
    var hasClockSpans = false
    var needsShownAgain = false
    /// The shard keeps a window of the rider's history.
    var hasWindow = false
    /// The rider's place among the shard's recent pasts; 0: none is kept.
    var past: UInt32 = 0

    // Second line.
    var main = Tail()

    // Fourth and fifth.
    /// What `latest` shows: the newest accepted or flagged fix by event time.
    var shown = Slot.nothing
    var chain = Chain()
    /// So that what follows begins a cache line, and the next slot does.
    private var filler: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// What the rules about motion remember: four lines that every fix needs, and some that few do.
    var motion = Motion()

    // Rarely looked at.
    private var otherNewest = Slot.nothing
    var late = Tail()
    /// Where fixes with a clock in the future, or before 2000, lie: they must not make every other
    /// fix look late.
    private(set) var futureSpan = TimeSpan()
    private(set) var pastSpan = TimeSpan()
    /// The oldest time of all fixes: what is older has nothing before it.
    var oldestMs = Int64.max
    /// The oldest time in closed chunks: before it there is nothing to look for in the database.
    var closedOldestMs = Int64.max
    /// The longest chunk of the rider, ms: how far before a time its chunks may begin.
    var maxChunkSpanMs: Int64 = 0
    var amendments: UInt32 = 0
    /// Groups up to this one are contained; set when loaded from a checkpoint.
    var asOfGroup: UInt64 = 0
    private var end: (UInt64, UInt64) = (0, 0)

    static let nothing = FixImage(
        row: FixRow(clock: 0, place: 0, motion: 0),
        extra: FixExtra(codes: 0, claimedRecvMs: 0, altitudeDm: Fix.absent, delaySteps: 0))

    /// The newest fix of any effect; meaningful if there is one.
    var newest: FixImage {
        get { newestIsShown ? shown : otherNewest }
        set {
            otherNewest = newValue
            newestIsShown = false
        }
    }

    var shownMs: Int64 { hasShown ? shown.row.tsMs : Int64.min }
    var newestMs: Int64 { hasNewest ? newest.row.tsMs : Int64.min }

    mutating func setSpans(future: TimeSpan, past: TimeSpan) {
        futureSpan = future
        pastSpan = past
        hasClockSpans = !future.isEmpty || !past.isEmpty
    }

    /// TS_FUTURE and TS_PAST, as a number: asked of every fix (`CodeSet`).
    static let forgedClock: UInt64 = 3 << 2

    mutating func extendSpans(_ ms: Int64, codes: UInt64) {
        if codes & Code.tsFuture.bit != 0 { extendFuture(ms) }
        if codes & Code.tsPast.bit != 0 { extendPast(ms) }
    }

    mutating func extendFuture(_ ms: Int64) {
        futureSpan.extend(ms)
        hasClockSpans = true
    }

    mutating func extendPast(_ ms: Int64) {
        pastSpan.extend(ms)
        hasClockSpans = true
    }

    /// The counters of the range that is open now.
    @inline(__always)
    mutating func enter(range: UInt32) {
        if self.range == range { return }
        self.range = range
        arrivals = 0
        generation = 0
    }

    /// Whether a fix of that time may already be stored. False is certain.
    @inline(__always)
    func mayHold(_ tsMs: Int64) -> Bool {
        tsMs <= mainNewestMs || tsMs <= lateNewestMs || chunkMayHold(tsMs)
    }

    /// Whether a chunk, not only a tail, may hold that time.
    @inline(__always)
    func chunkMayHold(_ tsMs: Int64) -> Bool {
        tsMs <= closedNewestMs && tsMs >= closedOldestMs
            || hasClockSpans && (futureSpan.contains(tsMs) || pastSpan.contains(tsMs))
    }

    /// A stored fix may be what latest shows now, and the newest there is.
    @inline(__always)
    mutating func show(_ row: FixRow, isShown: Bool, _ extra: @autoclosure () -> FixExtra) {
        let ts = row.tsMs
        let isNewest = !hasNewest || ts > newestMs
        if isShown && (!hasShown || ts > shownMs) {
            isLatestTouched = true
            // If it is not the newest, that one is another and stays where it is.
            shown = FixImage(row: row, extra: row.hasExtra ? extra() : .none)
            hasShown = true
            if isNewest { newestIsShown = true }
        } else if isNewest {
            isLatestTouched = true
            newest = FixImage(row: row, extra: row.hasExtra ? extra() : .none)
        }
        if isNewest { hasNewest = true }
    }

    /// Into its reader: as a plain property it would copy the whole slot first.
    @inline(__always)
    var latestRecord: LatestRecord {
        LatestRecord(
            shown: shown, newest: newestIsShown ? Slot.nothing : otherNewest,
            hasShown: hasShown, hasNewest: hasNewest, newestIsShown: newestIsShown)
    }
}
