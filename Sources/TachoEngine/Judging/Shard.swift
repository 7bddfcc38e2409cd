import CTacho
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
    /// Where fixes of retired ranges are read.
    let segments: SegmentShelf
    /// Of the verdicts given here, for who operates the server.
    let tally = VerdictTally()
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
    private var own = OwnEntries()

    init(
        index: Int, count: Int, rules: RuleSet, database: Database, segments: SegmentShelf,
        memoryLimitBytes: Int
    ) {
        self.index = index
        self.count = count
        self.rules = rules
        fetchesMotion = !rules.thresholds.isMotionOff
        thresholdsHash = rules.thresholds.hash64
        self.database = database
        self.segments = segments
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

    /// Own fixes ahead of the one being judged whose slot, and whose tail, are asked for; and of a
    /// late one the list of its past's blocks, and rows.
    private static let slotAhead = 12
    private static let tailAhead = 6
    private static let pastListAhead = 4
    private static let pastRowsAhead = 2

    /// Judges this shard's entries of a batch, in order. The part's sequences are relative until
    /// `settle`. A fix that must be compared with what cannot be read is left out, since nothing may be
    /// guessed, and the writer hears of it; throws when the device fails.
    mutating func judge(_ work: BatchWork) throws(StoreError) -> Part {
        let part = Part(work: work, fixes: work.batch.count)
        pending.sweep()
        own.pick(work.numbers, shard: index, of: count)
        slots.grow(to: own.places)
        var failure: StoreError?
        work.batch.entries.withUnsafeBufferPointer { entries in
            do throws(StoreError) {
                try judge(work, entries, part)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        tally.note(ok: part.points - part.codedPoints)
        part.latestRows = takeLatest(&part.latest)
        return part
    }

    /// What readers are to see of the riders that were touched; `others` gets what is no row alone.
    /// Written in place: to append moves what is appended twice.
    private func takeLatest(_ others: inout [Part.Latest]) -> [Part.LatestRow] {
        Array(unsafeUninitializedCapacity: touched.count) { rows, count in
            for rider in touched {
                let slot = slot(rider)
                // A late fix changes nothing of it as a rule.
                guard slot.pointee.isLatestTouched else { continue }
                slot.pointee.isLatestTouched = false
                if slot.pointee.isLatestRow {
                    (rows.baseAddress! + count).initialize(
                        to: Part.LatestRow(rider: rider, row: slot.pointee.shownRow))
                    count += 1
                } else {
                    if others.isEmpty { others.reserveCapacity(touched.count) }
                    others.append(Part.Latest(rider: rider, record: slot.pointee.latestRecord))
                }
            }
        }
    }

    /// The loop over a batch. A slot is asked for some fixes ahead and, when it has arrived, the end
    /// of its tail: cold, that is 40 ns a fix instead of 300.
    private mutating func judge(
        _ work: BatchWork, _ entries: UnsafeBufferPointer<BatchEntry>, _ part: Part
    ) throws(StoreError) {
        let (vehicle, nowMs) = (work.batch.vehicle, work.receivedAtMs)
        // Once a batch: handed on from `self`, the half KiB would be copied for every fix.
        let limits = rules.thresholds
        let own = own
        for number in 0..<own.count {
            prefetch(entries, own, number)
            let entry = own[number]
            let slot = slots[Int(entry.place)]
            let rider = entry.place * UInt32(count) + UInt32(index)
            if let vehicle { set(vehicle, of: rider, part) }
            do throws(StoreError) {
                let mask = try take(
                    entries[Int(entry.index)], rider, slot, nowMs: nowMs, part, limits)
                own.set(mask, of: number)
            } catch {
                // Nothing of the rider was touched yet: this one is left out, others go on.
                guard error.isOfStoredBytes else { throw error }
                work.note(unreadable: error.description)
            }
        }
        own.answer(into: work.masks)
    }

    @inline(__always)
    private func prefetch(
        _ entries: UnsafeBufferPointer<BatchEntry>, _ own: OwnEntries, _ number: Int
    ) {
        if number + Self.slotAhead < own.count {
            let entry = own[number + Self.slotAhead]
            slots.prefetch(Int(entry.place), withMotion: fetchesMotion)
            // Another thread wrote it: it comes from that one's cache.
            let address = UnsafeRawPointer(entries.baseAddress! + Int(entry.index))
            tacho_prefetch_to_read(address)
            tacho_prefetch_to_read(address + MemoryLayout<BatchEntry>.size - 1)
        }
        if number + Self.tailAhead < own.count {
            let entry = own[number + Self.tailAhead]
            let slot = slots[Int(entry.place)]
            if isLate(entries[Int(entry.index)].fix.tsMs, slot) {
                SlotSlab.prefetchLate(slot)
                pasts.prefetchHead(slot.pointee.past)
            } else {
                SlotSlab.prefetchTail(slot)
            }
        }
        prefetchPast(entries, own, number + Self.pastListAhead) { pasts, slot, _ in
            SlotSlab.prefetchLateTail(slot)
            pasts.prefetchList(slot.pointee.past)
        }
        prefetchPast(entries, own, number + Self.pastRowsAhead) { pasts, slot, tsMs in
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
        _ entries: UnsafeBufferPointer<BatchEntry>, _ own: OwnEntries, _ number: Int,
        _ body: (borrowing RecentPasts, UnsafeMutablePointer<Slot>, Int64) -> Void
    ) {
        guard number < own.count else { return }
        let entry = own[number]
        let slot = slots[Int(entry.place)]
        let tsMs = entries[Int(entry.index)].fix.tsMs
        if isLate(tsMs, slot) { body(pasts, slot, tsMs) }
    }

    /// The part's first sequence is known: gives the open tails theirs.
    mutating func settle(_ part: Part) {
        for rider in touched {
            let slot = slot(rider)
            slot.pointee.main.first.resolve(first: part.firstSequence)
            slot.pointee.main.last.resolve(first: part.firstSequence)
            // Its time and not its count, which is in a line that nothing else here needs.
            if slot.pointee.lateNewestMs != Int64.min {
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
        _ entry: BatchEntry, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, nowMs: Int64,
        _ part: Part, _ limits: Thresholds
    ) throws(StoreError) -> ReplyMask {
        let fix = entry.fix
        var others = Others()
        var around: Surroundings?
        if slot.mayHold(fix.tsMs) {
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
        let isLate = fix.tsMs <= slot.pointee.chain.newestTsMs
        let clockStep = isLate ? slot.pointee.motion.clockStep : nil
        let base = base(of: stored, others, slot, limits)
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
                // Made anew: a byte changed in the one above would have to reach memory before the
                // whole can be read from there.
                var verdict = Verdict(codes: base.codes, effect: base.effect, isTrusted: true)
                if codes != 0 { verdict.add(.of(codes)) }
                let usual = StoredFix(
                    fix: fix, provenance: stored.provenance, vehicle: stored.vehicle,
                    verdict: verdict, recvMs: stored.recvMs, claimedRecvMs: stored.claimedRecvMs)
                store(usual, rider, slot, entersChain: true, part)
                if verdict.codes == 0 { return mask }
                stored = usual
                alert(stored, nil, rider, part)
            } else {
                takeAtLength(&stored, base, rider, slot, part)
            }
        } else if isChained && fitsPlainly(stored, around, slot, rider, limits) {
            stored.verdict.isTrusted = true
            store(stored, rider, slot, entersChain: false, part)
            return mask
        } else if isChained {
            let outcome: LateOutcome
            do throws(StoreError) {
                outcome = try judgeLate(stored, rider, slot)
            } catch {
                // The one thing that was noted of it.
                if let clockStep { slot.pointee.motion.clockStep = clockStep }
                throw error
            }
            stored.verdict = outcome.verdict
            store(stored, rider, slot, entersChain: false, part)
            apply(outcome, stored, rider, slot, part)
        } else {
            store(stored, rider, slot, entersChain: false, part)
            if stored.verdict.codes != 0 { alert(stored, nil, rider, part) }
        }
        if stored.verdict.codes != 0 {
            tell(of: stored, ordinal: others.count, rider, part)
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
        of stored: StoredFix, _ others: Others, _ slot: UnsafeMutablePointer<Slot>,
        _ limits: Thresholds
    ) -> Finding {
        var base = RuleSet.point(stored.fix, recvMs: stored.ruleRecvMs, limits)
        let isNewest = stored.fix.tsMs > slot.pointee.chain.newestTsMs
        let isPlain = base.codes == 0 || RuleSet.isChained(codes: base.codes)
        if others.count == 0 && isNewest && isPlain { return base }
        var clock = slot.pointee.motion.clockStep.judge(
            stored.fix, recvMs: stored.ruleRecvMs,
            newestTsMs: slot.pointee.chain.newestTsMs, limits)
        if let first = others.first {
            clock.merge(
                ClockConflict.judge(
                    stored.fix, first: first, others: others.count, limits))
        }
        base.merge(RuleSet.without(limits.off, clock))
        return base
    }

    /// Of a verdict that is not `ok`. Kept out of the way of those that are.
    @inline(never)
    private func tell(of stored: StoredFix, ordinal: Int, _ rider: UInt32, _ part: Part) {
        part.codedPoints += 1
        tally.note(stored.verdict)
        part.verdicts.add(
            VerdictEntry(
                rider: rider, tsMs: stored.fix.tsMs, ordinal: UInt16(clamping: ordinal),
                verdict: stored.verdict, previous: nil, cause: .decided))
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

    /// Gives back all memory; nothing may be asked of the shard after it.
    mutating func free() {
        pasts.free()
        slots.free()
        own.free()
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
            slot.pointee.mainBounds.extend(latE7: row.latE7, lonE7: row.lonE7)
        }
        slot.pointee.show(row, isShown: stored.verdict.isShown, FixRow.extra(stored))
        return arrival
    }
}
