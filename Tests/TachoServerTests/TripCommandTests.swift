import FormatSpec
import TachoServer
import TachoWire
import Testing

/// Replies about trips, stops and where a rider was.
struct TripCommandTests {
    private let start = testNowMs - 20_000_000

    /// Rides north for 100 s, stands for 200 s, is silent for 4,000 s, rides on for 50 s.
    private func withRide(
        limits: ServerLimits = ServerLimits(), _ body: (TestClient) throws -> Void
    ) throws {
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            var (second, metres) = (0, 0)
            for (seconds, mps) in [(100, 10), (200, 0), (4_000, -1), (50, 10)] {
                if mps < 0 {
                    second += seconds
                    continue
                }
                for _ in stride(from: 0, to: seconds, by: 10) {
                    let lat = "37.\(5_000_000 + metres * 90)"
                    #expect(
                        try client.ask("T.ADD", "r", "\(start + Int64(second) * 1_000)", lat, "127")
                            == .integer(0))
                    second += 10
                    metres += mps * 10
                }
            }
            try body(client)
        }
    }

    private func rows(_ client: TestClient, _ words: String...) throws -> [[String]] {
        client.send(request(words))
        return (try client.receive().elements ?? []).map {
            $0.elements == nil ? [$0.text ?? "?"] : $0.plain
        }
    }

    @Test func `trips, stops and gaps are told apart, with what belongs to each`() throws {
        try withRide { client in
            let trips = try rows(client, "T.TRIPS", "r", "-", "+")
            #expect(trips.map(\.first) == ["trip", "gap", "trip"])
            let stops = try rows(client, "T.STOPS", "r", "-", "+")
            #expect(stops.map(\.first) == ["stop", "gap"])
            let (trip, stop, gap) = (trips[0], stops[0], trips[1])
            #expect(trip.count == 14 && stop.count == 9 && gap.count == 8)
            #expect(trip[1] == "\(start)" && trip[2] == stop[1])
            #expect(stop[2] == "\(start + 290_000)" && gap[1] == stop[2])
            #expect(gap[2] == "\(start + 4_300_000)" && gap[3] == "4010000")
            #expect(Array(gap.dropFirst()) == Array(stops[1].dropFirst()))
            #expect(trip[4] == "37.5000000" && trip[5] == "127.0000000")
            #expect(trip[10] == "0" && trip[11] == "9.99" && trip[12] == "9.99")
            #expect(trips[2].last == "1" && trip.last == "0" && stop.last == "0")
            #expect(try rows(client, "T.STOPS", "r", "-", "+", "MINSTOP", "300").count == 1)
            #expect(try rows(client, "t.stops", "r", "-", "+", "gap", "9000").count == 1)
            #expect(try rows(client, "T.TRIPS", "nobody", "-", "+").isEmpty)
            let last = try rows(client, "T.STOPS", "r", "-", "\(start + 290_000)")
            #expect(last.count == 1 && last[0].last == "1")
        }
    }

    @Test func `pages end in a cursor, and more than fit are an error without COUNT`() throws {
        var limits = ServerLimits()
        limits.tripRows = 2
        try withRide(limits: limits) { client in
            let whole = try rows(client, "T.TRIPS", "r", "-", "+", "COUNT", "9")
            #expect(whole.count == 3 && whole[2].count == 1)
            let rest = try rows(client, "T.TRIPS", "r", "-", "+", "CURSOR", whole[2][0])
            #expect(rest.count == 1 && rest[0][0] == "trip")
            var (seen, words) = ([String](), ["T.TRIPS", "r", "-", "+", "COUNT", "1"])
            while true {
                client.send(request(words))
                let page = try #require(try client.receive().elements)
                seen += page.prefix(1).map { $0.plain[0] }
                guard page.count == 2, let cursor = page[1].text else { break }
                words = ["T.TRIPS", "r", "-", "+", "COUNT", "1", "CURSOR", cursor]
            }
            #expect(seen == ["trip", "gap", "trip"])
            #expect(
                try client.ask("T.TRIPS", "r", "-", "+").errorText
                    == "ERR more than 2 of them, use COUNT and CURSOR")
        }
    }

    @Test func `a moment has the fix of that time or a place between two`() throws {
        try withRide { client in
            let exact = try client.ask("T.AT", "r", "\(start + 10_000)").plain
            #expect(
                exact == [
                    "\(start + 10_000)", "37.5009000", "127.0000000", "nil", "nil", "nil", "ok",
                    "\(start + 10_000)", "\(start + 10_000)",
                ])
            let between = try client.ask("T.AT", "r", "\(start + 15_000)").plain
            #expect(
                between == [
                    "\(start + 15_000)", "37.5013500", "127.0000000", "9.99", "0", "nil", "ok",
                    "\(start + 10_000)", "\(start + 20_000)",
                ])
            #expect(try client.ask("T.AT", "r", "\(start + 15_000)", "MAXGAP", "9999") == .null)
            #expect(
                try client.ask("T.AT", "r", "\(start + 15_000)", "MAXGAP", "10000") != .null)
            #expect(try client.ask("T.AT", "r", "\(start + 400_000)") == .null)
            #expect(
                try client.ask("T.AT", "r", "\(start + 400_000)", "MAXGAP", "4010000") != .null)
            #expect(try client.ask("T.AT", "r", "\(start - 1)") == .null)
            #expect(try client.ask("T.AT", "r", "\(testNowMs)") == .null)
            #expect(try client.ask("T.AT", "nobody", "5") == .null)
        }
    }

    @Test func `a simplified range is the same in any pages`() throws {
        try withRide { client in
            let all = try rows(client, "T.RANGE", "r", "-", "+")
            let line = try rows(client, "T.RANGE", "r", "-", "+", "SIMPLIFY", "0.5")
            #expect(all.count == 35)
            #expect(line.count < 8 && line.first == all.first && line.last == all.last)
            var (paged, cursor) = ([[String]](), [String]())
            repeat {
                client.send(
                    request(
                        ["T.RANGE", "r", "-", "+", "SIMPLIFY", "0.5", "COUNT", "2"] + cursor))
                var page = try client.receive().elements ?? []
                cursor = []
                if let text = page.last?.text {
                    cursor = ["CURSOR", text]
                    page.removeLast()
                }
                paged += page.map(\.plain)
            } while !cursor.isEmpty
            #expect(paged == line)
        }
    }

    @Test func `bad questions are answered with what is wrong`() throws {
        try withRide { (client) throws in
            func answer(_ words: String) throws -> String {
                client.send(request(words.split(separator: " ").map(String.init)))
                return try client.receive().errorText ?? "no error"
            }
            #expect(
                try answer("T.STOPS r - + MINSTOP 0")
                    == "ERR MINSTOP '0': seconds, more than 0 and at most 86400 expected")
            #expect(
                try answer("T.STOPS r - + RADIUS NaN")
                    == "ERR RADIUS 'NaN': metres, more than 0 and at most 10000 expected")
            #expect(
                try answer("T.TRIPS r - + GAP -5")
                    == "ERR GAP '-5': seconds, more than 0 and at most 31536000 expected")
            #expect(try answer("T.TRIPS r - + GAP") == "ERR syntax error")
            #expect(try answer("T.TRIPS r - + LENGTH 5") == "ERR syntax error")
            #expect(
                try answer("T.TRIPS r x +") == "ERR from 'x' is not an integer or out of range")
            #expect(
                try answer("T.TRIPS r - + COUNT 0")
                    == "ERR COUNT '0' is not an integer or out of range")
            #expect(
                try answer("T.STOPS r - + CURSOR 5-7")
                    == "ERR CURSOR '5-7' is none that T.STOPS gave")
            #expect(
                try answer("T.TRIPS r -")
                    == "ERR wrong number of arguments for 'T.TRIPS' command")
            #expect(try answer("T.AT r x") == "ERR ts 'x' is not an integer or out of range")
            #expect(try answer("T.AT r - ") == "ERR ts '-' is not an integer or out of range")
            #expect(
                try answer("T.AT r 5 MAXGAP -1")
                    == "ERR MAXGAP '-1' is not an integer or out of range")
            #expect(try answer("T.AT r 5 MAXGAP") == "ERR syntax error")
            #expect(
                try answer("T.RANGE r - + SIMPLIFY 0")
                    == "ERR SIMPLIFY '0': metres, more than 0 and at most 100000 expected")
            #expect(try answer("T.LEN r - + SIMPLIFY 5") == "ERR syntax error")
        }
    }

    @Test func `the examples of the page are what is asked and answered`() throws {
        // The last two of the section.
        let blocks = Array(try SpecPage(section: 10).hexBlocks().suffix(2))
        try #require(blocks.count == 2)
        try withServer { server in
            let client = try TestClient(server)
            for (ts, lat) in [(0, "37.5"), (10, "37.501"), (100, "37.502"), (300, "37.502")] {
                #expect(
                    try client.ask(
                        "T.ADD", "r7", "\(1_767_311_700_000 + ts * 1_000)", lat, "127")
                        == .integer(0))
            }
            client.send(blocks[0])
            let replies = try client.receive(3)
            var parser = ReplyParser()
            var expected: [Reply] = []
            var rest = blocks[1]
            while !rest.isEmpty {
                guard case .reply(let reply, let count) = parser.next(rest.span.bytes) else {
                    Issue.record("the page's replies are cut short")
                    return
                }
                expected.append(reply)
                rest.removeFirst(count)
            }
            #expect(replies == expected)
        }
    }
}
