package import TachoClient
import TachoEngine
package import TachoGeo

extension LocalTarget {
    package func alerts(
        _ filter: AlertFilter, limit: Int, after cursor: String?
    ) throws(ToolFailure) -> AlertRows {
        do {
            let alerts = try engine.alertsByReceipt(filter)
            return AlertRows(rows: alerts.prefix(limit).map { Self.row($0) }, next: nil)
        } catch {
            throw Self.failure(error)
        }
    }

    package func alert(_ id: String) throws(ToolFailure) -> AlertFileRow? {
        do {
            guard let id = AlertID(text: id), let file = try engine.alertFile(id) else {
                return nil
            }
            return AlertFileRow(
                alert: Self.row(file.alert), history: file.history.map { Self.row($0) })
        } catch {
            throw Self.failure(error)
        }
    }

    package func review(_ order: ReviewOrder) throws(ToolFailure) -> ReviewRow {
        guard let id = AlertID(text: order.id) else { throw Reports.unknownAlert(order.id) }
        let request = ReviewRequest(
            id: id, state: order.state, actor: Array(order.actor.utf8),
            note: Array(order.note.utf8))
        do {
            return Self.row(try engine.review(request))
        } catch {
            switch error {
            case .unknownAlert, .notAllowed, .historyFull, .text:
                throw ToolFailure(ExitStatus.error, error.description)
            case .tryAgain: throw ToolFailure(ExitStatus.tryAgain, error.description)
            case .stopped(let reason): throw Self.stopped(reason)
            case .damaged(let what): throw Self.failure(ReadError.damaged(what))
            }
        }
    }

    package func feedback() -> [FeedbackRow] {
        engine.alertFeedback().map { rule in
            FeedbackRow(
                code: rule.code.name, alerts: Int64(rule.alerts),
                acknowledged: Int64(rule.acknowledged),
                falsePositives: Int64(rule.falsePositives), confirmed: Int64(rule.confirmed),
                appeals: Int64(rule.appeals), upheld: Int64(rule.upheld),
                rejected: Int64(rule.rejected),
                falsePositiveRate: rule.falsePositiveRateE6.map { Self.millionths($0) })
        }
    }

    package func risk(_ order: RiskOrder) throws(ToolFailure) -> [RiskRow] {
        var query = RiskQuery()
        query.riders = order.riders.isEmpty ? nil : order.riders
        query.minE6 = order.minE6
        query.limit = order.limit
        query.atMs = order.atMs
        do {
            let report = try engine.risk(query)
            return report.entries.map { Self.row($0, atMs: report.atMs) }
        } catch {
            throw Self.failure(error)
        }
    }

    private static func row(_ alert: Alert) -> AlertRow {
        AlertRow(
            rider: String(decoding: alert.rider, as: UTF8.self), tsMs: alert.tsMs,
            atRecvMs: alert.atRecvMs, code: alert.code.name, severity: alert.severity,
            verdict: alert.verdict.text, count: Int64(alert.count),
            evidence: alert.evidenceJSON, id: alert.id.text, state: alert.state.name)
    }

    private static func row(_ record: AlertRecord) -> ReviewRow {
        ReviewRow(
            step: Int64(record.step), state: record.state.name, atMs: record.atMs,
            actor: String(decoding: record.actor, as: UTF8.self),
            note: String(decoding: record.note, as: UTF8.self))
    }

    private static func row(_ entry: RiskEntry, atMs: Int64) -> RiskRow {
        RiskRow(
            rider: String(decoding: entry.rider, as: UTF8.self), risk: millionths(entry.riskE6),
            caseSinceMs: entry.caseSinceMs, alerts: Int64(entry.alerts), atMs: atMs,
            shares: entry.shares.map { share in
                RiskRow.Share(
                    code: share.code.name, severity: share.severity,
                    alerts: Int64(share.alerts), risk: millionths(share.riskE6),
                    lastAtRecvMs: share.lastAtRecvMs)
            })
    }

    private static func millionths(_ value: Int32) -> String {
        var text: [UInt8] = []
        Decimal.append(Int64(value), decimals: 6, trimmed: true, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
