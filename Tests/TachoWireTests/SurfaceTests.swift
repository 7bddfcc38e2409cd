@testable import TachoWire
import Testing

/// What clients, tools and people ask about the server itself.
struct SurfaceTests {
    @Test func `every command has a summary, and nothing is in the table twice`() {
        var summaries: [String: CommandName] = [:]
        for name in CommandName.allCases {
            guard let docs = name.docs else {
                Issue.record("\(name.rawValue) has no line in CommandDocs")
                continue
            }
            #expect(!docs.summary.isEmpty && !docs.summary.hasSuffix("."), "\(name)")
            #expect(docs.summary.utf8.count <= 100, "\(name)")
            let isRedis = !name.rawValue.hasPrefix("T.")
            #expect((docs.group != "tacho") == isRedis, "\(name)")
            summaries[docs.summary] = name
        }
        #expect(summaries.count >= CommandName.allCases.count - 2, "the GEORADIUS pairs")
    }

    @Test func `the syntax of every command fits its arity`() {
        for name in CommandName.allCases {
            let arguments = name.docs?.arguments ?? []
            let least = arguments.reduce(0) { $0 + fewest($1) }
            // CONFIG alone is looked at before it is refused.
            #expect(least <= name.arity.lowerBound || name == .config, "\(name): \(least)")
            #expect(arguments.isEmpty == (name.arity.upperBound == 0 || name == .quit), "\(name)")
        }
    }

    /// Words that an argument takes at least.
    private func fewest(_ argument: CommandArgument) -> Int {
        if argument.isOptional { return 0 }
        let token = argument.token == nil || argument.kind == .pureToken ? 0 : 1
        return switch argument.kind {
        case .oneOf: token + (argument.parts.map(fewest).min() ?? 0)
        case .block: token + argument.parts.reduce(0) { $0 + fewest($1) }
        default: token + 1
        }
    }

    @Test func `the notation of syntax is read into arguments`() {
        var n = CommandArgument(name: "n", kind: .integer, token: "COUNT")
        n.isOptional = true
        var any = CommandArgument(name: "any", kind: .pureToken, token: "ANY")
        #expect(CommandSyntax.read("[COUNT n]") == [n])
        #expect(CommandSyntax.read("ANY") == [any])
        any.isOptional = true
        n.isOptional = false
        var block = CommandArgument(name: "n", kind: .block)
        block.isOptional = true
        block.parts = [n, any]
        #expect(CommandSyntax.read("[COUNT n [ANY]]") == [block])
        var choice = CommandArgument(name: "m", kind: .oneOf)
        choice.parts = [
            CommandArgument(name: "m", kind: .pureToken, token: "M"),
            CommandArgument(name: "km", kind: .pureToken, token: "KM"),
        ]
        var pair = CommandArgument(name: "lat", kind: .block)
        pair.parts = [
            CommandArgument(name: "lat", kind: .double),
            CommandArgument(name: "lon", kind: .double),
        ]
        pair.isMultiple = true
        #expect(CommandSyntax.read("M|KM (lat lon)...") == [choice, pair])
        #expect(CommandSyntax.read("") == [])
        // Broken ones end too.
        for text in ["[", "(a", "a|", "]", "...", "[]"] { _ = CommandSyntax.read(text) }
    }

    @Test func `COMMAND finds names and keys`() throws {
        func query(_ words: String...) throws -> CommandQuery? {
            guard case .session(.command(let query)) = try command(["COMMAND"] + words) else {
                return nil
            }
            return query
        }
        #expect(
            try query("LIST", "FILTERBY", "PATTERN", "geop*") == .names([.geoPositions]))
        #expect(try query("LIST") == .names(CommandName.allCases))
        #expect(try query("LIST", "FILTERBY", "MODULE", "x") == .names([]))
        #expect(try query("LIST", "FILTERBY", "ACLCAT", "nosuch") == .names([]))
        let writing = CommandName.allCases.filter(\.isWrite)
        #expect(try query("LIST", "FILTERBY", "ACLCAT", "write") == .names(writing))
        #expect(try query("GETKEYS", "T.GET", "r1") == .keys([Array("r1".utf8)]))
        let ab = [Array("a".utf8), Array("b".utf8)]
        #expect(try query("GETKEYS", "exists", "a", "b") == .keys(ab))
        #expect(
            try query("GETKEYS", "xread", "COUNT", "1", "STREAMS", "a", "b", "0", "0")
                == .keys(ab))
        #expect(
            try query("GETKEYS", "geosearchstore", "a", "b", "1", "2", "3", "4", "5")
                == .keys(ab))
        #expect(
            commandError("COMMAND", "GETKEYS", "PING", "x")
                == "ERR The command has no key arguments")
        #expect(
            commandError("COMMAND", "GETKEYS", "nosuch", "x") == "ERR Invalid command specified")
        #expect(
            commandError("COMMAND", "GETKEYS", "zscore", "x")
                == "ERR Invalid number of arguments specified for command")
        #expect(
            commandError("COMMAND", "GETKEYS", "xread", "a", "b", "streams") == "ERR syntax error")
        #expect(
            commandError("COMMAND", "NEWS") == "ERR unknown subcommand 'NEWS' for 'COMMAND' command"
        )
    }

    @Test func `CLIENT takes names, filters and switches`() throws {
        func client(_ words: String...) throws -> ClientCommand? {
            guard case .session(.client(let client)) = try command(["CLIENT"] + words) else {
                return nil
            }
            return client
        }
        #expect(try client("SETNAME", "me") == .setName(Array("me".utf8)))
        #expect(try client("SETINFO", "lib-name", "py") == .setInfo(.name, Array("py".utf8)))
        #expect(try client("SETINFO", "LIB-VER", "5.2") == .setInfo(.version, Array("5.2".utf8)))
        #expect(try client("GETNAME") == .getName)
        #expect(try client("ID") == .id)
        #expect(try client("INFO") == .info)
        #expect(try client("NO-EVICT", "on") == .accepted)
        #expect(try client("NO-TOUCH", "OFF") == .accepted)
        var filter = ClientFilter()
        #expect(try client("LIST") == .list(filter))
        filter.ids = [3, 7]
        #expect(try client("LIST", "ID", "3", "7") == .list(filter))
        filter.ids = nil
        filter.kind = .pubSub
        #expect(try client("LIST", "TYPE", "pubsub") == .list(filter))
        #expect(try client("KILL", "1.2.3.4:5") == .killAddress(Array("1.2.3.4:5".utf8)))
        filter.address = Array("1.2.3.4:5".utf8)
        filter.ids = [9]
        filter.skipsAsking = false
        #expect(
            try client("KILL", "ID", "9", "ADDR", "1.2.3.4:5", "TYPE", "PUBSUB", "SKIPME", "no")
                == .kill(filter))
        #expect(commandError("CLIENT", "KILL", "ID", "0")?.contains("greater than 0") == true)
        #expect(commandError("CLIENT", "KILL", "ID", "1", "SKIPME") == "ERR syntax error")
        #expect(commandError("CLIENT", "KILL", "SKIPME", "maybe") == "ERR syntax error")
        #expect(commandError("CLIENT", "LIST", "ID", "x") == "ERR Invalid client ID")
        #expect(commandError("CLIENT", "LIST", "TYPE", "x") == "ERR Unknown client type 'x'")
        #expect(
            commandError("CLIENT", "SETINFO", "COLOUR", "x")
                == "ERR Unrecognized option 'COLOUR'")
        #expect(commandError("CLIENT", "SETINFO", "LIB-VER", "a b")?.contains("spaces") == true)
        #expect(commandError("CLIENT", "NO-EVICT", "perhaps") == "ERR syntax error")
    }

    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("", "", true), ("", "a", false),
        ("a*c", "abbbc", true), ("a*c", "abbb", false), ("a**c", "ac", true),
        ("h?llo", "hello", true), ("h?llo", "hllo", false), ("H[ae]LLO", "hallo", true),
        ("h[^e]llo", "hello", false), ("h[^e]llo", "hbllo", true), ("h[a-c]llo", "hbllo", true),
        ("h[c-a]llo", "hbllo", true), ("h[a-c]llo", "hdllo", false), ("\\*", "*", true),
        ("\\*", "a", false), ("[\\]]", "]", true), ("[a", "a", true), ("a\\", "a\\", true),
        ("*ab*ab*ab", "ababab", true), ("*ab*ab*ab", "abab", false), ("*.*", "t.get", true),
    ])
    func `patterns match as in Redis`(pattern: String, text: String, matches: Bool) {
        #expect(GlobPattern(pattern.utf8, ignoresCase: true).matches(text.utf8) == matches)
    }

    @Test func `a pattern of stars does not take for ever`() {
        let pattern = GlobPattern(String(repeating: "*a", count: 2_000).utf8)
        #expect(!pattern.matches(String(repeating: "a", count: 1_999).utf8))
        #expect(!pattern.matches((String(repeating: "a", count: 4_000) + "b").utf8))
    }

    @Test func `the slow log shows neither positions nor secrets, and cuts`() throws {
        func shown(_ words: [String]) throws -> [String] {
            try withArguments(words.map { Array($0.utf8) }) { arguments in
                var shown = ShownArguments()
                shown.fill(arguments)
                return (0..<shown.count).map { String(decoding: shown[$0], as: UTF8.self) }
            }
        }
        #expect(
            try shown(["T.RANGE", "r1", "-", "1767312000000", "COUNT", "5"])
                == ["T.RANGE", "r1", "-", "1767312000000", "COUNT", "5"])
        #expect(
            try shown(["t.nearby", "37.5", "-127.0", "+100", "COUNT", ".5"])
                == ["t.nearby", "?", "?", "?", "COUNT", "?"])
        #expect(
            try shown(["T.WHO", "CELL", "8930e1d8c0bffff", "FROM", "1", "TO", "+"])
                == ["T.WHO", "CELL", "?", "FROM", "?", "TO", "?"])
        #expect(
            try shown(["GEOSEARCH", "live", "FROMLONLAT", "127", "37.5", "BYRADIUS", "1", "km"])
                == ["GEOSEARCH", "live", "FROMLONLAT", "?", "?", "BYRADIUS", "?", "km"])
        #expect(
            try shown(["HELLO", "3", "AUTH", "me", "secret"])
                == ["HELLO"] + Array(repeating: "(redacted)", count: 4))
        #expect(try shown(["AUTH", "secret"]) == ["AUTH", "(redacted)"])
        #expect(try shown(["NOSUCH", "37.5"]) == ["NOSUCH", "?"])
        let long = try shown(["ECHO", String(repeating: "x", count: 130)])
        #expect(long[1] == String(repeating: "x", count: 128) + "... (2 more bytes)")
        let many = try shown(["EXISTS"] + (1...40).map { "k\($0)" })
        #expect(many.count == 32 && many[31] == "... (10 more arguments)")
        #expect(many[30] == "k30")
    }

    @Test(arguments: [
        "FLUSHALL", "FLUSHDB", "DEBUG", "EVAL", "EVALSHA", "EVAL_RO", "SCRIPT", "FUNCTION", "FCALL",
        "KEYS", "SCAN", "MONITOR", "SAVE", "BGSAVE", "BGREWRITEAOF", "SYNC", "PSYNC", "REPLICAOF",
        "SLAVEOF", "MODULE", "MIGRATE", "RESTORE", "DUMP", "SWAPDB", "CLUSTER", "FAILOVER", "DEL",
        "UNLINK", "RENAME", "MOVE", "COPY", "SORT", "OBJECT", "MEMORY", "LATENCY", "SET", "GET",
        "ZREM", "XADD", "XDEL", "XTRIM", "XSETID", "EXPIRE", "PERSIST", "WAIT", "LOLWUT",
    ])
    func `no dangerous command exists`(name: String) {
        #expect(commandError(name, "a", "b") == "ERR unknown command '\(name)'")
        #expect(commandError(name.lowercased()) == "ERR unknown command '\(name.lowercased())'")
    }

    @Test(arguments: [
        ["CONFIG", "SET", "a", "b"], ["CONFIG", "REWRITE"], ["CONFIG", "RESETSTAT"],
        ["CLIENT", "PAUSE", "1"], ["CLIENT", "REPLY", "OFF"], ["CLIENT", "TRACKING", "ON"],
        ["CLIENT", "UNBLOCK", "1"], ["COMMAND", "NEWS"], ["ACL", "SAVE"], ["SLOWLOG", "HELP"],
    ])
    func `no dangerous part of a command exists`(words: [String]) {
        let name = words[0]
        #expect(throws: CommandError.self) { try command(words) }
        do {
            _ = try command(words)
        } catch {
            let message = (error as? CommandError)?.message
            #expect(message == "ERR unknown subcommand '\(words[1])' for '\(name)' command")
        }
    }
}
