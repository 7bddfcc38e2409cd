import TachoServer
import TachoWire
import Testing

/// What redis-cli, redis-py and redis-benchmark send at connect.
struct SessionTests {
    @Test func `HELLO gives its map as an array in RESP2`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("HELLO", "4").errorText?.hasPrefix("NOPROTO ") == true)
            let map = try client.ask("HELLO", "2", "SETNAME", "me")
            #expect(map.elements?.count == 14 && map == .array(map.elements ?? []))
            let keys = stride(from: 0, to: map.plain.count, by: 2).map { map.plain[$0] }
            #expect(keys == ["server", "version", "proto", "id", "mode", "role", "modules"])
            #expect(map.elements?[5] == .integer(2))
            #expect(try client.ask("CLIENT", "GETNAME").text == "me")
            #expect(try client.ask("RESET") == .simple("RESET"))
            #expect(try client.ask("CLIENT", "GETNAME") == .null)
        }
    }

    @Test func `every command of a connecting client is answered in its shape`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("PING") == .simple("PONG"))
            #expect(try client.ask("PING", "x").text == "x")
            #expect(try client.ask("ECHO", "가").text == "가")
            #expect(try client.ask("AUTH", "x").errorText?.hasPrefix("ERR AUTH <password>") == true)
            #expect(try client.ask("AUTH", "default", "x") == .simple("OK"))
            #expect(try client.ask("ACL", "WHOAMI").text == "default")
            #expect(try client.ask("CLIENT", "SETINFO", "LIB-NAME", "x") == .simple("OK"))
            #expect(try client.ask("CLIENT", "SETNAME", "me") == .simple("OK"))
            #expect(try client.ask("CLIENT", "ID").integer != nil)
            let list = try client.ask("CLIENT", "LIST").text ?? ""
            #expect(list.hasPrefix("id=") && list.contains(" name=me "))
            let count = try client.ask("COMMAND", "COUNT").integer
            #expect(try client.ask("COMMAND").elements?.count == count.map(Int.init))
            let info = try client.ask("COMMAND", "INFO", "T.GET", "nosuch").elements
            #expect(info?.first?.plain == ["t.get", "-2", "array", "1", "1", "1"])
            #expect(info?.last == .null)
            #expect(try client.ask("COMMAND", "DOCS", "nosuch") == .array([]))
            #expect(try client.ask("CONFIG", "GET", "save").plain == ["save", ""])
            #expect(try client.ask("CONFIG", "GET", "appendonly").plain == ["appendonly", "yes"])
            #expect(try client.ask("CONFIG", "GET", "nosuch") == .array([]))
            #expect(try client.ask("SLOWLOG", "GET", "5") == .array([]))
            #expect(try client.ask("SLOWLOG", "LEN") == .integer(0))
            #expect(try client.ask("TIME").plain == ["\(testNowMs / 1_000)", "0"])
            #expect(try client.ask("SELECT", "0") == .simple("OK"))
            #expect(try client.ask("SELECT", "3") == .error("ERR DB index is out of range"))
            #expect(try client.ask("INFO").text?.contains("tacho_version:") == true)
        }
    }
}
