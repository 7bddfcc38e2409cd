import TachoServer
import TachoWire
import Testing

/// Replies of T.DIST.
struct DistanceCommandTests {
    private let start = testNowMs - 20_000_000

    /// Ten fixes north, 5 s and 50 m apart; a silence of 400 s; ten more.
    private func withRide(
        limits: ServerLimits = ServerLimits(), _ body: (TestClient) throws -> Void
    ) throws {
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            for index in 0..<20 {
                let seconds = index * 5 + (index < 10 ? 0 : 400)
                let lat = "37.\(5_000_000 + index * 4_500)"
                let ts = "\(start + Int64(seconds) * 1_000)"
                #expect(try client.ask("T.ADD", "r", ts, lat, "127") == .integer(0))
            }
            try body(client)
        }
    }

    private func fields(_ reply: Reply) throws -> [String: Reply] {
        let elements = try #require(reply.elements)
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: elements.count, by: 2).map {
                (elements[$0].text ?? "?", elements[$0 + 1])
            })
    }

    @Test func `the sums come by name, the first as interfaces have them`() throws {
        try withRide { client in
            let reply = try client.ask("T.DIST", "r", "-", "+")
            #expect(
                reply.plain == [
                    "metres", "898.992", "points", "20", "excluded", "0", "gaps_ms", "405000",
                    "alg", "v1", "gaps", "1", "gap_metres", "49.944", "excluded_metres", "0",
                    "resting_metres", "0", "held", "0", "quarantined", "0", "conflicts", "0",
                ])
            let some = try fields(
                try client.ask("T.DIST", "r", "\(start + 5_000)", "\(start + 15_000)"))
            #expect(some["points"] == .integer(3) && some["metres"]?.text == "99.888")
            let nobody = try fields(try client.ask("T.DIST", "nobody", "-", "+", "DIGEST"))
            #expect(nobody["points"] == .integer(0) && nobody["metres"]?.text == "0")
        }
    }

    @Test func `legs come in pages whose sums add up`() throws {
        try withRide { client in
            let whole = try fields(try client.ask("T.DIST", "r", "-", "+", "LEGS", "DIGEST"))
            let legs = try #require(whole["legs"]?.elements).map(\.plain)
            #expect(legs.count == 20 && whole["cursor"] == nil)
            #expect(legs[0][0] == "start" && legs[10][0] == "gap" && legs[19][0] == "leg")
            #expect(
                legs[1] == [
                    "leg", "\(start)", "\(start + 5_000)", "37.5000000", "127.0000000",
                    "37.5004500", "127.0000000", "49944", "49944", "ok",
                ])
            #expect(legs[10][7] == "49944" && legs[10][8] == "0")
            #expect(whole["legs_sha256"]?.text?.count == 64)
            var (paged, points, words) = ([[String]](), Int64(0), ["LEGS", "COUNT", "7"])
            while true {
                client.send(request(["T.DIST", "r", "-", "+"] + words))
                let page = try fields(try client.receive())
                paged += try #require(page["legs"]?.elements).map(\.plain)
                points += page["points"]?.integer ?? -1
                guard let cursor = page["cursor"]?.text else { break }
                words = ["LEGS", "COUNT", "7", "CURSOR", cursor]
            }
            #expect(paged == legs && points == 20)
        }
    }

    @Test func `more than fit are an error without COUNT, and bad questions are told`() throws {
        var limits = ServerLimits()
        limits.legRows = 5
        try withRide(limits: limits) { (client) throws in
            func answer(_ words: String) throws -> String {
                client.send(request(words.split(separator: " ").map(String.init)))
                return try client.receive().errorText ?? "no error"
            }
            #expect(
                try answer("T.DIST r - + LEGS") == "ERR more than 5 legs, use COUNT and CURSOR")
            #expect(try answer("T.DIST r - + LEGS COUNT 9") == "no error")
            #expect(
                try answer("T.DIST r - + LEGS CURSOR 5")
                    == "ERR CURSOR '5' is none that T.DIST gave")
            #expect(try answer("T.DIST r - + COUNT 5") == "ERR syntax error")
            #expect(
                try answer("T.DIST r x +") == "ERR from 'x' is not an integer or out of range")
            #expect(
                try answer("T.DIST r -")
                    == "ERR wrong number of arguments for 'T.DIST' command")
        }
    }
}
