import TachoCodec
import TachoGeo
import TachoServer
import TachoWire
import Testing

/// T.RULES over a connection.
struct RulesCommandTests {
    private func json(_ reply: Reply) throws -> JSONValue {
        try JSONValue.read(Array(#require(reply.text).utf8))
    }

    @Test func `the rule set is shown as JSON, and as pairs`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let set = try json(client.ask("T.RULES", "GET"))
            #expect(
                set.members?.map(\.key)
                    == ["revision", "rule_set", "hash", "stored", "off", "thresholds"])
            #expect(set["revision"]?.integer == 1 && set["stored"] == .bool(false))
            #expect(set["hash"]?.text?.count == 16)
            #expect(set["thresholds"]?["speed_car_mps"] == .number("42"))
            #expect(try json(client.ask("t.rules", "get", "as", "json")) == set)
            let pairs = try client.ask("T.RULES", "GET", "AS", "PAIRS").plain
            #expect(Array(pairs.prefix(4)) == ["revision", "1", "rule_set", "5"])
            for number in set["thresholds"]?.members ?? [] {
                let at = try #require(pairs.firstIndex(of: number.key))
                #expect(pairs[at + 1] == number.value.text)
            }
        }
    }

    @Test func `what comes before a set on a connection is judged by the old one`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let ts = testNowMs - 1_000
            // One write of the client: nothing is waited for.
            client.send(
                request("T.ADD", "r", "\(ts)", "37.5", "127", "ACC", "50")
                    + request("T.RULES", "SET", "low_accuracy_m", "40")
                    + request("T.ADD", "r", "\(ts + 1)", "37.5", "127", "ACC", "50")
                    + request("T.RULES", "SET", #"{"thresholds":{"low_accuracy_m":null}}"#)
                    + request("T.ADD", "r", "\(ts + 2)", "37.5", "127", "ACC", "50"))
            #expect(
                try client.receive(5)
                    == [.integer(0), .integer(2), .integer(32), .integer(3), .integer(0)])
        }
    }

    @Test func `what get gives can be set again with a newer revision`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let first = try client.ask("T.RULES", "SET", "ZIGZAG", "off", "gap_m", "900")
            #expect(first == .integer(2))
            let text = try #require(try client.ask("T.RULES", "GET").text)
            let same = try client.ask("T.RULES", "SET", text)
            #expect(same.errorText?.contains("revision 2 is not newer than 2") == true)
            let newer = text.replacing("\"revision\":2", with: "\"revision\":7")
            #expect(try client.ask("T.RULES", "SET", newer) == .integer(7))
            let again = try #require(try client.ask("T.RULES", "GET").text)
            #expect(again == newer)
            #expect(
                try client.ask("T.RULES", "SET", "gap_m", "1", "REVISION", "8") == .integer(8))
        }
    }

    @Test(arguments: [
        (["SET", "gap_m", "-1"], "ERR gap_m -1 is out of range: 0 to 10000000 expected"),
        (["SET", "gap_m", "wide"], "ERR gap_m 'wide' is not a number that can be set: 0 to"),
        (["SET", "gap_km", "1"], "ERR no rule or threshold 'gap_km': T.RULES GET lists"),
        (["SET", "gap_m"], "ERR the rule set is no JSON that is understood: a value for each"),
        (["SET", "gap_m", "1", "REVISION", "1"], "ERR revision 1 is not newer than 1"),
        (["SET", "{\"gap_m\":}"], "ERR the rule set is no JSON that is understood: an unexpected"),
        (["SET", "{}"], "ERR the rule set is no JSON that is understood: nothing is to be set"),
        (["SET", "{\"gap_m\":[1]}"], "ERR the rule set is no JSON that is understood: gap_m: a"),
        (["SET", "{\"off\":[1,{}]}"], "ERR the rule set is no JSON that is understood: off: an"),
        (["SET", "{\"thresholds\":7}"], "ERR the rule set is no JSON that is understood: thresh"),
        (["SET", "{\"rule_set\":1}"], "ERR rule_set 1 is older than 5"),
        (["SET", "{\"gap_m\":1,\"gap_m\":2}"], "ERR gap_m is given twice"),
        (["SET", "{\"gap_m\":\"a\\nb\"}"], "ERR gap_m 'a b' is not a number"),
        (["SET", "TELEPORT", "off"], "ERR TELEPORT cannot be switched off"),
        (["SET"], "ERR wrong number of arguments for 'T.RULES' command"),
        (["GET", "ALL"], "ERR syntax error"),
        (["GET", "AS", "xml"], "ERR AS 'xml' is not known, json or pairs expected"),
        (["DROP"], "ERR unknown subcommand 'DROP' for 'T.RULES' command"),
        (["TEST", "0"], "ERR wrong number of arguments for 'T.RULES' command"),
        (["TEST", "x", "+"], "ERR from 'x' is not an integer"),
        (["TEST", "-", "+", "LEADIN", "-1"], "ERR LEADIN '-1' is not an integer"),
        (["TEST", "-", "+", "RIDER", "nobody"], "ERR no rider 'nobody'"),
        (["TEST", "-", "+", "CURSOR", "9"], "ERR CURSOR 9 is none that was given"),
        (["TEST", "-", "+", "SET", "gap_m", "-1"], "ERR gap_m -1 is out of range"),
        (["TEST", "-", "+", "FAST"], "ERR syntax error"),
        (["RECOMPUTE", "-", "+", "SET", "gap_m", "1"], "ERR syntax error"),
        (["RECOMPUTE", "-", "+", "COUNT", "0"], "ERR COUNT '0' is not an integer"),
    ])
    func `what cannot be done is an error that names it, and nothing changes`(
        words: [String], message: String
    ) throws {
        try withServer { server in
            let client = try TestClient(server)
            let before = try client.ask("T.RULES", "GET")
            client.send(request(["T.RULES"] + words))
            let error = try client.receive().errorText ?? "no error"
            #expect(error.hasPrefix(message), "\(error)")
            #expect(try client.ask("T.RULES", "GET") == before)
        }
    }

    @Test func `a test tells what a recomputation then does`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let ts = testNowMs - 1_000
            for rider in ["a", "b"] {
                for i in 0..<5 {
                    _ = try client.ask(
                        "T.ADD", rider, "\(ts + Int64(i))", "37.5", "127", "ACC", "50")
                }
            }
            let words = [
                "T.RULES", "TEST", "\(ts + 1)", "\(ts + 4)", "SET", "low_accuracy_m", "40",
            ]
            client.send(request(words))
            let told = try json(client.receive())
            #expect(told["fixes"]?.integer == 6 && told["changed"]?.integer == 6)
            #expect(told["codes"]?["LOWACC"]?["added"]?.integer == 6)
            #expect(told["revision"]?.integer == 2 && told["next"] == .null)
            #expect(told["examples"]?.elements?.first?["rider"]?.text == "a")
            #expect(try client.ask("T.RULES", "SET", "low_accuracy_m", "40") == .integer(2))
            let first = try json(
                client.ask("T.RULES", "RECOMPUTE", "\(ts + 1)", "\(ts + 4)", "COUNT", "1"))
            #expect(first["changed"]?.integer == 3 && first["next"]?.integer == 1)
            let second = try json(
                client.ask(
                    "T.RULES", "RECOMPUTE", "\(ts + 1)", "\(ts + 4)", "COUNT", "1", "CURSOR", "1",
                    "LEADIN", "60"))
            #expect(second["changed"]?.integer == 3 && second["next"] == .null)
            let verdicts = try client.ask("T.RANGE", "b", "-", "+").elements?.map { $0.plain[6] }
            #expect(
                verdicts == ["ok", "accept:LOWACC", "accept:LOWACC", "accept:LOWACC", "ok"])
        }
    }
}
