import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

/// Redis's commands on `live`, where all riders are now: members are riders, as T.GET shows them.
extension ConnectionHandler {
    func run(_ view: ViewCommand, _ arguments: Arguments) {
        switch view {
        case .exists:
            let keys = (1..<arguments.count).map { ViewKey(arguments[$0]) }
            return output.integer(Int64(keys.count(where: isThere)))
        case .type:
            let key = ViewKey(arguments[1])
            return output.simple(!isThere(key) ? "none" : key == .live ? "zset" : "stream")
        default: break
        }
        let key = ViewKey(arguments[1])
        if case .stream = key, isThere(key) { return output.error(ViewError.wrongType.message) }
        let isLive = key == .live && isThere(key)
        switch view {
        case .positions:
            members(isLive, arguments) { $0.positionOfView($1) }
        case .hashes:
            members(isLive, arguments) { writer, position in
                position.map { writer.bulk(RedisGeohash($0).text) } ?? writer.null()
            }
        case .score: score(isLive, arguments)
        case .distance(let unit): distance(isLive, unit, arguments)
        case .count: output.integer(isLive ? Int64(service.engine.placedRiders) : 0)
        case .search(let search): isLive ? self.search(search, arguments) : output.array(0)
        case .exists, .type: break
        }
    }

    private func isThere(_ key: ViewKey) -> Bool {
        switch key {
        case .live: service.engine.placedRiders > 0
        case .stream(let stream): service.length(of: stream) > 0
        case .missing: false
        }
    }

    /// Where riders are, whose names are arguments from 2 on; nil: nothing is shown of one.
    /// Cost: as T.MGET, 0.2 µs a rider.
    private func places(
        _ count: Int, _ arguments: Arguments, _ body: (Coordinate?) -> Void
    ) {
        service.engine.latest(count: count, raw: false) {
            arguments[$0 + 2]
        } _: { _, fix in
            body(fix?.fix.coordinate)
        }
    }

    private func members(
        _ isLive: Bool, _ arguments: Arguments,
        _ write: (inout ReplyWriter, Coordinate?) -> Void
    ) {
        let count = arguments.count - 2
        var replies = ReplyWriter(output.version)
        replies.array(count)
        if isLive {
            places(count, arguments) { write(&replies, $0) }
        } else {
            for _ in 0..<count { write(&replies, nil) }
        }
        output.append(contentsOf: replies.bytes)
    }

    private func score(_ isLive: Bool, _ arguments: Arguments) {
        var place: Coordinate?
        if isLive { places(1, arguments) { place = $0 } }
        place.map { output.decimal(String(RedisGeohash($0).score)) } ?? output.null()
    }

    private func distance(_ isLive: Bool, _ unit: LengthUnit, _ arguments: Arguments) {
        var found: [Coordinate] = []
        if isLive { places(2, arguments) { if let place = $0 { found.append(place) } } }
        guard found.count == 2 else { return output.null() }
        let metres = Distance.onRedisSphere(
            lat1: found[0].lat, lon1: found[0].lon, lat2: found[1].lat, lon2: found[1].lon)
        output.distanceOfView(metres, unit)
    }

    private func search(_ search: ViewSearch, _ arguments: Arguments) {
        let limits = service.limits
        let centre: SphereQuery.Centre =
            switch search.centre {
            case .position(let lat, let lon): .position(lat: lat, lon: lon)
            case .memberArgument(let index): .rider(arguments.copy(index))
            }
        let shown = shownRiders
        let limit = limits.replyBytes / ReplyWriter.fewestBytesOfRider
        var query = SphereQuery(
            centre: centre, extent: search.extent, order: search.order, count: search.count,
            isAny: search.isAny, limit: limit)
        if shown != nil {
            // Of some riders the first can only be told when all were looked at.
            query.order = search.order ?? (search.count == nil ? nil : .ascending)
            (query.count, query.isAny, query.limit) = (nil, false, .max)
        }
        let (mailbox, id, ticket) = (service.mailbox, id, state.startAnswer())
        let version = output.version
        service.engine.search(query) { result in
            var writer = ReplyWriter(version)
            let own = shown.map { shown in
                result.map { $0.only(shown, search.count ?? .max, limit) }
            }
            writer.found(own ?? result, search, limits)
            mailbox.post(.answered(connection: id, ticket: ticket, reply: writer.bytes))
        }
    }
}

extension SphereAnswer {
    fileprivate func only(_ shown: RiderPrefixes, _ count: Int, _ limit: Int) -> SphereAnswer {
        guard case .riders(let found) = self else { return self }
        let own = found.filter { shown.contain($0.name) }.prefix(count)
        return own.count > limit ? .tooMany : .riders(Array(own))
    }
}

extension ReplyWriter {
    /// A name of one byte as a bulk string.
    fileprivate static let fewestBytesOfRider = 7

    /// [lon, lat]; nil: as GEOPOS has it.
    fileprivate mutating func positionOfView(_ position: Coordinate?) {
        guard let position else { return nullArray() }
        fields { fields in
            fields.array(2)
            fields.coordinate(position.lonE7)
            fields.coordinate(position.latE7)
        }
    }

    /// Four decimals; a bulk string in RESP3 too, as Redis 7 has it.
    fileprivate mutating func distanceOfView(_ metres: Double, _ unit: LengthUnit) {
        var text: [UInt8] = []
        let units = (metres / unit.metres * 10_000).rounded(.toNearestOrEven)
        Decimal.append(Int64(units), decimals: 4, trimmed: false, to: &text)
        bulk(text)
    }

    /// Riders, or [rider, distance, hash, [lon, lat]] with what was asked for.
    fileprivate mutating func found(
        _ result: Result<SphereAnswer, ReadError>, _ search: ViewSearch, _ limits: ServerLimits
    ) {
        let start = count
        let riders: [PlacedRider]
        switch result {
        case .failure(let failure): return error(failure.replyText)
        case .success(.unknownRider): return error(ViewError.unknownMember.message)
        case .success(.tooMany): return tooLong(start, limits)
        case .success(.riders(let found)): riders = found
        }
        let asked = [search.withDistance, search.withHash, search.withPosition].count { $0 }
        array(riders.count)
        for rider in riders {
            if asked > 0 { array(1 + asked) }
            bulk(rider.name)
            if search.withDistance { distanceOfView(rider.distanceM, search.unit) }
            if search.withHash { integer(Int64(RedisGeohash(rider.position).score)) }
            if search.withPosition { positionOfView(rider.position) }
            guard count - start <= limits.replyBytes else { return tooLong(start, limits) }
        }
    }

    private mutating func tooLong(_ start: Int, _ limits: ServerLimits) {
        truncate(to: start)
        error(
            "ERR reply longer than \(limits.replyBytes) bytes,"
                + " use COUNT, or a smaller BYRADIUS or BYBOX")
    }
}
