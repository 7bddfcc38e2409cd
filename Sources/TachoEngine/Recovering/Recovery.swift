import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// Brings the state of all riders back: the last checkpoint, then the journal behind it.
///
/// Replay applies what was decided and decides nothing: verdicts, amendments and chains are taken
/// from the events, so a restart changes no later verdict. Rows derived from groups are made again.
struct Recovery {
    let store: Store
    let riders: RiderTable
    var shards: [Shard]
    let fences: FenceState
    /// nil: tracks are not compared.
    let across: AcrossState?
    private(set) var progress: Progress.State
    /// In force at the end of the journal.
    private(set) var rules: RuleBook
    /// Riders whose amendments may have changed what latest shows.
    var unsettled: Set<UInt32> = []
    /// Segments that outlived the log, and whose points are read from them again; nil: none did.
    private(set) var adopted: AdoptedSegments?
    /// Of the directory's `geo` rows.
    let places: GeoPlan
    private var rows: RowBatch
    private let chunks: ChunkWriter
    private var closed: [ClosedTail] = []
    /// Entries of the streams `orders` and `verdicts`.
    private var entries: EntryReplay

    static let rowsPerWrite = 4096

    /// `ownRules`: in force as long as no others are stored.
    init(
        store: Store, riders: RiderTable, shards: [Shard], ownRules: Thresholds,
        places: GeoPlan = .usual, fences: FenceState, across: AcrossState? = nil
    ) {
        self.store = store
        self.fences = fences
        self.across = across
        self.riders = riders
        self.shards = shards
        rules = RuleBook(settings: RuleSettings(thresholds: ownRules), isStored: false)
        rows = RowBatch(store.database)
        entries = EntryReplay(store.database)
        self.places = places
        chunks = ChunkWriter(places, runs: store.geoRuns)
        progress = Progress.State(
            group: store.lastGroup, nextSequence: store.nextSequence, hash: store.lastHash,
            range: store.checkpoint.range, rangeFirst: store.checkpoint.rangeFirst)
    }

    mutating func run() throws(StoreError) {
        try loadRiders()
        try loadSlots()
        try loadTails()
        try loadAlerts()
        try entries.load(&progress)
        try loadRules()
        for index in shards.indices { shards[index].range = progress.range }
        try replay()
        if store.acceptedLoss != nil {
            try dropLostRows()
            try fences.dropLostEvents()
            adopted = try adoptSegments()
        }
        try settle()
        if let adopted { try keep(adopted) }
    }

    private func loadRiders() throws(StoreError) {
        let cursor = store.database.cursor(.riders)
        cursor.seekToFirst()
        while try cursor.isValid() {
            guard cursor.key.count == 4 else { throw .damaged("a rider's key cannot be read") }
            riders.load(number: KeyReader.u32(cursor.key, at: 0), name: Array(cursor.value))
            cursor.next()
        }
    }

    private mutating func loadSlots() throws(StoreError) {
        let cursor = store.database.cursor(.latest)
        cursor.seekToFirst()
        while try cursor.isValid() {
            guard cursor.key.count == 4 else { throw .damaged("a slot's key cannot be read") }
            let rider = KeyReader.u32(cursor.key, at: 0)
            let slot = try SlotImage.readSlot(cursor.value)
            guard slot.asOfGroup <= store.lastGroup else {
                throw .missing(
                    "the state of rider \(rider) is of group \(slot.asOfGroup), the journal ends "
                        + "with \(store.lastGroup); restore a copy")
            }
            shards[shard(rider)].admit(rider)
            shards[shard(rider)].slot(rider).pointee = slot
            cursor.next()
        }
    }

    private mutating func loadTails() throws(StoreError) {
        let cursor = store.database.cursor(.tails)
        cursor.seekToFirst()
        var columns = ChunkColumns(capacity: Tail.limit)
        while try cursor.isValid() {
            guard cursor.key.count == 5 else { throw .damaged("a tail's key cannot be read") }
            let rider = KeyReader.u32(cursor.key, at: 0)
            let tail = try TailImage.read(cursor.value, &columns)
            let index = shard(rider)
            shards[index].admit(rider)
            let slot = shards[index].slot(rider)
            if cursor.key[4] == TailImage.mainKind {
                slot.pointee.main = tail
                for index in 0..<Int(tail.count) {
                    let (latE7, lonE7) = tail.position(index)
                    slot.pointee.mainBounds.extend(latE7: latE7, lonE7: lonE7)
                }
            } else {
                slot.pointee.late = tail
                for index in 0..<Int(tail.count) {
                    slot.pointee.lateNewestMs = max(
                        slot.pointee.lateNewestMs, tail.tsMs(index))
                }
            }
            cursor.next()
        }
    }

    /// The stream's end, and the newest window of each rider and code.
    private mutating func loadAlerts() throws(StoreError) {
        let cursor = store.database.cursor(.alerts)
        cursor.seekToFirst()
        while try cursor.isValid() {
            let key = cursor.key
            if let id = AlertReader.id(key) {
                progress.alerts += 1
                progress.lastAlert = id
            } else if Keys.recurrencePlace(key) != nil {
                remember(try CodeRecurrence.read(key: key, cursor.value))
            } else if key.count == 14, key[0] == 1 {
                let rider = KeyReader.u32(key, at: 1)
                let start = Int64(bitPattern: KeyReader.u64(key, at: 6) ^ (1 << 63))
                // Keys ascend by start: the last one of a rider and code is the newest.
                let window = try AlertReader.window(Array(cursor.value), startMs: start)
                shards[shard(rider)].alertWindows[Shard.alertKey(rider, key[5])] = window
            }
            cursor.next()
        }
    }

    private mutating func remember(_ one: CodeRecurrence) {
        shards[shard(one.rider)].recurrences[Shard.alertKey(one.rider, one.code)] = Recurrence(
            newerMs: one.newerMs, olderMs: one.olderMs)
    }

    /// The rule set in force where replay begins; later ones are replayed.
    private mutating func loadRules() throws(StoreError) {
        let sets = try RuleSetRow.all(store.database)
        if let one = sets.last(where: { $0.group < store.checkpoint.from }) {
            try obey(one.row.image)
        }
    }

    /// What comes next was judged by these rules.
    private mutating func obey(_ image: [UInt8]) throws(StoreError) {
        let settings = try RuleSettingsImage.read(image)
        rules = RuleBook(settings: settings, isStored: true)
        for index in shards.indices { shards[index].obey(settings.thresholds) }
        across?.obey(settings.thresholds)
    }

    func shard(_ rider: UInt32) -> Int { Int(rider) % shards.count }

    private mutating func replay() throws(StoreError) {
        let journal = store.journal
        let last = store.lastGroup
        try journal.replay(from: store.checkpoint.from) { number, bytes throws(StoreError) in
            guard number <= last else { return false }
            let (header, body, _) = try GroupHeader.read(bytes)
            try apply(header, body)
            progress.journalAppended += GroupBuffer.padded(bytes.count)
            return true
        }
        try writeRows(all: true)
        try entries.settle(rows)
        try writeRows()
    }

    private mutating func apply(
        _ header: GroupHeader, _ body: UnsafeRawBufferPointer
    ) throws(StoreError) {
        var reader = GroupReader(body)
        var sequence = header.firstSequence
        var alertN = header.alertFirstN
        var hasFences = !fences.isEmpty
        entries.begin(header, revision: rules.settings.revision)
        while let event = try reader.next() {
            switch event {
            case .rider(let number, let name):
                riders.load(number: number, name: name)
                rows.put(.riders, Keys.number(number), name)
            case .fix(let rider, let stored, let route):
                replay(stored, rider, route, header.group, sequence)
                sequence += 1
            case .amend(let rider, let tsMs, let ordinal, let verdict, let cause):
                let amendment = PendingAmendment(
                    rider: rider, tsMs: tsMs, ordinal: ordinal, verdict: verdict, cause: cause,
                    sequence: .known(sequence - 1))
                DerivedRows.put(
                    amendment, sequence: max(sequence - 1, progress.rangeFirst),
                    range: progress.range, ruleSet: header.ruleSet, to: rows)
                if let slot = open(rider, header.group) {
                    slot.pointee.amendments += 1
                    unsettled.insert(rider)
                }
            case .chain(let rider, let image):
                let chain = try SlotImage.readChain(image)
                if let slot = open(rider, header.group) { slot.pointee.chain = chain }
            case .alert(let hit):
                alertN = replay(hit, header, alertN)
            case .vehicle(let rider, let vehicle):
                if let slot = open(rider, header.group) { slot.pointee.vehicle = vehicle }
            case .cut(let next):
                try cut(next, header, endingAt: sequence - 1)
            case .loss(let first, let last):
                guard last > 0 else { break }
                try replayLoss(first, last)
                sequence = last + 1
            case .checkpoint, .compared:
                break
            case .fence:
                hasFences = true
            case .entries(let orderN, let verdictN):
                entries.number(orderN: orderN, verdictN: verdictN)
            case .order(let event):
                try entries.add(event, to: rows, &progress)
            case .verdicts(let run):
                entries.add(run)
            case .rules(let image):
                try obey(image)
                rows.put(
                    .meta, Keys.rules(group: header.group),
                    RuleSetRow(sinceMs: header.commitMs, image: image).bytes)
            case .review(let review):
                rows.put(.alerts, review.key, review.row)
            case .recurrence(let one):
                remember(one)
                rows.put(.alerts, one.key, one.row)
            }
        }
        try entries.end(rows, &progress)
        if entries.isFull {
            try writeRows(all: true)
            try entries.settle(rows)
        }
        if hasFences {
            try fences.apply(body, commitMs: header.commitMs)
            for event in fences.takeMade() { rows.put(.fences, event.key, event.row) }
        }
        // Other rules proposed other pairs under the same numbers: those that were open are lost.
        try across?.apply(
            body, commitMs: header.commitMs, thinning: header.thinning,
            proposes: header.ruleSet == RuleSet.version)
        try writeRows(all: false)
    }

    /// What segments hold that outlived the log was stepped over, and has no row of a loss. A loss that was
    /// one has it by the time its range is sealed.
    private mutating func replayLoss(_ first: UInt64, _ last: UInt64) throws(StoreError) {
        let key = Keys.loss(first: first)
        if try store.database.get(.meta, key) == nil {
            if last <= (try SealTotals(store.database)).through { return }
        }
        rows.put(.meta, key, RangeRow(first: first, last: last).encoded())
    }

    /// A rider's slot, unless its checkpoint already contains the group.
    private mutating func open(
        _ rider: UInt32, _ group: UInt64
    ) -> UnsafeMutablePointer<Slot>? {
        let index = shard(rider)
        shards[index].admit(rider)
        let slot = shards[index].slot(rider)
        if slot.pointee.asOfGroup >= group { return nil }
        slot.pointee.isDirty = true
        return slot
    }

    private mutating func replay(
        _ stored: StoredFix, _ rider: UInt32, _ route: FixRoute, _ group: UInt64,
        _ sequence: UInt64
    ) {
        guard let slot = open(rider, group) else { return }
        let index = shard(rider)
        slot.pointee.vehicle = stored.vehicle
        if route.entersChain {
            // Only the state is taken: the verdict was decided when the fix came.
            _ = InOrder.judge(
                stored.fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle,
                base: RuleSet.base(codes: stored.verdict.codes), &slot.pointee.chain,
                &slot.pointee.motion, shards[index].rules.thresholds)
        } else {
            _ = slot.pointee.motion.clockStep.judge(
                stored.fix, recvMs: stored.ruleRecvMs,
                newestTsMs: slot.pointee.chain.newestTsMs, shards[index].rules.thresholds)
        }
        shards[index].replay(stored, rider, slot, route, sequence, &closed)
    }

    private mutating func replay(
        _ read: AlertHit, _ header: GroupHeader, _ alertN: UInt32
    ) -> UInt32 {
        var hit = read
        // Before rule set 5 no critical hit opened a second window: as rows of then are read.
        if header.ruleSet < 5 { hit.windowIsCritical = true }
        let index = shard(hit.rider)
        shards[index].alertWindows[Shard.alertKey(hit.rider, hit.code)] = AlertWindow(
            startMs: hit.windowStartMs, count: hit.windowCount, isCritical: hit.windowIsCritical)
        DerivedRows.putWindow(hit, to: rows)
        guard hit.opensWindow else { return alertN }
        let id = AlertID(ms: header.commitMs, n: alertN)
        if id > progress.lastAlert ?? AlertID(ms: -1, n: 0) {
            progress.alerts += 1
            progress.lastAlert = id
        }
        DerivedRows.put(hit, id: id, to: rows)
        return alertN + 1
    }

    private mutating func cut(
        _ next: UInt32, _ header: GroupHeader, endingAt last: UInt64
    ) throws(StoreError) {
        for index in shards.indices {
            shards[index].closeAll(asOf: header.group, &closed)
            shards[index].range = next
        }
        let row = RangeRow(
            first: progress.rangeFirst, last: last, ruleSet: header.ruleSet)
        rows.put(.meta, Keys.range(next - 1), row.encoded())
        progress.range = next
        progress.rangeFirst = last + 1
    }

    /// Groups that were given up left rows in the database, which was ahead of what is left of the
    /// journal: chunks with fixes that are still in tails, or that are gone.
    private func dropLostRows() throws(StoreError) {
        let lost = LostRows(
            database: store.database, range: progress.range, nextSequence: store.nextSequence,
            lastGroup: store.lastGroup)
        try lost.drop { rider in
            let shard = shards[shard(rider)]
            guard Int(rider) / shard.count < shard.slots.count else { return 0 }
            let slot = shard.slot(rider).pointee
            return slot.range == progress.range ? slot.generation : 0
        }
    }

    private mutating func writeRows(all: Bool) throws(StoreError) {
        for tail in closed {
            _ = chunks.put(tail, partFirst: 0, to: rows)
            if rows.count >= Self.rowsPerWrite { try writeRows() }
        }
        if all { try chunks.putPlaces(to: rows, all: true) }
        if all || rows.count >= Self.rowsPerWrite || !closed.isEmpty { try writeRows() }
        for tail in closed { tail.markWritten() }
        closed.removeAll()
    }

    private mutating func writeRows() throws(StoreError) {
        try chunks.putPlaces(to: rows, all: false)
        try store.database.write(rows, sync: false)
        rows.clear()
    }

    /// With all rows in place: what latest shows where amendments may have changed it.
    private mutating func settle() throws(StoreError) {
        for index in shards.indices { shards[index].pending.sweep() }
        for rider in unsettled {
            let index = shard(rider)
            let slot = shards[index].slot(rider)
            try shards[index].showAgain(rider, slot)
        }
    }
}
