import TachoEngine
import TachoGeo
import TachoWire

/// Everything that is no write. Runs when no write before it is unanswered.
extension ConnectionHandler {
    func run(_ command: Command, _ arguments: Arguments) {
        switch command {
        case .add, .addMany, .put: preconditionFailure("writes are collected, not run")
        case .get(let query): latest(arguments[1], withAge: query.withAge, raw: query.raw)
        case .getMany:
            output.array(arguments.count - 1)
            for i in 1..<arguments.count { latest(arguments[i]) }
        case .range(let query): range(query, arguments)
        case .length(let query): length(query, arguments)
        case .alerts(let query): alerts(query, arguments)
        case .seal: seal()
        case .stats: stats()
        case .streamRange(let range): streamRange(range)
        case .streamLength(let stream):
            output.integer(stream == .alerts ? Int64(service.engine.alertCount) : 0)
        case .streamRead(let read): streamRead(read)
        case .session(let session): run(session)
        }
    }

    private func latest(
        _ rider: UnsafeRawBufferPointer, withAge: Bool = false, raw: Bool = false
    ) {
        guard let fix = service.engine.latest(rider: rider, raw: raw) else {
            return output.nullArray()
        }
        output.latest(fix, ageMs: withAge ? service.nowMs() - fix.fix.tsMs : nil)
    }

    private func range(_ query: RangeQuery, _ arguments: Arguments) {
        let limits = service.limits
        var track = trackQuery(query, arguments)
        if let index = query.cursorArgument {
            let text = String(decoding: arguments[index], as: UTF8.self)
            guard let cursor = TrackCursor(text) else {
                return output.error(
                    "ERR CURSOR '\(Arguments.shown(arguments[index]))' is none that T.RANGE gave")
            }
            track.after = cursor
        }
        track.limit = query.count.map { min($0, limits.pageFixes) } ?? limits.rangeFixes
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        service.engine.track(track) { result in
            // On the engine's thread: a day of a rider is megabytes of text, and the loop has
            // other clients.
            var writer = ReplyWriter()
            writer.page(result, hasCount: query.count != nil, limits: limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func length(_ query: RangeQuery, _ arguments: Arguments) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        service.engine.length(trackQuery(query, arguments)) { result in
            var writer = ReplyWriter()
            writer.length(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func trackQuery(_ query: RangeQuery, _ arguments: Arguments) -> TrackQuery {
        TrackQuery(
            rider: arguments.copy(1), fromMs: query.fromMs, toMs: query.toMs, filter: query.filter)
    }

    /// By receipt time, with counts: read on the engine's thread, like a track.
    private func alerts(_ query: AlertQuery, _ arguments: Arguments) {
        var after: AlertCursor?
        if let index = query.cursorArgument {
            after = AlertCursor(String(decoding: arguments[index], as: UTF8.self))
            guard after != nil else {
                return output.error(
                    "ERR CURSOR '\(Arguments.shown(arguments[index]))' is none that T.ALERTS gave")
            }
        }
        let limit = min(query.count ?? Int.max, service.limits.streamEntries)
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        service.engine.alertsByReceipt(after: after, limit: limit) { result in
            var writer = ReplyWriter()
            writer.alertPage(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func seal() {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        service.engine.seal { result in
            var writer = ReplyWriter()
            writer.sealed(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func stats() {
        let stats = service.engine.stats()
        output.array(stats.count * 2)
        for (name, value) in stats {
            output.bulk(name)
            switch value {
            case .integer(let value): output.integer(value)
            case .real(let value): output.bulk(Self.shortest(value))
            }
        }
    }

    static func shortest(_ value: Double) -> String {
        let text = String(value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
