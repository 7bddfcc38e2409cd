package import TachoGeo

/// One request, checked and understood. Riders and tuples are not copied: they stay in the
/// request's arguments, where the rider is argument 1.
package enum Command: Equatable, Sendable {
    /// `FixReader.appendOne` reads the fix.
    case add
    /// `FixReader.appendTuples` reads the fixes.
    case addMany(FixTuples)
    /// `PackedReader.append` reads the fixes of argument 1.
    case put(PutSession?)
    case get(RiderQuery)
    /// Riders are all arguments.
    case getMany
    case range(RangeQuery)
    case length(RangeQuery)
    case position(PositionRequest)
    case distance(DistanceCommand)
    case trips(TripRequest)
    case stops(TripRequest)
    case alerts(AlertQuery)
    case explain(ExplainQuery)
    case nearby(NearbyQuery)
    case within(WithinQuery)
    case who(WhoQuery)
    case fence(FenceCommand)
    case order(OrderCommand)
    case rider(RiderCommand)
    case alert(AlertCommand)
    case risk(RiskRequest)
    case targets(TargetsCommand)
    case seal
    /// The file of a sealed segment again.
    case rebuild(segment: UInt64)
    /// At another resolution, if one is given.
    case reindex(resolution: Int?)
    case scrub(newestDayOnly: Bool)
    case retire(RetireRequest)
    case stats
    case rules(RulesCommand)
    case streamRange(StreamRange)
    case streamLength(StreamName)
    case streamRead(StreamRead)
    case subscription(SubscribeCommand)
    case group(GroupCommand)
    case view(ViewCommand)
    case session(SessionCommand)

    /// Writes are acknowledged after their commit; everything else waits for writes before it.
    package var isWrite: Bool {
        switch self {
        case .add, .addMany, .put: true
        default: false
        }
    }
}

/// Options of T.GET.
package struct RiderQuery: Equatable, Sendable {
    package var withAge = false
    /// The newest fix of any effect.
    package var raw = false
}

/// Options of T.RANGE and T.LEN. Times are Unix ms, inclusive.
package struct RangeQuery: Equatable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?
    package var filter = VerdictFilter.all
    /// The fixes left out lie within so much of the line through the others, mm; nil: all fixes.
    package var simplifyMm: Int64?
    package var form = TrackForm.points
}

/// What T.RANGE answers with.
package enum TrackForm: Equatable, Sendable {
    /// An array of arrays.
    case points
    /// The argument of a T.PUT that would store the same fixes.
    case packed
    case geojson
}

extension Command {
    /// The command of a request that has as many arguments as it may. Cost: a look-up.
    package static func name(of arguments: Arguments) throws(CommandError) -> CommandName {
        guard let name = CommandName.find(arguments[0]) else {
            throw .unknown(arguments.shown(0))
        }
        guard name.arity.contains(arguments.count - 1) else { throw .arity(name) }
        return name
    }

    package static func parse(_ arguments: Arguments) throws(CommandError) -> Command {
        try parse(try name(of: arguments), arguments)
    }

    /// What the request asks for. Cost: a few comparisons; fixes are not read yet.
    package static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> Command {
        switch name {
        case .add: return .add
        case .addMany, .addManyExtended, .importFixes:
            return .addMany(try FixTuples.parse(name, arguments))
        case .put: return .put(try PutSession.parse(arguments))
        case .get: return .get(try riderQuery(arguments))
        case .getMany: return .getMany
        case .range: return .range(try rangeQuery(arguments, isRange: true))
        case .length: return .length(try rangeQuery(arguments, isRange: false))
        case .position: return .position(try PositionRequest.parse(arguments))
        case .distance: return .distance(try DistanceCommand.parse(arguments))
        case .trips: return .trips(try TripRequest.parse(arguments))
        case .stops: return .stops(try TripRequest.parse(arguments))
        case .explain: return .explain(try ExplainQuery.parse(arguments))
        case .nearby: return .nearby(try NearbyQuery.parse(arguments))
        case .who: return .who(try WhoQuery.parse(arguments))
        case .within: return .within(try WithinQuery.parse(arguments))
        case .fence: return .fence(try FenceCommand.parse(arguments))
        case .order: return .order(try OrderCommand.parse(arguments))
        case .rider: return .rider(try RiderCommand.parse(arguments))
        case .alerts: return .alerts(try AlertQuery.parse(arguments))
        case .alert: return .alert(try AlertCommand.parse(arguments))
        case .risk: return .risk(try RiskRequest.parse(arguments))
        case .targets: return .targets(try TargetsCommand.parse(arguments))
        case .seal: return try sealing(arguments)
        case .reindex: return .reindex(resolution: try reindexResolution(arguments))
        case .scrub: return .scrub(newestDayOnly: try isNewestDay(arguments))
        case .retire: return .retire(try RetireRequest.parse(arguments))
        case .stats: return .stats
        case .rules: return .rules(try RulesCommand.parse(arguments))
        case .streamRange: return .streamRange(try StreamRange.parse(arguments))
        case .streamLength: return .streamLength(StreamName(arguments[1]))
        case .streamRead: return .streamRead(try StreamRead.parse(arguments))
        case .subscribe, .unsubscribe, .patternSubscribe, .patternUnsubscribe, .pubsub:
            return .subscription(try SubscribeCommand.parse(name, arguments))
        case .streamGroup, .streamReadGroup, .streamAcknowledge, .streamPending, .streamClaim,
            .streamAutoClaim, .streamInfo:
            return .group(try GroupCommand.parse(name, arguments))
        case .geoPositions, .geoDistance, .geoHashes, .geoSearch, .geoRadius, .geoRadiusByMember,
            .geoRadiusReadOnly, .geoRadiusByMemberReadOnly, .geoAdd, .geoSearchStore,
            .memberScore, .memberCount, .exists, .type:
            return .view(try ViewCommand.parse(name, arguments))
        default: return .session(try SessionCommand.parse(name, arguments))
        }
    }

    private static func isNewestDay(_ arguments: Arguments) throws(CommandError) -> Bool {
        if arguments.count == 1 || arguments.isWord(1, "ALL") { return false }
        guard arguments.isWord(1, "DAY") else { throw .syntax }
        return true
    }

    private static func sealing(_ arguments: Arguments) throws(CommandError) -> Command {
        if arguments.count == 1 { return .seal }
        guard arguments.count == 3, arguments.isWord(1, "REBUILD") else { throw .syntax }
        guard let value = Decimal.integer(arguments[2]), value > 0 else {
            throw .notInteger(what: "REBUILD", text: arguments.shown(2))
        }
        return .rebuild(segment: UInt64(value))
    }

    private static func reindexResolution(_ arguments: Arguments) throws(CommandError) -> Int? {
        if arguments.count == 1 { return nil }
        guard arguments.count == 3, arguments.isWord(1, "RESOLUTION") else { throw .syntax }
        guard let value = Decimal.integer(arguments[2]), let resolution = Int(exactly: value) else {
            throw .notInteger(what: "RESOLUTION", text: arguments.shown(2))
        }
        return resolution
    }

    private static func riderQuery(_ arguments: Arguments) throws(CommandError) -> RiderQuery {
        var query = RiderQuery()
        for i in 2..<max(2, arguments.count) {
            if arguments.isWord(i, "WITHAGE") {
                query.withAge = true
            } else if arguments.isWord(i, "RAW") {
                query.raw = true
            } else {
                throw .syntax
            }
        }
        return query
    }

    private static func rangeQuery(
        _ arguments: Arguments, isRange: Bool
    ) throws(CommandError) -> RangeQuery {
        var query = RangeQuery(
            fromMs: try time(arguments, 2, name: "from"), toMs: try time(arguments, 3, name: "to"))
        var i = 4
        while i < arguments.count {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "VERDICT") {
                guard let filter = verdictFilter(arguments, i + 1) else {
                    throw .badOption(
                        "VERDICT", value: arguments.shown(i + 1), expected: "all, ok or flagged")
                }
                query.filter = filter
            } else if isRange && arguments.isWord(i, "COUNT") {
                query.count = try count(arguments, i + 1)
            } else if isRange && arguments.isWord(i, "CURSOR") {
                query.cursorArgument = i + 1
            } else if isRange && arguments.isWord(i, "AS") {
                query.form = try trackForm(arguments, i + 1)
            } else if isRange && arguments.isWord(i, "SIMPLIFY") {
                do {
                    query.simplifyMm = try TrackNumber.simplify(arguments[i + 1])
                } catch {
                    throw .trackNumber(error)
                }
            } else {
                throw .syntax
            }
            i += 2
        }
        return query
    }

    private static func trackForm(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> TrackForm {
        if arguments.isWord(index, "POINTS") { return .points }
        if arguments.isWord(index, "PACKED") { return .packed }
        if arguments.isWord(index, "GEOJSON") { return .geojson }
        throw .badOption(
            "AS", value: arguments.shown(index), expected: "points, packed or geojson")
    }

    /// A time in ms; `-` is before and `+` after every time.
    static func time(
        _ arguments: Arguments, _ index: Int, name: String
    ) throws(CommandError) -> Int64 {
        if arguments.isWord(index, "-") { return Int64.min }
        if arguments.isWord(index, "+") { return Int64.max }
        guard let value = Decimal.integer(arguments[index]) else {
            throw .notInteger(what: name, text: arguments.shown(index))
        }
        return value
    }

    private static func verdictFilter(_ arguments: Arguments, _ index: Int) -> VerdictFilter? {
        if arguments.isWord(index, "ALL") { return .all }
        if arguments.isWord(index, "OK") { return .ok }
        if arguments.isWord(index, "FLAGGED") { return .flagged }
        return nil
    }

    /// A COUNT of at least 1.
    static func count(_ arguments: Arguments, _ index: Int) throws(CommandError) -> Int {
        guard let value = Decimal.integer(arguments[index]), value > 0, value <= Int64(Int32.max)
        else { throw .notInteger(what: "COUNT", text: arguments.shown(index)) }
        return Int(value)
    }
}
