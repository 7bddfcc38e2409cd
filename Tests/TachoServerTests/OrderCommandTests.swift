import TachoServer
import TachoWire
import Testing

/// Orders, and the streams of orders and verdicts, over the wire.
struct OrderCommandTests {
    private func entries(_ client: TestClient, _ key: String) throws -> [[String]] {
        (try client.ask("XRANGE", key, "-", "+").elements ?? []).map {
            $0.elements?.last?.plain ?? []
        }
    }

    /// The values of a map by name.
    private func named(_ reply: Reply?) -> [String: Reply] {
        let elements = reply?.elements ?? []
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: elements.count - 1, by: 2).map {
                (elements[$0].text ?? "", elements[$0 + 1])
            })
    }

    private func set(
        _ client: TestClient, _ order: String, _ rider: String, _ state: String, _ ms: Int64
    ) throws -> Reply {
        try client.ask("T.ORDER", "SET", order, rider, state, "\(testNowMs + ms)")
    }

    @Test func `an order is told of late, twice and anew, and is what its newest event says`()
        throws
    {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("T.ORDER", "GET", "o1") == .null)
            #expect(try set(client, "o1", "t1", "picked up", -60_000) == .integer(0))
            #expect(try set(client, "o1", "t1", "picked up", -60_000) == .integer(1))
            #expect(try set(client, "o1", "t1", "cooked", -90_000) == .integer(2))
            #expect(try set(client, "o1", "t2", "picked up", -30_000) == .integer(32))
            #expect(try set(client, "o1", "t2", "lost", -30_000) == .integer(8))
            #expect(try set(client, "o2", "t2", "picked up", -20_000) == .integer(0))
            #expect(try client.ask("XLEN", "orders") == .integer(5))
            let now = named(try client.ask("T.ORDER", "GET", "o1"))
            #expect(now["rider"]?.text == "t2" && now["state"]?.text == "lost")
            #expect(now["open"] == .integer(1) && now["end_ms"] == .null)
            #expect(now["events"] == .integer(4) && now["by"] == .null)
            // Two at once are normal.
            let both = try client.ask("T.ORDER", "RIDER", "t2").elements ?? []
            #expect(both.map { named($0)["order"]?.text } == ["o1", "o2"])
            #expect(try client.ask("T.ORDER", "RIDER", "t1") == .array([]))
            #expect(
                try client.ask(
                    "T.ORDER", "END", "o1", "\(testNowMs - 10_000)", "delivered", "BY", "mysql")
                    == .integer(0))
            #expect(
                try client.ask("T.ORDER", "END", "o1", "\(testNowMs - 10_000)", "delivered")
                    == .integer(1))
            #expect(try set(client, "o1", "t3", "again", -5_000) == .integer(4 + 32))
            let ended = named(try client.ask("T.ORDER", "GET", "o1", "HISTORY"))
            #expect(ended["state"]?.text == "delivered" && ended["by"]?.text == "mysql")
            #expect(ended["rider"]?.text == "t2" && ended["open"] == .integer(0))
            #expect(ended["end_ms"] == .integer(testNowMs - 10_000))
            let riders = (ended["riders"]?.elements ?? []).map { $0.elements ?? [] }
            #expect(riders.map { $0[0].text } == ["t1", "t2"])
            #expect(
                riders.map { $0[1].integer } == [testNowMs - 90_000, testNowMs - 30_000])
            #expect(
                riders.map { $0[2].integer } == [testNowMs - 30_000, testNowMs - 10_000])
            let history = (ended["history"]?.elements ?? []).map { named($0) }
            #expect(
                history.map { $0["state"]?.text } == [
                    "cooked", "picked up", "picked up", "lost", "delivered", "again",
                ])
            #expect(history.map { $0["mask"]?.integer } == [2, 0, 32, 8, 0, 36])
            #expect(history[4]["event"]?.text == "end" && history[4]["rider"] == .null)
            let open = try client.ask("T.ORDER", "LIST").elements ?? []
            #expect(open.map { named($0)["order"]?.text } == ["o2"])
        }
    }

    @Test func `the stream has every stored event once, as it was told`() throws {
        try withServer { server in
            let client = try TestClient(server)
            _ = try set(client, "o1", "t1", "cooked", -5)
            _ = try set(client, "o1", "t1", "cooked", -5)
            _ = try client.ask("T.ORDER", "END", "o1", "\(testNowMs)", "BY", "kim")
            #expect(
                try entries(client, "orders") == [
                    [
                        "event", "set", "order", "o1", "rider", "t1", "state", "cooked", "ts_ms",
                        "\(testNowMs - 5)", "recv_ms", "\(testNowMs)", "mask", "0",
                    ],
                    [
                        "event", "end", "order", "o1", "state", "ended", "ts_ms", "\(testNowMs)",
                        "recv_ms", "\(testNowMs)", "by", "kim", "mask", "0",
                    ],
                ])
            #expect(try client.ask("TYPE", "orders") == .simple("stream"))
            let ids = try client.ask("XRANGE", "orders", "-", "+").elements ?? []
            #expect(ids.map { $0.elements?[0].text } == ["\(testNowMs)-0", "\(testNowMs)-1"])
            #expect(
                try client.ask("XREAD", "STREAMS", "orders", "\(testNowMs)-1") == .null)
        }
    }

    @Test func `a page of open orders goes on behind its cursor`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for n in 0..<5 { _ = try set(client, "o\(n)", "t\(n % 2)", "s", Int64(n)) }
            var found: [String] = []
            var words = ["T.ORDER", "LIST", "COUNT", "2"]
            while true {
                client.send(request(words))
                var page = try client.receive().elements ?? []
                let cursor = page.last?.text
                if cursor != nil { page.removeLast() }
                found += page.map { named($0)["order"]?.text ?? "" }
                guard let cursor else { break }
                words = ["T.ORDER", "LIST", "COUNT", "2", "CURSOR", cursor]
            }
            #expect(found == ["o0", "o2", "o4", "o1", "o3"])
            #expect(
                try client.ask("T.ORDER", "LIST", "CURSOR", "xyz")
                    == .error("ERR CURSOR 'xyz' is none that T.ORDER gave"))
        }
    }

    @Test func `a group and a reader that waits hear of orders and of verdicts`() throws {
        try withServer { server in
            let (reader, writer) = (try TestClient(server), try TestClient(server))
            #expect(
                try writer.ask("XGROUP", "CREATE", "orders", "g", "$") == .simple("OK"))
            reader.send(
                request("XREAD", "BLOCK", "0", "STREAMS", "orders", "verdicts", "$", "$"))
            while try !(writer.ask("INFO").text ?? "").contains("blocked_clients:1") {}
            _ = try set(writer, "o1", "t1", "cooked", 0)
            let woken = try reader.receive().elements?.first?.elements ?? []
            #expect(woken.first?.text == "orders")
            #expect(woken.last?.elements?.count == 1)
            let given = try writer.ask(
                "XREADGROUP", "GROUP", "g", "kim", "STREAMS", "orders", ">")
            let id = given.elements?.first?.elements?.last?.elements?.first?.elements?.first?.text
            #expect(try writer.ask("XACK", "orders", "g", id ?? "") == .integer(1))

            reader.send(
                request("XREAD", "BLOCK", "0", "STREAMS", "orders", "verdicts", "$", "$"))
            while try !(writer.ask("INFO").text ?? "").contains("blocked_clients:1") {}
            // From next week.
            let ts = testNowMs + 7 * 86_400_000
            _ = try writer.ask("T.ADD", "t1", "\(ts)", "37.5", "127")
            let told = try reader.receive().elements?.first?.elements ?? []
            #expect(told.first?.text == "verdicts")
            #expect(
                told.last?.elements?.first?.elements?.last?.plain == [
                    "rider", "t1", "ts_ms", "\(ts)", "ordinal", "0", "verdict",
                    "quarantine:TS_FUTURE", "cause", "decided", "rules", "1",
                ])
            let info = named(try writer.ask("XINFO", "STREAM", "verdicts"))
            #expect(info["length"] == .integer(1))
        }
    }

    @Test func `a change of a verdict is told with what it was`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let ts = testNowMs - 100_000
            func add(_ seconds: Int64, _ lat: String) throws {
                _ = try client.ask("T.ADD", "t1", "\(ts + seconds * 1_000)", lat, "127")
            }
            try add(0, "37.5")
            try add(1, "37.5")
            // 5 km in a second, then back: held first, then found out.
            try add(2, "37.545")
            try add(3, "37.5")
            let told = try entries(client, "verdicts")
            #expect(told.count == 2)
            #expect(told.first?[6] == "verdict" && told.first?[7].hasPrefix("hold:") == true)
            #expect(told.last?[8] == "previous" && told.last?[9] == told.first?[7])
            #expect(told.last?[11] == "candidate-decided")
            #expect(told.last?[7].contains("SPIKE") == true)
            // With its commands in order, an order does not wait for ever, and touches no fix.
            _ = try set(client, "o1", "t1", "cooked", 0)
            #expect(try client.ask("T.LEN", "t1", "-", "+") == .integer(4))
        }
    }
}
