import TachoGeo
import TachoServer
import TachoWire
import Testing

/// T.RANGE … AS packed and geojson.
struct TrackTextTests {
    private func fill(_ client: TestClient, _ count: Int) throws {
        for i in 0..<count {
            client.send(
                "T.ADD", "r", "\(testNowMs - 100_000 + Int64(i) * 1_000)", "37.5", "127", "ALT",
                "\(i)", "SRC", "gps")
        }
        _ = try client.receive(count)
    }

    private func bytes(_ reply: Reply) throws -> [UInt8] {
        guard case .bulk(let bytes) = reply else {
            Issue.record("\(reply) is no bulk string")
            return []
        }
        return bytes
    }

    private func put(_ batch: [UInt8]) -> [UInt8] {
        var writer = RequestWriter()
        writer.begin(arguments: 2)
        writer.argument("T.PUT")
        writer.argument(batch)
        return writer.bytes
    }

    @Test func `a packed range is what T_PUT takes, and stores the same fixes`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client, 25)
            let packed = try bytes(try client.ask("T.RANGE", "r", "-", "+", "AS", "packed"))
            client.send(put(packed))
            let reply = try client.receive()
            let counts = try #require(PutReply(reply)).masks
            #expect(counts == Array(repeating: .duplicate, count: 25))
            let none = try bytes(try client.ask("T.RANGE", "nobody", "-", "+", "AS", "PACKED"))
            client.send(put(none))
            #expect(try client.receive().elements?.count == 2)
        }
    }

    @Test func `pages of texts are arrays with a cursor at the end`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client, 25)
            for form in ["packed", "geojson"] {
                var sizes: [Int] = []
                var cursor: [String] = []
                repeat {
                    client.send(
                        request(["T.RANGE", "r", "-", "+", "COUNT", "10", "AS", form] + cursor))
                    let page = try client.receive().elements ?? []
                    sizes.append(page.count)
                    let text = try bytes(try #require(page.first))
                    if form == "packed" { #expect(text.starts(with: "TPUT".utf8)) }
                    cursor = page.count > 1 ? ["CURSOR", page[1].text ?? ""] : []
                } while !cursor.isEmpty
                #expect(sizes == [2, 2, 1], "\(form)")
            }
            let all = try client.ask("T.RANGE", "r", "-", "+", "COUNT", "25", "AS", "geojson")
            #expect(all.elements?.count == 1)
        }
    }

    @Test func `a range as GeoJSON has the rider, the line and the verdicts`() throws {
        try withServer { server in
            let client = try TestClient(server)
            try fill(client, 2)
            _ = try client.ask("T.ADD", "r", "32503680000000", "37.5", "127")
            let text = String(
                decoding: try bytes(try client.ask("T.RANGE", "r", "-", "+", "AS", "geojson")),
                as: UTF8.self)
            #expect(text.hasPrefix(#"{"type":"Feature","properties":{"rider":"r","#))
            #expect(text.contains(#""verdict":["ok","ok","quarantine:TS_FUTURE"]"#))
            #expect(
                text.hasSuffix(
                    #""coordinates":[[127.0000000,37.5000000,0],[127.0000000,37.5000000,1],"#
                        + #"[127.0000000,37.5000000]]}}"#))
            let none = try client.ask("T.RANGE", "nobody", "-", "+", "AS", "geojson")
            #expect(none.text?.hasSuffix(#""geometry":null}"#) == true)
            let kml = try client.ask("T.RANGE", "r", "-", "+", "AS", "kml")
            #expect(
                kml == .error("ERR AS 'kml' is not known, points, packed or geojson expected"))
        }
    }
}
