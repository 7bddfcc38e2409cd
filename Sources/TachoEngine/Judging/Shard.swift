import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// One judging thread's riders: every `count`-th number. All hot state in one struct, worked on in
/// place, so that the loop over a batch has one exclusivity check and no locks.
struct Shard {
    let index: Int
    let count: Int
    let rules: RuleSet
    let database: Database
    var slots = SlotSlab()
    var pending = PendingRows()
    var windows = WindowCache()
    /// Open alert windows by rider and code.
    var alertWindows: [UInt64: AlertWindow] = [:]
    /// The range that is open now.
    var range: UInt32 = 1
    /// A rider's chunk counter is about to run out: the range must be cut.
    var needsCut = false
    /// The same, until the cut has come.
    var isNearLimit = false
    /// Riders with fixes in the part being judged.
    private var touched: [UInt32] = []

    init(index: Int, count: Int, rules: RuleSet, database: Database) {
        self.index = index
        self.count = count
        self.rules = rules
        self.database = database
    }

    func owns(_ rider: UInt32) -> Bool { Int(rider) % count == index }

    func slot(_ rider: UInt32) -> UnsafeMutablePointer<Slot> { slots[Int(rider) / count] }

    mutating func admit(_ rider: UInt32) { slots.grow(to: Int(rider) / count + 1) }

    /// Judges this shard's entries of a batch, in order. The part's sequences are relative until
    /// `seal(_:first:)`. Throws when stored history cannot be read: nothing may be guessed then.
    mutating func judge(_ work: BatchWork) throws(StoreError) -> Part {
        let part = Part(work: work)
        pending.sweep()
        work.batch.entries.withUnsafeBufferPointer { entries in
            part.events.bytes.reserveCapacity(entries.count * 32)
        }
        for index in 0..<work.batch.entries.count {
            let rider = work.numbers[index]
            guard rider != UInt32.max, owns(rider) else { continue }
            admit(rider)
            if let vehicle = work.batch.vehicle { set(vehicle, of: rider, part) }
            work.masks[index] = try take(
                work.batch.entries[index], rider, nowMs: work.receivedAtMs, part)
        }
        for rider in touched {
            let slot = slot(rider)
            part.latest.append((rider, slot.pointee.latestRecord))
        }
        return part
    }

    /// The part's first sequence is known: gives the open tails theirs.
    mutating func settle(_ part: Part) {
        for rider in touched {
            let slot = slot(rider)
            slot.pointee.main.first.resolve(first: part.firstSequence)
            slot.pointee.main.last.resolve(first: part.firstSequence)
            slot.pointee.late.first.resolve(first: part.firstSequence)
            slot.pointee.late.last.resolve(first: part.firstSequence)
            slot.pointee.isTouched = false
        }
        touched.removeAll(keepingCapacity: true)
    }

    private mutating func set(_ vehicle: VehicleClass, of rider: UInt32, _ part: Part) {
        let slot = slot(rider)
        guard slot.pointee.vehicle != vehicle else { return }
        slot.pointee.vehicle = vehicle
        slot.pointee.isDirty = true
        part.events.putEvent(.vehicle(rider: rider, vehicle))
    }

    private mutating func take(
        _ entry: BatchEntry, _ rider: UInt32, nowMs: Int64, _ part: Part
    ) throws(StoreError) -> ReplyMask {
        let slot = slot(rider)
        let fix = entry.fix
        var ordinal = 0
        if slot.pointee.mayHold(fix.tsMs) {
            guard let known = try place(of: fix, rider, slot) else { return .duplicate }
            ordinal = known
        }
        var stored = StoredFix(
            fix: fix, provenance: entry.provenance, vehicle: slot.pointee.vehicle,
            verdict: Verdict(),
            recvMs: StoredFix.quantisedReceipt(tsMs: fix.tsMs, nowMs: nowMs),
            claimedRecvMs: entry.provenance == .claimed ? entry.claimedRecvMs : 0)
        let base = rules.point(fix, recvMs: stored.ruleRecvMs)
        stored.verdict = Verdict(codes: base.codes, effect: base.effect)

        var mask: ReplyMask = []
        if slot.pointee.hasShown && fix.tsMs < slot.pointee.shown.fix.tsMs { mask.insert(.late) }
        if ordinal > 0 { mask.insert(.conflict) }
        if entry.fieldDropped { mask.insert(.fieldDropped) }

        let isChained = ordinal == 0 && base.effect < .quarantine
        let entersChain = isChained && fix.tsMs > slot.pointee.chain.newestTsMs
        if entersChain {
            let step = slot.pointee.chain.advance(
                fix, vehicle: stored.vehicle, base: base, rules.thresholds)
            stored.verdict.codes |= step.finding.codes
            stored.verdict.effect = max(base.effect, step.finding.effect)
            stored.verdict.isTrusted = step.isTrusted
            store(stored, rider, slot, entersChain: true, part)
            if step.decidedCount > 0 { decide(step, stored, rider, slot, part) }
            if stored.verdict.codes != 0 { alert(stored, step, rider, part) }
        } else if isChained {
            let outcome = try judgeLate(stored, rider, slot)
            stored.verdict = outcome.verdict
            store(stored, rider, slot, entersChain: false, part)
            apply(outcome, stored, rider, slot, part)
        } else {
            store(stored, rider, slot, entersChain: false, part)
            if stored.verdict.codes != 0 { alert(stored, nil, rider, part) }
        }
        if slot.pointee.needsShownAgain { try showAgain(rider, slot) }

        if stored.verdict.effect != .accept { mask.insert(.flagged) }
        let clock = Code.tsFuture.bit | Code.tsPast.bit
        if stored.verdict.codes & clock != 0 { mask.insert(.clock) }
        if stored.verdict.codes & Code.lowAccuracy.bit != 0 { mask.insert(.lowAccuracy) }
        return mask
    }

    /// Puts a judged fix into its tail, the events and what readers will see.
    mutating func store(
        _ stored: StoredFix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>,
        entersChain: Bool, _ part: Part
    ) {
        let route = FixRoute(
            toLateTail: slot.pointee.goesToLateTail(stored), entersChain: entersChain)
        part.events.putFix(rider: rider, stored, route)
        if !slot.pointee.isTouched {
            slot.pointee.isTouched = true
            touched.append(rider)
        }
        let entry = keep(stored, rider, slot, route, .index(part.points), &part.closed)
        part.points += 1
        if !windows.isEmpty {
            windows.insert(
                HistoryFix(
                    stored: stored, current: stored.verdict, range: range, arrival: entry.arrival),
                rider: rider)
        }
    }

    /// Appends to the right tail and updates what the slot remembers; also used by replay.
    @discardableResult
    mutating func keep(
        _ stored: StoredFix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>,
        _ route: FixRoute, _ sequence: SequenceMark, _ closed: inout [ClosedTail]
    ) -> TailEntry {
        let ts = stored.fix.tsMs
        slot.pointee.enter(range: range)
        let entry = TailEntry(stored: stored, arrival: slot.pointee.arrivals)
        slot.pointee.arrivals += 1
        slot.pointee.points += 1
        slot.pointee.isDirty = true
        if stored.verdict.codes & Code.tsFuture.bit != 0 { slot.pointee.futureSpan.extend(ts) }
        if stored.verdict.codes & Code.tsPast.bit != 0 { slot.pointee.pastSpan.extend(ts) }
        if route.toLateTail {
            if Int(slot.pointee.late.count) >= Tail.limit { closeLate(rider, slot, &closed) }
            slot.pointee.late.append(entry, sequence)
            slot.pointee.lateNewestMs = max(slot.pointee.lateNewestMs, ts)
        } else {
            let tail = slot.pointee.main
            if !tail.isEmpty,
                Int(tail.count) >= Tail.limit || ts - tail[0].stored.fix.tsMs > Tail.spanMs
            {
                closeMain(rider, slot, &closed)
            }
            slot.pointee.main.append(entry, sequence)
            slot.pointee.mainNewestMs = ts
        }
        slot.pointee.show(stored)
        return entry
    }
}

extension Slot {
    /// The main tail is in order of time. What would break that, or comes from a wrong clock and
    /// would push the order decades ahead, goes beside it.
    func goesToLateTail(_ stored: StoredFix) -> Bool {
        let clock = Code.tsFuture.bit | Code.tsPast.bit
        return stored.fix.tsMs < mainNewestMs || stored.verdict.codes & clock != 0
    }

    /// A stored fix may be what latest shows now.
    mutating func show(_ stored: StoredFix) {
        if stored.verdict.isShown && (!hasShown || stored.fix.tsMs > shown.fix.tsMs) {
            shown = stored
            hasShown = true
        }
        if !hasNewest || stored.fix.tsMs > newest.fix.tsMs {
            newest = stored
            hasNewest = true
        }
    }

    var latestRecord: LatestRecord {
        LatestRecord(shown: shown, newest: newest, hasShown: hasShown, hasNewest: hasNewest)
    }
}
