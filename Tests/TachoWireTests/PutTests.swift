import TachoGeo
import Testing

@testable import TachoWire

/// T.PUT as a request and as a reply.
struct PutTests {
    private func request(packed count: Int, name: String = "T.PUT") -> [UInt8] {
        var writer = RequestWriter()
        writer.begin(arguments: 2)
        writer.argument(name)
        writer.argument([UInt8](repeating: 1, count: count))
        return writer.bytes
    }

    @Test func `the batch of T.PUT may have a mebibyte, every other argument 64 KiB`() {
        #expect(hear(request(packed: 1 << 20), cuts: [100, 70_000]).requests.count == 1)
        #expect(hear(request(packed: 1 << 20, name: "t.put"), cuts: []).requests.count == 1)
        #expect(
            hear(request(packed: 1 << 20 + 1), cuts: []).refusal == .bulkTooLong(limit: 1 << 20))
        #expect(
            hear(request(packed: 65_537, name: "T.GET"), cuts: []).refusal
                == .bulkTooLong(limit: 65_536))
        let late = Array("*3\r\n$5\r\nT.PUT\r\n$1\r\nx\r\n$65537\r\n".utf8)
        #expect(hear(late, cuts: []).refusal == .bulkTooLong(limit: 65_536))
        let name = Array("*1\r\n$65537\r\n".utf8)
        #expect(hear(name, cuts: []).refusal == .bulkTooLong(limit: 65_536))
        #expect(ProtocolError.bulkTooLong(limit: 7).message.contains("at most 7 bytes"))
    }

    @Test func `a session needs an id and a number, in either order`() throws {
        #expect(try command("T.PUT", "x") == .put(nil))
        #expect(
            try command("T.PUT", "x", "SESSION", "a", "SEQ", "7")
                == .put(PutSession(idArgument: 3, sequence: 7)))
        #expect(
            try command("T.PUT", "x", "seq", "0", "session", "a")
                == .put(PutSession(idArgument: 5, sequence: 0)))
        #expect(commandError("T.PUT", "x", "SESSION", "a") == "ERR syntax error")
        #expect(commandError("T.PUT", "x", "SEQ", "1", "SEQ", "1") == "ERR syntax error")
        #expect(commandError("T.PUT", "x", "SESSION", "a", "SEQ") == "ERR syntax error")
        #expect(commandError("T.PUT", "x", "SESSION", "a", "ODD", "1") == "ERR syntax error")
        #expect(
            commandError("T.PUT", "x", "SESSION", "a", "SEQ", "-1")
                == "ERR SEQ '-1' is not an integer or out of range")
        let expected = "ERR SESSION needs an id of 1 to 128 bytes"
        #expect(commandError("T.PUT", "x", "SESSION", "", "SEQ", "1") == expected)
        let long = String(repeating: "i", count: 129)
        #expect(commandError("T.PUT", "x", "SESSION", long, "SEQ", "1") == expected)
        #expect(
            commandError("T.PUT") == "ERR wrong number of arguments for 'T.PUT' command")
    }

    @Test(arguments: UInt64(1)...20)
    func `random masks come back out of the reply`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let masks = (0..<Int.random(in: 0...200, using: &random)).map { _ -> ReplyMask in
            switch Int.random(in: 0..<6, using: &random) {
            case 0: .duplicate
            case 1: .malformed
            case 2: ReplyMask(rawValue: UInt8.random(in: 0...63, using: &random) & ~1)
            case 3: .fieldDropped
            default: .stored
            }
        }
        var writer = ReplyWriter()
        writer.put(masks[...])
        var parser = ReplyParser()
        guard case .reply(let reply, writer.count) = parser.next(writer.bytes.span.bytes) else {
            Issue.record("seed \(seed): no whole reply")
            return
        }
        let put = try #require(PutReply(reply))
        #expect(put.masks == masks, "seed \(seed)")
        func count(_ mask: ReplyMask) -> Int { masks.count { $0.contains(mask) } }
        #expect(put.stored == masks.count - count(.duplicate) - count(.malformed))
        #expect(put.duplicate == count(.duplicate))
        #expect(put.conflict == count(.conflict))
        #expect(put.late == count(.late))
        #expect(put.flagged == count(.flagged))
        #expect(put.malformed == count(.malformed))
        #expect(put.fieldDropped == count(.fieldDropped))
    }

    @Test func `anything else is no reply to T.PUT`() {
        let counts = Reply.array([2, 0, 0, 0, 0, 0, 0].map { .integer($0) })
        func reply(_ pairs: Int64...) -> PutReply? {
            PutReply(.array([counts, .array(pairs.map { .integer($0) })]))
        }
        #expect(reply()?.count == 2)
        #expect(reply(0, 4, 1, 2)?.masks == [.flagged, .late])
        #expect(reply(1, 4, 0, 2) == nil)
        #expect(reply(0) == nil)
        #expect(reply(2, 4) == nil)
        #expect(reply(-1, 4) == nil)
        #expect(reply(0, 0) == nil)
        #expect(reply(0, 256) == nil)
        #expect(PutReply(.array([counts])) == nil)
        #expect(PutReply(.integer(0)) == nil)
        #expect(PutReply(.array([.array([.integer(1)]), .array([])])) == nil)
        #expect(PutReply(.array([counts, .array([.null, .integer(1)])])) == nil)
    }

    @Test func `a writer says when the next fix may not fit`() throws {
        var writer = PackedBatchWriter()
        let fix = Fix(tsMs: 0, latE7: 0, lonE7: 0)
        let rider = writer.rider([65])
        #expect(writer.rider([65]) == rider)
        while writer.hasRoom { writer.append(rider: rider, fix: fix) }
        #expect(writer.count == 29_123)
        #expect(writer.bytes.count <= 1 << 20)
        writer.removeAll()
        #expect(writer.bytes == Array("TPUT".utf8) + [UInt8](repeating: 0, count: 8))
        #expect(writer.hasRoom)
    }
}
