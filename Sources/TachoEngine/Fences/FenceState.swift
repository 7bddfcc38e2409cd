import TachoGeo
import TachoStore

/// The geofences and who is inside them, brought forward by committed events alone: the same journal
/// gives the same events under the same ids, whenever it is read.
///
/// A fence is looked at by each fix that is newer than all accepted and flagged ones of its rider before,
/// by its verdict when it was stored, if it does not call itself coarse. A late fix changes nothing: what it
/// says of the past, `T.WHO` tells. Used by one thread at a time.
final class FenceState {
    struct Stay {
        var place: Int32
        var serial: UInt32
        var sinceMs: Int64
        var wasToldOfDwell: Bool
    }

    let book = FenceBook()
    let database: Database
    let fences = FenceSlab()
    var placeOf: [UInt32: Int32] = [:]
    let squares = FenceSquares()
    let riders = FenceRiders()
    var stays: [UInt32: [Stay]] = [:]
    var totals = FenceTotals()
    /// Counts changes of fences; of the last ones, where each was.
    var version: UInt32 = 1
    var recent = [FenceBox](repeating: .empty, count: FenceState.remembered)
    static let remembered = 64
    /// Not in a checkpoint yet: fences with news, and ids whose fence changed.
    var dirtyPlaces: [Int32] = []
    var changed: Set<[UInt8]> = []
    var areTotalsDirty = false
    /// Ended, and written by a checkpoint that may still be on its way.
    var gone: Set<[UInt8]> = []
    private var touched: [Int32] = []
    // Of one call, kept for their memory.
    private var fixes: [FenceFix] = []
    private var changes: [FenceScan.Change] = []
    private var candidates: [Int32] = []
    private var others: [FenceBox] = []
    private var list: [Stay] = []
    private var commitMs: Int64 = 0
    /// Events of the last calls, to be written and told of.
    var made: [FenceEvent] = []

    init(database: Database) throws(StoreError) {
        self.database = database
        try load()
    }

    var isEmpty: Bool { placeOf.isEmpty }

    /// Memory held, about. Cost: a few additions.
    var bytes: Int { riders.bytes + squares.bytes + fences.bytes + stays.capacity * 96 }

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
    /// again. Cost: 0.1 µs, and 30 ns to 1 µs for each fence whose bounds hold the position.
    private func look(_ fix: FenceFix, _ record: UnsafeMutablePointer<FenceRiders.Record>) {
        let position = Coordinate(latE7: fix.latE7, lonE7: fix.lonE7)
        candidates.removeAll(keepingCapacity: true)
        others.removeAll(keepingCapacity: true)
        var quiet = squares.look(fix.latE7, fix.lonE7) { entries in
            for entry in entries {
                if entry.box.contains(fix.latE7, fix.lonE7) {
                    candidates.append(entry.fence)
                } else {
                    others.append(entry.box)
                }
            }
        }
        for box in others { quiet.avoid(box, at: fix.latE7, fix.lonE7) }
        if fix.latE7.magnitude >= 850_000_000 { quiet = .empty }
        var dueMs = Int64.max
        let hadStays = record.pointee.hasStays
        list.removeAll(keepingCapacity: true)
        if hadStays, let own = stays[fix.rider] { list.append(contentsOf: own) }
        keepStays(fix, position, &quiet, &dueMs)
        if !candidates.isEmpty { enter(fix, position, &quiet, &dueMs) }
        if hadStays || !list.isEmpty {
            stays[fix.rider] = list.isEmpty ? nil : Array(list)
            record.pointee.hasStays = !list.isEmpty
        }
        record.pointee.quiet = quiet
        record.pointee.dueMs = dueMs
        record.pointee.version = version
    }

    /// Exits, and dwells that are due.
    private func keepStays(
        _ fix: FenceFix, _ position: Coordinate, _ quiet: inout FenceBox, _ dueMs: inout Int64
    ) {
        var kept = 0
        for index in 0..<list.count {
            var stay = list[index]
            let place = Int(stay.place)
            // Another area may be in its place by now.
            guard fences.records[place].serial == stay.serial else { continue }
            if fences.isBeyond(place, position) {
                fences.records[place].inside -= 1
                touch(place)
                if fences.records[place].tellsExit { tell(.exit, place, fix, since: stay.sinceMs) }
                continue
            }
            dwell(&stay, fix, &dueMs)
            quiet.keep(
                within: fences.roomToLeaveM(place, position), of: fix.latE7, fix.lonE7)
            list[kept] = stay
            kept += 1
        }
        list.removeSubrange(kept...)
    }

    private func dwell(_ stay: inout Stay, _ fix: FenceFix, _ dueMs: inout Int64) {
        let dwellMs = fences.records[Int(stay.place)].dwellMs
        if dwellMs == 0 || stay.wasToldOfDwell { return }
        let due = stay.sinceMs + dwellMs
        if fix.tsMs >= due {
            stay.wasToldOfDwell = true
            tell(.dwell, Int(stay.place), fix, since: stay.sinceMs)
        } else {
            dueMs = min(dueMs, due)
        }
    }

    private func enter(
        _ fix: FenceFix, _ position: Coordinate, _ quiet: inout FenceBox, _ dueMs: inout Int64
    ) {
        if candidates.count > 1 {
            candidates.sort {
                fences.records[Int($0)].stream < fences.records[Int($1)].stream
            }
        }
        for number in candidates {
            let place = Int(number)
            let serial = fences.records[place].serial
            if list.contains(where: { $0.serial == serial }) { continue }
            guard fences.contains(place, position) else {
                quiet.keep(
                    within: fences.roomToEnterM(place, position), of: fix.latE7, fix.lonE7)
                continue
            }
            fences.records[place].inside += 1
            touch(place)
            var stay = Stay(
                place: number, serial: serial, sinceMs: fix.tsMs, wasToldOfDwell: false)
            if fences.records[place].tellsEnter { tell(.enter, place, fix, since: fix.tsMs) }
            dwell(&stay, fix, &dueMs)
            quiet.keep(
                within: fences.roomToLeaveM(place, position), of: fix.latE7, fix.lonE7)
            list.append(stay)
        }
    }

    // MARK: Telling

    func nextID() -> AlertID {
        var id = AlertID(ms: commitMs, n: 0)
        if let last = totals.lastID, id <= last { id = AlertID(ms: last.ms, n: last.n + 1) }
        totals.lastID = id
        areTotalsDirty = true
        return id
    }

    func touch(_ place: Int) {
        if fences.records[place].isTouched { return }
        fences.records[place].isTouched = true
        touched.append(Int32(place))
    }

    private func tell(_ kind: FenceEventKind, _ place: Int, _ fix: FenceFix, since: Int64) {
        let id = nextID()
        made.append(
            FenceEvent(
                stream: fences.records[place].stream, id: id, kind: kind, rider: fix.rider,
                tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, sinceMs: since))
        fences.records[place].events += 1
        (fences.records[place].lastMs, fences.records[place].lastN) = (id.ms, id.n)
        touch(place)
        if fences.records[place].isDirty { return }
        fences.records[place].isDirty = true
        dirtyPlaces.append(Int32(place))
    }

    /// Brings the book up to what was told.
    func publish() {
        if touched.isEmpty { return }
        book.state.with { book in
            for place in touched {
                let record = fences.records[Int(place)]
                guard record.serial != 0 else { continue }
                let before = book.counters[Int(place)].events
                book.counters[Int(place)] = FenceBook.Counter(
                    events: record.events, lastMs: record.lastMs, lastN: record.lastN,
                    inside: record.inside)
                book.told += Int(record.events - before)
                if record.events > before { book.noteNews(fences.ids[Int(place)]) }
                fences.records[Int(place)].isTouched = false
            }
        }
        touched.removeAll(keepingCapacity: true)
    }
}
