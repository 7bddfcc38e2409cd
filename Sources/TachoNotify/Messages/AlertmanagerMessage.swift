import TachoEngine
import TachoGeo

/// The body of `POST /api/v2/alerts`: one object for each alert of the stream, and for each episode that
/// is told again or has ended. `format-spec.md` §24.
enum AlertmanagerMessage {
    /// `alerts`: the newest alerts of episodes that are told without one, by id; one that is no more
    /// (given up with `--accept-loss`) is told without what it was.
    static func body(
        _ delivery: Delivery, _ alerts: [AlertID: Alert], _ evidence: EvidenceTemplate
    ) -> [UInt8] {
        var json = JSONWriter()
        json.begin("[")
        for item in delivery.items {
            switch item {
            case .alert(let alert, let episode):
                put(episode, alert, endsAtMs: nil, evidence, to: &json)
            case .again(let episode):
                put(episode, alerts[episode.last], endsAtMs: nil, evidence, to: &json)
            case .resolved(let episode, let atMs, _):
                put(episode, alerts[episode.last], endsAtMs: atMs, evidence, to: &json)
            }
        }
        json.end("]")
        return json.bytes
    }

    private static func put(
        _ episode: Episode, _ alert: Alert?, endsAtMs: Int64?, _ evidence: EvidenceTemplate,
        to json: inout JSONWriter
    ) {
        let key = episode.key
        // The alert is the episode's newest, or the one that this is about.
        let id = (alert?.id ?? episode.last).text
        let url = evidence.url(
            id: id, rider: key.rider, tsMs: alert?.tsMs, code: key.code.name)
        json.begin("{")
        json.key("labels")
        json.begin("{")
        json.add("alertname", AlertText.name(of: key.code))
        json.add("rider", key.rider)
        json.add("rule", key.code.name)
        json.add("severity", key.severity)
        json.end("}")
        json.key("annotations")
        json.begin("{")
        let rider = String(decoding: key.rider, as: UTF8.self)
        json.add(
            "summary",
            alert.map { AlertText.summary($0) } ?? "\(rider): \(key.code.name)")
        json.add("evidence", url)
        json.add("alert_id", id)
        json.end("}")
        json.add("startsAt", UTCTime.text(ms: episode.startsAtMs))
        if let endsAtMs { json.add("endsAt", UTCTime.text(ms: endsAtMs)) }
        if evidence.isURL { json.add("generatorURL", url) }
        json.end("}")
    }
}
