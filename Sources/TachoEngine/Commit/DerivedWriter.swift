import TachoCodec
import TachoStore

/// Where derived rows go: the database, or a double that forgets what was not synced.
protocol RowWriting: Sendable {
    /// Writes all rows or none. `sync`: everything written so far is on the device on return.
    func write(_ rows: RowBatch, sync: Bool) throws(StoreError)
}

extension Database: RowWriting {}

/// What the committer hands on, in the order of groups, all of it durable in the journal.
enum DerivedItem {
    case group(DerivedGroup)
    /// Riders' state for a checkpoint in progress, as of a group.
    case slots([SlotRows], asOf: UInt64)
    /// All rows of the checkpoint were handed over before; of all bytes appended so far,
    /// `journalEnd` become superfluous.
    /// `rows`: what fences and rules across riders remember as of the mark, written with it or not at
    /// all.
    case checkpoint(CheckpointMark, journalEnd: Int, Barrier, rows: [StateRow])
    /// A range was cut: its row and the chunks that closed with it.
    case cut(range: UInt32, RangeRow, [ClosedTail], Barrier)
    /// Rows of others (the sealer), durable when answered.
    case rows([(family: Family, key: [UInt8], value: [UInt8])], @Sendable () -> Void)

    /// Somebody asks for the rows of family `geo` that wait to be written.
    case waitingPlaces(@Sendable ([GeoRow]) -> Void)
    /// Cells are of other resolutions from here on; runs when all rows before are in the database.
    case places(GeoPlan, @Sendable () -> Void)

    /// What counts against the bound. Tails of a cut and states of riders do not: they were in memory
    /// before, and writers are not to wait for all of them.
    var weight: Int {
        switch self {
        case .group(let group): group.weight
        case .slots, .checkpoint, .cut, .rows, .waitingPlaces, .places: 0
        }
    }
}

/// The one thread that brings into the database what durable groups imply: chunks are coded here,
/// off the path of a commit.
///
/// Rows are written in order of groups and not synced, since the journal makes them again. That
/// holds only as long as no row says "up to here all is written" before it is: RocksDB's log may
/// lose the end of one file and keep the next. So rows are synced before an image of a rider's
/// state is written over them, again before the checkpoint's mark, and only when the mark itself is
/// on the device is the journal released.
final class DerivedWriter: @unchecked Sendable {
    private struct Inbox {
        var items: [DerivedItem] = []
        var weight = 0
        var isClosed = false
        var isDiscarding = false
    }

    struct Context: Sendable {
        var fail: @Sendable (String) -> Void
        var failure: @Sendable () -> String?
        /// Rows up to that group are written.
        var written: @Sendable (UInt64) -> Void
        /// Of all bytes appended, so many are released.
        var released: @Sendable (Int) -> Void
        /// A fault for tests: the journal goes before the checkpoint is durable.
        var releasesFirst = false
    }

    private let database: Database
    private let target: any RowWriting
    private let journal: any Journal
    private let context: Context
    private let inbox = Monitor(Inbox())

    // The rest is touched by the thread alone.
    private var rows: RowBatch
    private let chunks: ChunkWriter
    private var bytes = 0
    /// In `rows`, and marked when they are written.
    private var groups: [DerivedGroup] = []
    private var tails: [ClosedTail] = []
    /// Rows were written since the last sync: of groups and cuts, and of any kind.
    private var isUnsynced = (rows: false, any: false)
    private var lastGroup: UInt64

    /// Fixes, amendments and alerts that wait to be written, at most; beyond, the committer waits.
    static let maxWaiting = 1 << 19
    private static let batchBytes = 4 << 20
    private static let batchRows = 65_536
    /// A row that carries a sync; its value says nothing that is relied on.
    static let syncedKey = "synced"

    init(
        database: Database, target: any RowWriting, journal: any Journal, lastGroup: UInt64,
        places: GeoPlan = .usual, runs: GeoRuns, notesPlaces: Bool = true, context: Context
    ) {
        chunks = ChunkWriter(places, runs: runs, notesPlaces: notesPlaces)
        self.database = database
        self.target = target
        self.journal = journal
        self.lastGroup = lastGroup
        self.context = context
        rows = RowBatch(database)
    }

    /// Waits while too much is waiting. One item is always taken, however large.
    func push(_ item: DerivedItem) {
        let weight = item.weight
        if weight > 0 {
            inbox.wait { $0.weight == 0 || $0.weight + weight <= Self.maxWaiting ? () : nil }
        }
        inbox.change { inbox in
            inbox.items.append(item)
            inbox.weight += weight
            return (true, ())
        }
    }

    /// The same for who may come when the thread has ended. False: it has, nothing will be done.
    func ask(_ item: DerivedItem) -> Bool {
        inbox.change { inbox in
            if inbox.isClosed { return (false, false) }
            inbox.items.append(item)
            return (true, true)
        }
    }

    /// `discarding`: what still waits is not written, as after a kill.
    func close(discarding: Bool = false) {
        inbox.change { inbox in
            inbox.isClosed = true
            inbox.isDiscarding = discarding
            return (true, ())
        }
    }

    /// Runs until closed and drained.
    func run() {
        while true {
            let items = inbox.wait { inbox -> [DerivedItem]? in
                if inbox.items.isEmpty { return inbox.isClosed ? [] : nil }
                defer { inbox.items = [] }
                return inbox.items
            }
            if items.isEmpty { return }
            for item in items {
                perform(item)
                let weight = item.weight
                if weight > 0 {
                    inbox.change { inbox in
                        inbox.weight -= weight
                        return (true, ())
                    }
                }
            }
            attempt { () throws(StoreError) in try flush() }
        }
    }

    private func attempt(_ body: () throws(StoreError) -> Void) {
        if context.failure() != nil || inbox.with({ $0.isDiscarding }) { return }
        do {
            try body()
        } catch {
            context.fail(error.description)
        }
    }

    private func perform(_ item: DerivedItem) {
        switch item {
        case .group(let group):
            attempt { () throws(StoreError) in try write(group) }
        case .slots(let slots, let group):
            attempt { () throws(StoreError) in try write(slots, asOf: group) }
        case .checkpoint(let mark, let journalEnd, let barrier, let state):
            attempt { () throws(StoreError) in
                try finish(mark, state)
                context.released(journalEnd)
            }
            // Also after a failure: who waits for a barrier must not wait for ever.
            barrier.complete()
        case .cut(let range, let row, let tails, let barrier):
            attempt { () throws(StoreError) in try write(range, row, tails) }
            barrier.complete()
        case .waitingPlaces(let body): body(chunks.waitingRows)
        case .places(let plan, let done):
            attempt { () throws(StoreError) in
                try chunks.putPlaces(to: rows, all: true)
                try flush()
                chunks.obey(plan)
            }
            done()
        case .rows(let rows, let done):
            attempt { () throws(StoreError) in try write(rows) }
            done()
        }
    }

    /// Writes what has gathered and lets readers find it there.
    private func flush(sync: Bool = false) throws(StoreError) {
        try chunks.putPlaces(to: rows, all: sync)
        if rows.count > 0 {
            try target.write(rows, sync: sync)
            rows = RowBatch(database)
            bytes = 0
            isUnsynced = sync ? (false, false) : (true, true)
        }
        for group in groups { group.markWritten() }
        for tail in tails { tail.markWritten() }
        if !groups.isEmpty { context.written(lastGroup) }
        groups.removeAll(keepingCapacity: true)
        tails.removeAll(keepingCapacity: true)
    }

    private func flushIfLarge() throws(StoreError) {
        if bytes >= Self.batchBytes || rows.count >= Self.batchRows { try flush() }
    }

    /// Everything written so far is on the device after this.
    private func sync() throws(StoreError) {
        if rows.count == 0 && chunks.waitingPlaces == 0 {
            guard isUnsynced.any else { return }
            var group = ByteWriter()
            group.put(lastGroup)
            rows.put(.meta, Keys.meta(Self.syncedKey), group.bytes)
        }
        try flush(sync: true)
    }

    private func write(_ group: DerivedGroup) throws(StoreError) {
        lastGroup = group.group
        groups.append(group)
        bytes += group.put(to: rows, chunks)
        try flushIfLarge()
    }

    private func write(_ slots: [SlotRows], asOf group: UInt64) throws(StoreError) {
        if rows.count > 0 || isUnsynced.rows || chunks.waitingPlaces > 0 { try sync() }
        for one in slots { DerivedRows.put(one, asOf: group, to: rows) }
        try flush()
        // Images need no sync of each other: each stands for its own rider's rows alone.
        isUnsynced.rows = false
    }

    private func finish(_ mark: CheckpointMark, _ state: [StateRow]) throws(StoreError) {
        if context.releasesFirst { journal.release(upTo: mark.from - 1) }
        // Landmarks, events of fences and orders were written by other threads.
        isUnsynced.any = true
        try sync()
        rows.put(.meta, Keys.meta(Store.checkpointKey), mark.encoded())
        for row in state {
            if let value = row.value {
                rows.put(row.family, row.key, value)
            } else {
                rows.delete(row.family, row.key)
            }
        }
        try flush(sync: true)
        if !context.releasesFirst { journal.release(upTo: mark.from - 1) }
    }

    private func write(
        _ range: UInt32, _ row: RangeRow, _ closed: [ClosedTail]
    ) throws(StoreError) {
        rows.put(.meta, Keys.range(range), row.encoded())
        for tail in closed {
            bytes += chunks.put(tail, partFirst: 0, to: rows)
            tails.append(tail)
            try flushIfLarge()
        }
        try flush()
    }

    private func write(
        _ list: [(family: Family, key: [UInt8], value: [UInt8])]
    ) throws(StoreError) {
        try flush()
        for row in list { rows.put(row.family, row.key, row.value) }
        try flush(sync: true)
    }
}
