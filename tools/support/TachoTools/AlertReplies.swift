import TachoWire

/// A flat list of names and values.
private struct NamedValues {
    private var values: [String: Reply] = [:]

    init?(_ reply: Reply) {
        guard let pairs = RemoteReplies.pairs(reply) else { return nil }
        for (name, value) in pairs { values[name] = value }
    }

    func text(_ name: String) -> String? { values[name]?.text }

    func integer(_ name: String) -> Int64? {
        values[name]?.integer ?? text(name).flatMap { Int64($0) }
    }

    /// A decimal number as it was written.
    func number(_ name: String) -> String? {
        text(name).flatMap { text in Double(text).map { $0.isFinite } == true ? text : nil }
    }

    func list(_ name: String) -> [Reply]? { values[name]?.elements }
}

/// Replies about alerts as values; nil for a reply of another shape.
extension RemoteReplies {
    /// Flat name–value lists, a cursor last if it was cut.
    static func alerts(_ reply: Reply) -> AlertRows? {
        guard var elements = reply.elements else { return nil }
        var page = AlertRows(rows: [], next: nil)
        if let last = elements.last, let cursor = last.text {
            page.next = cursor
            elements.removeLast()
        }
        guard let rows = all(elements, { NamedValues($0).flatMap(alert) }) else { return nil }
        page.rows = rows
        return page
    }

    private static func alert(_ values: NamedValues) -> AlertRow? {
        guard let rider = values.text("rider"), let tsMs = values.integer("ts_ms"),
            let atRecvMs = values.integer("at_recv_ms"), let code = values.text("code"),
            let severity = values.text("severity"), let verdict = values.text("verdict"),
            let count = values.integer("count"), let evidence = values.text("evidence")
        else { return nil }
        return AlertRow(
            rider: rider, tsMs: tsMs, atRecvMs: atRecvMs, code: code, severity: severity,
            verdict: verdict, count: count, evidence: evidence, id: values.text("id"),
            state: values.text("state"))
    }

    static func alertFile(_ reply: Reply) -> AlertFileRow? {
        guard let values = NamedValues(reply), let alert = alert(values),
            let history = values.list("history").flatMap({ all($0, review) })
        else { return nil }
        return AlertFileRow(alert: alert, history: history)
    }

    static func review(_ reply: Reply) -> ReviewRow? {
        guard let values = NamedValues(reply), let step = values.integer("step"),
            let state = values.text("state"), let atMs = values.integer("at_ms"),
            let actor = values.text("by"), let note = values.text("note")
        else { return nil }
        return ReviewRow(step: step, state: state, atMs: atMs, actor: actor, note: note)
    }

    static func feedback(_ reply: Reply) -> [FeedbackRow]? {
        reply.elements.flatMap { all($0, feedbackRow) }
    }

    private static func feedbackRow(_ reply: Reply) -> FeedbackRow? {
        guard let values = NamedValues(reply), let code = values.text("code"),
            let alerts = values.integer("alerts"),
            let acknowledged = values.integer("acknowledged"),
            let falsePositives = values.integer("false_positives"),
            let confirmed = values.integer("confirmed"), let appeals = values.integer("appeals"),
            let upheld = values.integer("upheld"), let rejected = values.integer("rejected")
        else { return nil }
        return FeedbackRow(
            code: code, alerts: alerts, acknowledged: acknowledged,
            falsePositives: falsePositives, confirmed: confirmed, appeals: appeals,
            upheld: upheld, rejected: rejected,
            falsePositiveRate: values.number("false_positive_rate"))
    }

    static func risk(_ reply: Reply) -> [RiskRow]? { reply.elements.flatMap { all($0, riskRow) } }

    private static func riskRow(_ reply: Reply) -> RiskRow? {
        guard let values = NamedValues(reply), let rider = values.text("rider"),
            let risk = values.number("risk"), let alerts = values.integer("alerts"),
            let atMs = values.integer("at_ms"),
            let shares = values.list("codes").flatMap({ all($0, share) })
        else { return nil }
        return RiskRow(
            rider: rider, risk: risk, caseSinceMs: values.integer("case_since_ms"),
            alerts: alerts, atMs: atMs, shares: shares)
    }

    private static func share(_ reply: Reply) -> RiskRow.Share? {
        guard let values = NamedValues(reply), let code = values.text("code"),
            let severity = values.text("severity"), let alerts = values.integer("alerts"),
            let risk = values.number("risk"), let last = values.integer("last_at_recv_ms")
        else { return nil }
        return RiskRow.Share(
            code: code, severity: severity, alerts: alerts, risk: risk, lastAtRecvMs: last)
    }

    private static func all<Row>(_ elements: [Reply], _ read: (Reply) -> Row?) -> [Row]? {
        var rows: [Row] = []
        for element in elements {
            guard let row = read(element) else { return nil }
            rows.append(row)
        }
        return rows
    }
}
