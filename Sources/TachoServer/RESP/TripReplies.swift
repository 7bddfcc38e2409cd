import TachoEngine
import TachoGeo
import TachoWire

/// Trips, stops, and where a rider was at a moment: read on a thread of the engine, like a track.
extension ConnectionHandler {
    func trips(_ request: TripRequest, _ wanted: TripQuery.Wanted, _ arguments: Arguments) {
        var query = TripQuery(
            rider: arguments.copy(1), fromMs: request.fromMs, toMs: request.toMs, wanted: wanted,
            settings: request.settings)
        if let index = request.cursorArgument {
            query.after = TripCursor(String(decoding: arguments[index], as: UTF8.self))
            guard query.after != nil else {
                let command = wanted == .trips ? "T.TRIPS" : "T.STOPS"
                return refuseCursor(arguments, index, of: command)
            }
        }
        let limits = service.limits
        query.limit = min(request.count ?? .max, limits.tripRows)
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.trips(query, isWanted: presence.isThere) { result in
            var writer = ReplyWriter(version)
            writer.trips(result, hasCount: request.count != nil, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }

    func position(_ request: PositionRequest, _ arguments: Arguments) {
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.position(
            of: arguments.copy(1), atMs: request.atMs, maxGapMs: request.maxGapMs
        ) { result in
            var writer = ReplyWriter(version)
            writer.position(result)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension ReplyWriter {
    /// T.TRIPS and T.STOPS. A cut page with COUNT ends in its cursor; without COUNT a cut is an error,
    /// because a client that did not ask for pages would take it for everything.
    fileprivate mutating func trips(
        _ result: Result<TripPage, ReadError>, hasCount: Bool, _ limits: ServerLimits
    ) {
        let page: TripPage
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(let found): page = found
        }
        guard hasCount || page.next == nil else {
            return error("ERR more than \(limits.tripRows) of them, use COUNT and CURSOR")
        }
        array(page.items.count + (page.next == nil ? 0 : 1))
        for item in page.items {
            switch item {
            case .trip(let trip): put(trip)
            case .stop(let stop): put(stop)
            case .gap(let gap): put(gap)
            }
        }
        if let next = page.next { bulk(next.text) }
    }

    /// trip from_ts to_ts duration_ms from_lat from_lon to_lat to_lon metres points excluded
    /// max_speed mean_speed open.
    private mutating func put(_ trip: Trip) {
        fields { fields in
            fields.array(14)
            fields.bulk("trip")
            fields.times(trip.fromMs, trip.toMs)
            fields.place(trip.from)
            fields.place(trip.to)
        }
        decimal(Self.thousandths(trip.millimetres))
        fields { fields in
            fields.integer(Int64(trip.points))
            fields.integer(Int64(trip.excluded))
            fields.optionalHundredths(trip.maxSpeedCms)
            fields.hundredths(trip.meanSpeedCms)
            fields.integer(trip.isOpen ? 1 : 0)
        }
    }

    /// stop from_ts to_ts duration_ms lat lon points radius_m open.
    private mutating func put(_ stop: Stop) {
        fields { fields in
            fields.array(9)
            fields.bulk("stop")
            fields.times(stop.fromMs, stop.toMs)
            fields.place(stop.centre)
            fields.integer(Int64(stop.points))
        }
        decimal(Self.thousandths(stop.radiusMm))
        integer(stop.isOpen ? 1 : 0)
    }

    /// gap from_ts to_ts duration_ms from_lat from_lon to_lat to_lon.
    private mutating func put(_ gap: TripGap) {
        fields { fields in
            fields.array(8)
            fields.bulk("gap")
            fields.times(gap.fromMs, gap.toMs)
            fields.place(gap.from)
            fields.place(gap.to)
        }
    }

    /// T.AT: ts lat lon speed heading acc verdict before_ts after_ts.
    fileprivate mutating func position(_ result: Result<TrackPosition?, ReadError>) {
        let found: TrackPosition
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(nil): return nullArray()
        case .success(let position?): found = position
        }
        fields { fields in
            fields.array(9)
            fields.integer(found.tsMs)
            fields.place(found.position)
            fields.optionalHundredths(found.speedCms)
            fields.optionalHundredths(found.headingCdeg)
            if let accuracyDm = found.accuracyDm {
                fields.tenths(accuracyDm)
            } else {
                fields.null()
            }
        }
        bulk(found.verdict.text)
        integer(found.beforeMs)
        integer(found.afterMs)
    }

    private static func thousandths(_ value: Int64) -> [UInt8] {
        var text: [UInt8] = []
        Decimal.append(value, decimals: 3, trimmed: true, to: &text)
        return text
    }
}

extension ReplyFields {
    fileprivate mutating func times(_ fromMs: Int64, _ toMs: Int64) {
        integer(fromMs)
        integer(toMs)
        integer(toMs - fromMs)
    }

    fileprivate mutating func place(_ position: Coordinate) {
        degrees(position.latE7)
        degrees(position.lonE7)
    }

    fileprivate mutating func optionalHundredths(_ value: Int32?) {
        if let value { hundredths(value) } else { null() }
    }
}
