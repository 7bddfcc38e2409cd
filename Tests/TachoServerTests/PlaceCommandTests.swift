import TachoServer
import TachoWire
import Testing

/// Replies about who is where now.
struct PlaceCommandTests {
    private let ts = testNowMs - 10_000

    private func withFleet(_ body: (TestClient) throws -> Void) throws {
        try withServer { server in
            let client = try TestClient(server)
            // 0, 1,112, 2,224 … m north of 37.5° N.
            for rider in 0..<6 {
                let lat = "37.\(5000 + rider * 100)"
                #expect(
                    try client.ask("T.ADD", "r\(rider)", "\(ts + Int64(rider) * 1_000)", lat, "127")
                        == .integer(0))
            }
            try body(client)
        }
    }

    @Test func `the nearest come first, with what was asked for`() throws {
        try withFleet { client in
            #expect(
                try client.ask("T.NEARBY", "37.5", "127", "3000").plain == ["r0", "r1", "r2"])
            #expect(
                try client.ask("T.NEARBY", "37.53", "127", "20000", "COUNT", "2").plain.first
                    == "r3")
            let rows = try client.ask(
                "t.nearby", "37.5", "127", "1500", "WITHDIST", "WITHCOORD", "COUNT", "5"
            ).elements
            #expect(rows?.count == 2)
            #expect(rows?.last?.plain.prefix(2) == ["r1", "1109.8713"])
            #expect(rows?.last?.elements?.last?.plain == ["37.5100000", "127.0000000"])
            let distances = try client.ask("T.NEARBY", "37.5", "127", "1", "WITHDIST").elements
            #expect(distances?.first?.plain == ["r0", "0"])
            #expect(
                try client.ask("T.NEARBY", "37.5", "127", "20000", "MAXAGE", "6000").plain
                    == ["r4", "r5"])
            #expect(try client.ask("T.NEARBY", "0", "0", "10").plain == [])
        }
    }

    @Test func `an area tells who is in it, in pages if it is asked to`() throws {
        try withFleet { client in
            let box = ["BBOX", "37.505", "126.9", "37.545", "127.1"]
            func within(_ words: [String]) throws -> [String] {
                client.send(request(["T.WITHIN"] + words))
                return try client.receive().plain
            }
            #expect(try within(box) == ["r1", "r2", "r3", "r4"])
            #expect(try within(box + ["MAXAGE", "7000"]) == ["r3", "r4"])
            let first = try within(box + ["COUNT", "3"])
            #expect(first.count == 4 && first.prefix(3) == ["r1", "r2", "r3"])
            #expect(try within(box + ["COUNT", "3", "CURSOR", first[3]]) == ["r4"])
            #expect(
                try within([
                    "polygon", "1", "4", "37.4", "126.9", "37.4", "127.1", "37.515", "127",
                    "37.4", "126.9",
                ]) == ["r0", "r1"])
            #expect(try within(["CIRCLE", "37.5", "127", "1500"]) == ["r0", "r1"])
        }
    }

    @Test func `who was there has first and last time and a count`() throws {
        try withFleet { client in
            #expect(
                try client.ask("T.ADD", "r1", "\(ts + 5_000)", "37.5101", "127") == .integer(0))
            let words = ["T.WHO", "BBOX", "37.505", "126.9", "37.525", "127.1"]
            client.send(request(words + ["FROM", "-", "TO", "+"]))
            let rows = try client.receive().elements
            #expect(rows?.count == 2)
            #expect(rows?.first?.plain == ["r1", "\(ts + 1_000)", "\(ts + 5_000)", "2"])
            #expect(rows?.last?.plain == ["r2", "\(ts + 2_000)", "\(ts + 2_000)", "1"])
            client.send(
                request(words + ["FROM", "\(ts + 2_000)", "TO", "\(ts + 4_999)"]))
            #expect(try client.receive().elements?.map { $0.plain[0] } == ["r2"])
            client.send(request(words + ["FROM", "-", "TO", "+", "COUNT", "1"]))
            let first = try client.receive().elements
            #expect(first?.count == 2)
            let cursor = try #require(first?.last?.text)
            client.send(request(words + ["FROM", "-", "TO", "+", "CURSOR", cursor]))
            #expect(try client.receive().elements?.map { $0.plain[0] } == ["r2"])
        }
    }

    @Test func `bad questions are answered with what is wrong`() throws {
        try withFleet { (client) throws in
            func answer(_ words: String) throws -> String {
                client.send(request(words.split(separator: " ").map(String.init)))
                return try client.receive().errorText ?? "no error"
            }
            #expect(
                try answer("T.NEARBY 127.02 37.5 100")
                    == "ERR lat 127.02 out of range, did you swap lat and lon?")
            #expect(
                try answer("T.NEARBY 37.5 127 0")
                    == "ERR radius 0.0 m: more than 0 and at most half the globe, 20003931 m")
            #expect(try answer("T.NEARBY 37.5 127 nan") == "ERR radius 'nan' is not a number")
            #expect(
                try answer("T.NEARBY 37.5 127 5 COUNT 0")
                    == "ERR COUNT '0' is not an integer or out of range")
            #expect(
                try answer("T.NEARBY 37.5 127 5 MAXAGE -1")
                    == "ERR MAXAGE '-1' is not an integer or out of range")
            #expect(try answer("T.NEARBY 37.5 127 5 COUNT") == "ERR syntax error")
            #expect(try answer("T.NEARBY 37.5 127 5 NEAREST") == "ERR syntax error")
            #expect(
                try answer("T.NEARBY 37.5 127")
                    == "ERR wrong number of arguments for 'T.NEARBY' command")
            #expect(try answer("T.WITHIN CIRCLE 37.5 127") == "ERR CIRCLE ends too early")
            #expect(try answer("T.WITHIN CELL 8f") == "ERR '8f' is not a cell of H3")
            #expect(
                try answer("T.WITHIN BBOX 0 0 1 1 CURSOR x")
                    == "ERR CURSOR 'x' is none that T.WITHIN gave")
            #expect(try answer("T.WITHIN BBOX 0 0 1 1 CURSOR") == "ERR syntax error")
            #expect(try answer("T.WHO CELL 8f FROM 1 TO 2") == "ERR '8f' is not a cell of H3")
            #expect(try answer("T.WHO BBOX 0 0 1 1 FROM 1") == "ERR syntax error")
            #expect(
                try answer("T.WHO BBOX 0 0 1 1 FROM 1 TO x")
                    == "ERR TO 'x' is not an integer or out of range")
            #expect(
                try answer("T.WHO BBOX 0 0 1 1 FROM 1 TO 2 CURSOR 7")
                    == "ERR CURSOR '7' is none that T.WHO gave")
            #expect(
                try answer("T.WITHIN POLYGON 1 4 0 0 0 1 1 1 0 0.5")
                    == "ERR ring 1 is open: the last point must be the first again")
        }
    }
}
