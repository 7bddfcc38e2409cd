package import TachoGeo
import TachoStore

/// Why an event of an order was not taken. Nothing of it is stored, but after `stopped` it may be.
package enum OrderRefusal: Error, Equatable, CustomStringConvertible, Sendable {
    case invalid(String)
    /// The order has as many events as are kept.
    case full([UInt8])
    case append(AppendError)
    case damaged(String)

    package var description: String {
        switch self {
        case .invalid(let defect): defect
        case .full(let order):
            "order \(String(decoding: order, as: UTF8.self)) has \(OrderHistory.mostEvents) events,"
                + " no more are kept"
        case .append(let error): error.description
        case .damaged(let what): "damaged data: \(what)"
        }
    }
}

/// A page of open orders by rider and order; `next` is behind which to go on.
package struct OrderPage: Hashable, Sendable {
    package var orders: [OrderEntry]
    package var next: OrderCursor?
}

/// A place among open orders, as clients hand it back: hexadecimal.
package struct OrderCursor: Hashable, Sendable {
    let key: [UInt8]

    init(key: [UInt8]) { self.key = key }

    /// Behind an open order.
    package init(_ entry: OrderEntry) {
        key = Keys.openOrder(rider: entry.event.rider, entry.event.order)
    }

    package var text: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: key.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// nil: it is none.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count % 2 == 0, bytes.count <= 1_024 else { return nil }
        var key: [UInt8] = []
        for at in stride(from: 0, to: bytes.count, by: 2) {
            let pair = String(decoding: bytes[at..<at + 2], as: UTF8.self)
            guard bytes[at] != UInt8(ascii: "+"), let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            key.append(byte)
        }
        guard key.starts(with: Keys.openOrders(of: nil)) else { return nil }
        self.key = key
    }
}

extension Engine {
    /// Takes what somebody says of an order. `completion` is called once, from a thread of the engine,
    /// when it is durable and can be read. Orders touch no points. Never blocks.
    package func tell(
        _ event: OrderEvent,
        completion: @escaping @Sendable (Result<OrderMask, OrderRefusal>) -> Void
    ) {
        if let defect = event.defect { return completion(.failure(.invalid(defect))) }
        // Counts like a fix: the bounds of disk, journal and memory hold for orders too.
        if let refusal = control.admit(points: 1) {
            return completion(.failure(.append(refusal)))
        }
        let finish: @Sendable (Result<OrderMask, OrderRefusal>) -> Void = { [control] in
            control.done(points: 1)
            completion($0)
        }
        if !orders.push(.ask(event, finish)) {
            finish(.failure(.append(.stopped("the engine is closed"))))
        }
    }

    /// Waits until it is durable.
    package func tell(_ event: OrderEvent) throws(OrderRefusal) -> OrderMask {
        let answer = Monitor<Result<OrderMask, OrderRefusal>?>(nil)
        tell(event) { result in
            answer.change { state in
                state = result
                return (true, ())
            }
        }
        return try answer.wait { $0 }.get()
    }

    /// All that was told of an order; nothing if nothing was. Cost: a seek, 1 µs an event.
    package func order(
        _ id: [UInt8], completion: @escaping @Sendable (Result<OrderHistory, ReadError>) -> Void
    ) {
        readOrders(completion) { rows throws(StoreError) in try rows.history(id) }
    }

    package func order(_ id: [UInt8]) throws(ReadError) -> OrderHistory {
        try waitFor { order(id, completion: $0) }
    }

    /// Open orders of a rider, or of all, by rider and order. Cost: a seek, 1 µs an order.
    package func openOrders(
        of rider: [UInt8]?, after cursor: OrderCursor? = nil, limit: Int,
        completion: @escaping @Sendable (Result<OrderPage, ReadError>) -> Void
    ) {
        readOrders(completion) { rows throws(StoreError) in
            let (orders, next) = try rows.open(of: rider, after: cursor?.key, limit: limit)
            return OrderPage(orders: orders, next: next.map { OrderCursor(key: $0) })
        }
    }

    package func openOrders(
        of rider: [UInt8]?, after cursor: OrderCursor? = nil, limit: Int
    ) throws(ReadError) -> OrderPage {
        try waitFor { openOrders(of: rider, after: cursor, limit: limit, completion: $0) }
    }

    /// On the thread of orders, behind what was answered.
    private func readOrders<R: Sendable>(
        _ completion: @escaping @Sendable (Result<R, ReadError>) -> Void,
        _ body: @escaping @Sendable (OrderRows) throws(StoreError) -> R
    ) {
        if control.isClosing { return completion(.failure(.closed)) }
        let isTaken = orders.push(
            .read { [control] rows in
                if let reason = control.failure {
                    return completion(.failure(.stopped(reason)))
                }
                do throws(StoreError) {
                    let answer = try body(rows)
                    completion(.success(answer))
                } catch {
                    completion(.failure(ReadError(error)))
                }
            })
        if !isTaken { completion(.failure(.closed)) }
    }

    // MARK: Streams

    /// Entries of the stream `orders` behind `after`, up to `through`, at most `limit`.
    package func orderEntries(after: AlertID?, through: AlertID?, limit: Int) -> [OrderEntry] {
        readStream { () throws(StoreError) in
            try OrderRows(store.database).entries(after: after, through: through, limit: limit)
        }
    }

    package var orderEntryCount: Int { Int(progress.now.orders) }
    package var lastOrderID: AlertID? { progress.now.lastOrder }

    /// The same of the stream `verdicts`.
    package func verdictEntries(after: AlertID?, through: AlertID?, limit: Int) -> [VerdictNotice] {
        readStream { () throws(StoreError) in
            try verdicts.entries(after: after, through: through, limit: limit)
        }
    }

    package var verdictEntryCount: Int { Int(progress.now.verdicts) }
    package var lastVerdictID: AlertID? { progress.now.lastVerdict }

    private func readStream<E>(_ body: () throws(StoreError) -> [E]) -> [E] {
        // The database may be going: a stopped engine has no news.
        if control.isClosing { return [] }
        do throws(StoreError) {
            return try body()
        } catch {
            control.fail(error.description)
            return []
        }
    }
}
