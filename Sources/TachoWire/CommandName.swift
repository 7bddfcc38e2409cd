/// The commands the server knows, and how many arguments each takes.
package enum CommandName: String, CaseIterable, Sendable {
    case add = "T.ADD"
    case addMany = "T.MADD"
    case addManyExtended = "T.MADDX"
    case importFixes = "T.IMPORT"
    case put = "T.PUT"
    case get = "T.GET"
    case getMany = "T.MGET"
    case range = "T.RANGE"
    case length = "T.LEN"
    case position = "T.AT"
    case distance = "T.DIST"
    case trips = "T.TRIPS"
    case stops = "T.STOPS"
    case alerts = "T.ALERTS"
    case explain = "T.EXPLAIN"
    case nearby = "T.NEARBY"
    case within = "T.WITHIN"
    case who = "T.WHO"
    case fence = "T.FENCE"
    case order = "T.ORDER"
    case rider = "T.RIDER"
    case alert = "T.ALERT"
    case risk = "T.RISK"
    case targets = "T.TARGETS"
    case seal = "T.SEAL"
    case reindex = "T.REINDEX"
    case scrub = "T.SCRUB"
    case retire = "T.RETIRE"
    case stats = "T.STATS"
    case rules = "T.RULES"
    case streamRange = "XRANGE"
    case streamLength = "XLEN"
    case streamRead = "XREAD"
    case subscribe = "SUBSCRIBE"
    case unsubscribe = "UNSUBSCRIBE"
    case patternSubscribe = "PSUBSCRIBE"
    case patternUnsubscribe = "PUNSUBSCRIBE"
    case pubsub = "PUBSUB"
    case streamGroup = "XGROUP"
    case streamReadGroup = "XREADGROUP"
    case streamAcknowledge = "XACK"
    case streamPending = "XPENDING"
    case streamClaim = "XCLAIM"
    case streamAutoClaim = "XAUTOCLAIM"
    case streamInfo = "XINFO"
    case geoPositions = "GEOPOS"
    case geoDistance = "GEODIST"
    case geoHashes = "GEOHASH"
    case geoSearch = "GEOSEARCH"
    case geoRadius = "GEORADIUS"
    case geoRadiusByMember = "GEORADIUSBYMEMBER"
    case geoRadiusReadOnly = "GEORADIUS_RO"
    case geoRadiusByMemberReadOnly = "GEORADIUSBYMEMBER_RO"
    case geoAdd = "GEOADD"
    case geoSearchStore = "GEOSEARCHSTORE"
    case memberScore = "ZSCORE"
    case memberCount = "ZCARD"
    case exists = "EXISTS"
    case type = "TYPE"
    case hello = "HELLO"
    case auth = "AUTH"
    case acl = "ACL"
    case ping = "PING"
    case echo = "ECHO"
    case info = "INFO"
    case client = "CLIENT"
    case command = "COMMAND"
    case config = "CONFIG"
    case slowlog = "SLOWLOG"
    case time = "TIME"
    case size = "DBSIZE"
    case select = "SELECT"
    case reset = "RESET"
    case quit = "QUIT"
    case shutdown = "SHUTDOWN"

    /// Fewest and most arguments after the name.
    package var arity: ClosedRange<Int> {
        let many = WireLimits.maxArguments
        let batch = WireLimits.maxBatchArguments
        return switch self {
        case .add: 4...many
        case .addMany: 4...batch
        case .addManyExtended: 8...batch
        case .importFixes: 11...batch
        case .put: 1...5
        case .get, .getMany: 1...many
        case .range, .length: 3...many
        case .position: 2...4
        case .distance: 3...9
        case .trips, .stops: 3...13
        case .stats, .time, .size, .reset: 0...0
        case .explain: 2...4
        case .seal, .reindex, .retire: 0...2
        case .nearby: 3...9
        case .within: 2...many
        case .who: 6...many
        case .fence: 1...many
        case .order: 1...7
        case .rider: 1...5
        case .alerts: 0...16
        case .alert: 1...6
        case .streamRange: 3...5
        case .streamLength, .echo, .select, .memberCount, .type: 1...1
        case .streamRead, .geoDistance: 3...many
        case .geoPositions, .geoHashes, .exists: 1...many
        case .subscribe, .patternSubscribe, .pubsub: 1...many
        case .unsubscribe, .patternUnsubscribe: 0...many
        case .geoSearch: 6...many
        case .geoSearchStore: 7...many
        case .geoRadius, .geoRadiusReadOnly: 5...many
        case .geoRadiusByMember, .geoRadiusByMemberReadOnly, .geoAdd: 4...many
        case .streamGroup, .streamInfo: 1...many
        case .streamReadGroup: 6...many
        case .streamAcknowledge: 3...many
        case .streamPending: 2...many
        case .streamClaim, .streamAutoClaim: 5...many
        case .memberScore: 2...2
        case .auth, .targets: 1...2
        case .ping, .scrub: 0...1
        case .risk, .hello, .info, .command, .quit, .shutdown: 0...many
        case .acl, .client, .config, .slowlog, .rules: 1...many
        }
    }

    /// As `COMMAND INFO` gives it: what the command does to the data.
    package var isWrite: Bool {
        switch self {
        case .add, .addMany, .addManyExtended, .importFixes, .put, .seal, .rider, .alert, .rules,
            .fence, .order, .reindex, .retire, .targets:
            true
        case .geoAdd, .geoSearchStore: true
        case .streamGroup, .streamReadGroup, .streamAcknowledge, .streamClaim, .streamAutoClaim:
            true
        default: false
        }
    }

    /// Whether argument 1 is a rider, a stream or a view: what a cluster client routes by.
    package var hasKey: Bool {
        switch self {
        case .add, .addMany, .addManyExtended, .get, .getMany, .range, .length, .explain: true
        case .position, .distance, .trips, .stops: true
        case .streamRange, .streamLength: true
        case .streamAcknowledge, .streamPending, .streamClaim, .streamAutoClaim: true
        case .geoPositions, .geoDistance, .geoHashes, .geoSearch, .geoAdd, .geoSearchStore: true
        case .geoRadius, .geoRadiusReadOnly: true
        case .geoRadiusByMember, .geoRadiusByMemberReadOnly: true
        case .memberScore, .memberCount, .exists, .type: true
        default: false
        }
    }

    /// The last argument that is a key, -1: the last of all; 0: none is.
    package var lastKey: Int {
        switch self {
        case .exists: -1
        case .geoSearchStore: 2
        default: hasKey ? 1 : 0
        }
    }

    /// The place in `allCases`. Cost: none; a look by name would hash a text.
    package var ordinal: Int {
        // An enumeration of less than 256 cases without values is its number in a byte.
        Int(unsafeBitCast(self, to: UInt8.self))
    }

    /// In errors: Redis's own commands as Redis writes them.
    var shown: String { rawValue.hasPrefix("T.") ? rawValue : rawValue.lowercased() }

    var mayCarryBatch: Bool { arity.upperBound == WireLimits.maxBatchArguments }

    /// The command a name stands for, in any case. Cost: one look-up by eight bytes as a rule.
    package static func find(_ name: UnsafeRawBufferPointer) -> CommandName? {
        guard let key = key(name) else { return long(name) }
        return byKey[key]
    }

    /// Names of more than eight bytes are few, and none carries a batch.
    private static func long(_ name: UnsafeRawBufferPointer) -> CommandName? {
        longNames.first { $0.rawValue.utf8.elementsEqual(name.lazy.map { upper($0) }) }
    }

    private static let longNames = allCases.filter { $0.rawValue.utf8.count > 8 }

    /// The command that a name inside a request stands for.
    static func find(_ bytes: RawSpan, _ slice: ArgumentSlice) -> CommandName? {
        guard slice.count <= 8 else { return nil }
        var key: UInt64 = 0
        for i in 0..<Int(slice.count) {
            key = key << 8 | UInt64(upper(bytes.byte(Int(slice.start) + i)))
        }
        return byKey[key]
    }

    /// Of at most eight bytes: capitals packed into one word tell names apart.
    private static func key(_ name: UnsafeRawBufferPointer) -> UInt64? {
        guard name.count <= 8 else { return nil }
        var key: UInt64 = 0
        for byte in name { key = key << 8 | UInt64(upper(byte)) }
        return key
    }

    private static let byKey: [UInt64: CommandName] = {
        var table: [UInt64: CommandName] = [:]
        for name in CommandName.allCases where name.rawValue.utf8.count <= 8 {
            var text = name.rawValue
            table[text.withUTF8 { key(UnsafeRawBufferPointer($0))! }] = name
        }
        return table
    }()
}
