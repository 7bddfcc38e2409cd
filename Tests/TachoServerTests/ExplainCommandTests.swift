import TachoServer
import TachoWire
import Testing

/// T.EXPLAIN and T.RIDER over a connection.
struct ExplainCommandTests {
    private let ts: Int64 = 1_767_225_600_000

    private func ride(_ client: TestClient, _ rider: String) throws {
        for second in 0..<5 {
            let lat = second == 4 ? "37.6" : "37.5"
            #expect(
                try client.ask("T.ADD", rider, "\(ts + Int64(second) * 1_000)", lat, "127")
                    == .integer(second == 4 ? 4 : 0))
        }
    }

    @Test func `a verdict is explained as JSON, as text and as a picture`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try ride(client, "r")
            let at = "\(ts + 4_000)"
            let json = try #require(try client.ask("T.EXPLAIN", "r", at).text)
            #expect(
                json.hasPrefix(#"{"rider":"r","ts_ms":1767225604000,"verdict":"hold:TELEPORT""#))
            #expect(try client.ask("t.explain", "r", at, "as", "JSON").text == json)
            let text = try #require(try client.ask("T.EXPLAIN", "r", at, "AS", "text").text)
            #expect(text.contains("Held as an impossible jump (TELEPORT): 11,120 m in 1.0 s"))
            let svg = try #require(try client.ask("T.EXPLAIN", "r", at, "AS", "svg").text)
            #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        }
    }

    @Test func `where nothing is to be explained the error says what is`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try ride(client, "r")
            #expect(
                try client.ask("T.EXPLAIN", "r", "\(ts + 1_400)").errorText
                    == "ERR rider r has no fix at 2026-01-01T00:00:01.400Z (1767225601400); the "
                    + "nearest is at 2026-01-01T00:00:01.000Z (1767225601000)")
            #expect(
                try client.ask("T.EXPLAIN", "nobody", "0").errorText
                    == "ERR no fix of rider nobody: check the name")
            #expect(
                try client.ask("T.EXPLAIN", "r", "noon").errorText
                    == "ERR ts 'noon' is not an integer or out of range")
            #expect(
                try client.ask("T.EXPLAIN", "r", "0", "AS", "gif").errorText
                    == "ERR AS 'gif' is not known, json, text or svg expected")
            #expect(try client.ask("T.EXPLAIN", "r", "0", "AS").errorText == "ERR syntax error")
            #expect(
                try client.ask("T.EXPLAIN", "r").errorText
                    == "ERR wrong number of arguments for 'T.EXPLAIN' command")
            for extreme in [Int64.min, Int64.max] {
                let error = try client.ask("T.EXPLAIN", "r", "\(extreme)").errorText
                #expect(error?.contains("(\(extreme)); the nearest is at 2026") == true)
            }
        }
    }

    @Test func `an explanation sees the writes before it on its connection`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(
                request("T.ADD", "r", "\(ts)", "37.5", "127")
                    + request("T.RIDER", "SET", "r", "VEHICLE", "foot")
                    + request("T.ADD", "r", "\(ts + 1_000)", "37.501", "127")
                    + request("T.EXPLAIN", "r", "\(ts + 1_000)", "AS", "text"))
            #expect(try client.receive() == .integer(0))
            #expect(try client.receive() == .simple("OK"))
            #expect(try client.receive() == .integer(4))
            let text = try #require(try client.receive().text)
            #expect(
                text.contains(
                    "111 m in 1.0 s from the last trusted position at 00:00:00.000Z; at most 72 m "
                        + "are believable for a person on foot"))
        }
    }

    @Test func `riders are set, asked for and listed`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("T.RIDER", "LIST") == .array([]))
            #expect(try client.ask("T.RIDER", "GET", "r") == .null)
            #expect(try client.ask("t.rider", "set", "r", "vehicle", "BICYCLE") == .simple("OK"))
            #expect(
                try client.ask("T.RIDER", "GET", "r")
                    == .array([
                        .bulk(Array("rider".utf8)), .bulk(Array("r".utf8)),
                        .bulk(Array("vehicle".utf8)), .bulk(Array("bicycle".utf8)),
                        .bulk(Array("points".utf8)), .integer(0),
                        .bulk(Array("newest_ts_ms".utf8)), .null,
                    ]))
            for rider in ["a", "b", "c"] { try ride(client, rider) }
            let page = try #require(
                try client.ask("T.RIDER", "LIST", "COUNT", "3").elements)
            #expect(page.count == 4)
            #expect(page[0].elements?[1].text == "r")
            #expect(page[1].elements?[5] == .integer(5))
            #expect(page[1].elements?[7] == .integer(ts + 4_000))
            let cursor = try #require(page[3].text)
            let rest = try client.ask("T.RIDER", "LIST", "CURSOR", cursor).elements
            #expect(rest?.map { $0.elements?[1].text } == ["c"])
        }
    }

    @Test(arguments: [
        (["SET", "r", "VEHICLE", "boat"], "ERR VEHICLE 'boat' is not known, foot, bicycle,"),
        (["SET", "r", "VEHICLE"], "ERR wrong number of arguments for 'T.RIDER' command"),
        (["SET", "r", "SPEED", "5"], "ERR syntax error"),
        (["SET", "", "VEHICLE", "car"], "ERR "),
        (["GET"], "ERR wrong number of arguments for 'T.RIDER' command"),
        (["DROP", "r"], "ERR unknown subcommand 'DROP' for 'T.RIDER' command"),
        (["LIST", "COUNT"], "ERR syntax error"),
        (["LIST", "COUNT", "0"], "ERR COUNT '0' is not an integer or out of range"),
        (["LIST", "CURSOR", "-1"], "ERR CURSOR '-1' is none that T.RIDER gave"),
    ])
    func `what is no command of riders is refused`(words: [String], message: String) throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(request(["T.RIDER"] + words))
            let error = try client.receive().errorText
            #expect(error?.hasPrefix(message) == true, "\(error ?? "no error")")
            #expect(try client.ask("T.RIDER", "LIST") == .array([]))
        }
    }
}
