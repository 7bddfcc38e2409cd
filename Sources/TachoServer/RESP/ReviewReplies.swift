import TachoEngine
import TachoGeo
import TachoWire

/// T.ALERT and T.RISK.
extension ConnectionHandler {
    func alert(_ command: AlertCommand, _ arguments: Arguments) {
        switch command {
        case .feedback: output.feedback(service.engine.alertFeedback())
        case .get(let alert):
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.alertFile(AlertID(alert)) { result in
                var writer = ReplyWriter(version)
                writer.alertFile(result)
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        case .review(let request):
            let review = ReviewRequest(
                id: AlertID(request.id), state: request.state,
                actor: request.actorArgument.map { arguments.copy($0) } ?? Array(userName.utf8),
                note: request.noteArgument.map { arguments.copy($0) } ?? [])
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            service.engine.review(review) { result in
                var writer = ReplyWriter(version)
                writer.review(result)
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        }
    }

    func risk(_ request: RiskRequest, _ arguments: Arguments) {
        var query = RiskQuery()
        query.minE6 = request.minE6
        query.atMs = request.atMs
        query.limit = min(request.count ?? service.limits.riskRiders, service.limits.riskRiders)
        query.riders = request.firstRider.map { first in
            (first..<arguments.count).map { arguments.copy($0) }
        }
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.risk(query) { result in
            var writer = ReplyWriter(version)
            writer.risk(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// An alert as T.ALERTS lists it: its fields, then what may change.
    mutating func listed(_ alert: Alert, more: Int = 0) {
        map(10 + more)
        fields(alert)
        bulk("id")
        bulk(alert.id.text)
        bulk("state")
        bulk(alert.state.name)
    }

    mutating func alertFile(_ result: Result<AlertFile?, ReadError>) {
        switch result {
        case .failure(let failure): error("ERR \(failure)")
        case .success(.none): nullArray()
        case .success(.some(let file)):
            listed(file.alert, more: 1)
            bulk("history")
            array(file.history.count)
            for record in file.history { self.record(record) }
        }
    }

    mutating func review(_ result: Result<AlertRecord, ReviewError>) {
        switch result {
        case .success(let record): self.record(record)
        case .failure(.tryAgain(let ms, let reason)): error("TRYAGAIN \(ms) \(reason)")
        case .failure(let failure): error("ERR \(failure)")
        }
    }

    private mutating func record(_ record: AlertRecord) {
        map(5)
        bulk("step")
        integer(Int64(record.step))
        bulk("state")
        bulk(record.state.name)
        bulk("at_ms")
        integer(record.atMs)
        bulk("by")
        bulk(record.actor)
        bulk("note")
        bulk(record.note)
    }

    mutating func feedback(_ rules: [RuleFeedback]) {
        array(rules.count)
        for rule in rules {
            map(9)
            bulk("code")
            bulk(rule.code.name)
            named("alerts", rule.alerts)
            named("acknowledged", rule.acknowledged)
            named("false_positives", rule.falsePositives)
            named("confirmed", rule.confirmed)
            named("appeals", rule.appeals)
            named("upheld", rule.upheld)
            named("rejected", rule.rejected)
            bulk("false_positive_rate")
            if let rate = rule.falsePositiveRateE6 { millionths(rate) } else { null() }
        }
    }

    private mutating func named(_ name: StaticString, _ value: Int) {
        bulk(name)
        integer(Int64(value))
    }

    /// The shortest decimal text of a number of millionths.
    private mutating func millionths(_ value: Int32) {
        var text: [UInt8] = []
        Decimal.append(Int64(value), decimals: 6, trimmed: true, to: &text)
        decimal(text)
    }

    mutating func risk(_ result: Result<RiskReport, ReadError>) {
        switch result {
        case .failure(let failure): error("ERR \(failure)")
        case .success(let report):
            array(report.entries.count)
            for entry in report.entries { risk(entry, atMs: report.atMs) }
        }
    }

    private mutating func risk(_ entry: RiskEntry, atMs: Int64) {
        map(7)
        bulk("rider")
        bulk(entry.rider)
        bulk("risk")
        millionths(entry.riskE6)
        named("case", entry.caseSinceMs == nil ? 0 : 1)
        bulk("case_since_ms")
        if let since = entry.caseSinceMs { integer(since) } else { null() }
        named("alerts", entry.alerts)
        bulk("at_ms")
        integer(atMs)
        bulk("codes")
        array(entry.shares.count)
        for share in entry.shares {
            map(5)
            bulk("code")
            bulk(share.code.name)
            bulk("severity")
            bulk(share.severity)
            named("alerts", share.alerts)
            bulk("risk")
            millionths(share.riskE6)
            bulk("last_at_recv_ms")
            integer(share.lastAtRecvMs)
        }
    }
}
