import TachoServer
import TachoWire
import Testing

/// Geofences over the wire.
struct FenceCommandTests {
    private let ts = testNowMs - 100_000

    private func events(_ client: TestClient, _ id: String) throws -> [[String]] {
        let entries = try client.ask("XRANGE", "fence:\(id)", "-", "+").elements ?? []
        return entries.map { $0.elements?.last?.plain ?? [] }
    }

    @Test func `a fence tells of entries, stays and exits on its stream`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(
                try client.ask(
                    "T.FENCE", "SET", "kitchen", "CIRCLE", "37.5", "127", "50", "DETECT",
                    "enter,exit,dwell:60") == .simple("OK"))
            for (second, lat) in [
                (Int64(0), "37.501"), (10, "37.5"), (75, "37.5001"), (90, "37.501"),
            ] {
                #expect(
                    try client.ask("T.ADD", "r1", "\(ts + second * 1_000)", lat, "127")
                        == .integer(0))
            }
            // A change is in force, and all before it was told, when it is answered.
            #expect(
                try client.ask(
                    "T.FENCE", "SET", "kitchen", "CIRCLE", "37.5", "127", "50", "DETECT", "enter")
                    == .simple("OK"))
            #expect(try client.ask("XLEN", "fence:kitchen") == .integer(3))
            #expect(
                try events(client, "kitchen") == [
                    [
                        "event", "enter", "rider", "r1", "ts_ms", "\(ts + 10_000)", "lat",
                        "37.5000000", "lon", "127.0000000", "since_ms", "\(ts + 10_000)",
                    ],
                    [
                        "event", "dwell", "rider", "r1", "ts_ms", "\(ts + 75_000)", "lat",
                        "37.5001000", "lon", "127.0000000", "since_ms", "\(ts + 10_000)",
                    ],
                    [
                        "event", "exit", "rider", "r1", "ts_ms", "\(ts + 90_000)", "lat",
                        "37.5010000", "lon", "127.0000000", "since_ms", "\(ts + 10_000)",
                    ],
                ])
            #expect(try client.ask("XRANGE", "fence:other", "-", "+").elements?.isEmpty == true)
            #expect(try client.ask("XLEN", "fence:other") == .integer(0))
        }
    }

    @Test func `fences are listed, shown and deleted`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for n in 0..<5 {
                #expect(
                    try client.ask(
                        "T.FENCE", "SET", "f\(n)", "BBOX", "1", "2", "3", "4", "EX", "60",
                        "MARGIN", "7.5", "DETECT", "exit,enter") == .simple("OK"))
            }
            let shown = try client.ask("T.FENCE", "GET", "f3").elements
            #expect(
                shown?.prefix(8).map { $0.text ?? "" } == [
                    "id", "f3", "area", "BBOX 1 2 3 4", "detect", "enter,exit", "margin_m", "7.5",
                ])
            #expect(shown?[9] == .integer(testNowMs + 60_000))
            #expect(shown?[11] == .integer(0) && shown?[13] == .integer(0))
            let first = try client.ask("T.FENCE", "LIST", "COUNT", "3").elements
            #expect(first?.count == 4)
            let cursor = try #require(first?.last?.text)
            let rest = try client.ask("T.FENCE", "LIST", "COUNT", "3", "CURSOR", cursor).elements
            #expect(rest?.map { $0.elements?[1].text ?? "" } == ["f3", "f4"])
            #expect(try client.ask("T.FENCE", "DEL", "f3") == .integer(1))
            #expect(try client.ask("T.FENCE", "DEL", "f3") == .integer(0))
            #expect(try client.ask("T.FENCE", "GET", "f3") == .null)
            #expect(try events(client, "f3") == [["event", "delete", "ts_ms", "\(testNowMs)"]])
            #expect(try client.ask("T.FENCE", "LIST").elements?.count == 4)
            #expect(try client.ask("TYPE", "fence:f3") == .simple("stream"))
            #expect(try client.ask("TYPE", "fence:f4") == .simple("none"))
        }
    }

    @Test func `who waits for a fence alone hears of its first entry`() throws {
        try withServer { server in
            let (client, reader) = (try TestClient(server), try TestClient(server))
            _ = try client.ask(
                "T.FENCE", "SET", "b", "CIRCLE", "37.5", "127", "50", "DETECT", "enter")
            reader.send("XREAD", "BLOCK", "0", "STREAMS", "fence:b", "$")
            while try client.ask("INFO").text?.contains("blocked_clients:1") != true {}
            _ = try client.ask("T.ADD", "r1", "\(ts)", "37.5", "127")
            #expect(try reader.receive().elements?.first?.elements?.first?.text == "fence:b")
        }
    }

    @Test func `XREAD waits for several streams at once`() throws {
        try withServer { server in
            let (client, reader) = (try TestClient(server), try TestClient(server))
            for id in ["a", "b"] {
                _ = try client.ask(
                    "T.FENCE", "SET", id, "CIRCLE", "37.5", "127", "50", "DETECT", "enter")
            }
            reader.send(
                request([
                    "XREAD", "BLOCK", "0", "STREAMS", "alerts", "fence:b", "nil", "$", "$", "$",
                ]))
            _ = try client.ask("T.ADD", "r1", "\(ts)", "37.5", "127")
            let reply = try reader.receive().elements
            #expect(reply?.count == 1 && reply?[0].elements?[0].text == "fence:b")
            let entry = reply?[0].elements?[1].elements?[0].elements
            #expect(entry?[1].plain.prefix(4) == ["event", "enter", "rider", "r1"])
            let both = try client.ask("XREAD", "STREAMS", "fence:a", "fence:b", "0", "0").elements
            #expect(both?.count == 2)
            #expect(
                try client.ask("XREAD", "STREAMS", "fence:b", entry?[0].text ?? "") == .null)
        }
    }

    @Test func `a bad fence is answered with what is wrong`() throws {
        try withServer { server in
            let client = try TestClient(server)
            func answer(_ words: String) throws -> String {
                client.send(request(words.split(separator: " ").map(String.init)))
                return try client.receive().errorText ?? "no error"
            }
            let start = "T.FENCE SET f "
            #expect(
                try answer(start + "CIRCLE 127.02 37.5 50 DETECT enter")
                    == "ERR lat 127.02 out of range, did you swap lat and lon?")
            #expect(
                try answer(start + "POLYGON 1 3 0 0 0 1 1 1 DETECT enter")
                    == "ERR ring 1 is open: the last point must be the first again")
            #expect(try answer(start + "CELL 8928308280ffffe DETECT enter").hasPrefix("ERR '89283"))
            #expect(
                try answer(start + "CIRCLE 0 0 5 DETECT leave")
                    == "ERR DETECT 'leave': enter, exit and dwell:SECONDS (1 to 2592000) with "
                    + "commas between, each once")
            for bad in ["enter,enter", "dwell:0", "dwell", "", "enter,", "dwell:1,dwell:2"] {
                client.send(
                    request(["T.FENCE", "SET", "f", "CIRCLE", "0", "0", "5", "DETECT", bad]))
                #expect(try client.receive().errorText?.hasPrefix("ERR DETECT '\(bad)'") == true)
            }
            #expect(try answer(start + "CIRCLE 0 0 5 MARGIN 1") == "ERR syntax error")
            #expect(
                try answer(start + "CIRCLE 0 0 5 DETECT enter MARGIN nan")
                    == "ERR MARGIN 'nan': 0 to 10000 m expected")
            #expect(
                try answer(start + "CIRCLE 0 0 5 DETECT enter EX 0")
                    == "ERR EX '0': seconds, 1 to 316224000, expected")
            #expect(try answer(start + "CIRCLE 0 0 5 DETECT enter EX") == "ERR syntax error")
            #expect(
                try answer("T.FENCE MOVE f")
                    == "ERR unknown subcommand 'MOVE' for 'T.FENCE' command")
            #expect(
                try answer("T.FENCE GET")
                    == "ERR wrong number of arguments for 'T.FENCE' command")
            client.send(
                request(["T.FENCE", "SET", "", "CIRCLE", "0", "0", "5", "DETECT", "enter"]))
            #expect(
                try client.receive().errorText
                    == "ERR fence id: 1 to 128 bytes of UTF-8 without control characters expected")
        }
    }
}
