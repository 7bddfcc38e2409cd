import TachoWire
import Testing

struct ReplyTests {
    /// Feeds `stream` in pieces that end at `cuts`.
    private func hear(_ stream: [UInt8], cuts: [Int]) -> ([Reply], ReplyError?) {
        var parser = ReplyParser()
        var replies: [Reply] = []
        var held: [UInt8] = []
        var start = 0
        for cut in cuts.sorted() + [stream.count] {
            held += stream[start..<cut]
            start = cut
            drain: while true {
                switch parser.next(held.span.bytes) {
                case .needsMore: break drain
                case .refused(let error): return (replies, error)
                case .reply(let reply, let count):
                    replies.append(reply)
                    held.removeFirst(count)
                }
            }
        }
        return (replies, nil)
    }

    private func write(_ reply: Reply, to writer: inout ReplyWriter) {
        switch reply {
        case .simple: writer.simple("OK")
        case .error(let text): writer.error(text)
        case .integer(let value): writer.integer(value)
        case .bulk(let bytes): writer.bulk(bytes)
        case .null: writer.null()
        case .array(let elements):
            writer.array(elements.count)
            for element in elements { write(element, to: &writer) }
        default: preconditionFailure("not of RESP2: \(reply)")
        }
    }

    private func random(_ depth: Int, _ random: inout SeededGenerator) -> Reply {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .simple("OK")
        case 1: return .error("ERR \(random.next())")
        case 2: return .integer(Int64(truncatingIfNeeded: random.next()))
        case 3: return .null
        case 4:
            return .bulk(
                (0..<Int.random(in: 0...30, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                })
        default:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    self.random(depth - 1, &random)
                })
        }
    }

    @Test(arguments: UInt64(1)...60)
    func `replies are read as written, whatever the cuts`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let sent = (0..<8).map { _ in random(4, &generator) }
        var writer = ReplyWriter()
        for reply in sent { write(reply, to: &writer) }
        let whole = hear(writer.bytes, cuts: [])
        #expect(whole.0 == sent && whole.1 == nil, "seed \(seed)")
        let bytewise = hear(writer.bytes, cuts: Array(1..<writer.bytes.count))
        #expect(bytewise.0 == sent && bytewise.1 == nil, "seed \(seed)")
    }

    @Test(arguments: [
        ("?x\r\n", ReplyError.unknownKind(UInt8(ascii: "?"))),
        ("&1\r\n+a\r\n+b\r\n", .unknownKind(UInt8(ascii: "&"))),
        ("$-2\r\n", .invalidLength),
        ("*-2\r\n", .invalidLength),
        ("$\r\n", .invalidLength),
        ("$1e3\r\n", .invalidLength),
        ("$9999999999\r\n", .invalidLength),
        ("$999999999\r\n", .tooLong),
        ("*999999999\r\n", .tooLong),
        (":1.5\r\n", .invalidInteger),
        (":\r\n", .invalidInteger),
        (":9223372036854775808\r\n", .invalidInteger),
        ("+OK\rx", .missingLineEnd),
        ("$1\r\nabc", .missingLineEnd),
    ])
    func `hostile replies are refused by name`(text: String, expected: ReplyError) {
        let stream = Array(text.utf8)
        #expect(hear(stream, cuts: []).1 == expected)
        #expect(hear(stream, cuts: Array(1..<stream.count)).1 == expected)
    }

    @Test func `arrays nested without end are refused`() {
        let stream = Array(String(repeating: "*1\r\n", count: 17).utf8)
        #expect(hear(stream, cuts: []).1 == .tooDeep)
    }

    @Test func `an error cannot forge a second reply`() {
        var writer = ReplyWriter()
        writer.error("ERR a\r\n+OK\r\nb")
        #expect(hear(writer.bytes, cuts: []).0 == [.error("ERR a  +OK  b")])
    }

    @Test func `a reply can be taken back`() {
        var writer = ReplyWriter()
        writer.integer(1)
        let mark = writer.count
        writer.array(2)
        writer.null()
        writer.truncate(to: mark)
        writer.integer(2)
        #expect(hear(writer.bytes, cuts: []).0 == [.integer(1), .integer(2)])
    }
}
