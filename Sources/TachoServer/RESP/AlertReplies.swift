import NIOCore
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
    /// cursor last.
    mutating func alertPage(_ result: Result<AlertPage, ReadError>) {
        switch result {
        case .failure(let failure): error("ERR \(failure)")
        case .success(let page):
            array(page.alerts.count + (page.next == nil ? 0 : 1))
            for alert in page.alerts { listed(alert) }
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

    /// XRANGE. More than the server gives at once is an error: a client that pages would take a
    /// short page for the last.
    mutating func entries(_ alerts: [Alert], limits: ServerLimits) {
        let start = count
        array(alerts.count)
        for alert in alerts { entry(alert) }
        if alerts.count > limits.streamEntries || count - start > limits.replyBytes {
            truncate(to: start)
            error("ERR too many entries for one reply, use a smaller COUNT")
        }
    }

    /// XREAD: [[stream, entries]]. What does not fit is read with the next call, as the client
    /// goes on from the last id it got.
    mutating func readEntries(_ alerts: [Alert], limits: ServerLimits) {
        var body = ReplyWriter()
        var fitting = 0
        for alert in alerts {
            let before = body.count
            body.entry(alert)
            if fitting > 0 && body.count > limits.replyBytes - 64 {
                body.truncate(to: before)
                break
            }
            fitting += 1
        }
        array(1)
        array(2)
        bulk("alerts")
        array(fitting)
        append(contentsOf: body.bytes)
    }
}

/// An XREAD with BLOCK that has found nothing yet.
struct BlockedRead {
    /// What it asks for. Most readers of a stream wait behind the same entry.
    struct Question: Hashable {
        var after: AlertID?
        var limit: Int
    }

    var ticket: UInt64
    var question: Question
    var timeout: Scheduled<Void>?
}

extension AlertID {
    /// The stream id as the engine counts; beyond its numbers means after every entry of that ms.
    init(_ id: StreamID) {
        self.init(ms: id.ms, n: UInt32(clamping: id.n))
    }
}

extension ConnectionHandler {
    func streamRange(_ range: StreamRange) {
        let limit = min(range.count ?? Int.max, service.limits.streamEntries + 1)
        guard range.stream == .alerts, !range.isEmpty else { return output.array(0) }
        let after = range.start.predecessor.map { AlertID($0) }
        let alerts = service.engine.alerts(
            after: after, through: AlertID(range.end), limit: limit)
        output.entries(alerts, limits: service.limits)
    }

    func streamRead(_ read: StreamRead) {
        let limit = min(read.count ?? Int.max, service.limits.streamEntries)
        var after: AlertID?
        switch read.alerts {
        case .after(let id)?: after = AlertID(id)
        case .newest?: after = service.engine.lastAlertID
        case nil: break
        }
        if read.alerts != nil {
            let alerts = service.engine.alerts(after: after, through: nil, limit: limit)
            if !alerts.isEmpty { return output.readEntries(alerts, limits: service.limits) }
        }
        guard let blockMs = read.blockMs, let context else { return output.nullArray() }
        var blocked = BlockedRead(
            ticket: state.startAnswer(),
            question: BlockedRead.Question(after: after, limit: limit))
        if blockMs > 0 {
            let ticket = blocked.ticket
            blocked.timeout = context.eventLoop.assumeIsolated().scheduleTask(
                in: .milliseconds(blockMs)
            ) { [weak self] in self?.timedOut(ticket) }
        }
        self.blocked = blocked
        if read.alerts != nil { service.block(id) }
    }

    /// True if there is something for this connection. `found` spares asking the engine again
    /// for every one of thousands that wait behind the same entry.
    func alertsArrived(_ found: inout [BlockedRead.Question: [Alert]]) -> Bool {
        guard let blocked else { return false }
        let question = blocked.question
        let alerts =
            found[question]
            ?? service.engine.alerts(
                after: question.after, through: nil, limit: question.limit)
        found[question] = alerts
        guard !alerts.isEmpty else { return false }
        blocked.timeout?.cancel()
        forgetBlocked(blocked.ticket)
        output.readEntries(alerts, limits: service.limits)
        return true
    }

    private func timedOut(_ ticket: UInt64) {
        guard blocked?.ticket == ticket else { return }
        unblock()
        goOn()
    }

    /// Ends an XREAD that found nothing.
    func unblock() {
        guard let blocked else { return }
        blocked.timeout?.cancel()
        forgetBlocked(blocked.ticket)
        output.nullArray()
    }

    private func forgetBlocked(_ ticket: UInt64) {
        let isCurrent = state.answered(ticket)
        precondition(isCurrent, "XREAD \(ticket) is blocked in \(state.phase)")
        blocked = nil
        service.unblock(id)
    }
}
