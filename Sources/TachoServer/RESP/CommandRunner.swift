import TachoEngine
import TachoGeo
import TachoWire

/// Everything that is no write. Runs when no write before it is unanswered.
extension ConnectionHandler {
    func run(_ command: Command, _ arguments: Arguments) {
        switch command {
        case .add, .addMany, .put: preconditionFailure("writes are collected, not run")
        case .get(let query):
            latest(1, withAge: query.withAge, raw: query.raw) { _ in arguments[1] }
        case .getMany:
            output.array(arguments.count - 1)
            latest(arguments.count - 1) { arguments[$0 + 1] }
        case .range(let query): range(query, arguments)
        case .length(let query): length(query, arguments)
        case .position(let request): position(request, arguments)
        case .distance(let command): distance(command, arguments)
        case .trips(let request): trips(request, .trips, arguments)
        case .stops(let request): trips(request, .stops, arguments)
        case .alerts(let query): alerts(query, arguments)
        case .explain(let query): explain(query, arguments)
        case .nearby(let query): nearby(query)
        case .within(let query): within(query, arguments)
        case .who(let query): who(query, arguments)
        case .fence(let command): fence(command, arguments)
        case .order(let command): order(command, arguments)
        case .rider(let command): rider(command, arguments)
        case .alert(let command): alert(command, arguments)
        case .risk(let request): risk(request, arguments)
        case .targets(let command): targets(command, arguments)
        case .seal: seal()
        case .rebuild(let segment): rebuild(segment)
        case .reindex(let resolution): reindex(resolution)
        case .scrub(let newestDayOnly): scrub(newestDayOnly)
        case .retire(let request): retire(request)
        case .backup(let begins): backup(begins)
        case .stats: stats()
        case .rules(let rules): run(rules)
        case .streamRange(let range): streamRange(range)
        case .streamLength(let stream): streamLength(stream)
        case .streamRead(let read): streamRead(read)
        case .subscription(let command): subscription(command)
        case .group(let command): group(command)
        case .view(let view): run(view, arguments)
        case .session(let session): run(session, arguments)
        }
    }

    /// For a cursor that this command never handed out.
    func refuseCursor(_ arguments: Arguments, _ index: Int, of command: String) {
        output.error(
            "ERR CURSOR '\(Arguments.shown(arguments[index]))' is none that \(command) gave")
    }

    /// The latest fixes of `count` riders, one reply each. Cost: 0.2 µs a rider, no allocation.
    func latest(
        _ count: Int, withAge: Bool = false, raw: Bool = false,
        _ rider: (Int) -> UnsafeRawBufferPointer
    ) {
        let nowMs = withAge ? service.nowMs() : 0
        let cells = service.shownCells
        // A property of an object is checked at each access, a local is not.
        var replies = ReplyWriter()
        swap(&replies, &output)
        defer { swap(&replies, &output) }
        service.engine.latest(count: count, raw: raw, rider) { number, fix in
            guard let fix else { return replies.nullArray() }
            let cell = cells.cell(of: fix.fix, rider: number)
            replies.latest(fix, cell: cell, ageMs: withAge ? nowMs - fix.fix.tsMs : nil)
        }
    }

    private func range(_ query: RangeQuery, _ arguments: Arguments) {
        let limits = service.limits
        var track = trackQuery(query, arguments)
        if let index = query.cursorArgument {
            let text = String(decoding: arguments[index], as: UTF8.self)
            guard let cursor = TrackCursor(text) else {
                return refuseCursor(arguments, index, of: "T.RANGE")
            }
            track.after = cursor
        }
        // A packed batch is to fit a T.PUT, as a page does.
        let whole = query.form == .packed ? limits.pageFixes : limits.rangeFixes
        track.limit = query.count.map { min($0, limits.pageFixes) } ?? whole
        let rider = track.rider
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.track(track, isWanted: presence.isThere) { result in
            // On the engine's thread: a day of a rider is megabytes of text, and the loop has
            // other clients.
            var writer = ReplyWriter(version)
            if query.form == .points {
                writer.page(result, hasCount: query.count != nil, limits: limits) { piece in
                    mailbox.post(.answering(connection: id, ticket: ticket, piece: piece))
                }
            } else {
                writer.page(
                    result, of: rider, as: query.form, hasCount: query.count != nil, whole: whole,
                    limits)
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func length(_ query: RangeQuery, _ arguments: Arguments) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.length(trackQuery(query, arguments)) { result in
            var writer = ReplyWriter(version)
            writer.length(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func trackQuery(_ query: RangeQuery, _ arguments: Arguments) -> TrackQuery {
        TrackQuery(
            rider: arguments.copy(1), fromMs: query.fromMs, toMs: query.toMs, filter: query.filter,
            simplifyMm: query.simplifyMm)
    }

    /// By receipt time, with counts: read on the engine's thread, like a track.
    private func alerts(_ query: AlertQuery, _ arguments: Arguments) {
        var after: AlertCursor?
        if let index = query.cursorArgument {
            after = AlertCursor(String(decoding: arguments[index], as: UTF8.self))
            guard after != nil else {
                return refuseCursor(arguments, index, of: "T.ALERTS")
            }
        }
        let limit = min(query.count ?? Int.max, service.limits.streamEntries)
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let (version, shown) = (output.version, shownRiders)
        service.engine.alertsByReceipt(query.filter, after: after, limit: limit) { result in
            var writer = ReplyWriter(version)
            writer.alertPage(result, shown: shown)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func seal() {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.seal { result in
            var writer = ReplyWriter(version)
            writer.sealed(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    /// Minutes, for a large directory: answered at its end.
    private func reindex(_ resolution: Int?) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.reindex(resolution: resolution) { result in
            var writer = ReplyWriter(version)
            switch result {
            case .success(let report): writer.reindexed(report)
            case .failure(let failure): writer.error("ERR \(failure)")
            }
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    private func stats() {
        let stats = service.engine.stats()
        output.map(stats.count)
        for (name, value) in stats {
            output.bulk(name)
            switch value {
            case .integer(let value): output.integer(value)
            case .real(let value): output.decimal(Self.shortest(value))
            }
        }
    }

    static func shortest(_ value: Double) -> String {
        let text = String(value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
