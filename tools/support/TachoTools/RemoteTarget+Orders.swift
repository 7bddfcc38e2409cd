package import TachoClient
package import TachoGeo
import TachoWire

extension RemoteTarget {
    package func tell(_ event: OrderEvent) throws(ToolFailure) -> OrderMask {
        let reply = try call(refusalsAsTheyAre: true) { writer in
            var words = [Array("T.ORDER".utf8), Array((event.kind == .set ? "SET" : "END").utf8)]
            words.append(event.order)
            let time = Array(String(event.tsMs).utf8)
            switch event.kind {
            case .set: words += [event.rider, event.state, time]
            case .end: words += [time, event.state]
            }
            if !event.by.isEmpty { words += [Array("BY".utf8), event.by] }
            writer.begin(arguments: words.count)
            for word in words { writer.argument(word) }
        }
        guard let mask = reply.integer.flatMap({ UInt8(exactly: $0) }) else {
            throw notUnderstood("T.ORDER: a mask expected")
        }
        return OrderMask(rawValue: mask)
    }

    package func order(_ id: String) throws(ToolFailure) -> OrderHistory {
        let reply = try call { $0.command(["T.ORDER", "GET", id, "HISTORY"]) }
        var history = OrderHistory()
        if reply == .null { return history }
        let events = RemoteReplies.named(reply)?["history"]?.elements
        guard let events else { throw notUnderstood("T.ORDER: a history expected") }
        for event in events {
            guard let values = RemoteReplies.named(event),
                let told = OrderEvent(values, order: id),
                let place = values["id"]?.text.flatMap({ Self.id($0) })
            else { throw notUnderstood("T.ORDER: an event expected") }
            history.insert(OrderEntry(id: place, event: told))
        }
        return history
    }

    private static func id(_ text: String) -> AlertID? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let ms = Int64(parts[0]), let n = UInt32(parts[1]) else {
            return nil
        }
        return AlertID(ms: ms, n: n)
    }

    package func openOrders(
        of rider: String?, after cursor: String?
    ) throws(ToolFailure) -> OpenOrders {
        let reply = try call { writer in
            writer.command(
                ["T.ORDER"] + (rider.map { ["RIDER", $0] } ?? ["LIST"])
                    + ["COUNT", String(OpenOrders.pageOrders)]
                    + (cursor.map { ["CURSOR", $0] } ?? []))
        }
        guard var elements = reply.elements else {
            throw notUnderstood("T.ORDER: orders expected")
        }
        var page = OpenOrders(events: [], next: nil)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        for element in elements {
            guard let values = RemoteReplies.named(element), let id = values["order"]?.text,
                let event = OrderEvent(values, order: id)
            else { throw notUnderstood("T.ORDER: an order expected") }
            page.events.append(event)
        }
        return page
    }
}

extension RemoteReplies {
    /// A flat name–value list by name; nil: of another shape.
    static func named(_ reply: Reply) -> [String: Reply]? {
        guard let pairs = pairs(reply) else { return nil }
        return Dictionary(pairs.map { ($0.0, $0.1) }) { _, last in last }
    }
}

extension OrderEvent {
    /// Of an event in a history, or of an open order; nil: of another shape.
    init?(_ values: [String: Reply], order: String) {
        guard let state = values["state"]?.text, let tsMs = values["ts_ms"]?.integer,
            let recvMs = values["recv_ms"]?.integer
        else { return nil }
        let isEnd = values["event"]?.text == Kind.end.name
        self.init(
            order: Array(order.utf8), kind: isEnd ? .end : .set,
            rider: Array((values["rider"]?.text ?? "").utf8), state: Array(state.utf8),
            tsMs: tsMs, by: Array((values["by"]?.text ?? "").utf8))
        self.recvMs = recvMs
        mask = OrderMask(rawValue: UInt8(clamping: values["mask"]?.integer ?? 0))
    }
}
