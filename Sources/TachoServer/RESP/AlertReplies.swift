import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

/// Entries of the stream `alerts` as Redis gives stream entries.
extension ReplyWriter {
    /// [id, [field, value, …]]; fields are the keys of `tacho alerts`, with a count of 1: entries
    /// are immutable, later hits are counted elsewhere.
    mutating func entry(_ alert: Alert) {
        array(2)
        bulk(alert.id.text)
        array(16)
        fields(alert)
    }

    /// T.ALERTS: fields as in the stream, with the counts of later hits, id and state; when cut, a
    /// cursor last. `shown`: riders that whoever asks may be told of; nil: all.
    mutating func alertPage(_ result: Result<AlertPage, ReadError>, shown: RiderPrefixes?) {
        switch result {
        case .failure(let failure): error("ERR \(failure)")
        case .success(let page):
            array(page.alerts.count + (page.next == nil ? 0 : 1))
            for var alert in page.alerts {
                if let shown {
                    alert.evidenceJSON = EvidenceSource.shown(
                        alert.evidenceJSON, to: shown.contain)
                }
                listed(alert)
            }
            if let next = page.next { bulk(next.text) }
        }
    }

    /// The sixteen names and values that do not change.
    mutating func fields(_ alert: Alert) {
        bulk("rider")
        bulk(alert.rider)
        bulk("ts_ms")
        bulk(String(alert.tsMs))
        bulk("at_recv_ms")
        bulk(String(alert.atRecvMs))
        bulk("code")
        bulk(alert.code.name)
        bulk("severity")
        bulk(alert.severity)
        bulk("verdict")
        bulk(alert.verdict.text)
        bulk("count")
        bulk(String(alert.count))
        bulk("evidence")
        bulk(alert.evidenceJSON)
    }
}
