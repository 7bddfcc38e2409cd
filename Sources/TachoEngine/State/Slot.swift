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
/// What every fix needs lies together: the end of the main tail, counters, the row latest shows and
/// the chain's anchor in three cache lines, and the four of `motion`. To bring a line from the third
/// cache and its change back there is what a fix costs, more than all rules do; a test
/// keeps the lines so few. The rest is for late, held and conflicting fixes.
struct Slot: BitwiseCopyable {
    // So that the hot end of `main` begins a line.
    /// Groups up to this one are contained; set when loaded from a checkpoint.
    var asOfGroup: UInt64 = 0
    /// The longest chunk of the rider, ms: how far before a time its chunks may begin.
    var maxChunkSpanMs: Int64 = 0
    var amendments: UInt32 = 0
    /// The rider's place among the shard's recent pasts; 0: none is kept.
    var past: UInt32 = 0

    /// Its end is hot.
    var main = Tail()

    // Second line.
    /// The newest time in the main tail, ever.
    var mainNewestMs = Int64.min
    /// The newest time in closed chunks, clock forgeries apart.
    var closedNewestMs = Int64.min
    /// The newest time in the open late tail; `Int64.min`: it is empty.
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
    private(set) var shownRow = Slot.nothing.row

    // Third line; the chain's end is not hot.
    /// The oldest time in closed chunks: before it there is nothing to look for in the database.
    var closedOldestMs = Int64.max
    /// The rectangle that the main tail's fixes lie in.
    var mainBounds = CoarseBox.empty
    var chain = Chain()
    /// The oldest time of all fixes: what is older has nothing before it.
    var oldestMs = Int64.max
    private var filler: UInt64 = 0

    /// What the rules about motion remember: four lines that every fix needs, and some that few do.
    var motion = Motion()

    // Rarely looked at.
    /// Of `shownRow`, if that has one.
    private var shownExtra = Slot.nothing.extra
    private var otherNewest = Slot.nothing
    var late = Tail()
    /// Where fixes with a clock in the future, or before 2000, lie: they must not make every other
    /// fix look late.
    private(set) var futureSpan = TimeSpan()
    private(set) var pastSpan = TimeSpan()
    /// The next slot begins a line.
    private var end: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Where the lines begin that every fix needs, and how many there are.
    static let hotOffset = MemoryLayout<Slot>.offset(of: \.main)! + Tail.hotOffset
    static let hotLines = 3

    static let nothing = FixImage(
        row: FixRow(clock: 0, place: 0, motion: 0),
        extra: FixExtra(codes: 0, claimedRecvMs: 0, altitudeDm: Fix.absent, delaySteps: 0))

    // Into their readers, all of these: called as properties they copy the whole slot first.

    /// What `latest` shows: the newest accepted or flagged fix by event time.
    var shown: FixImage {
        @inline(__always) get {
            FixImage(row: shownRow, extra: shownRow.hasExtra ? shownExtra : .none)
        }
        @inline(__always) set {
            shownRow = newValue.row
            shownExtra = newValue.extra
        }
    }

    /// The newest fix of any effect; meaningful if there is one.
    var newest: FixImage {
        @inline(__always) get { newestIsShown ? shown : otherNewest }
        @inline(__always) set {
            otherNewest = newValue
            newestIsShown = false
        }
    }

    var shownMs: Int64 {
        @inline(__always) get { hasShown ? shownRow.tsMs : Int64.min }
    }
    var newestMs: Int64 {
        @inline(__always) get {
            if !hasNewest { return Int64.min }
            return newestIsShown ? shownRow.tsMs : otherNewest.row.tsMs
        }
    }

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

    /// A stored fix may be what latest shows now, and the newest there is.
    @inline(__always)
    mutating func show(_ row: FixRow, isShown: Bool, _ extra: @autoclosure () -> FixExtra) {
        let ts = row.tsMs
        let isNewest = !hasNewest || ts > newestMs
        if isShown && (!hasShown || ts > shownMs) {
            isLatestTouched = true
            // If it is not the newest, that one is another and stays where it is.
            shownRow = row
            if row.hasExtra { shownExtra = extra() }
            hasShown = true
            if isNewest { newestIsShown = true }
        } else if isNewest {
            isLatestTouched = true
            newest = FixImage(row: row, extra: row.hasExtra ? extra() : .none)
        }
        if isNewest { hasNewest = true }
    }

    /// `latestRecord` is the shown row and nothing more.
    @inline(__always)
    var isLatestRow: Bool { hasShown && hasNewest && newestIsShown && !shownRow.hasExtra }

    @inline(__always)
    var latestRecord: LatestRecord {
        LatestRecord(
            shown: shown, newest: newestIsShown ? Slot.nothing : otherNewest,
            hasShown: hasShown, hasNewest: hasNewest, newestIsShown: newestIsShown)
    }
}

/// Of the pointer, so that what is not asked for is not read: as a method of the slot it would be
/// loaded for every fix, or the whole slot copied.
extension UnsafeMutablePointer<Slot> {
    /// Whether a fix of that time may already be stored. False is certain.
    @inline(__always)
    func mayHold(_ tsMs: Int64) -> Bool {
        tsMs <= pointee.mainNewestMs || tsMs <= pointee.lateNewestMs || chunkMayHold(tsMs)
    }

    /// Whether a chunk, not only a tail, may hold that time.
    @inline(__always)
    func chunkMayHold(_ tsMs: Int64) -> Bool {
        tsMs <= pointee.closedNewestMs && tsMs >= pointee.closedOldestMs
            || pointee.hasClockSpans && spansHold(tsMs)
    }

    @inline(never)
    private func spansHold(_ tsMs: Int64) -> Bool {
        pointee.futureSpan.contains(tsMs) || pointee.pastSpan.contains(tsMs)
    }
}
