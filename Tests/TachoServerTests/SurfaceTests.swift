import Foundation
import TachoServer
import TachoWire
import Testing

/// CLIENT KILL, SLOWLOG, INFO and SHUTDOWN on a server.
struct SurfaceTests {
    private func id(_ client: TestClient) throws -> String {
        "\(try client.ask("CLIENT", "ID").integer ?? 0)"
    }

    @Test func `CLIENT KILL ends others at once and its own connection after the reply`() throws {
        try withServer { server in
            let (asking, other, third) = (
                try TestClient(server), try TestClient(server), try TestClient(server)
            )
            #expect(try asking.ask("CLIENT", "KILL", "ID", "999") == .integer(0))
            #expect(try asking.ask("CLIENT", "KILL", "ID", id(other)) == .integer(1))
            #expect(other.isClosedByServer())
            let line = try third.ask("CLIENT", "INFO").text ?? ""
            let address = line.split(separator: " ").first { $0.hasPrefix("addr=") }?.dropFirst(5)
            #expect(
                try asking.ask("CLIENT", "KILL", "ADDR", String(address ?? "?")) == .integer(1))
            #expect(third.isClosedByServer())
            // Not itself, unless that is asked for.
            let own = try id(asking)
            #expect(try asking.ask("CLIENT", "KILL", "ID", own) == .integer(0))
            #expect(try asking.ask("CLIENT", "KILL", "ID", own, "SKIPME", "no") == .integer(1))
            #expect(asking.isClosedByServer())
        }
    }

    @Test func `a killed connection that waits for alerts is gone`() throws {
        try withServer { server in
            let (asking, waiting) = (try TestClient(server), try TestClient(server))
            let number = try id(waiting)
            waiting.send("XREAD", "BLOCK", "0", "STREAMS", "alerts", "$")
            while try asking.ask("INFO", "clients").text?.contains("blocked_clients:1") != true {}
            #expect(try asking.ask("CLIENT", "KILL", "ID", number) == .integer(1))
            #expect(waiting.isClosedByServer())
            #expect(try asking.ask("INFO").text?.contains("blocked_clients:0") == true)
        }
    }

    @Test func `CLIENT LIST shows library, name and version of those asked for`() throws {
        try withServer { server in
            let (asking, other) = (try TestClient(server), try TestClient(server))
            _ = try other.ask("CLIENT", "SETINFO", "LIB-NAME", "py")
            _ = try other.ask("CLIENT", "SETINFO", "LIB-VER", "5.2")
            let list = try asking.ask("CLIENT", "LIST", "ID", id(other)).text ?? ""
            #expect(list.split(separator: "\n").count == 1)
            #expect(list.contains(" lib-name=py lib-ver=5.2\n"))
            // redis-py fails over a line without one of these.
            for field in [
                "id", "age", "idle", "db", "sub", "psub", "multi", "qbuf", "qbuf-free", "obl",
                "argv-mem", "oll", "omem", "tot-mem",
            ] { #expect(" \(list)".contains(" \(field)="), "\(field)") }
            #expect(try asking.ask("CLIENT", "LIST", "TYPE", "pubsub").text == "")
            #expect(
                try asking.ask("CLIENT", "KILL", "1.2.3.4:5") == .error("ERR No such client"))
        }
    }

    @Test func `INFO gives the sections asked for`() throws {
        try withServer { server in
            let client = try TestClient(server)
            func titles(_ words: String...) throws -> [String] {
                client.send(request(["INFO"] + words))
                let text = try client.receive().text ?? ""
                return text.split(separator: "\r\n").filter { $0.hasPrefix("# ") }.map(String.init)
            }
            let all = ["# Server", "# Clients", "# Stats", "# Latency", "# Tacho"]
            #expect(try titles() == all)
            #expect(try titles("everything") == all)
            #expect(try titles("STATS", "server") == ["# Server", "# Stats"])
            #expect(try titles("nosuch") == [])
        }
    }

    @Test func `what takes long is in SLOWLOG, without positions`() throws {
        var limits = ServerLimits()
        limits.slowMicroseconds = 0
        limits.slowEntries = 4
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            _ = try client.ask("CLIENT", "SETNAME", "me")
            #expect(try client.ask("SLOWLOG", "RESET") == .simple("OK"))
            // Writes and plain T.GETs are not timed; SLOWLOG RESET itself is.
            _ = try client.ask("T.ADD", "r1", "\(testNowMs)", "37.5665", "126.978")
            _ = try client.ask("T.GET", "r1")
            _ = try client.ask("T.NEARBY", "37.5665", "126.978", "100", "COUNT", "1")
            _ = try client.ask("T.RANGE", "r1", "-", "+")
            #expect(try client.ask("SLOWLOG", "LEN") == .integer(3))
            let entries = try client.ask("SLOWLOG", "GET", "3").elements ?? []
            #expect(
                entries.map { $0.elements?[3].plain ?? [] } == [
                    ["SLOWLOG", "LEN"], ["T.RANGE", "r1", "-", "+"],
                    ["T.NEARBY", "?", "?", "?", "COUNT", "?"],
                ])
            let newest = entries.first?.elements ?? []
            #expect(newest.count == 6)
            #expect(newest[1] == .integer(testNowMs / 1_000))
            #expect(newest[5].text == "me")
            for _ in 0..<9 { _ = try client.ask("PING") }
            let ids = try client.ask("SLOWLOG", "GET", "-1").elements?.map {
                $0.elements?.first?.integer ?? 0
            }
            #expect(ids?.count == 4 && ids == ids?.sorted(by: >))
        }
    }

    @Test func `nothing is slow where the threshold is switched off`() throws {
        var limits = ServerLimits()
        limits.slowMicroseconds = -1
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            _ = try client.ask("T.RANGE", "r1", "-", "+")
            #expect(try client.ask("SLOWLOG", "LEN") == .integer(0))
            #expect(
                try client.ask("CONFIG", "GET", "slowlog-log*").plain
                    == ["slowlog-log-slower-than", "-1"])
        }
    }

    @Test func `SHUTDOWN is refused where the server is only a part of a program`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("SHUTDOWN").errorText?.hasPrefix("ERR this server") == true)
            #expect(try client.ask("PING") == .simple("PONG"))
        }
    }
}
