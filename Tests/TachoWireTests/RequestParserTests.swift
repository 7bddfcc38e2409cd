import TachoWire
import Testing

struct RequestParserTests {
    @Test func `a request is the same wherever it is cut`() {
        let stream = request("T.ADD", "rider 7", "1700000000000", "37.5", "127.0", "SPEED", "3.2")
        let whole = hear(stream, cuts: [])
        #expect(whole.requests.count == 1)
        #expect(whole.requests.first?.last == Array("3.2".utf8))
        for cut in 1..<stream.count {
            #expect(hear(stream, cuts: [cut]) == whole, "cut at \(cut)")
        }
    }

    @Test func `a pipeline fed byte by byte is the same as in one piece`() {
        let stream =
            request("PING") + request("T.GET", "가") + Array("*0\r\n".utf8) + request("")
            + Array("\r\n".utf8) + request("ECHO", "a\r\n$3\r\n")
        let whole = hear(stream, cuts: [])
        #expect(whole.requests.count == 6)
        // `*0`, and the empty line that `redis-cli --pipe` sends.
        #expect(whole.requests[2].isEmpty)
        #expect(whole.requests[4].isEmpty)
        #expect(hear(stream, cuts: Array(1..<stream.count)) == whole)
    }

    @Test(arguments: UInt64(1)...40)
    func `random pipelines survive random cuts`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sent: [[[UInt8]]] = []
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            let words = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            sent.append(words)
        }
        let stream = sent.flatMap { request($0) }
        let cuts = (0..<Int.random(in: 0...30, using: &random)).map { _ in
            Int.random(in: 0...stream.count, using: &random)
        }
        #expect(hear(stream, cuts: cuts) == Heard(requests: sent), "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...300)
    func `damaged bytes end the same way in one piece and byte by byte`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = request("T.GET", "r") + request("T.MADD", "r", "1", "2", "3") + request("PING")
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<stream.count, using: &random)
            let common = Array("*$-0129\r\n:+".utf8)
            stream[at] =
                Bool.random(using: &random)
                ? common.randomElement(using: &random)! : UInt8.random(in: 0...255, using: &random)
        }
        let whole = hear(stream, cuts: [])
        #expect(hear(stream, cuts: Array(1..<stream.count)) == whole, "seed \(seed)")
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", ProtocolError.notAnArray(UInt8(ascii: "G"))),
        ("POST / HTTP/1.1\r\n", .notAnArray(UInt8(ascii: "P"))),
        ("Host: localhost\r\n", .notAnArray(UInt8(ascii: "H"))),
        ("PING\r\n", .notAnArray(UInt8(ascii: "P"))),
        ("\r*1", .notAnArray(0x0D)),
        ("\u{16}\u{3}\u{1}", .notAnArray(0x16)),
        ("*-1\r\n", .invalidArgumentCount),
        ("*\r\n", .invalidArgumentCount),
        ("*+1\r\n", .invalidArgumentCount),
        ("*01\r\n", .invalidArgumentCount),
        ("*NaN\r\n", .invalidArgumentCount),
        ("*1\n", .invalidArgumentCount),
        ("*1\rx", .invalidArgumentCount),
        ("*99999999999999999999\r\n", .invalidArgumentCount),
        ("*18446744073709551617\r\n", .invalidArgumentCount),
        ("*2147483648\r\n", .tooManyArguments(limit: 65_536)),
        ("*65538\r\n", .tooManyArguments(limit: 65_536)),
        ("*1\r\n*1\r\n$4\r\nPING\r\n", .notABulkString(UInt8(ascii: "*"))),
        ("*1\r\n:5\r\n", .notABulkString(UInt8(ascii: ":"))),
        ("*1\r\n$-1\r\n", .invalidBulkLength),
        ("*1\r\n$-9223372036854775808\r\n", .invalidBulkLength),
        ("*1\r\n$9223372036854775808\r\n", .invalidBulkLength),
        ("*1\r\n$inf\r\n", .invalidBulkLength),
        ("*1\r\n$00\r\n", .invalidBulkLength),
        ("*1\r\n$65537\r\n", .bulkTooLong(limit: 65_536)),
        ("*1\r\n$10000000\r\n", .bulkTooLong(limit: 65_536)),
        ("*1\r\n$4\r\nPINGxx", .missingLineEnd),
    ])
    func `hostile bytes are refused by name`(text: String, expected: ProtocolError) {
        let stream = Array(text.utf8)
        #expect(hear(stream, cuts: []).refusal == expected)
        #expect(hear(stream, cuts: Array(1..<stream.count)).refusal == expected)
    }

    @Test func `a length line that never ends is refused early`() {
        let stream = Array("*1\r\n$".utf8) + [UInt8](repeating: UInt8(ascii: "1"), count: 12)
        #expect(hear(stream, cuts: []).refusal == .invalidBulkLength)
    }

    @Test func `every refusal stays and has a message of one line`() {
        var parser = RequestParser()
        let first = parser.next(Array("PING".utf8).span.bytes)
        #expect(first == .refused(.notAnArray(UInt8(ascii: "P"))))
        #expect(parser.next(request("PING").span.bytes) == first)
        let all: [ProtocolError] = [
            .notAnArray(0), .invalidArgumentCount, .tooManyArguments(limit: 1),
            .notABulkString(0), .invalidBulkLength, .bulkTooLong(limit: 1), .requestTooLong,
            .missingLineEnd,
        ]
        for error in all {
            #expect(error.message.hasPrefix("ERR Protocol error: "))
            #expect(!error.message.utf8.contains(0x0A) && !error.message.utf8.contains(0x0D))
        }
    }

    @Test func `the longest argument is taken and one byte more is not`() {
        let longest = [UInt8](repeating: 7, count: 65_536)
        #expect(hear(request([longest]), cuts: [70, 60_000]).requests == [[longest]])
        #expect(hear(request([longest + [7]]), cuts: []).refusal == .bulkTooLong(limit: 65_536))
    }

    @Test func `1,024 arguments are the limit of a plain command`() {
        let words = ["T.MGET"] + [String](repeating: "r", count: 1_024)
        #expect(hear(request(words.map { Array($0.utf8) }), cuts: []).requests.count == 1)
        let more = words + ["r"]
        #expect(
            hear(request(more.map { Array($0.utf8) }), cuts: []).refusal
                == .tooManyArguments(limit: 1_024))
    }

    @Test(arguments: ["T.MADD", "t.maddx", "T.Import"])
    func `65,536 arguments are the limit of a batch`(name: String) {
        let words = [name] + [String](repeating: "1", count: 65_536)
        #expect(hear(request(words.map { Array($0.utf8) }), cuts: [100]).requests.count == 1)
        let more = words + ["1"]
        #expect(
            hear(request(more.map { Array($0.utf8) }), cuts: []).refusal
                == .tooManyArguments(limit: 65_536))
    }

    @Test func `a request of many long arguments is refused before it is all there`() {
        var stream = Array("*1025\r\n$6\r\nT.MADD\r\n".utf8)
        let long = Array("$65536\r\n".utf8) + [UInt8](repeating: 1, count: 65_536) + [0x0D, 0x0A]
        while stream.count < 16 << 20 { stream += long }
        #expect(hear(stream, cuts: []).refusal == .requestTooLong)
    }

    @Test func `half a request is no request`() {
        let stream = request("T.ADD", "r", "1", "2", "3")
        for count in 0..<stream.count {
            let heard = hear(Array(stream[..<count]), cuts: [])
            #expect(heard == Heard(), "\(count) bytes")
        }
    }

    @Test func `bytes of every value pass through`() {
        let word = Array(UInt8(0)...255)
        #expect(hear(request([word, [0]]), cuts: []).requests == [[word, [0]]])
    }
}
