import TachoServer
import TachoWire
import Testing

/// The stream `alerts`, as a Redis client reads it.
struct AlertStreamTests {
    private func raiseAlert(_ client: TestClient, rider: String) throws {
        #expect(try client.ask("T.ADD", rider, "32503680000000", "37.5", "127") == .integer(20))
    }

    private func ids(_ reply: Reply) -> [String] {
        (reply.elements ?? []).compactMap { $0.elements?.first?.text }
    }

    @Test func `an entry has the keys of the alerts command`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("XLEN", "alerts") == .integer(0))
            #expect(try client.ask("XRANGE", "alerts", "-", "+") == .array([]))
            try raiseAlert(client, rider: "r")
            let entries = try client.ask("XRANGE", "alerts", "-", "+").elements ?? []
            #expect(entries.count == 1)
            let fields = entries[0].elements?.last?.plain ?? []
            let keys = stride(from: 0, to: fields.count, by: 2).map { fields[$0] }
            #expect(
                keys == [
                    "rider", "ts_ms", "at_recv_ms", "code", "severity", "verdict", "count",
                    "evidence",
                ])
            #expect(fields[1] == "r")
            #expect(fields[3] == "32503680000000")
            #expect(fields[7] == "TS_FUTURE")
            #expect(fields[9] == "crit")
            #expect(fields[11] == "quarantine:TS_FUTURE")
            #expect(fields[13] == "1")
            #expect(try client.ask("XLEN", "alerts") == .integer(1))
        }
    }

    @Test func `ranges and reads go by id`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for rider in ["a", "b", "c"] { try raiseAlert(client, rider: rider) }
            let all = ids(try client.ask("XRANGE", "alerts", "-", "+"))
            #expect(all.count == 3)
            #expect(ids(try client.ask("XRANGE", "alerts", all[1], all[1])) == [all[1]])
            #expect(ids(try client.ask("XRANGE", "alerts", "(\(all[0])", "+")) == Array(all[1...]))
            #expect(ids(try client.ask("XRANGE", "alerts", "-", "(\(all[2])")) == Array(all[..<2]))
            #expect(
                ids(try client.ask("XRANGE", "alerts", "-", "+", "COUNT", "2")) == Array(all[..<2]))
            let read = try client.ask("XREAD", "COUNT", "10", "STREAMS", "alerts", all[0])
            #expect(read.elements?.first?.elements?.first?.text == "alerts")
            #expect(ids(read.elements?.first?.elements?.last ?? .null) == Array(all[1...]))
            #expect(try client.ask("XREAD", "STREAMS", "alerts", all[2]) == .null)
            #expect(try client.ask("XREAD", "STREAMS", "alerts", "$") == .null)
            #expect(try client.ask("XREAD", "STREAMS", "other", "0") == .null)
            #expect(try client.ask("XRANGE", "other", "-", "+") == .array([]))
            #expect(try client.ask("XLEN", "other") == .integer(0))
        }
    }

    @Test func `a blocked reader is woken by an alert of another connection`() throws {
        try withServer { server in
            let reader = try TestClient(server)
            let writer = try TestClient(server)
            try raiseAlert(writer, rider: "old")
            reader.send(
                request("XREAD", "BLOCK", "0", "STREAMS", "other", "alerts", "$", "$")
                    + request("PING"))
            while try blockedClients(writer) == 0 {}
            try raiseAlert(writer, rider: "new")
            let woken = try reader.receive().elements?.first?.elements?.last?.elements ?? []
            #expect(woken.count == 1)
            #expect(woken.first?.elements?.last?.plain[1] == "new")
            #expect(try reader.receive() == .simple("PONG"))
            #expect(try blockedClients(writer) == 0)
        }
    }

    @Test func `a blocked reader with a time gets nil when it is over`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("XREAD", "BLOCK", "30", "STREAMS", "alerts", "$") == .null)
            #expect(try client.ask("XREAD", "BLOCK", "30", "STREAMS", "other", "0") == .null)
            #expect(try client.ask("PING") == .simple("PONG"))
        }
    }

    @Test func `a blocked reader that leaves is forgotten`() throws {
        try withServer { server in
            let watcher = try TestClient(server)
            let reader = try TestClient(server)
            reader.send("XREAD", "BLOCK", "0", "STREAMS", "alerts", "$")
            while try blockedClients(watcher) == 0 {}
            reader.close()
            while try blockedClients(watcher) > 0 {}
            try raiseAlert(watcher, rider: "r")
            #expect(try watcher.ask("XLEN", "alerts") == .integer(1))
        }
    }

    private func blockedClients(_ client: TestClient) throws -> Int {
        let info = try client.ask("INFO").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("blocked_clients:")
        }
        return try #require(line.flatMap { Int($0.dropFirst("blocked_clients:".count)) })
    }
}
