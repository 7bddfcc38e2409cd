import TachoEngine
import TachoServer
import TachoWire
import Testing

/// Replies after HELLO 3.
struct Resp3Tests {
    private let nowText = "\(testNowMs)"

    /// Two riders, one of which jumped.
    private func fill(_ client: TestClient) throws {
        for (rider, lat) in [("r1", "37.5665"), ("r2", "37.57")] {
            #expect(
                try client.ask(
                    "T.ADD", rider, nowText, lat, "126.978", "SPEED", "4.2", "ALT", "-3")
                    == .integer(0))
        }
        #expect(try client.ask("T.ADD", "r1", "\(testNowMs + 1_000)", "37.9", "126.978") != .null)
    }

    private func names(_ map: Reply) -> [String] {
        stride(from: 0, to: map.plain.count, by: 2).map { map.plain[$0] }
    }

    private func isMap(_ reply: Reply?) -> Bool {
        if case .map? = reply { true } else { false }
    }

    @Test func `HELLO 3 gives a map, and RESET goes back`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let map = try client.ask("HELLO", "3", "SETNAME", "me")
            #expect(isMap(map))
            #expect(
                names(map) == ["server", "version", "proto", "id", "mode", "role", "modules"])
            #expect(map.elements?[5] == .integer(3))
            #expect(isMap(try client.ask("HELLO")))
            let info = try client.ask("CLIENT", "INFO")
            #expect(info.text?.contains(" name=me ") == true)
            #expect(info.text?.contains(" resp=3 ") == true)
            if case .verbatim("txt", _) = info {} else { Issue.record("\(info)") }
            #expect(try client.ask("HELLO", "9").errorText?.hasPrefix("NOPROTO") == true)
            #expect(try client.ask("T.GET", "nobody") == .null)
            #expect(isMap(try client.ask("CONFIG", "GET", "slowlog*")))
            #expect(try client.ask("RESET") == .simple("RESET"))
            #expect(try client.ask("CONFIG", "GET", "nosuch") == .array([]))
            #expect(try client.ask("CLIENT", "INFO").text?.contains(" resp=2 ") == true)
            client.send("HELLO", "3")
            client.send("HELLO", "2")
            let both = try client.receive(2)
            #expect(isMap(both[0]) && !isMap(both[1]))
        }
    }

    /// Byte by byte, as a client's parser sees it.
    @Test func `fixes have doubles and nulls, lat and lon stay text`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client)
            _ = try client.ask("HELLO", "3")
            let expected: [Reply] = [
                .integer(testNowMs), .bulk(Array("37.5700000".utf8)),
                .bulk(Array("126.9780000".utf8)), .double("4.2"), .null, .null,
                .bulk(Array("ok".utf8)),
            ]
            let get = try client.ask("T.GET", "r2").elements ?? []
            #expect(Array(get.prefix(7)) == expected)
            #expect(get.count == 11 && get[8] == .double("-3"))
            // Not the way of plain T.GETs, and that of the engine's threads.
            let aged = try client.ask("T.GET", "r2", "WITHAGE").elements ?? []
            #expect(Array(aged.prefix(11)) == get && aged[11] == .integer(0))
            let range = try client.ask("T.RANGE", "r2", "-", "+").elements?.first?.elements
            #expect(range?.prefix(7) == expected[...])
            let missing = try client.ask("T.MGET", "r2", "nobody").elements
            #expect(missing == [.array(get), .null])
            let at = try client.ask("T.AT", "r2", nowText).elements
            #expect(at?[3] == .double("4.2") && at?[1] == expected[1])
            let near = try client.ask("T.NEARBY", "37.57", "126.978", "100", "WITHDIST")
            #expect(near == .array([.array([.bulk(Array("r2".utf8)), .double("0")])]))
        }
    }

    @Test func `names and values are maps`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client)
            _ = try client.ask("HELLO", "3")
            for words in [
                ["T.STATS"], ["T.DIST", "r1", "-", "+"], ["T.RIDER", "GET", "r1"],
                ["T.RULES", "GET", "AS", "pairs"], ["T.SCRUB"], ["COMMAND", "DOCS"],
                ["T.BACKUP", "BEGIN"],
            ] {
                client.send(request(words))
                let reply = try client.receive()
                #expect(isMap(reply), "\(words): \(reply)")
                #expect(Set(names(reply)).count == (reply.elements?.count ?? 0) / 2, "\(words)")
            }
            #expect(isMap(try client.ask("T.ALERTS").elements?.first))
            #expect(isMap(try client.ask("T.ALERT", "FEEDBACK").elements?.first))
            let risk = try client.ask("T.RISK", "MIN", "0").elements?.first
            #expect(isMap(risk))
            if case .double? = risk?.elements?[3] {} else { Issue.record("\(risk as Any)") }
            _ = try client.ask(
                "T.FENCE", "SET", "f", "CIRCLE", "37.5", "127", "100", "DETECT", "enter")
            #expect(isMap(try client.ask("T.FENCE", "GET", "f")))
            #expect(isMap(try client.ask("T.FENCE", "LIST").elements?.first))
        }
    }

    @Test func `streams and views answer as Redis 7 in RESP3`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client)
            _ = try client.ask("HELLO", "3")
            let read = try client.ask("XREAD", "STREAMS", "alerts", "0")
            #expect(isMap(read) && read.elements?.first?.text == "alerts")
            let entries = try client.ask("XRANGE", "alerts", "-", "+")
            #expect(entries == .array(read.elements?[1].elements ?? []))
            #expect(try client.ask("XREAD", "STREAMS", "alerts", "$") == .null)
            client.send("XREAD", "BLOCK", "1", "STREAMS", "alerts", "$")
            #expect(try client.receive() == .null)
            let positions = try client.ask("GEOPOS", "live", "r2", "nobody")
            #expect(
                positions
                    == .array([.array([.double("126.9780000"), .double("37.5700000")]), .null]))
            if case .double? = try? client.ask("ZSCORE", "live", "r2") {
            } else {
                Issue.record("ZSCORE is no double")
            }
            #expect(try client.ask("ZSCORE", "live", "nobody") == .null)
            // As Redis 7.0 does: distances stay text.
            #expect(
                try client.ask("GEODIST", "live", "r2", "r2") == .bulk(Array("0.0000".utf8)))
            #expect(
                try client.ask(
                    "GEOSEARCH", "live", "FROMMEMBER", "r2", "BYRADIUS", "1", "m", "WITHCOORD",
                    "WITHDIST")
                    == .array([
                        .array([
                            .bulk(Array("r2".utf8)), .bulk(Array("0.0000".utf8)),
                            .array([.double("126.9780000"), .double("37.5700000")]),
                        ])
                    ]))
        }
    }

    @Test func `a version is of one connection`() throws {
        try withServer { server in
            let (old, new) = (try TestClient(server), try TestClient(server))
            _ = try new.ask("HELLO", "3")
            #expect(isMap(try new.ask("T.STATS")))
            #expect(!isMap(try old.ask("T.STATS")))
            let list = try old.ask("CLIENT", "LIST").text ?? ""
            #expect(list.contains(" resp=2 ") && list.contains(" resp=3 "))
        }
    }

    @Test func `COMMAND INFO has flags as a set and what Redis 7 adds`() throws {
        try withServer { server in
            let client = try TestClient(server)
            _ = try client.ask("HELLO", "3")
            let info = try client.ask("COMMAND", "INFO", "t.get").elements?.first?.elements
            #expect(info?.count == 10)
            #expect(info?[2] == .set([.simple("readonly")]))
            let docs = try client.ask("COMMAND", "DOCS", "T.GET", "nosuch")
            #expect(names(docs) == ["t.get"])
            #expect(
                names(docs.elements?[1] ?? .null)
                    == ["summary", "since", "group", "complexity", "arguments"])
        }
    }
}
