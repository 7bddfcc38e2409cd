package import TachoClient
package import TachoGeo
import TachoWire

extension RemoteTarget {
    package func alerts(
        _ filter: AlertFilter, limit: Int, after cursor: String?
    ) throws(ToolFailure) -> AlertRows {
        var words = ["COUNT", String(min(limit, AlertRows.pageAlerts))]
        if let cursor { words += ["CURSOR", cursor] }
        if let code = filter.code { words += ["CODE", code.name] }
        if let severity = filter.severity { words += ["SEVERITY", severity] }
        if let state = filter.state { words += ["STATE", state.name] }
        if filter.fromMs > Int64.min { words += ["FROM", String(filter.fromMs)] }
        if filter.toMs < Int64.max { words += ["TO", String(filter.toMs)] }
        let reply = try call { writer in
            writer.begin(arguments: 1 + words.count + (filter.rider == nil ? 0 : 2))
            writer.argument("T.ALERTS")
            for word in words { writer.argument(word) }
            if let rider = filter.rider {
                writer.argument("RIDER")
                writer.argument(rider)
            }
        }
        guard let page = RemoteReplies.alerts(reply) else {
            throw notUnderstood("T.ALERTS: alerts expected")
        }
        return page
    }

    package func alert(_ id: String) throws(ToolFailure) -> AlertFileRow? {
        let reply = try call { $0.command(["T.ALERT", "GET", id]) }
        if reply == .null { return nil }
        guard let file = RemoteReplies.alertFile(reply) else {
            throw notUnderstood("T.ALERT GET: an alert and its history expected")
        }
        return file
    }

    package func review(_ order: ReviewOrder) throws(ToolFailure) -> ReviewRow {
        guard let word = AlertCommand.word(order.state) else {
            preconditionFailure("no review makes an alert \(order.state.name)")
        }
        let reply = try call { writer in
            let words = ["T.ALERT", word, order.id, "BY", order.actor]
            writer.command(words + (order.note.isEmpty ? [] : ["NOTE", order.note]))
        }
        guard let row = RemoteReplies.review(reply) else {
            throw notUnderstood("T.ALERT: the record expected")
        }
        return row
    }

    package func feedback() throws(ToolFailure) -> [FeedbackRow] {
        let reply = try call { $0.command(["T.ALERT", "FEEDBACK"]) }
        guard let rows = RemoteReplies.feedback(reply) else {
            throw notUnderstood("T.ALERT FEEDBACK: counts by code expected")
        }
        return rows
    }

    package func risk(_ order: RiskOrder) throws(ToolFailure) -> [RiskRow] {
        let reply = try call { writer in
            var words = ["COUNT", String(order.limit)]
            if let minE6 = order.minE6 { words += ["MIN", Self.text(minE6)] }
            if let atMs = order.atMs { words += ["AT", String(atMs)] }
            let riders = order.riders
            writer.begin(arguments: 1 + words.count + (riders.isEmpty ? 0 : 1 + riders.count))
            writer.argument("T.RISK")
            for word in words { writer.argument(word) }
            if !riders.isEmpty { writer.argument("RIDERS") }
            for rider in riders { writer.argument(rider) }
        }
        guard let rows = RemoteReplies.risk(reply) else {
            throw notUnderstood("T.RISK: riders with their risk expected")
        }
        return rows
    }

    private static func text(_ millionths: Int32) -> String {
        var text: [UInt8] = []
        Decimal.append(Int64(millionths), decimals: 6, trimmed: true, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
