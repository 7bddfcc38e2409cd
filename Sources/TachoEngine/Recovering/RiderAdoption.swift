import TachoAudit
import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// Gives the riders of one segment references to it, and the state that its fixes left.
struct RiderAdoption: ~Copyable {
    private let segment: SegmentReader
    private let range: UInt32
    private let database: Database
    private let lastGroup: UInt64
    private let content: RangeContent
    /// Chunks of the range that the database has: of its first part, by the rider's name.
    private var chunks: [[UInt8]: [ChunkKey]] = [:]
    private(set) var places: PlaceGatherer
    private var columns = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    private var buffer: [UInt8] = []
    private var fixes: [StoredFix] = []
    private var arrivals: [UInt32] = []

    init(
        _ segment: SegmentReader, range: UInt32, database: Database, riders: RiderTable,
        places: GeoPlan, lastGroup: UInt64
    ) throws(StoreError) {
        self.segment = segment
        self.range = range
        self.database = database
        self.lastGroup = lastGroup
        self.places = PlaceGatherer(places)
        let interval = segment.header.interval
        content = RangeContent(
            range: range,
            row: RangeRow(first: interval.firstSequence, last: interval.lastSequence),
            ruleSet: interval.ruleSet, database: database, riders: riders, isStopping: { false })
        do {
            for (name, keys) in try content.ridersByName() { chunks[name] = keys }
        } catch {
            throw Self.failure(error)
        }
    }

    /// `index`: of the rider in the segment. A rider whose first reference is there was taken over before
    /// a kill; its state is that of its image.
    mutating func adopt(
        _ index: Int, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>, _ limits: Thresholds
    ) throws(StoreError) {
        let name = segment.names.name(index)
        let references = try read(index, rider, spanMs: Tail.spanMs)
        let keys = chunks.removeValue(forKey: name) ?? []
        let first = try database.get(.track, Keys.track(references[0].key))
        if first.map({ $0.withUnsafeBytes(SegmentReference.isOne) }) ?? false { return }
        let stored = try checkStored(slot, keys, name)
        slot.pointee.points += UInt64(fixes.count - stored)
        _ = TailMemory(slot.pointee.main.move())
        _ = TailMemory(slot.pointee.late.move())
        slot.pointee.mainBounds = .empty
        slot.pointee.lateNewestMs = Int64.min
        slot.pointee.maxChunkSpanMs = max(slot.pointee.maxChunkSpanMs, Tail.spanMs)
        if let last = arrivals.indices.max(by: { arrivals[$0] < arrivals[$1] }) {
            slot.pointee.vehicle = fixes[last].vehicle
        }
        for fix in fixes { Self.remember(fix, slot, limits) }
        let rows = RowBatch(database)
        for key in keys {
            rows.delete(.track, Keys.track(key))
            rows.delete(.ranges, Keys.ranges(key))
        }
        for one in references { one.put(to: rows) }
        rows.put(.riders, Keys.number(rider), name)
        Self.put(slot, rider, asOf: lastGroup, to: rows)
        try database.write(rows, sync: false)
    }

    /// Fixes, arrivals and places of a rider; the references to them. Shorter pieces than a rider's chunks
    /// may be are not needed, longer ones would have readers look further back: they are taken where
    /// there would be more than the numbers that tell them apart.
    private mutating func read(
        _ index: Int, _ rider: UInt32, spanMs: Int64
    ) throws(StoreError) -> [PlacedReference] {
        fixes.removeAll(keepingCapacity: true)
        arrivals.removeAll(keepingCapacity: true)
        var references: [PlacedReference] = []
        for block in segment.blocks(ofRider: index) {
            do throws(SegmentError) {
                try segment.readFixes(block: block, buffer: &buffer, into: &columns)
                let start = references.count
                PlacedReference.cut(
                    try segment.sealedBlock(block), columns.at.tsMs, rider: rider, range: range,
                    spanMs: spanMs, into: &references)
                for one in references[start...] {
                    places.add(
                        TrackSlice(columns: columns.at, range: one.reference.fixes), of: one.key)
                }
            } catch {
                throw .damaged(error.message(file: Self.file(segment)))
            }
            columns.append(to: &fixes, arrivals: &arrivals)
        }
        guard references.count <= Int(UInt16.max) else {
            throw .damaged(
                "\(Self.file(segment)): rider \(Self.text(segment.names.name(index))) has more than "
                    + "65,535 fixes there that lie a quarter of an hour apart; it cannot be taken over"
            )
        }
        return references
    }

    /// That what is stored of the range is in the segment; returns how many fixes are.
    private mutating func checkStored(
        _ slot: UnsafeMutablePointer<Slot>, _ keys: [ChunkKey], _ name: [UInt8]
    ) throws(StoreError) -> Int {
        var byArrival = [StoredFix?](repeating: nil, count: fixes.count)
        for (place, arrival) in arrivals.enumerated() where Int(arrival) < byArrival.count {
            byArrival[Int(arrival)] = fixes[place]
        }
        var storedFixes: [StoredFix] = []
        var storedArrivals: [UInt32] = []
        var chunk = ChunkColumns(capacity: Tail.limit)
        do {
            for key in keys {
                _ = try content.load(key, &chunk, &storedFixes, &storedArrivals)
            }
        } catch {
            throw Self.failure(error)
        }
        for tail in [slot.pointee.main, slot.pointee.late] {
            for entry in TailView(tail: tail) {
                storedFixes.append(entry.stored)
                storedArrivals.append(entry.arrival)
            }
        }
        for (fix, arrival) in zip(storedFixes, storedArrivals)
        where Int(arrival) >= byArrival.count || byArrival[Int(arrival)] != fix {
            throw Self.isOther(segment, name)
        }
        return storedFixes.count
    }

    /// Whose fixes of the range are stored is in the segment.
    borrowing func checkThatAllWereThere() throws(StoreError) {
        if let name = chunks.keys.first { throw Self.isOther(segment, name) }
    }

    /// A fix that comes next in time: bounds, what is shown, and the chain as replay has it.
    private static func remember(
        _ stored: StoredFix, _ slot: UnsafeMutablePointer<Slot>, _ limits: Thresholds
    ) {
        let ms = stored.fix.tsMs
        slot.pointee.oldestMs = min(slot.pointee.oldestMs, ms)
        if stored.verdict.codes & Slot.forgedClock != 0 {
            slot.pointee.extendSpans(ms, codes: stored.verdict.codes)
        } else {
            slot.pointee.mainNewestMs = max(slot.pointee.mainNewestMs, ms)
            slot.pointee.closedNewestMs = max(slot.pointee.closedNewestMs, ms)
        }
        slot.pointee.closedOldestMs = min(slot.pointee.closedOldestMs, ms)
        if ms > slot.pointee.chain.newestTsMs && RuleSet.isChained(codes: stored.verdict.codes) {
            // Only the state is taken: the verdict was decided when the fix came.
            _ = InOrder.judge(
                stored.fix, recvMs: stored.ruleRecvMs, vehicle: stored.vehicle,
                base: RuleSet.base(codes: stored.verdict.codes), &slot.pointee.chain,
                &slot.pointee.motion, limits)
        }
        let (row, _) = FixRow.pack(stored, route: 0)
        slot.pointee.show(row, isShown: stored.verdict.isShown, FixRow.extra(stored))
    }

    mutating func pourPlaces(_ runs: GeoRuns) throws(StoreError) {
        guard places.count > 0 else { return }
        let rows = RowBatch(database)
        places.pour(into: rows, run: try runs.next())
        try database.write(rows, sync: false)
    }

    /// The rider's rows of a checkpoint, without tails.
    static func put(
        _ slot: UnsafeMutablePointer<Slot>, _ rider: UInt32, asOf group: UInt64,
        to rows: RowBatch
    ) {
        slot.pointee.asOfGroup = group
        slot.pointee.isDirty = true
        DerivedRows.put(
            SlotRows(rider: rider, slot: SlotImage.slot(slot.pointee), main: nil, late: nil),
            asOf: group, to: rows)
    }

    private static func isOther(_ segment: SegmentReader, _ name: [UInt8]) -> StoreError {
        .damaged(
            "\(Self.file(segment)) does not have the fixes of rider \(text(name)) that are stored, so it "
                + "is not of this directory; move it away, or put back the right one from a copy")
    }

    private static func file(_ segment: SegmentReader) -> String {
        "audit/" + SegmentStore.fileName(segment.header.interval.segmentID)
    }

    private static func text(_ name: [UInt8]) -> String { String(decoding: name, as: UTF8.self) }

    private static func failure(_ error: RangeContent.Failure) -> StoreError {
        switch error {
        case .store(let error): error
        case .segment(let error): .damaged(error.message)
        case .stopping: .io("the engine is closed")
        }
    }
}
