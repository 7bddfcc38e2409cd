import TachoEngine
import TachoGeo
import TachoServer
import TachoWire
import Testing

/// T.PUT on a socket.
struct PutCommandTests {
    private func fix(_ number: Int, lat: Int32 = 375_665_000) -> Fix {
        Fix(
            tsMs: testNowMs - 10_000_000 + Int64(number) * 1_000, latE7: lat,
            lonE7: 1_269_780_000)
    }

    private func put(
        _ fixes: [(String, Fix)], session: (id: String, sequence: Int64)? = nil
    ) -> [UInt8] {
        var batch = PackedBatchWriter()
        for (rider, fix) in fixes { batch.append(rider: Array(rider.utf8), fix: fix) }
        var writer = RequestWriter()
        writer.put(batch, session: session)
        return writer.bytes
    }

    private func receive(_ client: TestClient) throws -> PutReply {
        let reply = try client.receive()
        return try #require(PutReply(reply), "\(reply)")
    }

    @Test func `each row has its mask, and a bad row hurts no other`() throws {
        try withServer { server in
            let client = try TestClient(server)
            var far = fix(3)
            far.latE7 += 10_000_000
            var inaccurate = fix(2)
            inaccurate.accuracyDm = 1_500
            var fast = fix(4)
            fast.speedCms = 200_000
            client.send(
                put([
                    ("r", fix(1)), ("r", fix(1)), ("r", fix(1, lat: 375_665_001)),
                    ("r", inaccurate), ("r", far), ("r", fix(9, lat: 1_269_780_000)),
                    ("", fix(1)), ("r", fast), ("late", fix(5)), ("late", fix(1)),
                ]))
            let reply = try receive(client)
            let masks: [ReplyMask] = [
                .stored, .duplicate, .conflict, .lowAccuracy, .flagged, .malformed, .malformed,
                .fieldDropped, .stored, .late,
            ]
            #expect(reply.masks == masks)
            #expect(reply.stored == 7)
            #expect(reply.duplicate == 1)
            #expect(reply.malformed == 2)
            #expect(
                [reply.conflict, reply.late, reply.flagged, reply.fieldDropped] == [1, 1, 1, 1])
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(5))
            #expect(try client.ask("DBSIZE") == .integer(2))
        }
    }

    @Test func `a read after a batch sees it, and text repeats it`() throws {
        try withServer { server in
            let client = try TestClient(server)
            for round in 0..<20 {
                let fixes = (0..<50).map { ("r", fix(round * 50 + $0)) }
                let last = fixes[49].1
                client.send(
                    put(fixes) + request("T.GET", "r")
                        + request("T.ADD", "r", "\(last.tsMs)", "37.5665", "126.978")
                        + put(fixes) + request("T.LEN", "r", "-", "+"))
                #expect(try receive(client).masks == Array(repeating: .stored, count: 50))
                #expect(try client.receive().plain.first == "\(last.tsMs)")
                #expect(try client.receive() == .integer(1))
                #expect(try receive(client).duplicate == 50)
                #expect(try client.receive() == .integer(Int64(round * 50 + 50)))
            }
        }
    }

    @Test func `a batch of the greatest size is stored, a longer one ends the connection`() throws {
        try withServer { server in
            let client = try TestClient(server)
            var batch = PackedBatchWriter()
            var number = 0
            while batch.hasRoom {
                batch.append(rider: Array("r\(number % 7)".utf8), fix: fix(number / 7))
                number += 1
            }
            var writer = RequestWriter()
            writer.put(batch)
            client.send(writer.bytes)
            #expect(try receive(client).stored == number)
            #expect(number > 29_000)

            client.send(Array("*2\r\n$5\r\nT.PUT\r\n$1048577\r\n".utf8))
            let error = try client.receive().errorText
            #expect(error?.hasPrefix("ERR Protocol error: invalid bulk length") == true)
            #expect(error?.contains("1048576") == true)
            client.endInput()
            #expect(client.isClosedByServer())
        }
    }

    @Test func `a batch with a broken structure is one error in its turn and stores nothing`()
        throws
    {
        try withServer { server in
            let client = try TestClient(server)
            let whole = put([("r", fix(1)), ("r", fix(2))])
            let start = try #require(whole.firstRange(of: Array("TPUT".utf8))?.lowerBound)
            var flagged = whole
            flagged[start + 5] = 1
            var strange = whole
            strange[start + 12 + 36 + 34] = 9
            client.send(
                request("T.ADD", "r", "\(fix(0).tsMs)", "37.5665", "126.978") + flagged + strange
                    + request("T.PUT", "") + put([("r", fix(3))])
                    + request("T.LEN", "r", "-", "+"))
            #expect(try client.receive() == .integer(0))
            #expect(
                try client.receive() == .error("ERR packed batch with unknown flags 1, 0 expected"))
            #expect(
                try client.receive()
                    == .error("ERR packed batch: row 1 names a rider that is not in the table"))
            #expect(try client.receive().errorText?.contains("TPUT") == true)
            #expect(try receive(client).stored == 1)
            #expect(try client.receive() == .integer(2))
        }
    }

    @Test func `an empty batch is answered with zeros`() throws {
        try withServer { server in
            let client = try TestClient(server)
            client.send(put([]))
            #expect(try receive(client) == PutReply())
        }
    }

    @Test func `a resend in a session is answered from memory, an older number is an error`() throws
    {
        try withServer { server in
            var client = try TestClient(server)
            let first = put([("r", fix(1)), ("r", fix(1))], session: ("phone", 5))
            client.send(first + put([("r", fix(1))], session: ("other", 5)))
            let answer = try client.receive()
            #expect(PutReply(answer)?.masks == [.stored, .duplicate])
            #expect(try receive(client).masks == [.duplicate])
            client.close()
            client = try TestClient(server)
            // Behind a write, so that it has to wait for its turn.
            client.send(put([("r", fix(2))]) + first)
            #expect(try receive(client).masks == [.stored])
            #expect(try client.receive() == answer)
            client.send(put([("r", fix(3))], session: ("phone", 7)))
            #expect(try receive(client).stored == 1)
            client.send(first)
            #expect(
                try client.receive().errorText?
                    .hasPrefix("ERR SEQ 5 is older than 7, the last one answered") == true)
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(3))
        }
    }

    @Test func `a forgotten session is run again and finds its fixes stored`() throws {
        var limits = ServerLimits()
        limits.putSessions = 2
        try withServer(limits: limits) { server in
            let client = try TestClient(server)
            for number in 0..<3 {
                client.send(put([("r", fix(number))], session: ("s\(number)", 1)))
                #expect(try receive(client).masks == [.stored])
            }
            client.send(put([("r", fix(2))], session: ("s2", 1)))
            #expect(try receive(client).masks == [.stored])
            client.send(put([("r", fix(0))], session: ("s0", 1)))
            #expect(try receive(client).masks == [.duplicate])
        }
    }

    @Test func `a full disk asks to try again, and a session does not keep that answer`() throws {
        try withServer(change: { $0.minFreeBytes = UInt64.max }) { server in
            let client = try TestClient(server)
            var number = 0
            var reply = Reply.null
            repeat {
                client.send(put([("r", fix(number))], session: ("s", Int64(number))))
                reply = try client.receive()
                number += 1
            } while PutReply(reply) != nil && number < 100_000
            #expect(reply.errorText?.hasPrefix("TRYAGAIN ") == true)
            client.send(put([("r", fix(number - 1))], session: ("s", Int64(number - 1))))
            #expect(try client.receive().errorText?.hasPrefix("TRYAGAIN ") == true)
            #expect(try client.ask("T.LEN", "r", "-", "+") == .integer(Int64(number - 1)))
        }
    }

    @Test(arguments: UInt64(1)...8)
    func `batches between other requests, in random pieces, are answered in order`(
        seed: UInt64
    ) throws {
        var limits = ServerLimits()
        limits.batchFixes = 7
        limits.unansweredWrites = 20
        limits.heldInputBytes = 100
        try withServer(limits: limits) { server in
            var random = SeededGenerator(seed: seed)
            let client = try TestClient(server)
            var (stream, checks): ([UInt8], [(Reply) -> Bool]) = ([], [])
            var stored = 0
            for _ in 0..<100 {
                let count = Int.random(in: 0...12, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0...1:
                    stream += put((0..<count).map { ("r", fix(stored + $0)) })
                    stored += count
                    checks.append { PutReply($0)?.stored == count }
                case 2:
                    stream += request(
                        "T.ADD", "r", "\(fix(stored).tsMs)", "37.5665", "126.978")
                    stored += 1
                    checks.append { $0 == .integer(0) }
                default:
                    stream += request("T.LEN", "r", "-", "+")
                    let expected = Reply.integer(Int64(stored))
                    checks.append { $0 == expected }
                }
            }
            var rest = stream[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...900, using: &random))
                client.send(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            for (number, check) in checks.enumerated() {
                let reply = try client.receive()
                #expect(check(reply), "seed \(seed), request \(number): \(reply)")
            }
        }
    }
}

/// The memory of sessions alone.
struct PutSessionsTests {
    private func key(_ id: Int, _ sequence: Int64) -> PutSessions.Key {
        PutSessions.Key(id: Array("s\(id)".utf8), sequence: sequence)
    }

    @Test func `the last answer of a session counts, whichever connection gave it`() {
        var sessions = PutSessions(maxSessions: 2, maxBytes: 1_000)
        #expect(sessions.look(up: key(1, 1)) == .unknown)
        sessions.remember(key(1, 4), [4])
        sessions.remember(key(1, 3), [3])
        #expect(sessions.look(up: key(1, 3)) == .older(last: 4))
        #expect(sessions.look(up: key(1, 4)) == .answered([4]))
        #expect(sessions.look(up: key(1, 5)) == .unknown)
    }

    @Test(arguments: UInt64(1)...10)
    func `random sessions stay within both bounds, the oldest go first`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (maxSessions, maxBytes) = (5, 60)
        var sessions = PutSessions(maxSessions: maxSessions, maxBytes: maxBytes)
        // The model: sessions with their newest answer, the oldest first.
        var model: [(id: Int, sequence: Int64, reply: [UInt8])] = []
        for step in 0..<2_000 {
            let id = Int.random(in: 0..<8, using: &random)
            let old = model.firstIndex { $0.id == id }
            let sequence = (old.map { model[$0].sequence } ?? 0) + 1
            let reply = [UInt8](repeating: 1, count: Int.random(in: 0...40, using: &random))
            sessions.remember(key(id, sequence), reply)
            if let old { model.remove(at: old) }
            model.append((id, sequence, reply))
            while model.count > maxSessions
                || model.reduce(0, { $0 + $1.reply.count + 2 }) > maxBytes
            { model.removeFirst() }
            #expect(sessions.count == model.count, "seed \(seed), step \(step)")
            #expect(sessions.bytes == model.reduce(0) { $0 + $1.reply.count + 2 })
            for entry in model {
                let isKept =
                    sessions.look(up: key(entry.id, entry.sequence)) == .answered(entry.reply)
                #expect(isKept, "seed \(seed), step \(step), session \(entry.id)")
            }
        }
    }
}
