/// What COMMAND DOCS says about one command.
package struct CommandDocs: Equatable, Sendable {
    /// One line, without a full stop.
    package var summary: String
    /// As Redis groups its commands; `tacho` for those Redis has not.
    package var group: String
    package var complexity: String
    /// What may follow the name, in the notation of `CommandSyntax`.
    package var syntax: String
    /// The version of Tacho that had it first.
    package var since: String

    init(
        _ summary: String, _ syntax: String = "", group: String = "tacho",
        complexity: String = "O(1)", since: String = "0.1.0"
    ) {
        self.summary = summary
        self.syntax = syntax
        self.group = group
        self.complexity = complexity
        self.since = since
    }

    package var arguments: [CommandArgument] { CommandSyntax.read(syntax) }
}

extension CommandName {
    /// nil is a mistake that a test finds: every command has a line in the table.
    package var docs: CommandDocs? { Self.docsTable[self] }

    private static let docsTable = writing.merging(reading) { $1 }.merging(places) { $1 }
        .merging(keeping) { $1 }.merging(streams) { $1 }.merging(views) { $1 }
        .merging(server) { $1 }

    private static let writing: [CommandName: CommandDocs] = [
        .add: .init(
            "Stores one fix and says by a mask what was noticed about it",
            "rider ts lat lon [SPEED mps] [HEADING deg] [ACC metres] [ALT metres] [SRC source]"),
        .addMany: .init(
            "Stores many fixes", "(rider ts lat lon)...", complexity: "O(N) for N fixes"),
        .addManyExtended: .init(
            "Stores many fixes with all their fields, - for unknown",
            "(rider ts lat lon speed heading acc alt)...", complexity: "O(N) for N fixes"),
        .importFixes: .init(
            "Stores fixes of the past, received now or at the times they claim",
            "HISTORY|CLAIMED [VEHICLE vehicle]"
                + " (rider ts lat lon speed heading acc alt src recv_ms)...",
            complexity: "O(N) for N fixes"),
        .put: .init(
            "Stores a packed batch of fixes", "batch [SESSION id SEQ n]",
            complexity: "O(N) for N fixes"),
    ]

    private static let reading: [CommandName: CommandDocs] = [
        .get: .init("The newest fix of a rider that is shown", "rider [WITHAGE] [RAW]"),
        .getMany: .init(
            "The newest fixes of several riders", "rider...", complexity: "O(N) for N riders"),
        .range: .init(
            "The fixes of a rider between two times",
            "rider from to [COUNT n] [CURSOR cursor] [VERDICT ALL|OK|FLAGGED]"
                + " [SIMPLIFY metres] [AS POINTS|PACKED|GEOJSON]",
            complexity: "O(N) for N fixes read"),
        .length: .init(
            "How many fixes a rider has between two times",
            "rider from to [VERDICT ALL|OK|FLAGGED]", complexity: "O(N) for N fixes read"),
        .position: .init(
            "Where a rider was at a moment, between two fixes", "rider ts [MAXGAP ms]"),
        .distance: .init(
            "How far a rider went between two times, by a published function",
            "rider from to [DIGEST] [LEGS] [COUNT n] [CURSOR cursor]",
            complexity: "O(N) for N fixes read"),
        .trips: .init(
            "The trips of a rider between two times",
            "rider from to [MINSTOP sec] [RADIUS metres] [GAP sec] [COUNT n] [CURSOR cursor]",
            complexity: "O(N) for N fixes read"),
        .stops: .init(
            "The stops of a rider between two times",
            "rider from to [MINSTOP sec] [RADIUS metres] [GAP sec] [COUNT n] [CURSOR cursor]",
            complexity: "O(N) for N fixes read"),
        .alerts: .init(
            "Alerts by the time of their decision, with counts and states",
            "[COUNT n] [CURSOR cursor] [RIDER rider] [CODE code] [SEVERITY INFO|WARN|CRIT]"
                + " [STATE state] [FROM t1] [TO t2]",
            complexity: "O(N) for N alerts looked at"),
        .alert: .init(
            "Reviews an alert, shows it with its history, or counts what reviews said of rules",
            "((ACK|FALSE|CONFIRM|APPEAL|UPHOLD|REJECT) id [BY who] [NOTE text])|(GET id)|FEEDBACK"),
        .risk: .init(
            "Riders by the risk their alerts add up to",
            "[MIN risk] [COUNT n] [AT ts] [RIDERS rider...]",
            complexity: "O(N) for N riders with alerts"),
        .targets: .init(
            "Where alerts are delivered to and how far, or forgets one that is no more",
            "LIST|(FORGET name)"),
        .explain: .init(
            "Why a fix has its verdict, with its neighbours and limits",
            "rider ts [AS JSON|TEXT|SVG]"),
    ]

    private static let places: [CommandName: CommandDocs] = [
        .nearby: .init(
            "Riders near a place now, the nearest first",
            "lat lon radius [COUNT n] [MAXAGE ms] [WITHDIST] [WITHCOORD]",
            complexity: "O(N) for N riders in the cells looked at"),
        .within: .init(
            "Riders inside an area now", area + " [MAXAGE ms] [COUNT n] [CURSOR cursor]",
            complexity: "O(N) for N riders in the cells looked at"),
        .who: .init(
            "Riders that were inside an area between two times, with first and last time",
            area + " FROM t1 TO t2 [COUNT n] [CURSOR cursor]",
            complexity: "O(N) for N chunks of fixes in the cells and times looked at"),
        .fence: .init(
            "Sets, shows, deletes or lists geofences, whose events are streams fence:id",
            "(SET id " + area + " DETECT events [MARGIN metres] [EX sec])|(GET id)|(DEL id)"
                + "|(LIST [COUNT n] [CURSOR cursor])"),
        .order: .init(
            "Notes the states of orders and which rider has them, shows them, or lists open ones",
            "(SET order rider state ts [BY who])|(END order ts [state] [BY who])"
                + "|(GET order [HISTORY])|(RIDER rider [COUNT n] [CURSOR cursor])"
                + "|(LIST [COUNT n] [CURSOR cursor])",
            complexity: "O(N) for N events of the order, or N orders"),
    ]

    private static let area =
        "(CIRCLE lat lon radius)|(BBOX min_lat min_lon max_lat max_lon)"
        + "|(POLYGON rings (n (lat lon)...)...)|(CELL h3)"

    private static let keeping: [CommandName: CommandDocs] = [
        .rider: .init(
            "Sets the vehicle of a rider, or shows what is known of riders",
            "(SET rider VEHICLE vehicle)|(GET rider)|(LIST [COUNT n] [CURSOR cursor])"),
        .seal: .init(
            "Seals what is pending, or makes a damaged segment again", "[REBUILD segment]",
            complexity: "O(N) for N fixes sealed"),
        .reindex: .init(
            "Makes the index of who was where again", "[RESOLUTION r]",
            complexity: "O(N) for N fixes stored"),
        .scrub: .init(
            "Reads sealed segments from the device and compares their hashes", "[ALL|DAY]",
            complexity: "O(N) for N bytes sealed"),
        .retire: .init(
            "Lets points of old sealed ranges leave the database", "[HOTDAYS days]",
            complexity: "O(N) for N fixes that leave"),
        .stats: .init("Figures of the engine by name"),
        .rules: .init(
            "Shows, sets or tries the rules, or judges again by them",
            "(GET [AS JSON|PAIRS])|(SET value...)|(TEST from to [RIDER rider]... [LEADIN sec]"
                + " [COUNT riders] [CURSOR cursor] [SET value...])|(RECOMPUTE from to"
                + " [RIDER rider]... [LEADIN sec] [COUNT riders] [CURSOR cursor])",
            complexity: "O(N) for N fixes judged again"),
    ]

    private static let streams: [CommandName: CommandDocs] = [
        .streamRange: .init(
            "Entries of a stream between two ids", "key start end [COUNT n]", group: "stream",
            complexity: "O(N) for N entries"),
        .streamLength: .init("Number of entries of a stream", "key", group: "stream"),
        .streamGroup: .init(
            "Makes, moves and removes groups of consumers, and consumers",
            "CREATE|SETID|DESTROY|CREATECONSUMER|DELCONSUMER|HELP [key] [group] [argument...]",
            group: "stream"),
        .streamReadGroup: .init(
            "New entries for a consumer of a group, or those that are still pending with it",
            "GROUP group consumer [COUNT n] [BLOCK ms] [NOACK] STREAMS key... id...",
            group: "stream", complexity: "O(N) for N entries"),
        .streamAcknowledge: .init(
            "Entries a group is done with; on the device when it is answered",
            "key group id...", group: "stream", complexity: "O(N) for N ids"),
        .streamPending: .init(
            "What was delivered and not acknowledged",
            "key group [[IDLE ms] start end count [consumer]]", group: "stream",
            complexity: "O(N) for N entries"),
        .streamClaim: .init(
            "Gives pending entries to another consumer",
            "key group consumer minidle id... [IDLE ms] [TIME ms] [RETRYCOUNT n] [FORCE] [JUSTID]",
            group: "stream", complexity: "O(N) for N ids"),
        .streamAutoClaim: .init(
            "Gives entries that have been pending for long to another consumer",
            "key group consumer minidle start [COUNT n] [JUSTID]", group: "stream",
            complexity: "O(N) for N entries"),
        .streamInfo: .init(
            "What there is of a stream, its groups or their consumers",
            "STREAM|GROUPS|CONSUMERS|HELP [key] [argument...]", group: "stream"),
        .subscribe: .init(
            "Hears where riders are as it changes, newest only", "channel...", group: "pubsub",
            complexity: "O(N) for N channels"),
        .unsubscribe: .init(
            "Hears of riders no longer", "[channel...]", group: "pubsub",
            complexity: "O(N) for N channels"),
        .patternSubscribe: .init(
            "Hears where the riders are whose channels a pattern takes", "pattern...",
            group: "pubsub", complexity: "O(N) for N patterns"),
        .patternUnsubscribe: .init(
            "Hears of the riders of patterns no longer", "[pattern...]", group: "pubsub",
            complexity: "O(N) for N patterns"),
        .pubsub: .init(
            "Who hears of whom", "CHANNELS|NUMSUB|NUMPAT [argument...]", group: "pubsub",
            complexity: "O(N) for N channels"),
        .streamRead: .init(
            "Entries of streams behind given ids; can wait for them",
            "[COUNT n] [BLOCK ms] STREAMS key... id...", group: "stream",
            complexity: "O(N) for N entries"),
    ]
}
