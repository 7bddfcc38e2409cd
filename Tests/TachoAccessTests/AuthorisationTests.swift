@testable import TachoAccess
import TachoWire
import Testing

struct AuthorisationTests {
    private func answer(
        _ user: AccessUser, _ words: String...
    ) throws -> Authorisation.Answer {
        try answer(user, words)
    }

    private func answer(
        _ user: AccessUser, _ words: [String]
    ) throws -> Authorisation.Answer {
        try withArguments(words.map { Array($0.utf8) }) { arguments in
            let name = try Command.name(of: arguments)
            let command = try Command.parse(name, arguments)
            return Authorisation.standard.check(user, name, command, arguments)
        }
    }

    private func user(_ line: String) throws -> AccessUser {
        try AccessFile.parse(line + " nopass-by-certificate", path: "x").users[0]
    }

    @Test func `refusals are worded as Redis words them and name nobody else`() throws {
        let kim = try user("user kim role read riders own:")
        let cases: [([String], String)] = [
            (["T.STATS"], "NOPERM User kim has no permissions to run the 't.stats' command"),
            (["ACL", "LIST"], "NOPERM User kim has no permissions to run the 'acl|list' command"),
            (
                ["T.GET", "other:7"],
                "NOPERM User kim has no permissions to access a rider of this request"
            ),
        ]
        for (words, expected) in cases {
            let answer = try withArguments(words.map { Array($0.utf8) }) { arguments in
                let name = try Command.name(of: arguments)
                let command = try Command.parse(name, arguments)
                return Authorisation.standard.check(kim, name, command, arguments)
            }
            guard case .refused(let refusal) = answer else {
                Issue.record("\(words): \(answer)")
                continue
            }
            #expect(refusal.message(kim) == expected)
        }
    }

    @Test func `commands of one user are added and taken out, and what is taken out is gone`()
        throws
    {
        let kim = try user("user kim role read commands +t.seal,+T.RULES|GET,-t.who,-t.seal")
        #expect(try answer(kim, "T.RULES", "GET") == .allowed(isRecorded: false, cost: 1))
        #expect(try answer(kim, "T.RULES", "SET", "x", "1") == .refused(.command("t.rules|set")))
        #expect(try answer(kim, "T.SEAL") == .refused(.command("t.seal")))
        #expect(
            try answer(kim, "T.WHO", "CIRCLE", "0", "0", "1", "FROM", "0", "TO", "1")
                == .refused(.command("t.who")))
        #expect(!kim.free.contains(.who) && !kim.free.contains(.rules) && kim.free.contains(.get))
        #expect(kim.line.contains("commands +t.seal,+t.rules|get,-t.who,-t.seal"))
    }

    @Test func `look-ups of history are recorded of staff, and of nobody else`() throws {
        for (line, isRecorded) in [
            ("user a role read", false), ("user a role ingest,read", false),
            ("user a role auditor", true), ("user a role read,ops", true),
            ("user a role admin", true),
        ] {
            let user = try user(line)
            let expected = Authorisation.Answer.allowed(isRecorded: isRecorded, cost: 1)
            #expect(try answer(user, "T.RANGE", "r", "-", "+") == expected, "\(line)")
            #expect(user.free.contains(.range) != isRecorded, "\(line)")
        }
        let admin = try user("user a role admin")
        #expect(try answer(admin, "T.GET", "r") == .allowed(isRecorded: false, cost: 1))
    }

    @Test func `whatever hands out entries of alerts is recorded, by whichever command`() throws {
        let (ops, admin) = (try user("user a role ops"), try user("user b role admin"))
        let recorded = Authorisation.Answer.allowed(isRecorded: true, cost: 1)
        for words in [
            "XRANGE alerts - +", "XREAD BLOCK 0 STREAMS alerts $",
            "XREADGROUP GROUP g c BLOCK 0 STREAMS alerts >", "XCLAIM alerts g c 0 1-1",
            "XAUTOCLAIM alerts g c 0 0", "XINFO STREAM alerts", "xinfo stream alerts FULL",
        ] {
            let request = words.split(separator: " ").map(String.init)
            #expect(try answer(ops, request) == recorded, "\(words)")
            #expect(try answer(admin, request) == recorded, "\(words)")
        }
        for words in ["XINFO GROUPS alerts", "XINFO CONSUMERS alerts g", "XPENDING alerts g"] {
            let request = words.split(separator: " ").map(String.init)
            #expect(
                try answer(ops, request) == .allowed(isRecorded: false, cost: 1), "\(words)")
        }
        #expect(!ops.free.contains(.streamInfo) && !ops.free.contains(.streamReadGroup))
    }

    @Test func `a write costs its points, and logging in nothing`() throws {
        let user = try user("user a role admin rate 5/s")
        #expect(user.free == CommandSet())
        let many = ["T.MADD"] + (0..<7).flatMap { ["r\($0)", "1", "2", "3"] }
        let answer = try withArguments(many.map { Array($0.utf8) }) { arguments in
            let command = try Command.parse(.addMany, arguments)
            return Authorisation.standard.check(user, .addMany, command, arguments)
        }
        #expect(answer == .allowed(isRecorded: false, cost: 7))
        try withArguments([Array("T.PUT".utf8), AccessMatrix.packed("other:1")]) { arguments in
            let command = try Command.parse(.put, arguments)
            let answer = Authorisation.standard.check(user, .put, command, arguments)
            #expect(answer == .allowed(isRecorded: false, cost: 2))
        }
        #expect(try self.answer(user, "QUIT") == .allowed(isRecorded: false, cost: 0))
    }

    @Test func `a route of HTTP is asked as its command is`() throws {
        let kim = try user("user kim role read riders own:")
        let (own, other) = (Array("own:1".utf8), Array("other:1".utf8))
        func check(_ name: CommandName, _ riders: [[UInt8]], isFiltered: Bool = false)
            -> Authorisation.Answer
        {
            Authorisation.standard.check(kim, name, riders: riders, isFiltered: isFiltered)
        }
        let allowed = Authorisation.Answer.allowed(isRecorded: false, cost: 1)
        #expect(check(.get, [own]) == allowed)
        #expect(check(.get, [other]) == .refused(.rider))
        #expect(check(.get, [own, other]) == .refused(.rider))
        #expect(check(.nearby, [], isFiltered: true) == allowed)
        #expect(check(.nearby, []) == .refused(.whole("t.nearby")))
        #expect(check(.size, [], isFiltered: true) == .refused(.whole("dbsize")))
        #expect(check(.add, [own]) == .refused(.command("t.add")))
    }

    @Test(arguments: [
        ("pos:own:*", true), ("pos:own:1", true), ("pos:own:", true), ("pos:own", false),
        ("pos:*", false), ("*", false), ("pos:own[:]*", false), ("pos:own?*", false),
        ("pos:\\own:*", false), ("own:*", false), ("pos:other:*", false), ("p[o]s:own:*", false),
        ("", false),
    ])
    func `a pattern is of one's own riders if all it can match is`(text: String, isOwn: Bool) {
        let prefixes = RiderPrefixes([Array("own:".utf8), Array("mine".utf8)])
        let (pattern, channel) = (Array(text.utf8), SubscribeCommand.prefix)
        #expect(prefixes.contain(pattern: pattern, channel: channel) == isOwn)
        #expect(RiderPrefixes().contain(pattern: pattern, channel: channel))
    }

    @Test
    func `a rate is a bucket: a burst, then as it fills, and a great request is paid for later`() {
        let second: UInt64 = 1_000_000_000
        var bucket = RateBucket(RateLimit(perSecond: 10, burst: 20), nowNs: 0)
        for _ in 0..<20 { #expect(bucket.take(1, nowNs: 0) == nil) }
        #expect(bucket.take(1, nowNs: 0) != nil)
        #expect(bucket.take(0, nowNs: 0) == nil)
        #expect(bucket.take(1, nowNs: second / 10) == nil)
        #expect(bucket.take(1, nowNs: second / 10) != nil)
        #expect(bucket.take(120, nowNs: 100 * second) == nil)
        let wait = bucket.take(1, nowNs: 100 * second) ?? 0
        #expect((10_000...10_002).contains(wait))
        #expect(bucket.take(1, nowNs: 100 * second + UInt64(wait) * 1_000_000) == nil)
        // A clock that is set back gives nothing.
        #expect(bucket.take(1_000, nowNs: 300 * second) == nil)
        #expect(bucket.take(1, nowNs: 0) != nil)
    }
}
