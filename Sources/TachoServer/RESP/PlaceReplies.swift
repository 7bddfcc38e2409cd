import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

/// Who is where now: found on a thread of the engine, like a track.
extension ConnectionHandler {
    func nearby(_ query: NearbyQuery) {
        let limits = service.limits
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        // Without a count one more than fits, to know that it does not.
        let count = query.count.map { min($0, limits.rangeFixes) } ?? limits.rangeFixes + 1
        let shown = shownRiders
        // Who has some riders only gets the nearest of those: all must be looked at.
        service.engine.nearest(
            query.circle, count: shown == nil ? count : .max, maxAgeMs: query.maxAgeMs,
            nowMs: service.nowMs()
        ) { result in
            var writer = ReplyWriter(version)
            let own = shown.map { shown in
                result.map { Array($0.lazy.filter { shown.contain($0.name) }.prefix(count)) }
            }
            writer.nearby(own ?? result, query, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    func within(_ query: WithinQuery, _ arguments: Arguments) {
        var first: UInt32 = 0
        if let index = query.cursorArgument {
            guard let cursor = UInt32(String(decoding: arguments[index], as: UTF8.self)) else {
                return refuseCursor(arguments, index, of: "T.WITHIN")
            }
            first = cursor
        }
        let limits = service.limits
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        let limit = min(query.count ?? .max, limits.rangeFixes)
        let shown = shownRiders
        service.engine.within(
            query.area, from: first, limit: shown == nil ? limit : .max,
            maxAgeMs: query.maxAgeMs, nowMs: service.nowMs()
        ) { result in
            var writer = ReplyWriter(version)
            let own = shown.map { shown in result.map { $0.only(shown, limit) } }
            writer.within(own ?? result, hasCount: query.count != nil, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

/// Who was where.
extension ConnectionHandler {
    func who(_ query: WhoQuery, _ arguments: Arguments) {
        var after: VisitCursor?
        if let index = query.cursorArgument {
            after = VisitCursor(String(decoding: arguments[index], as: UTF8.self))
            guard let cursor = after, isKnown(cursor) else {
                return refuseCursor(arguments, index, of: "T.WHO")
            }
        }
        let limits = service.limits
        let limit = min(query.count ?? .max, limits.rangeFixes)
        let shown = shownRiders
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.who(
            in: query.area, fromMs: query.fromMs, toMs: query.toMs, after: after,
            limit: shown == nil ? limit : .max, isWanted: presence.isThere
        ) { result in
            var writer = ReplyWriter(version)
            let own = shown.map { shown in result.map { $0.only(shown, limit) } }
            writer.who(own ?? result, hasCount: query.count != nil, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ConnectionHandler {
    /// A cursor names a rider, and the order of names must not be asked of riders of others.
    private func isKnown(_ cursor: VisitCursor) -> Bool {
        guard Int(cursor.number) < service.engine.riderCount else { return false }
        guard let shown = shownRiders else { return true }
        return shown.contain(service.engine.riderName(of: cursor.number))
    }
}

// Pages of a user's own riders are cut from all that were found: a cursor would name the next rider of
// somebody else, and so tell that there is one.

extension WithinPage {
    fileprivate func only(_ shown: RiderPrefixes, _ limit: Int) -> WithinPage {
        let own = riders.filter { shown.contain($0.name) }
        return WithinPage(
            riders: Array(own.prefix(limit)), next: own.count > limit ? own[limit].number : nil)
    }
}

extension VisitPage {
    fileprivate func only(_ shown: RiderPrefixes, _ limit: Int) -> VisitPage {
        let own = visits.filter { shown.contain($0.rider) }
        let page = Array(own.prefix(limit))
        return VisitPage(
            visits: page, next: own.count > limit ? page.last.map { VisitCursor($0) } : nil)
    }
}

extension ReplyWriter {
    /// resolution, chunks, rows and removed, with their names.
    mutating func reindexed(_ report: ReindexReport) {
        map(4)
        for (name, value) in [
            ("resolution", report.resolution), ("chunks", report.chunks), ("rows", report.rows),
            ("removed", report.removed),
        ] {
            bulk(name)
            integer(Int64(value))
        }
    }

    /// T.WHO: [rider, first_ts, last_ts, points].
    fileprivate mutating func who(
        _ result: Result<VisitPage, ReadError>, hasCount: Bool, _ limits: ServerLimits
    ) {
        let page: VisitPage
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): page = found
        }
        riders(page.visits, next: page.next?.text, hasCount: hasCount, limits) { writer, visit in
            writer.array(4)
            writer.bulk(visit.rider)
            writer.integer(visit.firstMs)
            writer.integer(visit.lastMs)
            writer.integer(Int64(visit.points))
        }
    }

    /// A cut page with COUNT ends in its cursor; without COUNT a cut is an error, because a client that
    /// did not ask for pages would take it for everything.
    private mutating func riders<Rider>(
        _ riders: [Rider], next: String?, hasCount: Bool, _ limits: ServerLimits,
        _ put: (inout ReplyWriter, Rider) -> Void
    ) {
        guard hasCount || next == nil else {
            return error("ERR more than \(limits.rangeFixes) riders, use COUNT and CURSOR")
        }
        let start = count
        array(riders.count + (next == nil ? 0 : 1))
        for rider in riders { put(&self, rider) }
        if let next { bulk(next) }
        guard count - start <= limits.replyBytes else {
            truncate(to: start)
            return error(
                "ERR reply longer than \(limits.replyBytes) bytes,"
                    + " use a smaller COUNT and CURSOR")
        }
    }

    /// T.NEARBY: riders, or [rider, metres, [lat, lon]] with what was asked for.
    fileprivate mutating func nearby(
        _ result: Result<[PlacedRider], ReadError>, _ query: NearbyQuery, _ limits: ServerLimits
    ) {
        let riders: [PlacedRider]
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): riders = found
        }
        guard riders.count <= limits.rangeFixes else {
            return error("ERR more than \(limits.rangeFixes) riders, use COUNT")
        }
        let start = count
        let width = 1 + (query.withDistance ? 1 : 0) + (query.withPosition ? 1 : 0)
        array(riders.count)
        for rider in riders {
            if width > 1 { array(width) }
            bulk(rider.name)
            if query.withDistance { decimal(Self.metres(rider.distanceM)) }
            if query.withPosition {
                fields { fields in
                    fields.array(2)
                    fields.degrees(rider.position.latE7)
                    fields.degrees(rider.position.lonE7)
                }
            }
            guard count - start <= limits.replyBytes else {
                truncate(to: start)
                return error(
                    "ERR reply longer than \(limits.replyBytes) bytes, use a smaller COUNT")
            }
        }
    }

    /// T.WITHIN: riders.
    fileprivate mutating func within(
        _ result: Result<WithinPage, ReadError>, hasCount: Bool, _ limits: ServerLimits
    ) {
        let page: WithinPage
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): page = found
        }
        riders(page.riders, next: page.next.map { String($0) }, hasCount: hasCount, limits) {
            $0.bulk($1.name)
        }
    }

    /// To a tenth of a millimetre, as GEOSEARCH has it; without zeros at the end.
    private static func metres(_ value: Double) -> String {
        ConnectionHandler.shortest((value * 10_000).rounded() / 10_000)
    }
}
