import TachoGeo
@testable import TachoWire
import Testing

struct CommandTests {
    @Test func `names and options are read in any case`() throws {
        #expect(try command("t.Add", "r", "1", "2", "3") == .add)
        #expect(
            try command("t.get", "r", "WithAge", "raw")
                == .get(RiderQuery(withAge: true, raw: true)))
        #expect(try command("xlen", "alerts") == .streamLength(.alerts))
        #expect(try command("T.ALERTS") == .alerts(AlertQuery()))
        #expect(try command("T.SEAL") == .seal)
        #expect(try command("t.seal", "rebuild", "7") == .rebuild(segment: 7))
        #expect(try command("t.backup", "begin") == .backup(begins: true))
        #expect(try command("T.BACKUP", "END") == .backup(begins: false))
        #expect(try command("T.RETIRE") == .retire(RetireRequest()))
        #expect(
            try command("t.retire", "hotdays", "0.25") == .retire(RetireRequest(hotDays: 0.25)))
        #expect(
            try command("t.alerts", "COUNT", "5", "CURSOR", "1:2-3")
                == .alerts(AlertQuery(count: 5, cursorArgument: 4)))
    }

    @Test func `every name is found by itself and has a sane arity`() {
        for name in CommandName.allCases {
            let text = Array(name.rawValue.utf8)
            #expect(text.withUnsafeBytes(CommandName.find) == name)
            #expect(name.arity.upperBound <= WireLimits.maxBatchArguments)
        }
    }

    @Test(arguments: [
        (["NOSUCH"], "ERR unknown command 'NOSUCH'"),
        ([""], "ERR unknown command ''"),
        (["T.GETTTTTTTT", "r"], "ERR unknown command 'T.GETTTTTTTT'"),
        (["a\r\nb"], "ERR unknown command 'a??b'"),
        (["T.ADD"], "ERR wrong number of arguments for 'T.ADD' command"),
        (["t.add", "r", "1", "2"], "ERR wrong number of arguments for 'T.ADD' command"),
        (["T.GET"], "ERR wrong number of arguments for 'T.GET' command"),
        (["T.GET", "r", "NEW"], "ERR syntax error"),
        (["T.SEAL", "now"], "ERR syntax error"),
        (["T.SEAL", "REBUILD"], "ERR syntax error"),
        (["T.SEAL", "REBUILD", "0"], "ERR REBUILD '0' is not an integer or out of range"),
        (["T.SEAL", "REBUILD", "1.5"], "ERR REBUILD '1.5' is not an integer or out of range"),
        (["T.BACKUP", "/etc"], "ERR syntax error"),
        (["T.BACKUP"], "ERR wrong number of arguments for 'T.BACKUP' command"),
        (["T.RETIRE", "HOTDAYS"], "ERR syntax error"),
        (["T.RETIRE", "DAYS", "3"], "ERR syntax error"),
        (
            ["T.RETIRE", "HOTDAYS", "-1"],
            "ERR HOTDAYS '-1' is not known, a number of days, 0 to 36500 expected"
        ),
        (
            ["T.RETIRE", "HOTDAYS", "36500.5"],
            "ERR HOTDAYS '36500.5' is not known, a number of days, 0 to 36500 expected"
        ),
        (
            ["T.MADD", "r", "1", "2", "3", "r"],
            "ERR wrong number of arguments for 'T.MADD' command, 4 for each fix expected"
        ),
        (
            ["T.MADDX", "r", "1", "2", "3", "-", "-", "-", "-", "r"],
            "ERR wrong number of arguments for 'T.MADDX' command, 8 for each fix expected"
        ),
        (
            ["T.IMPORT", "SOON", "r", "1", "2", "3", "-", "-", "-", "-", "-", "-"],
            "ERR T.IMPORT 'SOON' is not known, HISTORY or CLAIMED expected"
        ),
        (
            [
                "T.IMPORT", "HISTORY", "VEHICLE", "boat", "r", "1", "2", "3", "-", "-", "-", "-",
                "-", "-",
            ],
            "ERR VEHICLE 'boat' is not known, foot, bicycle, scooter, car or any expected"
        ),
        (["T.RANGE", "r", "x", "+"], "ERR from 'x' is not an integer or out of range"),
        (["T.RANGE", "r", "0", "1e3"], "ERR to '1e3' is not an integer or out of range"),
        (
            ["T.RANGE", "r", "0", "99999999999999999999"],
            "ERR to '99999999999999999999' is not an integer or out of range"
        ),
        (["T.RANGE", "r", "-", "+", "COUNT"], "ERR syntax error"),
        (
            ["T.RANGE", "r", "-", "+", "COUNT", "0"],
            "ERR COUNT '0' is not an integer or out of range"
        ),
        (
            ["T.RANGE", "r", "-", "+", "COUNT", "-1"],
            "ERR COUNT '-1' is not an integer or out of range"
        ),
        (
            ["T.RANGE", "r", "-", "+", "VERDICT", "good"],
            "ERR VERDICT 'good' is not known, all, ok or flagged expected"
        ),
        (
            ["T.RANGE", "r", "-", "+", "AS", "kml"],
            "ERR AS 'kml' is not known, points, packed or geojson expected"
        ),
        (
            ["T.RANGE", "r", "-", "+", "SIMPLIFY", "-10"],
            "ERR SIMPLIFY '-10': metres, more than 0 and at most 100000 expected"
        ),
        (["T.LEN", "r", "-", "+", "COUNT", "1"], "ERR syntax error"),
        (
            ["XRANGE", "alerts", "x", "+"],
            "ERR Invalid stream ID specified as stream command argument"
        ),
        (
            ["XRANGE", "alerts", "1-", "+"],
            "ERR Invalid stream ID specified as stream command argument"
        ),
        (["XREAD", "COUNT", "1", "STREAMS"], "ERR syntax error"),
        (
            ["XREAD", "STREAMS", "alerts", "fence:1", "0"],
            "ERR Unbalanced 'XREAD' list of streams:"
                + " for each stream key an ID or '$' must be specified."
        ),
        (
            ["XREAD", "BLOCK", "-1", "STREAMS", "alerts", "$"],
            "ERR BLOCK '-1' is not an integer or out of range"
        ),
        (["HELLO", "4"], "NOPROTO unsupported protocol version"),
        (["HELLO", "0"], "NOPROTO unsupported protocol version"),
        (["HELLO", "x"], "ERR Protocol version 'x' is not an integer or out of range"),
        (["HELLO", "2", "AUTH", "u"], "ERR syntax error"),
        (
            ["CLIENT", "SETNAME", "a b"],
            "ERR Client names cannot contain spaces, newlines or special characters."
        ),
        (["CLIENT", "PAUSE", "1"], "ERR unknown subcommand 'PAUSE' for 'CLIENT' command"),
        (["CONFIG", "SET", "a", "b"], "ERR unknown subcommand 'SET' for 'CONFIG' command"),
        (["SELECT", "1"], "ERR DB index is out of range"),
        (["SELECT", "x"], "ERR DB index 'x' is not an integer or out of range"),
        (["SHUTDOWN", "ABORT"], "ERR No shutdown in progress."),
        (["SHUTDOWN", "SOON"], "ERR syntax error"),
        (["SLOWLOG", "GET", "-2"], "ERR count should be greater than or equal to -1"),
        (["SLOWLOG", "GET", "1", "2"], "ERR unknown subcommand 'GET' for 'SLOWLOG' command"),
    ])
    func `a command that cannot run says why`(words: [String], message: String) {
        #expect(throws: CommandError.self) { try command(words) }
        do {
            _ = try command(words)
        } catch {
            #expect((error as? CommandError)?.message == message)
        }
    }

    @Test func `a range has open ends and options in any order`() throws {
        #expect(
            try command("T.RANGE", "r", "-", "+")
                == .range(RangeQuery(fromMs: Int64.min, toMs: Int64.max)))
        let full = try command(
            "T.RANGE", "r", "-5", "10", "verdict", "FLAGGED", "as", "points", "count", "3",
            "cursor", "7-0")
        var query = RangeQuery(fromMs: -5, toMs: 10)
        query.filter = .flagged
        query.count = 3
        query.cursorArgument = 11
        #expect(full == .range(query))
        for (word, form) in [("Packed", TrackForm.packed), ("GEOJSON", .geojson)] {
            query = RangeQuery(fromMs: 1, toMs: 2)
            query.form = form
            #expect(try command("T.RANGE", "r", "1", "2", "AS", word) == .range(query))
        }
        query = RangeQuery(fromMs: 1, toMs: 2)
        query.simplifyMm = 12_500
        #expect(try command("T.RANGE", "r", "1", "2", "simplify", "12.5") == .range(query))
        query.simplifyMm = nil
        query.filter = .ok
        #expect(try command("T.LEN", "r", "1", "2", "VERDICT", "ok") == .length(query))
    }

    @Test func `a distance has options in any order, and pages only of legs`() throws {
        var wanted = DistanceCommand(fromMs: .min, toMs: 7)
        #expect(try command("T.DIST", "r", "-", "7") == .distance(wanted))
        wanted.hasDigest = true
        #expect(try command("t.dist", "r", "-", "7", "digest") == .distance(wanted))
        wanted.hasLegs = true
        wanted.count = 9
        wanted.cursorArgument = 8
        #expect(
            try command(
                "T.DIST", "r", "-", "7", "LEGS", "COUNT", "9", "CURSOR", "5-1", "DIGEST")
                == .distance(wanted))
        let bad = [
            ["COUNT", "9"], ["CURSOR", "5-1"], ["LEGS", "COUNT"], ["LEG"], ["DIGEST", "x"],
        ]
        for words in bad {
            #expect(throws: CommandError.syntax) { try command(["T.DIST", "r", "-", "7"] + words) }
        }
    }

    @Test func `trips and stops have defaults, and options in any order`() throws {
        var request = TripRequest(fromMs: Int64.min, toMs: 7)
        #expect(try command("T.TRIPS", "r", "-", "7") == .trips(request))
        #expect(request.settings.minStopMs == 180_000)
        #expect(request.settings.radiusMm == 50_000)
        #expect(request.settings.gapMs == 3_600_000)
        request.settings = TripSettings(minStopMs: 60_500, radiusMm: 30_000, gapMs: 900_000)
        request.count = 4
        request.cursorArgument = 11
        #expect(
            try command(
                "t.stops", "r", "-", "7", "gap", "900", "RADIUS", "30", "count", "4", "cursor",
                "1-0", "MinStop", "60.5") == .stops(request))
        #expect(
            try command("T.AT", "r", "-5")
                == .position(PositionRequest(atMs: -5, maxGapMs: 3_600_000)))
        #expect(
            try command("T.AT", "r", "5", "maxgap", "0")
                == .position(PositionRequest(atMs: 5, maxGapMs: 0)))
    }

    @Test func `stream ranges know inclusive and exclusive bounds`() throws {
        func range(_ start: String, _ end: String) throws -> StreamRange? {
            guard case .streamRange(let range) = try command("XRANGE", "alerts", start, end) else {
                return nil
            }
            return range
        }
        #expect(try range("-", "+")?.start == StreamID.zero)
        #expect(try range("-", "+")?.end == StreamID.greatest)
        #expect(try range("5", "5")?.start == StreamID(ms: 5, n: 0))
        #expect(try range("5", "5")?.end == StreamID(ms: 5, n: UInt64.max))
        #expect(try range("(5-1", "+")?.start == StreamID(ms: 5, n: 2))
        #expect(try range("-", "(5-0")?.end == StreamID(ms: 4, n: UInt64.max))
        #expect(try range("-", "(5")?.end == StreamID(ms: 4, n: UInt64.max))
        #expect(try range("-", "(0-0")?.isEmpty == true)
        #expect(try range("9", "8")?.isEmpty == true)
        #expect(try range("(9223372036854775807-18446744073709551615", "+")?.isEmpty == true)
        #expect(
            try command("XRANGE", "fence:1", "-", "+", "COUNT", "2")
                == .streamRange(
                    StreamRange(
                        stream: .fence(id: [UInt8(ascii: "1")]), start: .zero, end: .greatest,
                        count: 2)))
    }

    @Test func `stream reads take count, block and several streams`() throws {
        #expect(
            try command("XREAD", "STREAMS", "alerts", "0")
                == .streamRead(StreamRead(streams: [.init(name: .alerts, start: .after(.zero))])))
        #expect(
            try command("xread", "block", "500", "count", "7", "streams", "a", "alerts", "1-1", "$")
                == .streamRead(
                    StreamRead(
                        count: 7, blockMs: 500, streams: [.init(name: .alerts, start: .newest)])))
        #expect(try command("XREAD", "STREAMS", "a", "0") == .streamRead(StreamRead()))
    }

    @Test func `HELLO takes a user and a name in any order`() throws {
        var hello = HelloRequest(version: .two)
        hello.clientName = Array("me".utf8)
        #expect(try command("HELLO", "2", "SETNAME", "me") == .session(.hello(hello)))
        (hello.userArgument, hello.passwordArgument) = (3, 4)
        #expect(
            try command("HELLO", "2", "AUTH", "default", "x", "setname", "me")
                == .session(.hello(hello)))
        (hello.userArgument, hello.passwordArgument) = (5, 6)
        #expect(
            try command("HELLO", "2", "SETNAME", "me", "auth", "default", "x")
                == .session(.hello(hello)))
    }

    @Test func `what clients send at connect is understood`() throws {
        let expected: [([String], SessionCommand)] = [
            (["HELLO"], .hello(HelloRequest())),
            (["HELLO", "3"], .hello(HelloRequest(version: .three))),
            (["AUTH", "x"], .auth(AuthRequest(userArgument: nil, passwordArgument: 1))),
            (["AUTH", "me", "x"], .auth(AuthRequest(userArgument: 1, passwordArgument: 2))),
            (["ACL", "whoami"], .acl(.whoAmI)),
            (["ACL", "LIST"], .acl(.list)),
            (["ACL", "help"], .acl(.help)),
            (["ACL", "CAT"], .acl(.categories(of: nil))),
            (["ACL", "CAT", "ops"], .acl(.categories(of: Array("ops".utf8)))),
            (["PING"], .ping(nil)),
            (["PING", "x"], .ping(Array("x".utf8))),
            (["ECHO", "x"], .echo(Array("x".utf8))),
            (["INFO"], .info([])),
            (["INFO", "Server", "STATS"], .info(["server", "stats"])),
            (["COMMAND"], .command(.info(CommandName.allCases))),
            (["COMMAND", "COUNT"], .command(.count)),
            (["COMMAND", "DOCS"], .command(.docs(CommandName.allCases))),
            (["COMMAND", "DOCS", "t.get", "x"], .command(.docs([.get]))),
            (["COMMAND", "INFO", "t.get", "x"], .command(.info([.get, nil]))),
            (["CONFIG", "GET", "sav?"], .configGet([GlobPattern("SAV?".utf8, ignoresCase: true)])),
            (["SLOWLOG", "GET"], .slowlogGet(count: 10)),
            (["SLOWLOG", "GET", "3"], .slowlogGet(count: 3)),
            (["SLOWLOG", "GET", "-1"], .slowlogGet(count: nil)),
            (["SLOWLOG", "LEN"], .slowlogLength),
            (["SLOWLOG", "RESET"], .slowlogReset),
            (["SHUTDOWN", "NOSAVE", "now"], .shutdown),
            (["TIME"], .time),
            (["DBSIZE"], .size),
            (["SELECT", "0"], .ok),
            (["RESET"], .reset),
            (["QUIT"], .quit),
        ]
        for (words, session) in expected {
            #expect(try command(words) == .session(session), "\(words)")
        }
    }
}

struct RulesCommandParseTests {
    @Test func `T_RULES is read with all its words`() throws {
        #expect(try command("t.rules", "get") == .rules(.get(.json)))
        #expect(try command("T.RULES", "GET", "as", "pairs") == .rules(.get(.pairs)))
        #expect(try command("T.RULES", "SET", "a", "1") == .rules(.set(["a", "1"])))
        var stretch = RulesStretch(fromMs: .min, toMs: 99)
        #expect(try command("T.RULES", "TEST", "-", "99") == .rules(.test(stretch, words: [])))
        stretch.riders = [Array("r1".utf8), Array("set".utf8)]
        stretch.leadInS = 60
        stretch.count = 7
        stretch.cursor = 21
        #expect(
            try command(
                "T.RULES", "TEST", "-", "99", "RIDER", "r1", "LEADIN", "60", "rider", "set",
                "COUNT", "7", "CURSOR", "21", "SET", "{}")
                == .rules(.test(stretch, words: ["{}"])))
        #expect(
            try command("T.RULES", "RECOMPUTE", "5", "+")
                == .rules(.recompute(RulesStretch(fromMs: 5, toMs: .max))))
    }
}
