import TachoServer
import TachoWire
import Testing

/// Consumer groups as a Redis client uses them.
struct GroupCommandTests {
    private func raiseAlerts(_ client: TestClient, _ riders: ClosedRange<Int>) throws {
        for rider in riders {
            #expect(
                try client.ask("T.ADD", "r\(rider)", "32503680000000", "37.5", "127")
                    == .integer(20))
        }
    }

    private func ids(_ entries: Reply?) -> [String] {
        (entries?.elements ?? []).compactMap { $0.elements?.first?.text ?? $0.text }
    }

    /// Of the first stream of a read.
    private func read(_ reply: Reply) -> [String] {
        ids(reply.elements?.first?.elements?.last)
    }

    private func blockedClients(_ client: TestClient) throws -> Int {
        let info = try client.ask("INFO").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("blocked_clients:")
        }
        return try #require(line.flatMap { Int($0.dropFirst("blocked_clients:".count)) })
    }

    @Test func `entries are handed out, acknowledged and claimed`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("XGROUP", "CREATE", "alerts", "g", "$") == .simple("OK"))
            try raiseAlerts(client, 1...4)
            let all = ids(try client.ask("XRANGE", "alerts", "-", "+"))
            let first = try client.ask(
                "XREADGROUP", "GROUP", "g", "kim", "COUNT", "3", "STREAMS", "alerts", ">")
            #expect(read(first) == Array(all[..<3]))
            #expect(first.elements?.first?.elements?.first?.text == "alerts")
            // The entries are those of XRANGE, byte for byte.
            let same = try client.ask("XRANGE", "alerts", all[0], all[2])
            #expect(first.elements?.first?.elements?.last == same)
            #expect(try client.ask("XACK", "alerts", "g", all[1], "5-5", all[1]) == .integer(1))
            let summary = try client.ask("XPENDING", "alerts", "g").elements ?? []
            #expect(summary[0] == .integer(2))
            #expect(summary[1].text == all[0] && summary[2].text == all[2])
            #expect(summary[3].elements?.first?.plain == ["kim", "2"])
            let row = try client.ask("XPENDING", "alerts", "g", "-", "+", "9", "kim")
            #expect(row.elements?.first?.plain == [all[0], "kim", "0", "1"])
            let claimed = try client.ask(
                "XCLAIM", "alerts", "g", "lee", "0", all[0], "JUSTID")
            #expect(ids(claimed) == [all[0]])
            let auto = try client.ask("XAUTOCLAIM", "alerts", "g", "lee", "0", "-", "COUNT", "1")
            #expect(auto.elements?[0].text == all[2])
            #expect(ids(auto.elements?[1]) == [all[0]])
            #expect(auto.elements?[2] == .array([]))
            let own = try client.ask(
                "XREADGROUP", "GROUP", "g", "lee", "STREAMS", "alerts", "0")
            #expect(read(own) == [all[0]])
            #expect(
                try client.ask("XGROUP", "DELCONSUMER", "alerts", "g", "lee") == .integer(1))
            let groups = try client.ask("XINFO", "GROUPS", "alerts").elements?.first?.plain
            #expect(
                groups == [
                    "name", "g", "consumers", "1", "pending", "1", "last-delivered-id", all[2],
                    "entries-read", "3", "lag", "1",
                ])
            #expect(try client.ask("XGROUP", "DESTROY", "alerts", "g") == .integer(1))
        }
    }

    @Test func `streams are described as Redis describes them`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let empty = try client.ask("XINFO", "STREAM", "alerts").plain
            #expect(
                empty == [
                    "length", "0", "radix-tree-keys", "0", "radix-tree-nodes", "1",
                    "last-generated-id", "0-0", "max-deleted-entry-id", "0-0", "entries-added",
                    "0", "recorded-first-entry-id", "0-0", "groups", "0", "first-entry", "nil",
                    "last-entry", "nil",
                ])
            try raiseAlerts(client, 1...2)
            let all = ids(try client.ask("XRANGE", "alerts", "-", "+"))
            _ = try client.ask("XGROUP", "CREATE", "alerts", "g", "0")
            _ = try client.ask("XREADGROUP", "GROUP", "g", "kim", "STREAMS", "alerts", ">")
            let info = try client.ask("XINFO", "STREAM", "alerts").elements ?? []
            #expect(info[7].text == all[1] && info[13].text == all[0])
            #expect(ids(.array([info[17], info[19]])) == all)
            let full =
                try client.ask("XINFO", "STREAM", "alerts", "FULL", "COUNT", "1")
                .elements ?? []
            #expect(ids(full[15]) == [all[0]])
            let group = full[17].elements?.first?.elements ?? []
            #expect(group[9] == .integer(2))
            #expect(group[11].elements?.map(\.plain) == [[all[0], "kim", "\(testNowMs)", "1"]])
            let consumer = group[13].elements?.first?.elements ?? []
            #expect(consumer[1].text == "kim" && consumer[3] == .integer(testNowMs))
            #expect(consumer[7].elements?.map(\.plain) == [[all[0], "\(testNowMs)", "1"]])
            let help = try client.ask("XINFO", "HELP").elements ?? []
            #expect(help.count == 9 && help.last == .simple("    Prints this help."))
        }
    }

    @Test func `what is not there is told in Redis's words`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let noKey = "ERR no such key"
            let noStream =
                "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may "
                + "want to use the MKSTREAM option to create an empty stream automatically."
            let cases: [([String], String)] = [
                (["XGROUP", "CREATE", "fence:x", "g", "$"], noStream),
                (["XGROUP", "DESTROY", "other", "g"], noStream),
                (
                    ["XGROUP", "SETID", "alerts", "g", "0"],
                    "NOGROUP No such consumer group 'g' for key name 'alerts'"
                ),
                (
                    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "alerts", ">"],
                    "NOGROUP No such key 'alerts' or consumer group 'g' in XREADGROUP with GROUP "
                        + "option"
                ),
                (["XPENDING", "other", "g"], "NOGROUP No such key 'other' or consumer group 'g'"),
                (
                    ["XCLAIM", "alerts", "g", "c", "0", "1"],
                    "NOGROUP No such key 'alerts' or consumer group 'g'"
                ),
                (
                    ["XAUTOCLAIM", "alerts", "g", "c", "0", "1"],
                    "NOGROUP No such key 'alerts' or consumer group 'g'"
                ),
                (["XINFO", "STREAM", "other"], noKey), (["XINFO", "GROUPS", "fence:x"], noKey),
                (
                    ["XINFO", "CONSUMERS", "alerts", "g"],
                    "NOGROUP No such consumer group 'g' for key name 'alerts'"
                ),
                (
                    ["XGROUP", "CREATE", "other", "g", "$", "MKSTREAM"],
                    "ERR 'other' cannot be a stream: alerts and fence:ID are"
                ),
            ]
            for (words, text) in cases {
                client.send(request(words))
                #expect(try client.receive() == .error(text), "\(words)")
            }
            #expect(try client.ask("XACK", "alerts", "g", "1-1") == .integer(0))
            #expect(
                try client.ask("XGROUP", "CREATE", "fence:x", "g", "$", "MKSTREAM")
                    == .simple("OK"))
            #expect(
                try client.ask("XGROUP", "CREATE", "fence:x", "g", "$")
                    == .error("BUSYGROUP Consumer Group name already exists"))
            let empty = try client.ask("XPENDING", "fence:x", "g")
            #expect(empty == .array([.integer(0), .null, .null, .null]))
        }
    }

    @Test func `a reader that waits gets the entry, or nil when its time is over`() throws {
        try withServer { server in
            let (reader, client) = (try TestClient(server), try TestClient(server))
            _ = try client.ask("XGROUP", "CREATE", "alerts", "g", "$")
            let words = ["XREADGROUP", "GROUP", "g", "kim", "BLOCK", "30", "STREAMS", "alerts"]
            reader.send(request(words + [">"]))
            #expect(try reader.receive() == .null)
            reader.send(
                request("XREADGROUP", "GROUP", "g", "kim", "BLOCK", "0", "STREAMS", "alerts", ">")
                    + request("PING"))
            while try blockedClients(client) == 0 {}
            try raiseAlerts(client, 1...1)
            #expect(read(try reader.receive()).count == 1)
            #expect(try reader.receive() == .simple("PONG"))
            #expect(try blockedClients(client) == 0)
        }
    }

    @Test func `a reader that waits is no slow request`() throws {
        var limits = ServerLimits()
        limits.slowMicroseconds = 0
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            _ = try client.ask("XGROUP", "CREATE", "alerts", "g", "$")
            _ = try client.ask("SLOWLOG", "RESET")
            let words = ["XREADGROUP", "GROUP", "g", "kim", "BLOCK", "30", "STREAMS", "alerts"]
            client.send(request(words + [">"]))
            #expect(try client.receive() == .null)
            let slow = try client.ask("SLOWLOG", "GET", "-1").elements ?? []
            #expect(slow.compactMap { $0.elements?[3].plain.first } == ["SLOWLOG"])
        }
    }

    @Test func `a reader that left is given nothing`() throws {
        try withServer { server in
            let (reader, client) = (try TestClient(server), try TestClient(server))
            _ = try client.ask("XGROUP", "CREATE", "alerts", "g", "$")
            reader.send("XREADGROUP", "GROUP", "g", "kim", "BLOCK", "0", "STREAMS", "alerts", ">")
            while try blockedClients(client) == 0 {}
            reader.close()
            while try blockedClients(client) > 0 {}
            try raiseAlerts(client, 1...1)
            let pending = try client.ask("XPENDING", "alerts", "g").elements?.first
            #expect(pending == .integer(0))
            let next = try client.ask(
                "XREADGROUP", "GROUP", "g", "lee", "STREAMS", "alerts", ">")
            #expect(read(next).count == 1)
        }
    }

    @Test func `a server that stops lets its readers go`() throws {
        var reader: TestClient?
        try withServer { server in
            let client = try TestClient(server)
            reader = try TestClient(server)
            _ = try client.ask("XGROUP", "CREATE", "alerts", "g", "$")
            reader?.send("XREADGROUP", "GROUP", "g", "kim", "BLOCK", "0", "STREAMS", "alerts", ">")
            while try blockedClients(client) == 0 {}
        }
        #expect(try reader?.receive() == .null)
        #expect(reader?.isClosedByServer() == true)
    }
}
