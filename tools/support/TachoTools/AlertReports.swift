import TachoClient
package import TachoGeo

/// What `tacho alerts` prints.
extension Reports {
    package static func alerts(
        _ filter: AlertFilter = AlertFilter(), limit: Int = Int.max, from target: any Target,
        json: Bool, to output: Output
    ) throws {
        var cursor: String?
        var count = 0
        repeat {
            let page = try target.alerts(filter, limit: limit - count, after: cursor)
            for row in page.rows {
                if json { try output.line(self.json(row)) } else { try output.line(text(row)) }
            }
            count += page.rows.count
            cursor = page.next
        } while cursor != nil && count < limit
        if count == 0 && !json { try output.line("no alerts") }
        try output.flush()
    }

    /// An alert and its history.
    package static func alertFile(
        _ id: String, from target: any Target, json: Bool, to output: Output
    ) throws {
        guard let file = try target.alert(id) else { throw unknownAlert(id) }
        if json {
            var object = object(file.alert)
            object.add("history", json: list(file.history.map { self.object($0).finished() }))
            try output.line(object.finished())
        } else {
            try output.line(text(file.alert))
            for row in file.history { try output.line("  " + text(row)) }
            if file.history.isEmpty { try output.line("  nobody has said anything about it") }
        }
        try output.flush()
    }

    /// Appends to an alert's history and prints the record.
    package static func review(
        _ order: ReviewOrder, on target: any Target, json: Bool, to output: Output
    ) throws {
        let row = try target.review(order)
        if json {
            try output.line(object(row, of: order.id).finished())
        } else {
            try output.line("alert \(order.id): " + text(row))
        }
        try output.flush()
    }

    package static func feedback(
        from target: any Target, json: Bool, to output: Output
    ) throws {
        let rows = try target.feedback()
        for row in rows {
            if json {
                try output.line(object(row).finished())
            } else {
                let rate = row.falsePositiveRate ?? "unknown"
                try output.line(
                    "\(row.code)  alerts \(row.alerts)  acknowledged \(row.acknowledged)"
                        + "  false positives \(row.falsePositives)  confirmed \(row.confirmed)"
                        + "  appeals \(row.appeals)  upheld \(row.upheld)"
                        + "  rejected \(row.rejected)  rate of false positives \(rate)")
            }
        }
        if rows.isEmpty && !json { try output.line("no alerts") }
        try output.flush()
    }

    static func unknownAlert(_ id: String) -> ToolFailure {
        ToolFailure(ExitStatus.error, "no alert has the id \(id), tacho alerts lists them")
    }

    static func json(_ row: AlertRow) -> [UInt8] { object(row).finished() }

    private static func object(_ row: AlertRow) -> JSONObject {
        var object = JSONObject()
        object.add("rider", string: row.rider)
        object.add("ts_ms", integer: row.tsMs)
        object.add("at_recv_ms", integer: row.atRecvMs)
        object.add("code", string: row.code)
        object.add("severity", string: row.severity)
        object.add("verdict", string: row.verdict)
        object.add("count", integer: row.count)
        if let id = row.id { object.add("id", string: id) }
        if let state = row.state { object.add("state", string: state) }
        object.add("evidence", json: Array(row.evidence.utf8))
        return object
    }

    private static func object(_ row: ReviewRow, of id: String? = nil) -> JSONObject {
        var object = JSONObject()
        if let id { object.add("id", string: id) }
        object.add("step", integer: row.step)
        object.add("state", string: row.state)
        object.add("at_ms", integer: row.atMs)
        object.add("by", string: row.actor)
        object.add("note", string: row.note)
        return object
    }

    private static func object(_ row: FeedbackRow) -> JSONObject {
        var object = JSONObject()
        object.add("code", string: row.code)
        object.add("alerts", integer: row.alerts)
        object.add("acknowledged", integer: row.acknowledged)
        object.add("false_positives", integer: row.falsePositives)
        object.add("confirmed", integer: row.confirmed)
        object.add("appeals", integer: row.appeals)
        object.add("upheld", integer: row.upheld)
        object.add("rejected", integer: row.rejected)
        if let rate = row.falsePositiveRate {
            object.add("false_positive_rate", json: Array(rate.utf8))
        } else {
            object.addNull("false_positive_rate")
        }
        return object
    }

    /// A JSON array of what is JSON already.
    static func list(_ elements: [[UInt8]]) -> [UInt8] {
        Array("[".utf8) + Array(elements.joined(separator: [UInt8(ascii: ",")])) + Array("]".utf8)
    }

    private static func text(_ row: AlertRow) -> String {
        let hits = row.count > 1 ? "  \(row.count) times" : ""
        let state = [row.id, row.state].compactMap { $0 }.map { "  \($0)" }.joined()
        return "\(Instant.text(ms: row.atRecvMs))  \(row.severity)  \(row.code)  \(row.rider)"
            + "  fix of \(Instant.text(ms: row.tsMs))  \(row.verdict)\(hits)\(state)"
            + "  \(row.evidence)"
    }

    private static func text(_ row: ReviewRow) -> String {
        let note = row.note.isEmpty ? "" : ": \(row.note)"
        return "\(row.state) at \(Instant.text(ms: row.atMs)) by \(row.actor)\(note)"
    }
}
