import FormatSpec
import TachoServer
import TachoWire
import Testing

/// Replies of Redis's commands on `live`, where all riders are now.
struct ViewReplyTests {
    private let ts = testNowMs - 10_000

    private func ask(_ client: TestClient, _ words: String) throws -> Reply {
        client.send(request(words.split(separator: " ").map(String.init)))
        return try client.receive()
    }

    private func withFleet(
        limits: ServerLimits = ServerLimits(), _ body: (TestClient) throws -> Void
    ) throws {
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            // 0, 1,112, 2,224 … m north of 37.5° N.
            for rider in 0..<6 {
                let lat = "37.\(5000 + rider * 100)"
                #expect(
                    try client.ask("T.ADD", "r\(rider)", "\(ts)", lat, "127") == .integer(0))
            }
            try body(client)
        }
    }

    @Test func `positions are lon lat, distances have four decimals and a unit`() throws {
        try withFleet { (client) throws in
            let places = try ask(client, "GEOPOS live r1 nobody r0").elements ?? []
            #expect(
                places.map(\.plain) == [
                    ["127.0000000", "37.5100000"], [], ["127.0000000", "37.5000000"],
                ])
            #expect(places[1] == .null)
            #expect(try ask(client, "geodist live r0 r1").text == "1112.2630")
            #expect(try ask(client, "GEODIST live r0 r1 km").text == "1.1123")
            #expect(try ask(client, "GEODIST live r0 r1 FT").text == "3649.1568")
            #expect(try ask(client, "GEODIST live r0 r1 mi").text == "0.6911")
            #expect(try ask(client, "GEODIST live r0 r0").text == "0.0000")
            #expect(try ask(client, "GEODIST live r0 nobody") == .null)
            #expect(try ask(client, "GEOHASH live r0 nobody").plain == ["wydm3fwt660", "nil"])
            #expect(try ask(client, "ZSCORE live r0").text == "4077553098523486")
            #expect(try ask(client, "ZSCORE live nobody") == .null)
            #expect(try ask(client, "ZCARD live") == .integer(6))
        }
    }

    @Test func `GEOSEARCH lists riders with what was asked for`() throws {
        try withFleet { (client) throws in
            let near = "GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 3 km"
            #expect(try ask(client, near).plain == ["r0", "r1", "r2"])
            #expect(try ask(client, near + " DESC").plain == ["r2", "r1", "r0"])
            #expect(try ask(client, near + " COUNT 2").plain == ["r0", "r1"])
            #expect(try ask(client, near + " COUNT 2 DESC").plain == ["r2", "r1"])
            #expect(try ask(client, near + " COUNT 2 ANY DESC").plain.count == 2)
            let rows =
                try ask(
                    client,
                    "GEOSEARCH live FROMMEMBER r1 BYBOX 100 3 km ASC WITHCOORD WITHHASH WITHDIST"
                ).elements ?? []
            #expect(rows.count == 3)
            #expect(rows.first?.plain == ["r1", "0.0000", "4077553283023391", "array"])
            #expect(rows.first?.elements?.last?.plain == ["127.0000000", "37.5100000"])
            #expect(rows.last?.plain.prefix(2) == ["r2", "1.1123"])
            #expect(
                try ask(client, "GEORADIUS live 127 37.5 2 km WITHDIST ASC").elements?.map(\.plain)
                    == [["r0", "0.0000"], ["r1", "1.1123"]])
            #expect(
                try ask(client, "GEORADIUSBYMEMBER_RO live r5 1 km").plain == ["r5"])
            #expect(
                try ask(client, "GEOSEARCH live FROMMEMBER nobody BYRADIUS 1 m").errorText
                    == "ERR could not decode requested zset member")
            #expect(
                try ask(client, "GEOSEARCH live FROMLONLAT 0 89.9 BYRADIUS 1 km") == .array([]))
        }
    }

    @Test func `a read behind a write sees it, and riders that are not shown are nowhere`() throws {
        try withFleet { (client) throws in
            client.send(
                request("T.ADD", "r0", "\(ts + 1_000)", "37.50001", "127")
                    + request("GEOPOS", "live", "r0")
                    // Held: too far for a second.
                    + request("T.ADD", "r1", "\(ts + 1_000)", "38.9", "127")
                    + request(
                        "GEOSEARCH", "live", "FROMLONLAT", "127", "38.9", "BYRADIUS", "1", "km")
                    // Quarantined, its first: nothing is shown.
                    + request("T.ADD", "new", "\(testNowMs + 9_000_000)", "37.5", "127")
                    + request("GEOPOS", "live", "new") + request("ZCARD", "live"))
            let replies = try client.receive(7)
            #expect(replies[1].elements?.first?.plain == ["127.0000000", "37.5000100"])
            #expect(replies[3] == .array([]))
            #expect(replies[5] == .array([.null]) && replies[6] == .integer(6))
        }
    }

    @Test func `other keys are missing, and streams are of another type`() throws {
        try withServer { (server) throws in
            let client = try TestClient(server)
            #expect(try ask(client, "TYPE live") == .simple("none"))
            #expect(try ask(client, "EXISTS live alerts") == .integer(0))
            #expect(try ask(client, "GEOSEARCH live FROMLONLAT 1 2 BYRADIUS 1 m") == .array([]))
            // A rider jumps 44 km in a second.
            for (n, lat) in ["37.5", "37.9"].enumerated() {
                _ = try client.ask("T.ADD", "r", "\(ts + Int64(n) * 1_000)", lat, "127")
            }
            #expect(try ask(client, "TYPE live") == .simple("zset"))
            #expect(try ask(client, "TYPE alerts") == .simple("stream"))
            #expect(try ask(client, "TYPE r") == .simple("none"))
            #expect(try ask(client, "EXISTS live alerts r live") == .integer(3))
            let wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
            for words in [
                "GEOPOS alerts r", "ZCARD alerts", "GEODIST alerts r r", "ZSCORE alerts r",
                "GEOSEARCH alerts FROMMEMBER r BYRADIUS 1 m", "GEOHASH alerts",
            ] {
                #expect(try ask(client, words).errorText == wrongType, "\(words)")
            }
            #expect(try ask(client, "GEOPOS r r r") == .array([.null, .null]))
            #expect(try ask(client, "GEOHASH r r") == .array([.null]))
            #expect(try ask(client, "GEODIST r r r") == .null)
            #expect(try ask(client, "ZSCORE r r") == .null)
            #expect(try ask(client, "ZCARD r") == .integer(0))
            #expect(try ask(client, "GEOSEARCH r FROMMEMBER r BYRADIUS 1 m") == .array([]))
        }
    }

    @Test func `an answer that would be too long says what to ask instead`() throws {
        var limits = ServerLimits()
        limits.outputSoftBytes = 1_000
        limits.outputBytes = 1_100
        try withFleet(limits: limits) { (client) throws in
            let all = "GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 9 km"
            #expect(try ask(client, all).plain.count == 6)
            let tooLong =
                "ERR reply longer than 100 bytes, use COUNT, or a smaller BYRADIUS or BYBOX"
            #expect(try ask(client, all + " WITHDIST").errorText == tooLong)
            #expect(try ask(client, all + " WITHDIST COUNT 3").elements?.count == 3)
            // The reply after it is not damaged.
            #expect(try client.ask("PING") == .simple("PONG"))
        }
        limits.outputBytes = 1_035
        try withFleet(limits: limits) { (client) throws in
            #expect(
                try ask(client, "GEOSEARCH live FROMLONLAT 127 37.5 BYRADIUS 9 km").errorText
                    == "ERR reply longer than 35 bytes, use COUNT, or a smaller BYRADIUS or BYBOX")
        }
    }

    @Test func `COMMAND knows them and their keys`() throws {
        try withServer { (server) throws in
            let client = try TestClient(server)
            let known =
                try ask(
                    client, "COMMAND INFO GEOSEARCH geopos ZCARD EXISTS GEOSEARCHSTORE"
                ).elements ?? []
            #expect(
                known.map { $0.plain } == [
                    ["geosearch", "-7", "array", "1", "1", "1"],
                    ["geopos", "-2", "array", "1", "1", "1"],
                    ["zcard", "2", "array", "1", "1", "1"],
                    ["exists", "-2", "array", "1", "-1", "1"],
                    ["geosearchstore", "-8", "array", "1", "2", "1"],
                ])
        }
    }

    @Test func `the example of the page is what is answered`() throws {
        let page = try SpecPage(section: 10)
        try withServer { (server) throws in
            let client = try TestClient(server)
            client.send(page.hex(number: 2))
            var parser = ReplyParser()
            var expected = page.hex(number: 3)
            var count = 0
            while case .reply(let reply, let bytes) = parser.next(expected.span.bytes) {
                #expect(try client.receive() == reply)
                expected.removeFirst(bytes)
                count += 1
            }
            #expect(count == 4 && expected.isEmpty)
        }
    }
}
