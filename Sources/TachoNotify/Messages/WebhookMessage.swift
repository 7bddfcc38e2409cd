import TachoEngine
import TachoGeo

/// The body of a webhook, and the id it is sent under. `format-spec.md` §24.
enum WebhookMessage {
    /// Of the whole request: the same id, the same events. Receivers that look no further than the
    /// header see a repeated request by it; a repeated event they see by its own id.
    static func id(_ delivery: Delivery) -> String {
        let first = delivery.items.first.map { eventID($0) } ?? ""
        return delivery.items.count == 1 ? first : "\(first)+\(delivery.items.count - 1)"
    }

    /// Of one event; the same whenever it is sent.
    static func eventID(_ item: DeliveryItem) -> String {
        switch item {
        case .alert(let alert, _): "alert_" + alert.id.text
        case .again(let episode): "again_" + episode.last.text
        case .resolved(let episode, _, _): "resolved_" + episode.last.text
        }
    }

    static func body(
        _ delivery: Delivery, _ alerts: [AlertID: Alert], _ evidence: EvidenceTemplate
    ) -> [UInt8] {
        var json = JSONWriter()
        json.begin("{")
        json.key("events")
        json.begin("[")
        for item in delivery.items { put(item, alerts, evidence, to: &json) }
        json.end("]")
        json.end("}")
        return json.bytes
    }

    private static func put(
        _ item: DeliveryItem, _ alerts: [AlertID: Alert], _ evidence: EvidenceTemplate,
        to json: inout JSONWriter
    ) {
        json.begin("{")
        json.add("id", eventID(item))
        switch item {
        case .alert(let alert, let episode):
            json.add("type", alert.id == episode.first ? "alert.opened" : "alert.continued")
            json.add("timestamp", UTCTime.text(ms: alert.id.ms))
            put(episode, alert, evidence, to: &json)
        case .again(let episode):
            json.add("type", "alert.open")
            json.add("timestamp", UTCTime.text(ms: episode.last.ms))
            put(episode, alerts[episode.last], evidence, to: &json)
        case .resolved(let episode, let atMs, let why):
            json.add("type", "alert.resolved")
            json.add("timestamp", UTCTime.text(ms: atMs))
            json.add("reason", why.rawValue)
            put(episode, alerts[episode.last], evidence, to: &json)
        }
        json.end("}")
    }

    private static func put(
        _ episode: Episode, _ alert: Alert?, _ evidence: EvidenceTemplate,
        to json: inout JSONWriter
    ) {
        let key = episode.key
        json.add("episode", episode.first.text)
        json.add("rider", key.rider)
        json.add("rule", key.code.name)
        json.add("severity", key.severity)
        let id = (alert?.id ?? episode.last).text
        json.add("alert_id", id)
        if let alert {
            json.add("summary", AlertText.summary(alert))
            json.add("ts_ms", integer: alert.tsMs)
            json.add("at_recv_ms", integer: alert.atRecvMs)
            json.add("verdict", alert.verdict.text)
        }
        json.add(
            "evidence_url",
            evidence.url(id: id, rider: key.rider, tsMs: alert?.tsMs, code: key.code.name))
        if let alert { json.add("evidence", json: alert.evidenceJSON) }
    }
}
