package import TachoClient
import TachoEngine
import TachoGeo
import TachoWire

/// Where alerts are delivered to, and how far.
package struct DeliveryRow: Equatable, Sendable {
    package var target: String
    /// nil: it is no target of the server that was asked.
    package var kind: String?
    package var address: String?
    /// The newest alert that was delivered.
    package var delivered: String?
    package var lastError: String?
    /// Whole numbers by name, in the order of T.TARGETS.
    package var figures: [(name: String, value: Int64)] = []

    package static func == (a: DeliveryRow, b: DeliveryRow) -> Bool {
        a.target == b.target && a.kind == b.kind && a.address == b.address
            && a.delivered == b.delivered && a.lastError == b.lastError
            && a.figures.elementsEqual(b.figures) { $0.name == $1.name && $0.value == $1.value }
    }

    func figure(_ name: String) -> Int64 { figures.first { $0.name == name }?.value ?? 0 }
}

extension LocalTarget {
    /// Nobody delivers where no server runs: what is there are marks.
    package func deliveries() throws(ToolFailure) -> [DeliveryRow] {
        let entries = engine.alertStream.count
        do {
            return try engine.deliveryMarks().map { name, mark in
                let lag = entries > mark.position ? entries - mark.position : 0
                return DeliveryRow(
                    target: String(decoding: name, as: UTF8.self),
                    delivered: mark.delivered?.text,
                    figures: [
                        ("configured", 0), ("position", Int64(clamping: mark.position)),
                        ("lag_alerts", Int64(clamping: lag)),
                    ])
            }
        } catch {
            throw Self.failure(error)
        }
    }

    package func forgetDelivery(to name: String) throws(ToolFailure) {
        guard try deliveries().contains(where: { $0.target == name }) else {
            throw ToolFailure(
                ExitStatus.error, "no target is called \(name), tacho alerts targets names them")
        }
        guard engine.note(nil, of: Array(name.utf8)) else {
            throw Self.stopped("it is not forgotten")
        }
    }
}

extension RemoteTarget {
    package func deliveries() throws(ToolFailure) -> [DeliveryRow] {
        let reply = try call { $0.command(["T.TARGETS", "LIST"]) }
        guard let elements = reply.elements else {
            throw notUnderstood("T.TARGETS: targets expected")
        }
        var rows: [DeliveryRow] = []
        for element in elements {
            guard let pairs = RemoteReplies.pairs(element), let name = pairs.first?.1.text else {
                throw notUnderstood("T.TARGETS: names and values expected")
            }
            var row = DeliveryRow(target: name)
            for (name, value) in pairs.dropFirst() {
                switch name {
                case "kind": row.kind = value.text
                case "address": row.address = value.text
                case "delivered": row.delivered = value.text
                case "last_error": row.lastError = value.text
                default: if let number = value.integer { row.figures.append((name, number)) }
                }
            }
            rows.append(row)
        }
        return rows
    }

    package func forgetDelivery(to name: String) throws(ToolFailure) {
        _ = try call(refusalsAsTheyAre: true) { $0.command(["T.TARGETS", "FORGET", name]) }
    }
}

/// What `tacho alerts targets` prints.
extension Reports {
    package static func deliveries(
        from target: any Target, json: Bool, to output: Output
    ) throws {
        let rows = try target.deliveries()
        for row in rows {
            if json { try output.line(object(row)) } else { try output.line(text(row)) }
        }
        if rows.isEmpty && !json {
            try output.line("no targets: tachod --alertmanager URL, --webhook URL")
        }
        try output.flush()
    }

    private static func object(_ row: DeliveryRow) -> [UInt8] {
        var object = JSONObject()
        object.add("target", string: row.target)
        let texts = [
            ("kind", row.kind), ("address", row.address), ("delivered", row.delivered),
            ("last_error", row.lastError),
        ]
        for (name, value) in texts {
            if let value { object.add(name, string: value) } else { object.addNull(name) }
        }
        for (name, value) in row.figures { object.add(name, integer: value) }
        return object.finished()
    }

    private static func text(_ row: DeliveryRow) -> String {
        var text = row.target
        if let address = row.address { text += "  \(address)" }
        if row.figure("configured") == 0 { text += "  not a target of a running server" }
        text += "  delivered up to \(row.delivered ?? "none")"
        text += "  behind by \(row.figure("lag_alerts")) alerts"
        let lagMs = row.figure("lag_ms")
        if lagMs > 0 { text += ", the oldest for \(lagMs) ms" }
        if row.kind != nil { text += "  open \(row.figure("open_episodes"))" }
        let failures = row.figure("failures_in_a_row")
        if failures > 0 { text += "  failed \(failures) times in a row" }
        if let error = row.lastError {
            text += "  last error at \(Instant.text(ms: row.figure("last_error_at_ms"))): \(error)"
        }
        return text
    }
}
