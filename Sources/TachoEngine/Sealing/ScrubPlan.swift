/// Which segment is looked at next: of the pass through all that is under way or due, of the newest
/// day's, or one that could not be read before.
///
/// A segment is noted as passed when it was looked at, and a pass as done when all of it was: whatever
/// ends the process, the next one looks again at what it was busy with. A time of the last pass that
/// is still to come, because a clock was wrong, counts as none.
struct ScrubPlan {
    enum Pass { case newestDay, whole, again }

    enum Step: Equatable {
        case look(UInt32, Pass)
        /// The newest day's segments are to be found and handed to `begin`.
        case findNewestDay
        /// All of a pass was looked at: to be noted with `end`.
        case end(Pass)
        case nothing
    }

    /// nil until the first tick of a directory that was never looked through.
    private(set) var row: ScrubRow?
    /// Those that could not be read when last looked at. Not kept over a start: the next pass tells.
    private(set) var unread: Set<UInt32> = []
    /// Of the newest day's pass, still to be looked at; nil: none is under way.
    private var day: [UInt32]?
    /// Of `unread`, still to be tried again now.
    private var again: [UInt32] = []
    private var triedMs: Int64 = 0

    /// A reason like too many open files passes; one that stays is not to fill the log.
    static let againAfterMs: Int64 = 3_600_000

    init(row: ScrubRow?) { self.row = row }

    /// No pass is under way.
    var isIdle: Bool { day == nil && again.isEmpty && (row?.next ?? 0) == 0 }

    /// The row, as before any pass if there is none.
    var known: ScrubRow {
        get { row ?? ScrubRow(dayMs: 0, wholeMs: 0) }
        set { row = newValue }
    }

    private static func isDue(_ lastMs: Int64, every lengthMs: Int64, _ nowMs: Int64) -> Bool {
        lastMs > nowMs || nowMs - lastMs >= lengthMs
    }

    /// `last`: the newest sealed segment; 0: none is.
    mutating func next(nowMs: Int64, last: UInt32) -> Step {
        guard last > 0 else {
            // What is sealed from here on is read back when it is.
            if row == nil { row = ScrubRow(dayMs: nowMs, wholeMs: nowMs) }
            return .nothing
        }
        if again.isEmpty, !unread.isEmpty, Self.isDue(triedMs, every: Self.againAfterMs, nowMs) {
            again = unread.sorted(by: >)
            triedMs = nowMs
        }
        if let segment = again.last { return .look(segment, .again) }
        if known.next > 0 || Self.isDue(known.wholeMs, every: ScrubRow.wholeLengthMs, nowMs) {
            let segment = max(known.next, 1)
            return segment > last ? .end(.whole) : .look(segment, .whole)
        }
        if let day { return day.last.map { .look($0, .newestDay) } ?? .end(.newestDay) }
        return Self.isDue(known.dayMs, every: ScrubRow.dayLengthMs, nowMs)
            ? .findNewestDay : .nothing
    }

    /// `segments`: newest first; the oldest is looked at first.
    mutating func begin(newestDay segments: [UInt32]) { day = segments }

    /// All segments, or the newest day's, were looked at.
    mutating func end(_ pass: Pass, nowMs: Int64) {
        switch pass {
        case .again: return
        case .newestDay: break
        // The newest day's among them.
        case .whole: (known.next, known.wholeMs) = (0, nowMs)
        }
        known.dayMs = nowMs
        day = nil
    }

    /// What a look found, as one of a pass or by itself. True: operators have not heard of it.
    mutating func note(
        _ segment: UInt32, _ state: SegmentLook.State, of pass: Pass? = nil, nowMs: Int64
    ) -> Bool {
        let isNew: Bool
        switch state {
        case .sound, .damaged:
            isNew = state == .damaged && !known.damaged.contains(segment)
            known.note(segment, isDamaged: state == .damaged)
            unread.remove(segment)
        case .unread:
            if unread.isEmpty { triedMs = nowMs }
            // Whether it is damaged is what it was.
            isNew = unread.insert(segment).inserted
        }
        switch pass {
        case nil: break
        case .again: if again.last == segment { again.removeLast() }
        case .newestDay: if day?.last == segment { day?.removeLast() }
        case .whole: known.next = segment + 1
        }
        return isNew
    }
}
