import TachoGeo
import TachoStore

/// The geofences and who is inside them, brought forward by committed events alone: the same journal
/// gives the same events under the same ids, whenever it is read.
///
/// A fence is looked at by each fix that is newer than all accepted and flagged ones of its rider before,
/// by its verdict when it was stored, if it does not call itself coarse. A late fix changes nothing: what it
/// says of the past, `T.WHO` tells. Used by one thread at a time.
final class FenceState {
    /// A fence in use.
    struct Fence {
        var id: [UInt8]
        var stream: UInt32
        var serial: UInt32
        var outline: AreaOutline
        var boxes: [FenceBox]
        var marginM: Double
        var detection: FenceDetection
        /// Not in the book yet.
        var events: UInt64 = 0
        var lastID: AlertID?
        var inside = 0
        var isTouched = false
    }

    struct Stay {
        var fence: Int32
        var serial: UInt32
        var sinceMs: Int64
        var wasToldOfDwell: Bool
    }

    let book = FenceBook()
    let database: Database
    var fences: [Fence?] = []
    var free: [Int32] = []
    var placeOf: [UInt32: Int32] = [:]
    let squares = FenceSquares()
    let riders = FenceRiders()
    var stays: [UInt32: [Stay]] = [:]
    var totals = FenceTotals()
    /// Counts changes of fences; of the last ones, where each was.
    var version: UInt32 = 1
    var recent = [FenceBox](repeating: .empty, count: FenceState.remembered)
    static let remembered = 64
    var dirtyStreams: Set<[UInt8]> = []
    var areTotalsDirty = false
    var gone: Set<[UInt8]> = []
    /// Rows of riders that are there no more.
    var mustForgetRiders = false
    // Of one call, kept for their memory.
    var fixes: [FenceFix] = []
    var changes: [FenceScan.Change] = []
    var candidates: [Int32] = []
    var commitMs: Int64 = 0
    var touched: [Int32] = []
    /// Events of the last calls, to be written and told of.
    var made: [FenceEvent] = []

    init(database: Database) throws(StoreError) {
        self.database = database
        try load()
    }

    var isEmpty: Bool { placeOf.isEmpty }

    /// Memory held. Cost: a few additions.
    var bytes: Int {
        riders.bytes + squares.bytes + fences.capacity * 300
            + stays.capacity * 64
    }

    func takeMade() -> [FenceEvent] {
        defer { made.removeAll(keepingCapacity: true) }
        return made
    }

    // MARK: Events of the journal

    /// Takes the events of a group, or of some of its parts in order.
    func apply(_ events: UnsafeRawBufferPointer, commitMs: Int64) throws(StoreError) {
        fixes.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        self.commitMs = commitMs
        try FenceScan.read(events, fixes: &fixes, changes: &changes)
        var done = 0
        for change in changes {
            take(done..<change.at)
            done = change.at
            try apply(try FenceChange.read(change.bytes))
        }
        take(done..<fixes.count)
        publish()
    }

    /// Changes that come before the parts of a group.
    func apply(_ changes: [FenceChange], commitMs: Int64) throws(StoreError) {
        self.commitMs = commitMs
        for change in changes { try apply(change) }
        publish()
    }

    private func take(_ range: Range<Int>) {
        if isEmpty { return }
        for index in range {
            if index + Self.ahead < range.upperBound {
                riders.prefetch(fixes[index + Self.ahead].rider)
            }
            take(fixes[index])
        }
    }

    private static let ahead = 8

    @inline(__always)
    private func take(_ fix: FenceFix) {
        let record = riders.record(fix.rider)
        if record.pointee.newestMs == Int64.min ? fix.isLate : fix.tsMs <= record.pointee.newestMs {
            return
        }
        record.pointee.newestMs = fix.tsMs
        record.pointee.isDirty = true
        if fix.isCoarse { return }
        if record.pointee.quiet.contains(fix.latE7, fix.lonE7), fix.tsMs < record.pointee.dueMs,
            record.pointee.version == version || isUntouched(record)
        {
            return
        }
        look(fix, record)
    }

    /// Whether no fence that changed since comes into the rider's quiet place.
    private func isUntouched(_ record: UnsafeMutablePointer<FenceRiders.Record>) -> Bool {
        let behind = version &- record.pointee.version
        guard behind <= UInt32(Self.remembered) else { return false }
        for back in 0..<behind {
            let box = recent[Int((version &- back) % UInt32(Self.remembered))]
            if box.meets(record.pointee.quiet) { return false }
        }
        record.pointee.version = version
        return true
    }

    /// Looks at all fences near a fix, and how far the rider can go from there before any is of interest
    /// again. Cost: 0.2 µs, and 0.1 to 1 µs for each fence whose bounds hold the position.
    private func look(_ fix: FenceFix, _ record: UnsafeMutablePointer<FenceRiders.Record>) {
        let position = Coordinate(latE7: fix.latE7, lonE7: fix.lonE7)
        candidates.removeAll(keepingCapacity: true)
        // Their boxes cut the quiet place when its square is known.
        var quiet = squares.look(fix.latE7, fix.lonE7) { entries in
            for entry in entries where entry.box.contains(fix.latE7, fix.lonE7) {
                candidates.append(entry.fence)
            }
        }
        _ = squares.look(fix.latE7, fix.lonE7) { entries in
            for entry in entries where !entry.box.contains(fix.latE7, fix.lonE7) {
                quiet.avoid(entry.box, at: fix.latE7, fix.lonE7)
            }
        }
        if fix.latE7.magnitude >= 850_000_000 { quiet = .empty }
        var dueMs = Int64.max
        var list = record.pointee.hasStays ? stays[fix.rider] ?? [] : []
        let had = list.count
        keepStays(&list, fix, position, &quiet, &dueMs)
        enter(&list, fix, position, &quiet, &dueMs)
        if had > 0 || !list.isEmpty {
            stays[fix.rider] = list.isEmpty ? nil : list
            record.pointee.hasStays = !list.isEmpty
        }
        record.pointee.quiet = quiet
        record.pointee.dueMs = dueMs
        record.pointee.version = version
    }

    /// Exits, and dwells that are due.
    private func keepStays(
        _ list: inout [Stay], _ fix: FenceFix, _ position: Coordinate, _ quiet: inout FenceBox,
        _ dueMs: inout Int64
    ) {
        var kept = 0
        for index in list.indices {
            var stay = list[index]
            // Another area may be in its place by now.
            guard let fence = fences[Int(stay.fence)], fence.serial == stay.serial else { continue }
            let place = Int(stay.fence)
            if fence.outline.isBeyond(fence.marginM, position) {
                fences[place]!.inside -= 1
                touch(place)
                if fence.detection.exit { tell(.exit, place, fix, since: stay.sinceMs) }
                continue
            }
            dwell(&stay, fence, fix, &dueMs)
            quiet.keep(
                within: fence.outline.roomToLeaveM(position, marginM: fence.marginM),
                of: fix.latE7, fix.lonE7)
            list[kept] = stay
            kept += 1
        }
        list.removeSubrange(kept...)
    }

    private func dwell(
        _ stay: inout Stay, _ fence: Fence, _ fix: FenceFix, _ dueMs: inout Int64
    ) {
        guard let seconds = fence.detection.dwellSeconds, !stay.wasToldOfDwell else { return }
        let due = stay.sinceMs + Int64(seconds) * 1000
        if fix.tsMs >= due {
            stay.wasToldOfDwell = true
            tell(.dwell, Int(stay.fence), fix, since: stay.sinceMs)
        } else {
            dueMs = min(dueMs, due)
        }
    }

    private func enter(
        _ list: inout [Stay], _ fix: FenceFix, _ position: Coordinate, _ quiet: inout FenceBox,
        _ dueMs: inout Int64
    ) {
        candidates.sort { fences[Int($0)]!.stream < fences[Int($1)]!.stream }
        for number in candidates {
            let fence = fences[Int(number)]!
            if list.contains(where: { $0.serial == fence.serial }) { continue }
            guard fence.outline.contains(position) else {
                quiet.keep(
                    within: fence.outline.roomToEnterM(position), of: fix.latE7, fix.lonE7)
                continue
            }
            fences[Int(number)]!.inside += 1
            touch(Int(number))
            var stay = Stay(
                fence: number, serial: fence.serial, sinceMs: fix.tsMs, wasToldOfDwell: false)
            if fence.detection.enter { tell(.enter, Int(number), fix, since: fix.tsMs) }
            dwell(&stay, fence, fix, &dueMs)
            quiet.keep(
                within: fence.outline.roomToLeaveM(position, marginM: fence.marginM),
                of: fix.latE7, fix.lonE7)
            list.append(stay)
        }
    }

    // MARK: Telling

    func nextID() -> AlertID {
        var id = AlertID(ms: commitMs, n: 0)
        if let last = totals.lastID, id <= last { id = AlertID(ms: last.ms, n: last.n + 1) }
        totals.lastID = id
        return id
    }

    func touch(_ place: Int) {
        if fences[place]!.isTouched { return }
        fences[place]!.isTouched = true
        touched.append(Int32(place))
    }

    func tell(_ kind: FenceEventKind, _ place: Int, _ fix: FenceFix, since: Int64) {
        let id = nextID()
        made.append(
            FenceEvent(
                stream: fences[place]!.stream, id: id, kind: kind, rider: fix.rider,
                tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, sinceMs: since))
        fences[place]!.events += 1
        fences[place]!.lastID = id
        touch(place)
    }

    /// Brings the book up to what was told.
    func publish() {
        if touched.isEmpty { return }
        book.state.with { book in
            for place in touched {
                guard var fence = fences[Int(place)] else { continue }
                if fence.events > 0 {
                    book.streams[fence.id]!.events += fence.events
                    book.told += Int(fence.events)
                    book.streams[fence.id]!.lastID = fence.lastID
                    dirtyStreams.insert(fence.id)
                }
                book.inside[fence.serial] = fence.inside
                (fence.events, fence.isTouched) = (0, false)
                fences[Int(place)] = fence
            }
        }
        touched.removeAll(keepingCapacity: true)
    }
}
