import TachoServer
import TachoWire
import Testing

/// T.ALERT, T.ALERTS with filters, and T.RISK over a socket.
struct ReviewCommandTests {
    /// A fix of the year 3000: one alert, whose id is returned.
    private func raise(_ client: TestClient, _ rider: String = "r") throws -> String {
        #expect(try client.ask("T.ADD", rider, "32503680000000", "37.5", "127") == .integer(20))
        let entries = try client.ask("XRANGE", "alerts", "-", "+").elements ?? []
        return try #require(entries.last?.elements?.first?.text)
    }

    private func fields(_ reply: Reply?) -> [String: Reply] {
        let list = reply?.elements ?? []
        var fields: [String: Reply] = [:]
        for at in stride(from: 0, to: list.count - 1, by: 2) {
            fields[list[at].text ?? "?"] = list[at + 1]
        }
        return fields
    }

    @Test func `a review is answered with its record, and the alert lists it`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let id = try raise(client)
            let record = try client.ask(
                "T.ALERT", "ACK", id, "BY", "kim", "NOTE", "zwei\nZeilen")
            #expect(
                record.plain == [
                    "step", "0", "state", "ack", "at_ms", "\(testNowMs)", "by", "kim", "note",
                    "zwei\nZeilen",
                ])
            #expect(
                try client.ask("T.ALERT", "ack", id, "by", "kim", "note", "zwei\nZeilen") == record)
            _ = try client.ask("T.ALERT", "CONFIRM", id, "BY", "lee")
            let file = fields(try client.ask("T.ALERT", "GET", id))
            #expect(file["id"]?.text == id)
            #expect(file["state"]?.text == "confirmed")
            #expect(file["code"]?.text == "TS_FUTURE")
            let history = file["history"]?.elements ?? []
            #expect(history.count == 2)
            #expect(history.first == record)
            #expect(fields(history.last)["state"]?.text == "confirmed")
            #expect(fields(history.last)["note"]?.text == "")
        }
    }

    @Test func `what cannot be is an error that says why`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let id = try raise(client)
            #expect(
                try client.ask("T.ALERT", "UPHOLD", id, "BY", "kim")
                    == .error(
                        "ERR alert \(id) is open and cannot become appeal_upheld, only ack or"
                            + " false_positive or confirmed or appeal"))
            #expect(
                try client.ask("T.ALERT", "ACK", "5-3", "BY", "kim")
                    == .error("ERR no alert has the id 5-3, tacho alerts lists them"))
            #expect(try client.ask("T.ALERT", "GET", "5-3") == .null)
            let long = String(repeating: "x", count: 1_025)
            #expect(
                try client.ask("T.ALERT", "ACK", id, "BY", "kim", "NOTE", long)
                    == .error("ERR the note has 1025 bytes, at most 1024"))
            client.send(
                request(["T.ALERT", "ACK", id, "BY", ""]) + request("T.ALERT", "GET", id))
            #expect(try client.receive() == .error("ERR who reviews must have a name"))
            #expect(fields(try client.receive())["history"]?.elements == [])
        }
    }

    @Test func `pipelined with writes it takes its turn`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let id = try raise(client)
            client.send(
                request("T.ADD", "s", "\(testNowMs)", "37.5", "127")
                    + request("T.ALERT", "FALSE", id, "BY", "kim")
                    + request("T.ALERT", "CONFIRM", id, "BY", "kim")
                    + request("T.ALERT", "FEEDBACK") + request("T.LEN", "s", "-", "+"))
            #expect(try client.receive() == .integer(0))
            #expect(fields(try client.receive())["step"] == .integer(0))
            #expect(fields(try client.receive())["step"] == .integer(1))
            let rules = try client.receive().elements ?? []
            #expect(rules.count == 1)
            #expect(
                rules.first?.plain == [
                    "code", "TS_FUTURE", "alerts", "1", "acknowledged", "0", "false_positives",
                    "0", "confirmed", "1", "appeals", "0", "upheld", "0", "rejected", "0",
                    "false_positive_rate", "0",
                ])
            #expect(try client.receive() == .integer(1))
        }
    }

    @Test func `T.ALERTS selects, and its fields end with id and state`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let ids = try ["a", "b", "c"].map { try raise(client, $0) }
            _ = try client.ask("T.ALERT", "APPEAL", ids[1], "BY", "the rider")
            let all = try client.ask("T.ALERTS").elements ?? []
            #expect(all.count == 3)
            let names = all[0].plain.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            #expect(
                names == [
                    "rider", "ts_ms", "at_recv_ms", "code", "severity", "verdict", "count",
                    "evidence", "id", "state",
                ])
            func listed(_ words: String...) throws -> [String] {
                client.send(request(["T.ALERTS"] + words))
                return (try client.receive().elements ?? []).compactMap { fields($0)["id"]?.text }
            }
            #expect(try listed("RIDER", "b") == [ids[1]])
            #expect(try listed("STATE", "appeal", "CODE", "ts_future") == [ids[1]])
            #expect(try listed("STATE", "open") == [ids[0], ids[2]])
            #expect(try listed("SEVERITY", "warn") == [])
            #expect(try listed("FROM", "\(testNowMs + 1_000)") == [])
            // The cursor goes on among those that are selected.
            let page = try client.ask("T.ALERTS", "STATE", "open", "COUNT", "1").elements ?? []
            let cursor = try #require(page.last?.text)
            #expect(try listed("STATE", "open", "CURSOR", cursor) == [ids[2]])
        }
    }

    @Test func `T.RISK gives the greatest first, with what it is made of`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let id = try raise(client)
            _ = try raise(client, "s")
            _ = try client.ask("T.ADD", "s", "\(testNowMs - 5)", "37.5", "127", "SRC", "mock")
            _ = try client.ask("T.ADD", "calm", "\(testNowMs)", "37.5", "127")
            let list = try client.ask("T.RISK").elements ?? []
            #expect(list.map { fields($0)["rider"]?.text } == ["s", "r"])
            let first = fields(list.first)
            #expect(first["risk"]?.text == "0.94")
            #expect(first["case"] == .integer(0))
            #expect(first["case_since_ms"] == .null)
            #expect(first["alerts"] == .integer(2))
            #expect(first["at_ms"] == .integer(testNowMs))
            let codes = first["codes"]?.elements ?? []
            #expect(codes.map { fields($0)["code"]?.text } == ["TS_FUTURE", "MOCK_FLAG"])
            #expect(codes.map { fields($0)["risk"]?.text } == ["0.9", "0.4"])
            #expect(codes.map { fields($0)["severity"]?.text } == ["crit", "warn"])
            _ = try client.ask("T.ALERT", "FALSE", id, "BY", "kim")
            #expect(try client.ask("T.RISK").elements?.count == 1)
            #expect(try client.ask("T.RISK", "MIN", "0.95") == .array([]))
            #expect(try client.ask("T.RISK", "AT", "0") == .array([]))
            let named = try client.ask("T.RISK", "COUNT", "9", "RIDERS", "calm", "r", "nobody")
            #expect((named.elements ?? []).map { fields($0)["rider"]?.text } == ["calm", "r"])
            #expect((named.elements ?? []).map { fields($0)["risk"]?.text } == ["0", "0"])
            // Half an hour later two fifths of each weight are left.
            let later = try client.ask("T.RISK", "AT", "\(testNowMs + 1_800_000)").elements
            let risk = try #require(fields(later?.first)["risk"]?.text.flatMap { Double($0) })
            #expect(abs(risk - (1 - (1 - 0.36) * (1 - 0.16))) < 0.001)
        }
    }

    @Test func `COMMAND knows them`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let known = try client.ask("COMMAND", "INFO", "T.ALERT", "T.RISK").elements ?? []
            #expect(known.map { $0.elements?.first?.text?.uppercased() } == ["T.ALERT", "T.RISK"])
        }
    }
}
