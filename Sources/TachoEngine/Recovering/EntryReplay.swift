import TachoGeo
import TachoStore

/// Makes the rows of the streams `orders` and `verdicts` again, under the ids and numbers they had.
///
/// The database may be ahead of where replay begins, so how many entries there were is asked of the row
/// before the first one, and what an order is now of all its events, once those are written.
struct EntryReplay {
    private let database: Database
    private let orders: OrderRows
    private var commitMs: Int64 = 0
    private var revision: UInt64 = 0
    private var orderN: UInt32 = 0
    private var verdictN: UInt32 = 0
    /// Entries so far; nil: none was replayed.
    private var orderCount: UInt64?
    private var verdictCount: UInt64?
    private var runs: [VerdictRuns.Run] = []
    /// Orders that were spoken of.
    private var touched: Set<[UInt8]> = []

    private static let mostTouched = 65_536
    private static let last = AlertID(ms: Int64.max, n: UInt32.max)

    init(_ database: Database) {
        self.database = database
        orders = OrderRows(database)
    }

    /// What the database has.
    func load(_ progress: inout Progress.State) throws(StoreError) {
        if let last = try orders.last() {
            progress.orders = last.number
            progress.lastOrder = last.id
        }
        if let (first, head) = try VerdictReader.last(upTo: Self.last, database) {
            progress.verdicts = head.before + UInt64(head.count)
            progress.lastVerdict = AlertID(ms: first.ms, n: first.n + UInt32(head.count) - 1)
        }
    }

    mutating func begin(_ header: GroupHeader, revision: UInt64) {
        commitMs = header.commitMs
        self.revision = revision
    }

    mutating func number(orderN: UInt32, verdictN: UInt32) {
        self.orderN = orderN
        self.verdictN = verdictN
    }

    mutating func add(
        _ event: OrderEvent, to rows: RowBatch, _ progress: inout Progress.State
    ) throws(StoreError) {
        let entry = OrderEntry(id: AlertID(ms: commitMs, n: orderN), event: event)
        let before: UInt64
        if let orderCount {
            before = orderCount
        } else if let id = StreamID(entry.id).predecessor.map({ AlertID($0) }) {
            before = try orders.last(upTo: id)?.number ?? 0
        } else {
            before = 0
        }
        orders.put(entry, number: before + 1, to: rows)
        touched.insert(event.order)
        orderCount = before + 1
        orderN += 1
        if entry.id > progress.lastOrder ?? AlertID(ms: -1, n: 0) {
            progress.orders = before + 1
            progress.lastOrder = entry.id
        }
    }

    mutating func add(_ run: VerdictRuns.Run) { runs.append(run) }

    /// The group is read.
    mutating func end(_ rows: RowBatch, _ progress: inout Progress.State) throws(StoreError) {
        if runs.isEmpty { return }
        let first = AlertID(ms: commitMs, n: verdictN)
        if verdictCount == nil {
            verdictCount = 0
            if let id = StreamID(first).predecessor.map({ AlertID($0) }),
                let (_, head) = try VerdictReader.last(upTo: id, database)
            {
                verdictCount = head.before + UInt64(head.count)
            }
        }
        let made = VerdictRow.rows(
            runs, first: first, before: verdictCount!, revision: revision)
        for row in made { rows.put(.verdicts, row.key, row.value) }
        runs.removeAll(keepingCapacity: true)
        guard let last = made.last else { return }
        verdictCount = last.before + UInt64(last.count)
        if last.last > progress.lastVerdict ?? AlertID(ms: -1, n: 0) {
            progress.verdicts = verdictCount!
            progress.lastVerdict = last.last
        }
    }

    /// So many orders wait for `settle` that they take room.
    var isFull: Bool { touched.count >= Self.mostTouched }

    /// Rows of open orders, once all events are in the database.
    mutating func settle(_ rows: RowBatch) throws(StoreError) {
        for order in touched {
            orders.putOpen(order, try orders.history(order), before: nil, to: rows)
        }
        touched.removeAll()
    }
}
