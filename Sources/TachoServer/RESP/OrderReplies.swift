import TachoEngine
import TachoGeo
import TachoWire

/// T.ORDER: no write of fixes, so it runs when all writes before it are committed; an event is answered
/// when it is durable and can be read.
extension ConnectionHandler {
    func order(_ command: OrderCommand, _ arguments: Arguments) {
        let (mailbox, id) = (service.mailbox, id)
        let version = output.version
        switch command {
        case .tell(let event):
            let ticket = state.startAnswer()
            service.engine.tell(event) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success(let mask): writer.integer(Int64(mask.rawValue))
                case .failure(let refusal): writer.error(refusal.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .get(let withHistory):
            let order = arguments.copy(2)
            let ticket = state.startAnswer()
            service.engine.order(order) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success(let history):
                    writer.order(order, history, withHistory: withHistory)
                case .failure(let failure): writer.error(failure.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .open(let ofRider, let count, let cursorArgument):
            var after: OrderCursor?
            if let cursorArgument {
                let text = String(decoding: arguments[cursorArgument], as: UTF8.self)
                after = OrderCursor(text)
                guard after != nil else {
                    return refuseCursor(arguments, cursorArgument, of: "T.ORDER")
                }
            }
            let limits = service.limits
            let ticket = state.startAnswer()
            service.engine.openOrders(
                of: ofRider ? arguments.copy(2) : nil, after: after,
                limit: min(count ?? Int.max, limits.streamEntries)
            ) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .success(let page): writer.openOrders(page, limits: limits)
                case .failure(let failure): writer.error(failure.replyText)
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        }
    }
}

extension OrderRefusal {
    var replyText: String {
        switch self {
        case .append(let error): error.replyText
        case .invalid, .full, .damaged: "ERR \(self)"
        }
    }
}

extension ReplyWriter {
    /// [field, value, …]: order, rider (nil: nobody said), state, ts_ms, recv_ms, by (nil), open,
    /// end_ms (nil: it is open), events; with history, riders and history. nil: nothing was told.
    mutating func order(_ id: [UInt8], _ history: OrderHistory, withHistory: Bool) {
        guard let present = history.present else { return nullArray() }
        map(withHistory ? 11 : 9)
        bulk("order")
        bulk(id)
        bulk("rider")
        bulk(orNull: history.rider)
        bulk("state")
        bulk(present.event.state)
        bulk("ts_ms")
        integer(present.event.tsMs)
        bulk("recv_ms")
        integer(present.event.recvMs)
        bulk("by")
        bulk(orNull: present.event.by)
        bulk("open")
        integer(history.isOpen ? 1 : 0)
        bulk("end_ms")
        if let end = history.end { integer(end.event.tsMs) } else { null() }
        bulk("events")
        integer(Int64(history.entries.count))
        if withHistory { histories(history) }
    }

    /// Riders as [rider, from_ms, to_ms (nil: until now)], events as maps of what was said and told.
    private mutating func histories(_ history: OrderHistory) {
        bulk("riders")
        array(history.holders.count)
        for holder in history.holders {
            array(3)
            bulk(holder.rider)
            integer(holder.fromMs)
            if let toMs = holder.toMs { integer(toMs) } else { null() }
        }
        bulk("history")
        array(history.entries.count)
        for entry in history.entries {
            map(8)
            bulk("id")
            bulk(entry.id.text)
            bulk("event")
            bulk(entry.event.kind.name)
            bulk("rider")
            bulk(orNull: entry.event.rider)
            bulk("state")
            bulk(entry.event.state)
            bulk("ts_ms")
            integer(entry.event.tsMs)
            bulk("recv_ms")
            integer(entry.event.recvMs)
            bulk("by")
            bulk(orNull: entry.event.by)
            bulk("mask")
            integer(Int64(entry.event.mask.rawValue))
        }
    }

    private mutating func bulk(orNull text: [UInt8]) {
        if text.isEmpty { null() } else { bulk(text) }
    }

    /// [[field, value, …], …] with order, rider, state, ts_ms, recv_ms, by; when cut, a cursor last.
    fileprivate mutating func openOrders(_ page: OrderPage, limits: ServerLimits) {
        var body = ReplyWriter(version)
        var fitting = 0
        for entry in page.orders {
            let before = body.count
            body.openOrder(entry.event)
            if fitting > 0 && body.count > limits.replyBytes - 1_024 {
                body.truncate(to: before)
                break
            }
            fitting += 1
        }
        let next =
            fitting < page.orders.count ? OrderCursor(page.orders[fitting - 1]) : page.next
        array(fitting + (next == nil ? 0 : 1))
        append(contentsOf: body.bytes)
        if let next { bulk(next.text) }
    }

    private mutating func openOrder(_ event: OrderEvent) {
        map(6)
        bulk("order")
        bulk(event.order)
        bulk("rider")
        bulk(event.rider)
        bulk("state")
        bulk(event.state)
        bulk("ts_ms")
        integer(event.tsMs)
        bulk("recv_ms")
        integer(event.recvMs)
        bulk("by")
        bulk(orNull: event.by)
    }

    /// [id, [field, value, …]]: event, order, rider unless it is an end, state, ts_ms, recv_ms, by if
    /// somebody said, mask.
    mutating func entry(_ entry: OrderEntry) {
        let event = entry.event
        array(2)
        bulk(entry.id.text)
        array(12 + (event.rider.isEmpty ? 0 : 2) + (event.by.isEmpty ? 0 : 2))
        bulk("event")
        bulk(event.kind.name)
        bulk("order")
        bulk(event.order)
        if !event.rider.isEmpty {
            bulk("rider")
            bulk(event.rider)
        }
        bulk("state")
        bulk(event.state)
        bulk("ts_ms")
        bulk(String(event.tsMs))
        bulk("recv_ms")
        bulk(String(event.recvMs))
        if !event.by.isEmpty {
            bulk("by")
            bulk(event.by)
        }
        bulk("mask")
        bulk(String(event.mask.rawValue))
    }

    /// [id, [field, value, …]]: rider, ts_ms, ordinal, verdict, previous unless it was decided, cause,
    /// rules.
    mutating func entry(_ notice: VerdictNotice) {
        array(2)
        bulk(notice.id.text)
        array(notice.previous == nil ? 12 : 14)
        bulk("rider")
        bulk(notice.rider)
        bulk("ts_ms")
        bulk(String(notice.tsMs))
        bulk("ordinal")
        bulk(String(notice.ordinal))
        bulk("verdict")
        bulk(notice.verdict.text)
        if let previous = notice.previous {
            bulk("previous")
            bulk(previous.text)
        }
        bulk("cause")
        bulk(notice.cause)
        bulk("rules")
        bulk(String(notice.revision))
    }
}
