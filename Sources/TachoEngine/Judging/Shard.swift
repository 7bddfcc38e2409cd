import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// One judging thread's riders: every `count`-th number. All hot state in one struct, worked on in
/// place, so that the loop over a batch has one exclusivity check and no locks.
struct Shard {
    let index: Int
    let count: Int
    /// Changed at barriers alone: `obey`.
    private(set) var rules: RuleSet
    /// Rules about motion are on: their state is fetched ahead, too.
    private var fetchesMotion: Bool
    /// Of the rules' thresholds, for evidence: computed once, it takes 0.1 ms.
    private(set) var thresholdsHash: UInt64
    let database: Database
    var slots = SlotSlab()
    var pending = PendingRows()
    var windows = WindowCache()
    /// What late fixes are judged by, of riders that have them.
    var pasts: RecentPasts
    let scratch = ChunkScratch()
    /// Open alert windows by rider and code.
    var alertWindows: [UInt64: AlertWindow] = [:]
    /// Of codes that alert only when they recur, by rider and code.
    var recurrences: [UInt64: Recurrence] = [:]
    /// The range that is open now.
    var range: UInt32 = 1
    /// A rider's chunk counter is about to run out: the range must be cut.
    var needsCut = false
    /// The same, until the cut has come.
    var isNearLimit = false
    /// Riders with fixes in the part being judged.
    private var touched: [UInt32] = []

    init(index: Int, count: Int, rules: RuleSet, database: Database, memoryLimitBytes: Int) {
        self.index = index
        self.count = count
        self.rules = rules
        fetchesMotion = !rules.thresholds.isMotionOff
        thresholdsHash = rules.thresholds.hash64
        self.database = database
        pasts = RecentPasts(limitBytes: memoryLimitBytes / Self.pastShare / count)
    }

    /// What is judged from now on is judged by these. Between batches alone.
    mutating func obey(_ limits: Thresholds) {
        rules = RuleSet(thresholds: limits)
        fetchesMotion = !limits.isMotionOff
        thresholdsHash = limits.hash64
    }

    func owns(_ rider: UInt32) -> Bool { count == 1 || Int(rider) % count == index }

    @inline(__always)
    private func place(_ rider: UInt32) -> Int { count == 1 ? Int(rider) : Int(rider) / count }

    @inline(__always)
    func slot(_ rider: UInt32) -> UnsafeMutablePointer<Slot> { slots[place(rider)] }

    mutating func admit(_ rider: UInt32) { slots.grow(to: place(rider) + 1) }

    /// Fixes ahead of the one being judged whose slot, and whose tail, are asked for; and of a late
    /// one the list of its past's blocks, and rows.
    private static let slotAhead = 16
    private static let tailAhead = 8
    private static let pastListAhead = 5
    private static let pastRowsAhead = 2

    /// Judges this shard's entries of a batch, in order. The part's sequences are relative until
    /// `settle`. Throws when stored history cannot be read: nothing may be guessed then.
    mutating func judge(_ work: BatchWork) throws(StoreError) -> Part {
        let part = Part(work: work, fixes: work.batch.count)
        pending.sweep()
        for rider in work.numbers where rider != UInt32.max && owns(rider) { admit(rider) }
        var failure: StoreError?
        work.batch.entries.withUnsafeBufferPointer { entries in
            work.numbers.withUnsafeBufferPointer { numbers in
                do throws(StoreError) {
                    try judge(work, entries, numbers, part)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        part.latest.reserveCapacity(touched.count)
        for rider in touched {
            let slot = slot(rider)
            // A late fix changes nothing of it as a rule.
            guard slot.pointee.isLatestTouched else { continue }
            slot.pointee.isLatestTouched = false
            part.latest.append((rider, slot.pointee.latestRecord))
        }
        return part
    }

    /// The loop over a batch. A slot is asked for 16 fixes ahead and, when it has arrived, the end
    /// of its tail: cold, that is 40 ns a fix instead of 300.
    private mutating func judge(
        _ work: BatchWork, _ entries: UnsafeBufferPointer<BatchEntry>,
        _ numbers: UnsafeBufferPointer<UInt32>, _ part: Part
    ) throws(StoreError) {
        let vehicle = work.batch.vehicle
        // Once a batch: handed on from `self`, the half KiB would be copied for every fix.
        let limits = rules.thresholds
        for index in 0..<entries.count {
            prefetch(entries, numbers, index)
            let rider = numbers[index]
            guard rider != UInt32.max, owns(rider) else { continue }
            if let vehicle { set(vehicle, of: rider, part) }
            work.masks[index] = try take(
                entries[index], rider, nowMs: work.receivedAtMs, part, limits)
        }
    }

    @inline(__always)
    private func prefetch(
        _ entries: UnsafeBufferPointer<BatchEntry>, _ numbers: UnsafeBufferPointer<UInt32>,
        _ index: Int
    ) {
        if index + Self.slotAhead < numbers.count {
            let rider = numbers[index + Self.slotAhead]
            if rider != UInt32.max && owns(rider) {
                slots.prefetch(place(rider), withMotion: fetchesMotion)
            }
        }
        if index + Self.tailAhead < numbers.count {
            let rider = numbers[index + Self.tailAhead]
            if rider != UInt32.max && owns(rider) {
                let slot = slots[place(rider)]
                if isLate(entries[index + Self.tailAhead].fix.tsMs, slot) {
                    SlotSlab.prefetchLate(slot)
                    pasts.prefetchHead(slot.pointee.past)
                } else {
                    SlotSlab.prefetchTail(slot)
                }
            }
        }
        prefetchPast(entries, numbers, index + Self.pastListAhead) { pasts, slot, _ in
            SlotSlab.prefetchLateTail(slot)
            pasts.prefetchList(slot.pointee.past)
        }
        prefetchPast(entries, numbers, index + Self.pastRowsAhead) { pasts, slot, tsMs in
            pasts.prefetchRows(tsMs, slot.pointee.past)
        }
    }

    /// Late, and with a past to look at.
    @inline(__always)
    private func isLate(_ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>) -> Bool {
        tsMs <= slot.pointee.mainNewestMs && slot.pointee.past != 0
    }

    @inline(__always)
    private func prefetchPast(
        _ entries: UnsafeBufferPointer<BatchEntry>, _ numbers: UnsafeBufferPointer<UInt32>,
        _ index: Int,
        _ body: (borrowing RecentPasts, UnsafeMutablePointer<Slot>, Int64) -> Void
    ) {
        guard index < numbers.count else { return }
        let rider = numbers[index]
        guard rider != UInt32.max, owns(rider) else { return }
        let slot = slots[place(rider)]
        let tsMs = entries[index].fix.tsMs
        if isLate(tsMs, slot) { body(pasts, slot, tsMs) }
    }

    /// The part's first sequence is known: gives the open tails theirs.
    mutating func settle(_ part: Part) {
        for rider in touched {
            let slot = slot(rider)
            slot.pointee.main.first.resolve(first: part.firstSequence)
            slot.pointee.main.last.resolve(first: part.firstSequence)
            if !slot.pointee.late.isEmpty {
                slot.pointee.late.first.resolve(first: part.firstSequence)
                slot.pointee.late.last.resolve(first: part.firstSequence)
            }
            slot.pointee.isTouched = false
        }
        touched.removeAll(keepingCapacity: true)
    }

    mutating func set(_ vehicle: VehicleClass, of rider: UInt32, _ part: Part) {
        let slot = slot(rider)
        guard slot.pointee.vehicle != vehicle else { return }
        slot.pointee.vehicle = vehicle
        slot.pointee.isDirty = true
        part.events.putEvent(.vehicle(rider: rider, vehicle))
    }

    private mutating func take(
        _ entry: BatchEntry, _ rider: UInt32, nowMs: Int64, _ part: Part, _ limits: Thresholds
    ) throws(StoreError) -> ReplyMask {
        let slot = slot(rider)
        let fix = entry.fix
        var others = Others()
        var around: Surroundings?
        if slot.pointee.mayHold(fix.tsMs) {
            let told = try surroundings(of: fix.tsMs, rider, slot)
            if !told.isSurelyFree {
                guard let known = try place(of: fix, rider, slot) else { return .duplicate }
                others = known
            }
            around = told
        }
        var stored = StoredFix(
            fix: fix, provenance: entry.provenance, vehicle: slot.pointee.vehicle,
            verdict: Verdict(),
            recvMs: StoredFix.quantisedReceipt(tsMs: fix.tsMs, nowMs: nowMs),
            claimedRecvMs: entry.provenance == .claimed ? entry.claimedRecvMs : 0)
        let base = base(of: stored, others, slot)
        stored.verdict = Verdict(codes: base.codes, effect: base.effect)

        var mask: ReplyMask = []
        if slot.pointee.hasShown && fix.tsMs < slot.pointee.shownMs { mask.insert(.late) }
        if others.count > 0 { mask.insert(.conflict) }
        if entry.fieldDropped { mask.insert(.fieldDropped) }

        let isChained =
            others.count == 0 && (base.codes == 0 || RuleSet.isChained(codes: base.codes))
        if isChained && fix.tsMs > slot.pointee.chain.newestTsMs {
            if let codes = InOrder.follow(
                fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle, &slot.pointee.chain,
                &slot.pointee.motion, limits)
            {
                stored.verdict.isTrusted = true
                if codes != 0 { stored.verdict.add(.of(codes)) }
                store(stored, rider, slot, entersChain: true, part)
                if stored.verdict.codes == 0 { return mask }
                alert(stored, nil, rider, part)
            } else {
                takeAtLength(&stored, base, rider, slot, part)
            }
        } else if isChained && fitsPlainly(stored, around, slot, rider) {
            stored.verdict.isTrusted = true
            store(stored, rider, slot, entersChain: false, part)
            return mask
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
        mask.insert(Self.bits(of: stored.verdict))
        return mask
    }

    /// A fix in order of time that is not the usual one: out of reach, or a candidate is open.
    private mutating func takeAtLength(
        _ stored: inout StoredFix, _ base: Finding, _ rider: UInt32,
        _ slot: UnsafeMutablePointer<Slot>, _ part: Part
    ) {
        let before = RiderBefore(
            slot.pointee.motion, stored.vehicle, limits: rules.thresholds)
        let outcome = InOrder.judgeAtLength(
            stored.fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle, base: base,
            &slot.pointee.chain, &slot.pointee.motion, rules.thresholds)
        stored.verdict.add(outcome.finding)
        stored.verdict.isTrusted = outcome.isTrusted
        store(stored, rider, slot, entersChain: true, part)
        if let step = outcome.step, step.decidedCount > 0 {
            decide(step, stored, before: before, rider, slot, part)
        }
        if stored.verdict.codes != 0 {
            alert(stored, outcome.step, before: before, rider, part)
        }
    }

    /// What the rules outside the chain say of a fix, but for those about motion.
    @inline(__always)
    private func base(
        of stored: StoredFix, _ others: Others, _ slot: UnsafeMutablePointer<Slot>
    ) -> Finding {
        var base = rules.point(stored.fix, recvMs: stored.ruleRecvMs)
        let isNewest = stored.fix.tsMs > slot.pointee.chain.newestTsMs
        let isPlain = base.codes == 0 || RuleSet.isChained(codes: base.codes)
        if others.count == 0 && isNewest && isPlain { return base }
        var clock = slot.pointee.motion.clockStep.judge(
            stored.fix, recvMs: stored.ruleRecvMs,
            newestTsMs: slot.pointee.chain.newestTsMs, rules.thresholds)
        if let first = others.first {
            clock.merge(
                ClockConflict.judge(
                    stored.fix, first: first, others: others.count, rules.thresholds))
        }
        base.merge(RuleSet.without(rules.thresholds.off, clock))
        return base
    }

    /// What a writer hears of a verdict.
    private static func bits(of verdict: Verdict) -> ReplyMask {
        var mask: ReplyMask = []
        if verdict.effect != .accept { mask.insert(.flagged) }
        let clock = Code.tsFuture.bit | Code.tsPast.bit | Code.tsStep.bit
        if verdict.codes & clock != 0 { mask.insert(.clock) }
        if verdict.codes & Code.lowAccuracy.bit != 0 { mask.insert(.lowAccuracy) }
        return mask
    }

    /// Puts a judged fix into its tail, the events and what readers will see.
    @inline(__always)
    mutating func store(
        _ stored: StoredFix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>,
        entersChain: Bool, _ part: Part
    ) {
        let route = FixRoute(
            toLateTail: slot.pointee.goesToLateTail(stored), entersChain: entersChain)
        let (row, _) = FixRow.pack(stored, route: route.bits)
        let sequence = SequenceMark.index(part.events.points)
        part.events.putFix(rider: rider, row, FixRow.extra(stored))
        if !slot.pointee.isTouched {
            slot.pointee.isTouched = true
            touched.append(rider)
        }
        let arrival = keep(stored, row, rider, slot, sequence, part)
        if row.toLateTail && slot.pointee.past != 0 {
            pasts.insert(stored.fix, stored.vehicle, stored.verdict, to: slot.pointee.past)
        }
        if slot.pointee.hasWindow {
            let fix = HistoryFix(
                stored: stored, current: stored.verdict, range: range, arrival: arrival)
            slot.pointee.hasWindow = windows.insert(fix, rider: rider)
        }
    }

    @inline(__always)
    private mutating func keep(
        _ stored: StoredFix, _ row: FixRow, _ rider: UInt32,
        _ slot: UnsafeMutablePointer<Slot>, _ sequence: SequenceMark, _ part: Part
    ) -> UInt32 {
        if closesTail(slot, row) { close(row, rider, slot, &part.closed) }
        return keep(stored, row, slot, sequence)
    }

    /// A fix from the journal, as it was judged once.
    mutating func replay(
        _ stored: StoredFix, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>,
        _ route: FixRoute, _ sequence: UInt64, _ closed: inout [ClosedTail]
    ) {
        let (row, _) = FixRow.pack(stored, route: route.bits)
        if closesTail(slot, row) { close(row, rider, slot, &closed) }
        _ = keep(stored, row, slot, .known(sequence))
    }

    /// Whether the tail a row goes to is full, or would span too long with it.
    @inline(__always)
    private func closesTail(_ slot: UnsafeMutablePointer<Slot>, _ row: FixRow) -> Bool {
        if row.toLateTail { return Int(slot.pointee.late.count) >= Tail.limit }
        let count = Int(slot.pointee.main.count)
        return count > 0
            && (count >= Tail.limit || row.tsMs - slot.pointee.main.firstTsMs > Tail.spanMs)
    }

    private mutating func close(
        _ row: FixRow, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>,
        _ closed: inout [ClosedTail]
    ) {
        // A chunk belongs to one range: the number it gets must be of the range that is open.
        slot.pointee.enter(range: range)
        if row.toLateTail {
            closeLate(rider, slot, &closed)
        } else {
            closeMain(rider, slot, &closed)
        }
    }

    /// Appends to the right tail and updates what the slot remembers; returns the arrival.
    @inline(__always)
    private mutating func keep(
        _ stored: StoredFix, _ row: FixRow, _ slot: UnsafeMutablePointer<Slot>,
        _ sequence: SequenceMark
    ) -> UInt32 {
        let ts = stored.fix.tsMs
        slot.pointee.enter(range: range)
        let arrival = slot.pointee.arrivals
        slot.pointee.arrivals += 1
        slot.pointee.points += 1
        slot.pointee.isDirty = true
        if stored.verdict.codes & Slot.forgedClock != 0 {
            slot.pointee.extendSpans(ts, codes: stored.verdict.codes)
        }
        if row.toLateTail {
            slot.pointee.late.append(row, FixRow.extra(stored), arrival: arrival, sequence)
            slot.pointee.oldestMs = min(slot.pointee.oldestMs, ts)
            slot.pointee.lateNewestMs = max(slot.pointee.lateNewestMs, ts)
        } else {
            slot.pointee.main.append(row, FixRow.extra(stored), arrival: arrival, sequence)
            // The main tail is in order of time: only its very first fix can be the oldest.
            if slot.pointee.mainNewestMs == Int64.min {
                slot.pointee.oldestMs = min(slot.pointee.oldestMs, ts)
            }
            slot.pointee.mainNewestMs = ts
        }
        slot.pointee.show(row, isShown: stored.verdict.isShown, FixRow.extra(stored))
        return arrival
    }
}
