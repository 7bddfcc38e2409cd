import TachoClient
package import TachoGeo

/// A page of open orders as tools show it, by rider and order.
package struct OpenOrders: Sendable {
    package var events: [OrderEvent]
    /// Where the next page starts; nil at the end.
    package var next: String?

    /// Orders asked for at a time.
    static let pageOrders = 1_000
}

/// What `tacho order` prints.
package enum OrderReports {
    package static func tell(
        _ event: OrderEvent, on target: any Target, json: Bool, to output: Output
    ) throws {
        if let defect = event.defect { throw ToolFailure(ExitStatus.usage, defect) }
        let mask = try target.tell(event)
        if json {
            var object = JSONObject()
            object.add("order", string: text(event.order))
            object.add("mask", integer: Int64(mask.rawValue))
            object.add("told", json: words(mask, quoted: true))
            try output.line(object.finished())
        } else {
            let told = mask.isEmpty ? "stored" : String(decoding: words(mask), as: UTF8.self)
            try output.line("\(text(event.order))  \(text(event.state))  \(told)")
        }
        try output.flush()
    }

    /// Names of a mask's bits, in small letters.
    private static func words(_ mask: OrderMask, quoted: Bool = false) -> [UInt8] {
        let names = OrderMask.names.filter { mask.contains($0.mask) }.map { $0.name.lowercased() }
        let list = quoted ? names.map { "\"\($0)\"" }.joined(separator: ",") : ""
        return Array((quoted ? "[\(list)]" : names.joined(separator: ", ")).utf8)
    }

    package static func get(
        _ id: String, withHistory: Bool, from target: any Target, json: Bool, to output: Output
    ) throws {
        let history = try target.order(id)
        guard let present = history.present else {
            throw ToolFailure(
                ExitStatus.error, "no order \(id): tacho order list prints those that are open")
        }
        if json {
            try output.line(object(id, history, present, withHistory: withHistory))
        } else {
            try print(id, history, present, to: output)
            if withHistory { try print(history, to: output) }
        }
        try output.flush()
    }

    private static func print(
        _ id: String, _ history: OrderHistory, _ present: OrderEntry, to output: Output
    ) throws {
        let rider = history.rider.isEmpty ? "no rider" : text(history.rider)
        let ended = history.isOpen ? "" : "  ended"
        try output.line(
            "\(id)  \(text(present.event.state))  \(rider)  since "
                + "\(UTCTime.text(ms: present.event.tsMs))\(ended)  \(history.entries.count) events"
        )
    }

    private static func print(_ history: OrderHistory, to output: Output) throws {
        for entry in history.entries {
            let event = entry.event
            var line = "  \(UTCTime.text(ms: event.tsMs))  \(text(event.state))"
            if !event.rider.isEmpty { line += "  " + text(event.rider) }
            if !event.by.isEmpty { line += "  by " + text(event.by) }
            if !event.mask.isEmpty {
                line += "  (" + String(decoding: words(event.mask), as: UTF8.self) + ")"
            }
            try output.line(line)
        }
    }

    private static func object(
        _ id: String, _ history: OrderHistory, _ present: OrderEntry, withHistory: Bool
    ) -> [UInt8] {
        var object = JSONObject()
        object.add("order", string: id)
        object.add("rider", orNull: history.rider)
        object.add("state", string: text(present.event.state))
        object.add("ts_ms", integer: present.event.tsMs)
        object.add("recv_ms", integer: present.event.recvMs)
        object.add("by", orNull: present.event.by)
        object.add("open", json: Array((history.isOpen ? "true" : "false").utf8))
        object.add("end_ms", orNull: history.end?.event.tsMs)
        object.add("events", integer: Int64(history.entries.count))
        guard withHistory else { return object.finished() }
        object.add(
            "riders",
            json: list(
                history.holders.map { holder in
                    var object = JSONObject()
                    object.add("rider", string: text(holder.rider))
                    object.add("from_ms", integer: holder.fromMs)
                    object.add("to_ms", orNull: holder.toMs)
                    return object.finished()
                }))
        object.add("history", json: list(history.entries.map { event($0) }))
        return object.finished()
    }

    private static func event(_ entry: OrderEntry) -> [UInt8] {
        var object = JSONObject()
        object.add("id", string: entry.id.text)
        object.add("event", string: entry.event.kind.name)
        object.add("rider", orNull: entry.event.rider)
        object.add("state", string: text(entry.event.state))
        object.add("ts_ms", integer: entry.event.tsMs)
        object.add("recv_ms", integer: entry.event.recvMs)
        object.add("by", orNull: entry.event.by)
        object.add("mask", integer: Int64(entry.event.mask.rawValue))
        return object.finished()
    }

    private static func list(_ objects: [[UInt8]]) -> [UInt8] {
        Array("[".utf8) + Array(objects.joined(separator: Array(",".utf8))) + Array("]".utf8)
    }

    package static func list(
        of rider: String?, from target: any Target, json: Bool, to output: Output
    ) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.openOrders(of: rider, after: cursor)
            for event in page.events { try print(event, json: json, to: output) }
            count += page.events.count
            cursor = page.next
        } while cursor != nil
        if count == 0 && !json { try output.line("no open orders") }
        try output.flush()
    }

    private static func print(_ event: OrderEvent, json: Bool, to output: Output) throws {
        guard json else {
            return try output.line(
                "\(text(event.rider))  \(text(event.order))  \(text(event.state))  since "
                    + UTCTime.text(ms: event.tsMs))
        }
        var object = JSONObject()
        object.add("order", string: text(event.order))
        object.add("rider", string: text(event.rider))
        object.add("state", string: text(event.state))
        object.add("ts_ms", integer: event.tsMs)
        object.add("recv_ms", integer: event.recvMs)
        object.add("by", orNull: event.by)
        try output.line(object.finished())
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension JSONObject {
    fileprivate mutating func add(_ key: String, orNull text: [UInt8]) {
        if text.isEmpty {
            addNull(key)
        } else {
            add(key, string: String(decoding: text, as: UTF8.self))
        }
    }

    fileprivate mutating func add(_ key: String, orNull integer: Int64?) {
        if let integer { add(key, integer: integer) } else { addNull(key) }
    }
}
