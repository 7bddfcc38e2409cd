import TachoGeo
import TachoServer
import TachoWire
import Testing

/// The shape of every reply about fixes.
struct QueryTests {
    private let ts = testNowMs - 10

    @Test func `the latest fix has its fields in the order of the page`() throws {
        try withServer { server in
            let client = try TestClient(server)
            #expect(try client.ask("T.GET", "r") == .null)
            let added = try client.ask(
                "T.ADD", "r", "\(ts)", "37.5", "-127.00000005", "SPEED", "4.20", "HEADING", "90.5",
                "ACC", "5", "ALT", "-3.1", "SRC", "gps")
            #expect(added == .integer(0))
            let row = [
                "\(ts)", "37.5000000", "-127.0000001", "4.2", "90.5", "5", "ok",
                cell(375_000_000, -1_270_000_001), "-3.1", "gps", "\(ts + 64)",
            ]
            #expect(try client.ask("T.GET", "r").plain == row)
            #expect(try client.ask("t.get", "r", "withage").plain == row + ["10"])
            _ = try client.ask("T.ADD", "bare", "\(ts)", "0.5", "0")
            let both = try client.ask("T.MGET", "bare", "nobody", "r").elements
            #expect(
                both?.first?.plain == [
                    "\(ts)", "0.5000000", "0.0000000", "nil", "nil", "nil", "ok",
                    cell(5_000_000, 0), "nil", "nil", "\(ts + 64)",
                ])
            #expect(both?[1] == .null)
            #expect(both?.last?.plain == row)
        }
    }

    private func cell(_ latE7: Int32, _ lonE7: Int32) -> String {
        Cell.containing(Coordinate(latE7: latE7, lonE7: lonE7), resolution: 9).hex
    }

    @Test func `a pipeline of reads among writes is answered in its order`() throws {
        try withServer { server in
            let client = try TestClient(server)
            // More than are read at once, a write between any two kinds, riders that nobody has.
            var sent: [UInt8] = []
            for i in 0..<200 {
                sent += request("T.ADD", "r\(i % 3)", "\(ts - 1_000 + Int64(i))", "37.5", "127")
                for _ in 0..<(i % 5) { sent += request("T.GET", "r\(i % 3)") }
                if i % 7 == 0 { sent += request("T.GET", "nobody") }
                if i % 11 == 0 { sent += request("T.GET", "r\(i % 3)", "RAW") }
            }
            for _ in 0..<150 { sent += request("t.get", "r0") }
            client.send(sent)
            for i in 0..<200 {
                #expect(try client.receive(1).first == .integer(0), "fix \(i)")
                let time = "\(ts - 1_000 + Int64(i))"
                for _ in 0..<(i % 5) {
                    #expect(try client.receive(1).first?.plain.first == time, "fix \(i)")
                }
                if i % 7 == 0 { #expect(try client.receive(1).first == .null) }
                if i % 11 == 0 { #expect(try client.receive(1).first?.plain.first == time) }
            }
            for reply in try client.receive(150) {
                #expect(reply.plain.first == "\(ts - 1_000 + 198)")
            }
        }
    }

    @Test func `the cell is that of the fix shown, also when the rider has moved`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for step in 0..<20 {
                let lat = 375_000_000 + Int32(step) * 20_000
                _ = try client.ask(
                    "T.ADD", "r", "\(ts - 1_000_000 + Int64(step) * 30_000)",
                    "37.\(lat - 370_000_000)", "127")
                for _ in 0..<2 {
                    let row = try client.ask("T.GET", "r").plain
                    #expect(row[1] == "37.\(lat - 370_000_000)", "step \(step)")
                    #expect(row[7] == cell(lat, 1_270_000_000), "step \(step)")
                }
            }
        }
    }

    @Test func `a fix of the year 3000 is stored, marked and not the latest`() throws {
        try withServer { server in
            let client = try TestClient(server)
            _ = try client.ask("T.ADD", "r", "\(ts)", "37.5", "127")
            #expect(try client.ask("T.ADD", "r", "32503680000000", "37.5", "127") == .integer(20))
            #expect(try client.ask("T.GET", "r").plain.first == "\(ts)")
            let raw = try client.ask("T.GET", "r", "RAW").plain
            #expect(raw.first == "32503680000000")
            #expect(raw[6] == "quarantine:TS_FUTURE")
        }
    }

    @Test func `a range gives rows, filters and pages`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let first = testNowMs - 100_000
            for i in 0..<25 {
                client.send("T.ADD", "r", "\(first + Int64(i) * 1_000)", "37.5", "127")
            }
            _ = try client.receive(25)
            _ = try client.ask("T.ADD", "r", "32503680000000", "37.5", "127")
            let all = try client.ask("T.RANGE", "r", "-", "+").elements ?? []
            #expect(all.count == 26)
            #expect(
                all[0].plain == [
                    "\(first)", "37.5000000", "127.0000000", "nil", "nil", "nil", "ok", "nil",
                    "nil", "\(first + 100_032)",
                ])
            let some = try client.ask("T.RANGE", "r", "\(first + 1_000)", "\(first + 3_000)")
            #expect(some.elements == Array(all[1...3]))
            #expect(
                try client.ask("T.RANGE", "r", "-", "+", "VERDICT", "flagged").elements
                    == [all[25]])
            #expect(try client.ask("T.LEN", "r", "-", "+", "VERDICT", "ok") == .integer(25))
            #expect(try client.ask("T.RANGE", "r", "5", "4") == .array([]))
            #expect(try client.ask("T.RANGE", "nobody", "-", "+") == .array([]))
            #expect(try client.ask("T.LEN", "nobody", "-", "+") == .integer(0))
            #expect(try pages(client, of: "r", count: 7) == all)
            #expect(try pages(client, of: "r", count: 26) == all)
            let wrong = try client.ask("T.RANGE", "r", "-", "+", "CURSOR", "soon")
            #expect(wrong == .error("ERR CURSOR 'soon' is none that T.RANGE gave"))
        }
    }

    /// Follows cursors to the end: rows are arrays, and a bulk string at the end is the cursor.
    private func pages(_ client: TestClient, of rider: String, count: Int) throws -> [Reply] {
        var rows: [Reply] = []
        var cursor: [String] = []
        while true {
            client.send(request(["T.RANGE", rider, "-", "+", "COUNT", "\(count)"] + cursor))
            var page = try client.receive().elements ?? []
            guard let next = page.last?.text else { return rows + page }
            page.removeLast()
            #expect(page.count == count)
            rows += page
            cursor = ["CURSOR", next]
        }
    }

    @Test func `batches and imports answer a mask for every fix`() throws {
        try withServer { server in
            let client = try TestClient(server)
            let extended = try client.ask(
                "T.MADDX", "a", "\(ts)", "1", "2", "-", "-", "-", "-", "a", "\(ts + 1)", "1", "2",
                "fast", "-", "150", "-", "", "1", "1", "2", "-", "-", "-", "-", "a", "\(ts)", "1",
                "2", "-", "-", "-", "-")
            #expect(extended.plain == ["0", "\(128 + 32)", "64", "1"])
            let imported = try client.ask(
                "T.IMPORT", "CLAIMED", "VEHICLE", "foot", "b", "\(ts - 86_400_000)", "1", "2", "-",
                "-", "-", "-", "gps", "\(ts - 86_000_000)")
            #expect(imported.plain == ["0"])
            #expect(try client.ask("DBSIZE") == .integer(2))
        }
    }

    @Test func `seal and stats answer as the page says`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for i in 0..<10 {
                _ = try client.ask("T.ADD", "r", "\(ts + Int64(i))", "37.5", "127")
            }
            let sealed = try client.ask("T.SEAL").elements ?? []
            #expect(sealed.count == 1)
            let range = sealed.first?.elements ?? []
            #expect(range.first?.integer != nil)
            #expect(range.dropFirst().first == .integer(10))
            #expect(range.last?.text?.count == 64)
            let segment = try #require(range.first?.integer)
            let rebuilt = try client.ask("T.SEAL", "REBUILD", "\(segment)").elements ?? []
            #expect(rebuilt.count == 12)
            #expect(rebuilt.dropFirst(3).first == .integer(0), "it is sound: \(rebuilt)")
            let none = try client.ask("T.SEAL", "REBUILD", "99")
            #expect("\(none)".contains("none of the sealed segments"), "\(none)")
            let scrubbed = try client.ask("T.SCRUB").elements ?? []
            #expect(scrubbed.count == 12, "\(scrubbed)")
            let point = try client.ask("T.BACKUP", "BEGIN").elements ?? []
            #expect(point.count == 14 && point.first?.text == "engine", "\(point)")
            #expect(point[5] == .integer(11), "next_sequence: \(point)")
            #expect(point.last?.elements?.count ?? 0 > 10)
            #expect(try client.ask("T.BACKUP", "END").text == "OK")
            let refusal = try client.ask("T.RETIRE")
            #expect("\(refusal)".contains("HOTDAYS d"), "\(refusal)")
            let retired = try client.ask("T.RETIRE", "HOTDAYS", "0").elements ?? []
            #expect(retired.count == 2)
            let first = retired.first?.elements?.first?.elements ?? []
            #expect(first.count == 3 && first[1] == .integer(10), "\(retired)")
            #expect(retired.last?.elements?.isEmpty ?? false)
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(10))
            let again = try client.ask("T.ADD", "r", "\(ts + 3)", "37.5", "127")
            #expect(again == .integer(1))
            let stats = try client.ask("T.STATS").plain
            #expect(stats.count % 2 == 0)
            let place = try #require(stats.firstIndex(of: "points"))
            #expect(stats[place + 1] == "10")
        }
    }
}
