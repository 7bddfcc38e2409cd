import TachoServer
import TachoWire
import Testing

/// Replies come in the order of the requests, and a read sees the writes before it.
struct OrderTests {
    @Test func `pipelined fixes are answered one by one`() throws {
        try withServer { server in
            let client = try TestClient(server)
            var stream: [UInt8] = []
            for ts in 0..<100 { stream += request("T.ADD", "r", "\(ts * 1_000)", "37.5", "127") }
            stream += request("T.ADD", "r", "0", "37.5", "127")
            client.send(stream)
            let replies = try client.receive(101)
            #expect(replies.dropLast().allSatisfy { $0 != .integer(1) })
            #expect(replies.last == .integer(1))
        }
    }

    @Test func `a read after a write waits for its commit`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for round in 1...20 {
                let ts = testNowMs + Int64(round)
                client.send(
                    request("T.ADD", "r", "\(ts)", "37.5", "127") + request("T.GET", "r")
                        + request("T.LEN", "r", "-", "+"))
                #expect(try client.receive() == .integer(0))
                #expect(try client.receive().plain.first == "\(ts)")
                #expect(try client.receive() == .integer(Int64(round)))
            }
        }
    }

    /// One request of a random pipeline and the reply it must get.
    private struct Step {
        var bytes: [UInt8]
        var check: (Reply) -> Bool
    }

    private func step(
        _ random: inout SeededGenerator, _ nextTs: inout Int64, _ stored: inout Int64
    ) -> Step {
        switch Int.random(in: 0...9, using: &random) {
        case 0...4:
            nextTs += 1_000
            stored += 1
            return Step(
                bytes: request("T.ADD", "r", "\(nextTs)", "37.5", "127"),
                check: { $0.integer == 0 })
        case 5:
            var words = ["T.MADD"]
            let count = Int.random(in: 1...5, using: &random)
            for _ in 0..<count {
                nextTs += 1_000
                stored += 1
                words += ["r", "\(nextTs)", "37.5", "127"]
            }
            words += ["r", "\(nextTs)", "97", "127"]
            let expected =
                [Reply](repeating: .integer(0), count: count) + [.integer(64)]
            return Step(bytes: request(words), check: { $0.elements == expected })
        case 6:
            return Step(
                bytes: request("T.ADD", "r", "5", "127.02", "37"),
                check: { $0.errorText?.hasPrefix("ERR lat 127.02 out of range") == true })
        case 7:
            let expected = Reply.integer(stored)
            return Step(bytes: request("T.LEN", "r", "-", "+"), check: { $0 == expected })
        case 8:
            let word = "\(random.next())"
            return Step(bytes: request("ECHO", word), check: { $0.text == word })
        default:
            return Step(
                bytes: request("NOSUCH"), check: { $0.errorText == "ERR unknown command 'NOSUCH'" })
        }
    }

    @Test(arguments: UInt64(1)...12)
    func `random pipelines in random pieces are answered in order`(seed: UInt64) throws {
        var limits = ServerLimits()
        limits.batchFixes = 7
        limits.unansweredWrites = 20
        try withServer(limits: limits) { server in
            var random = SeededGenerator(seed: seed)
            let client = try TestClient(server)
            var nextTs = testNowMs - 100_000_000
            var stored: Int64 = 0
            let steps = (0..<200).map { _ in step(&random, &nextTs, &stored) }
            var rest = steps.flatMap(\.bytes)[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...700, using: &random))
                client.send(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            for (number, step) in steps.enumerated() {
                let reply = try client.receive()
                #expect(step.check(reply), "seed \(seed), request \(number): \(reply)")
            }
        }
    }

    @Test func `a broken request is told after what came before it, then the end`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(
                request("T.ADD", "r", "1000", "37.5", "127") + request("PING")
                    + Array("*1\r\n$-5\r\n".utf8) + request("PING"))
            // 1970: far before 2000, so it is quarantined.
            #expect(try client.receive() == .integer(20))
            #expect(try client.receive() == .simple("PONG"))
            #expect(try client.receive() == .error("ERR Protocol error: invalid bulk length"))
            #expect(client.isClosedByServer())
        }
    }

    @Test func `half a request and a closed connection store nothing`() throws {
        try withServer { server in
            let whole = request("T.ADD", "r", "\(testNowMs)", "37.5", "127")
            for count in stride(from: 1, to: whole.count, by: 5) {
                let client = try TestClient(server)
                client.send(Array(whole[..<count]))
                client.close()
            }
            let client = try TestClient(server)
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(0))
            #expect(try client.ask("DBSIZE") == .integer(0))
        }
    }

    @Test func `a client that ends its side still gets every reply`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(
                request("T.ADD", "r", "\(testNowMs)", "37.5", "127")
                    + request("T.LEN", "r", "-", "+") + Array("*2\r\n$4\r\nECHO".utf8))
            client.endInput()
            #expect(try client.receive(2) == [.integer(0), .integer(1)])
            #expect(client.isClosedByServer())
        }
    }

    @Test func `QUIT is answered, and what follows it is not`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(request("QUIT") + request("PING"))
            #expect(try client.receive() == .simple("OK"))
            #expect(client.isClosedByServer())
        }
    }

    @Test func `a stop answers what was taken and ends every connection`() throws {
        try withServer { server in
            let writer = try TestClient(server)
            let listener = try TestClient(server)
            let idle = try TestClient(server)
            #expect(try idle.ask("PING") == .simple("PONG"))
            listener.send("XREAD", "BLOCK", "0", "STREAMS", "alerts", "$")
            writer.send("T.ADD", "r", "\(testNowMs)", "37.5", "127")
            #expect(try writer.receive() == .integer(0))
            server.stop()
            #expect(try listener.receive() == .null)
            for client in [writer, listener, idle] { #expect(client.isClosedByServer()) }
            #expect(throws: TestClient.Closed.self) { try TestClient(server) }
        }
    }
}
