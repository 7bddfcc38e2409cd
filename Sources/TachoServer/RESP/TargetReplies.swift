import TachoGeo
import TachoNotify
import TachoWire

/// T.TARGETS.
extension ConnectionHandler {
    func targets(_ command: TargetsCommand, _ arguments: Arguments) {
        guard let notifier = service.notifier else {
            return output.error("ERR this server delivers no alerts")
        }
        switch command {
        case .list: output.targets(notifier.statistics())
        case .forget:
            let name = String(decoding: arguments[2], as: UTF8.self)
            let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
            let version = output.version
            notifier.forget(name) { result in
                var writer = ReplyWriter(version)
                switch result {
                case .forgotten: writer.simple("OK")
                case .unknown:
                    writer.error("ERR no target is called '\(name)', T.TARGETS LIST names them")
                case .configured:
                    writer.error(
                        "ERR '\(name)' is a target of this server: start it without it first")
                case .stopped: writer.error("ERR stopped: it is not forgotten")
                }
                mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
            }
        }
    }
}

extension ReplyWriter {
    /// An array of [name, value, …], those of this start first.
    fileprivate mutating func targets(_ statistics: NotifyStatistics) {
        array(statistics.targets.count)
        for target in statistics.targets {
            map(18)
            text("target", target.name)
            text("kind", target.kind.isEmpty ? nil : target.kind)
            text("address", target.address.isEmpty ? nil : target.address)
            number("configured", target.isConfigured ? 1 : 0)
            text("delivered", target.delivered)
            number("position", Int64(clamping: target.position))
            number("lag_alerts", Int64(clamping: target.lagAlerts))
            number("lag_ms", target.lagMs)
            number("open_episodes", Int64(target.openEpisodes))
            number("alerts_delivered", Int64(clamping: target.alertsDelivered))
            number("episodes_resolved", Int64(clamping: target.episodesResolved))
            number("resolved_early", Int64(target.resolvedEarly))
            number("requests", Int64(clamping: target.requests))
            number("failures", Int64(clamping: target.failures))
            number("failures_in_a_row", Int64(target.failuresInARow))
            text("last_error", target.lastError)
            number("last_error_at_ms", target.lastErrorAtMs)
            number("last_delivery_at_ms", target.lastDeliveryAtMs)
        }
    }

    private mutating func text(_ name: String, _ value: String?) {
        bulk(name)
        if let value { bulk(value) } else { null() }
    }

    private mutating func number(_ name: String, _ value: Int64) {
        bulk(name)
        integer(value)
    }
}
