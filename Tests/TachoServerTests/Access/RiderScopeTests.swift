import Foundation
import TachoAccess
import TachoEngine
import TachoGeo
import TachoServer
import TachoWire
import Testing

/// Users with some riders only: what they are told, and that it is nothing of others.
struct RiderScopeTests {
    private static let lines =
        TestUsers.roles + ["user both-own role ingest,read,ops riders own: SECRET"]

    /// Riders own:0 to own:4 and other:0 to other:9 within some metres of each other.
    private func withFleet(_ body: (RespServer) throws -> Void) throws {
        try withServer(accounts: try TestUsers.accounts(Self.lines)) { server in
            let writer = try TestClient(server, as: "ingest")
            var sent = 0
            for number in 0..<10 {
                for name in number < 5 ? ["other", "own"] : ["other"] {
                    writer.send(
                        "T.ADD", "\(name):\(number)", "\(testNowMs - 1_000)", "37.5000\(number)",
                        "127")
                    sent += 1
                }
            }
            _ = try writer.receive(sent)
            try body(server)
        }
    }

    private static let own = (0..<5).map { "own:\($0)" }

    @Test func `who is found is one's own, the nearest of those`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "read-own")
            let circle = ["37.5", "127", "1000"]
            #expect(try client.ask("T.NEARBY", circle[0], circle[1], circle[2]).plain == Self.own)
            #expect(
                try client.ask("T.NEARBY", circle[0], circle[1], circle[2], "COUNT", "2").plain
                    == ["own:0", "own:1"])
            #expect(
                try client.ask("T.WITHIN", "CIRCLE", circle[0], circle[1], circle[2]).plain.sorted()
                    == Self.own)
            let all = try client.ask(
                "GEOSEARCH", "live", "FROMMEMBER", "own:0", "BYRADIUS", "1", "km", "ASC")
            #expect(all.plain == Self.own)
            let two = try client.ask(
                "GEOSEARCH", "live", "FROMLONLAT", "127", "37.5", "BYRADIUS", "1", "km", "COUNT",
                "2", "ANY")
            #expect(two.plain == ["own:0", "own:1"])
            let furthest = try client.ask(
                "GEORADIUS", "live", "127", "37.5", "1", "km", "DESC", "COUNT", "1")
            #expect(furthest.plain == ["own:4"])
            let who = try client.ask(
                "T.WHO", "CIRCLE", circle[0], circle[1], circle[2], "FROM", "-", "TO", "+")
            #expect((who.elements ?? []).map { $0.plain[0] } == Self.own)
            #expect(try client.ask("T.RIDER", "LIST").elements?.count == 5)
        }
    }

    @Test func `pages are of one's own riders, and so are their cursors`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "read-own")
            let circle = ["CIRCLE", "37.5", "127", "1000"]
            for question in [
                ["T.WITHIN"] + circle, ["T.WHO"] + circle + ["FROM", "-", "TO", "+"],
                ["T.RIDER", "LIST"],
            ] {
                var found: [String] = []
                var cursor: String?
                var pages = 0
                repeat {
                    let more = ["COUNT", "2"] + (cursor.map { ["CURSOR", $0] } ?? [])
                    client.send(request(question + more))
                    let reply = try client.receive()
                    var rows = reply.elements ?? []
                    cursor = nil
                    if rows.count == 3 { cursor = rows.removeLast().text }
                    found += rows.map { row in
                        row.text ?? (row.plain[0] == "rider" ? row.plain[1] : row.plain[0])
                    }
                    pages += 1
                } while cursor != nil && pages < 10
                #expect(found.sorted() == Self.own, "\(question)")
                #expect(pages == 3, "\(question): \(pages) pages")
            }
            // A cursor of somebody else's rider would ask about the order of names.
            let foreign = try client.ask(
                "T.WHO", "CIRCLE", "37.5", "127", "1000", "FROM", "-", "TO", "+", "CURSOR",
                "\(testNowMs - 1_000)-0")
            #expect(foreign.errorText?.contains("is none that T.WHO gave") == true)
            let none = try client.ask(
                "T.WHO", "CIRCLE", "37.5", "127", "1000", "FROM", "-", "TO", "+", "CURSOR",
                "0-4000000000")
            #expect(none.errorText?.contains("is none that T.WHO gave") == true)
        }
    }

    /// A ride with turns, as fixes of T.MADD for one rider.
    private static func ride(_ rider: String, fromMs: Int64) -> [[String]] {
        var random = SeededGenerator(seed: 9)
        var (north, east, left) = (0.0, 0.0, 12)
        var turn = (north: 1.0, east: 0.0)
        return (0..<400).map { second in
            north += 8 * turn.north + Double.random(in: -2...2, using: &random)
            east += 8 * turn.east + Double.random(in: -2...2, using: &random)
            left -= 1
            if left == 0 {
                left = Int.random(in: 10...30, using: &random)
                turn =
                    Bool.random(using: &random)
                    ? (-turn.east, turn.north) : (turn.east, -turn.north)
            }
            return [
                rider, "\(fromMs + Int64(second) * 1_000)",
                String(format: "%.7f", 37.5 + north / 111_195),
                String(format: "%.7f", 127 + east / 88_216),
            ]
        }
    }

    @Test func `evidence and explanation say nothing of a rider of others`() throws {
        let accounts = try TestUsers.accounts()
        try withServer(accounts: accounts, change: { $0.judgesAcross = true }) { server in
            let writer = try TestClient(server, as: "ingest")
            for (rider, agoMs) in [("other:7", 9_000_000 as Int64), ("own:7", 1_800_000)] {
                let fixes = Self.ride(rider, fromMs: testNowMs - agoMs)
                for start in stride(from: 0, to: fixes.count, by: 40) {
                    writer.send(request(["T.MADD"] + fixes[start..<start + 40].flatMap { $0 }))
                    #expect(try writer.receive().errorText == nil)
                }
            }
            let (all, own) = (
                try TestClient(server, as: "ops"), try TestClient(server, as: "ops-own")
            )
            let question = ["T.ALERTS", "RIDER", "own:7", "CODE", "REPLAY"]
            func alert(_ client: TestClient) throws -> [String: String] {
                client.send(request(question))
                let fields = try client.receive().elements?.first?.plain ?? []
                return Dictionary(
                    stride(from: 0, to: fields.count - 1, by: 2).map {
                        (fields[$0], fields[$0 + 1])
                    },
                    uniquingKeysWith: { first, _ in first })
            }
            // Tracks are compared behind the answer.
            for _ in 0..<400 where try alert(all).isEmpty { usleep(25_000) }
            let (whole, cut) = (try alert(all), try alert(own))
            let evidence = try #require(cut["evidence"])
            #expect(whole["evidence"]?.contains(#""source_rider":"other:7""#) == true)
            #expect(evidence.contains(#""hits":"#) && !evidence.contains("other:"), "\(evidence)")
            for key in ["source_rider", "source_ts_ms", "offset_ms"] {
                #expect(!evidence.contains(key), "\(evidence)")
            }
            // What does not grow meanwhile is the same.
            for key in ["id", "rider", "ts_ms", "code", "severity", "verdict"] {
                #expect(cut[key] == whole[key] && cut[key] != nil, "\(key)")
            }
            let ts = try #require(cut["ts_ms"])
            for form in ["json", "text", "svg"] {
                let told = try own.ask("T.EXPLAIN", "own:7", ts, "AS", form).text ?? ""
                #expect(!told.isEmpty && !told.contains("other:"), "\(form): \(told)")
            }
            let told = try all.ask("T.EXPLAIN", "own:7", ts, "AS", "text").text
            #expect(told?.contains("rider other:7") == true)
        }
    }

    @Test func `riders that are there and riders that are not get the same refusal`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "both-own")
            for (first, second) in [
                (["T.GET", "other:1"], ["T.GET", "nobody"]),
                (["T.RANGE", "other:1", "-", "+"], ["T.RANGE", "nobody", "-", "+"]),
                (["ZSCORE", "live", "other:1"], ["ZSCORE", "live", "nobody"]),
                (["T.RIDER", "GET", "other:1"], ["T.RIDER", "GET", "nobody"]),
                (["SUBSCRIBE", "pos:other:1"], ["SUBSCRIBE", "pos:nobody"]),
                (["T.ADD", "other:1", "1", "2", "3"], ["T.ADD", "nobody", "1", "2", "3"]),
            ] {
                client.send(request(first) + request(second))
                let replies = try client.receive(2)
                #expect(replies[0] == replies[1])
                #expect(replies[0].errorText?.hasPrefix("NOPERM") == true, "\(first)")
            }
        }
    }

    @Test func `plain T.GETs in a pipeline are looked at one by one`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "read-own")
            client.send(
                request("T.GET", "own:1") + request("T.GET", "other:1") + request("T.GET", "own:2"))
            let replies = try client.receive(3)
            #expect(replies[0].elements?.count == 11 && replies[2].elements?.count == 11)
            #expect(replies[1].errorText?.hasPrefix("NOPERM") == true)
        }
    }

    @Test func `a batch with one rider of others stores nothing`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "both-own")
            let ts = "\(testNowMs)"
            let mixed = try client.ask(
                "T.MADD", "own:1", ts, "37.5", "127", "other:1", ts, "1", "2")
            #expect(mixed.errorText?.contains("access a rider") == true)
            #expect(try client.ask("T.LEN", "own:1", "-", "+") == .integer(1))
            #expect(
                try client.ask("T.MADD", "own:1", ts, "37.5", "127").elements?.count == 1)
            #expect(try client.ask("T.LEN", "own:1", "-", "+") == .integer(2))
        }
    }

    @Test func `moves of one's own riders are heard, also by pattern`() throws {
        try withFleet { server in
            let client = try TestClient(server, as: "read-own")
            #expect(try client.ask("PSUBSCRIBE", "pos:*").errorText?.hasPrefix("NOPERM") == true)
            #expect(
                try client.ask("PSUBSCRIBE", "pos:own:*").plain == ["psubscribe", "pos:own:*", "1"])
            let writer = try TestClient(server, as: "ingest")
            for name in ["other:1", "own:1"] {
                _ = try writer.ask("T.ADD", name, "\(testNowMs)", "37.50001", "127")
            }
            let message = try client.receive()
            #expect(message.plain[2] == "pos:own:1")
        }
    }

    @Test func `a session of T.PUT is its user's`() throws {
        let lines = [
            "user a role ingest,read SECRET", "user b role ingest,read SECRET",
        ]
        try withServer(accounts: try TestUsers.accounts(lines)) { server in
            var batch = PackedBatchWriter()
            batch.append(
                rider: Array("r".utf8),
                fix: .init(tsMs: testNowMs, latE7: 375_000_000, lonE7: 1_270_000_000))
            var writer = RequestWriter()
            writer.put(batch)
            var parser = RequestParser()
            guard case .request = parser.next(writer.bytes.span.bytes) else { return }
            let frame = writer.bytes.withUnsafeBytes { bytes in
                parser.withArguments(of: bytes) { Array($0[1]) }
            }
            let words =
                [Array("T.PUT".utf8), frame] + ["SESSION", "s", "SEQ", "1"].map { Array($0.utf8) }
            let first = try TestClient(server, as: "a")
            let stored = try first.ask(bytes: words)
            #expect(try first.ask(bytes: words) == stored)
            // To another user it is a batch like any other: its fix is stored already.
            let second = try TestClient(server, as: "b").ask(bytes: words)
            #expect(second.errorText == nil && second != stored)
        }
    }
}
