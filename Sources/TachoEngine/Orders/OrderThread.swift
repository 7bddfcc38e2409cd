import TachoGeo
import TachoStore

/// An event of an order on its way to the journal, and who waits for it.
final class PendingOrder: Sendable {
    let event: OrderEvent
    private let reply: @Sendable (Result<OrderMask, OrderRefusal>) -> Void
    private let isAnswered = Monitor(false)

    init(
        _ event: OrderEvent, reply: @escaping @Sendable (Result<OrderMask, OrderRefusal>) -> Void
    ) {
        self.event = event
        self.reply = reply
    }

    /// Once: whoever is first has said it.
    func answer(_ result: Result<OrderMask, OrderRefusal>) {
        let isFirst = isAnswered.with { isAnswered in
            defer { isAnswered = true }
            return !isAnswered
        }
        if isFirst { reply(result) }
    }

    func refuse(_ reason: String) { answer(.failure(.append(.stopped(reason)))) }
}

/// One that is durable in the journal.
struct CommittedOrder: Sendable {
    var id: AlertID
    /// How many entries the stream has with it.
    var number: UInt64
    var pending: PendingOrder

    var entry: OrderEntry { OrderEntry(id: id, event: pending.event) }
}

/// The one thread that knows orders: what an event means is decided here, one after another, and what
/// became durable is written here, so a decision needs the database and what is on its way, and nothing
/// is held of orders that nobody speaks of.
///
/// An event is answered when it is durable and can be read: rows are written behind the journal, not
/// synced, since replay makes them again.
final class OrderThread: @unchecked Sendable {
    enum Item {
        /// Receipt and mask are filled in.
        case ask(OrderEvent, @Sendable (Result<OrderMask, OrderRefusal>) -> Void)
        case committed([CommittedOrder])
        /// What is read sees all that was answered.
        case read(@Sendable (OrderRows) -> Void)
        /// Everything before is written.
        case pass(@Sendable () -> Void)
    }

    struct Context: Sendable {
        var nowMs: @Sendable () -> Int64
        /// False: nothing is taken any more.
        var commit: @Sendable (CommitItem) -> Bool
        var fail: @Sendable (String) -> Void
        var failure: @Sendable () -> String?
        /// Entries can be read that could not before.
        var entriesAreReadable: @Sendable () -> Void
    }

    private struct Inbox {
        var items: [Item] = []
        var isClosed = false
        var isDiscarding = false
    }

    private let inbox = Monitor(Inbox())
    private let database: Database
    private let target: any RowWriting
    private let context: Context
    // The rest is touched by the thread alone.
    private let rows: OrderRows
    /// By order, in order of arrival: decided, and not in the database yet.
    private var underWay: [[UInt8]: [OrderEvent]] = [:]

    init(database: Database, target: any RowWriting, context: Context) {
        self.database = database
        self.target = target
        self.context = context
        rows = OrderRows(database)
    }

    /// False: the thread ends. From any thread, never waits.
    func push(_ item: Item) -> Bool {
        inbox.change { inbox in
            if inbox.isClosed { return (false, false) }
            inbox.items.append(item)
            return (inbox.items.count == 1, true)
        }
    }

    /// Ends the thread; `discarding`: what waits is not done, as after a kill.
    func close(discarding: Bool) {
        inbox.change { inbox in
            inbox.isClosed = true
            inbox.isDiscarding = discarding
            return (true, ())
        }
    }

    /// Runs until closed and drained.
    func run() {
        while true {
            let items = inbox.wait { inbox -> [Item]? in
                if inbox.items.isEmpty { return inbox.isClosed ? [] : nil }
                defer { inbox.items = [] }
                return inbox.items
            }
            if items.isEmpty { return }
            var committed: [CommittedOrder] = []
            for item in items {
                if case .committed(let more) = item {
                    committed += more
                    continue
                }
                keep(&committed)
                perform(item)
            }
            keep(&committed)
        }
    }

    private func perform(_ item: Item) {
        switch item {
        case .ask(let event, let reply): decide(event, reply)
        case .read(let body): body(rows)
        case .pass(let body): body()
        case .committed: break
        }
    }

    private var stopReason: String? {
        context.failure() ?? (inbox.with { $0.isDiscarding } ? "the engine is closed" : nil)
    }

    private func decide(
        _ asked: OrderEvent, _ reply: @escaping @Sendable (Result<OrderMask, OrderRefusal>) -> Void
    ) {
        if let reason = stopReason { return reply(.failure(.append(.stopped(reason)))) }
        var history: OrderHistory
        do throws(StoreError) {
            history = try rows.history(asked.order)
        } catch {
            if !error.isOfStoredBytes { context.fail("orders cannot be read: \(error)") }
            return reply(.failure(.damaged(error.description)))
        }
        // They arrived behind all that have an id.
        for (n, event) in (underWay[asked.order] ?? []).enumerated() {
            history.insert(OrderEntry(id: AlertID(ms: .max, n: UInt32(n)), event: event))
        }
        var event = asked
        event.recvMs = context.nowMs()
        event.mask = history.mask(of: event, nowMs: event.recvMs)
        if event.mask == .duplicate { return answerBehind(event.mask, reply) }
        guard history.entries.count < OrderHistory.mostEvents else {
            return reply(.failure(.full(event.order)))
        }
        underWay[event.order, default: []].append(event)
        let pending = PendingOrder(event, reply: reply)
        if !context.commit(.order(pending)) { pending.refuse("the engine is closed") }
    }

    /// Not before what it repeats is durable and written.
    private func answerBehind(
        _ mask: OrderMask, _ reply: @escaping @Sendable (Result<OrderMask, OrderRefusal>) -> Void
    ) {
        let body: @Sendable () -> Void = { [self] in
            if let reason = context.failure() {
                return reply(.failure(.append(.stopped(reason))))
            }
            reply(.success(mask))
        }
        let isTaken = context.commit(
            .afterCommit { [self] in if !push(.pass(body)) { body() } })
        if !isTaken { reply(.failure(.append(.stopped("the engine is closed")))) }
    }

    /// Durable ones become rows, then are answered.
    private func keep(_ committed: inout [CommittedOrder]) {
        if committed.isEmpty { return }
        let list = committed
        committed = []
        if let reason = stopReason {
            for one in list { one.pending.refuse(reason) }
            return
        }
        do throws(StoreError) {
            try write(list)
        } catch {
            context.fail("orders cannot be written: \(error)")
            for one in list { one.pending.refuse(error.description) }
            return
        }
        for one in list { forget(one.pending.event) }
        context.entriesAreReadable()
        for one in list { one.pending.answer(.success(one.pending.event.mask)) }
    }

    private func write(_ list: [CommittedOrder]) throws(StoreError) {
        let batch = RowBatch(database)
        var histories: [[UInt8]: (before: OrderHistory, now: OrderHistory)] = [:]
        for one in list {
            let order = one.pending.event.order
            rows.put(one.entry, number: one.number, to: batch)
            if histories[order] == nil {
                let before = try rows.history(order)
                histories[order] = (before, before)
            }
            histories[order]!.now.insert(one.entry)
        }
        for (order, history) in histories {
            rows.putOpen(order, history.now, before: history.before, to: batch)
        }
        try target.write(batch, sync: false)
    }

    /// Those of one order are committed in the order in which they were decided.
    private func forget(_ event: OrderEvent) {
        underWay[event.order]?.removeFirst()
        if underWay[event.order]?.isEmpty == true { underWay[event.order] = nil }
    }
}
