import TachoWire
import Testing

/// What each type of reply is in RESP2 and in RESP3, and that both are read as written.
struct ReplyTypeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var two: String
        var three: String
        var heard: Reply
        var write: @Sendable (inout ReplyWriter) -> Void
    }

    private static let cases: [Case] = [
        Case(testDescription: "null", two: "$-1|", three: "_|", heard: .null) { $0.null() },
        Case(testDescription: "null array", two: "*-1|", three: "_|", heard: .null) {
            $0.nullArray()
        },
        Case(
            testDescription: "map", two: "*2|+OK|:1|", three: "%1|+OK|:1|",
            heard: .map([.simple("OK"), .integer(1)])
        ) {
            $0.map(1)
            $0.simple("OK")
            $0.integer(1)
        },
        Case(testDescription: "empty map", two: "*0|", three: "%0|", heard: .map([])) {
            $0.map(0)
        },
        Case(
            testDescription: "set", two: "*1|:7|", three: "~1|:7|", heard: .set([.integer(7)])
        ) {
            $0.set(1)
            $0.integer(7)
        },
        Case(
            testDescription: "push", two: "*1|+OK|", three: ">1|+OK|",
            heard: .push([.simple("OK")])
        ) {
            $0.push(1)
            $0.simple("OK")
        },
        Case(testDescription: "true", two: ":1|", three: "#t|", heard: .boolean(true)) {
            $0.boolean(true)
        },
        Case(testDescription: "false", two: ":0|", three: "#f|", heard: .boolean(false)) {
            $0.boolean(false)
        },
        Case(testDescription: "decimal", two: "$4|-3.1|", three: ",-3.1|", heard: .double("-3.1")) {
            $0.decimal("-3.1")
        },
        Case(testDescription: "double", two: "$3|0.1|", three: ",0.1|", heard: .double("0.1")) {
            $0.double(0.1)
        },
        Case(testDescription: "whole double", two: "$1|5|", three: ",5|", heard: .double("5")) {
            $0.double(5)
        },
        Case(
            testDescription: "tiny double", two: "$5|1e-07|", three: ",1e-07|",
            heard: .double("1e-07")
        ) { $0.double(1e-7) },
        Case(testDescription: "infinity", two: "$4|-inf|", three: ",-inf|", heard: .double("-inf"))
        { $0.double(-.infinity) },
        Case(testDescription: "no number", two: "$3|nan|", three: ",nan|", heard: .double("nan")) {
            $0.double(.nan)
        },
        Case(
            testDescription: "verbatim", two: "$1|x|", three: "=5|txt:x|",
            heard: .verbatim(format: "txt", [UInt8(ascii: "x")])
        ) { $0.verbatim("x") },
        Case(testDescription: "unknown field", two: "$-1|", three: "_|", heard: .null) {
            $0.fields { $0.null() }
        },
        Case(
            testDescription: "hundredths", two: "$3|4.2|", three: ",4.2|", heard: .double("4.2")
        ) { $0.fields { $0.hundredths(420) } },
        Case(testDescription: "tenths", two: "$2|-3|", three: ",-3|", heard: .double("-3")) {
            $0.fields { $0.tenths(-30) }
        },
        Case(
            testDescription: "coordinate", two: "$11|126.9780000|", three: ",126.9780000|",
            heard: .double("126.9780000")
        ) { $0.fields { $0.coordinate(1_269_780_000) } },
    ]

    private static func bytes(_ text: String) -> [UInt8] {
        Array(text.replacing("|", with: "\r\n").utf8)
    }

    @Test(arguments: cases)
    func `a type has its form in each version`(_ tried: Case) {
        for (version, expected) in [(RespVersion.two, tried.two), (.three, tried.three)] {
            var writer = ReplyWriter(version)
            tried.write(&writer)
            #expect(writer.bytes == Self.bytes(expected), "\(version)")
        }
    }

    /// Degrees and hexadecimal numbers are the same in both.
    @Test func `lat, lon and cell stay text in RESP3`() {
        func written(_ version: RespVersion) -> [UInt8] {
            var writer = ReplyWriter(version)
            writer.fields { fields in
                fields.degrees(375_665_000)
                fields.hex(0x8930)
                fields.bulk("gps")
                fields.integer(-5)
            }
            return writer.bytes
        }
        #expect(written(.two) == written(.three))
    }

    @Test(arguments: cases)
    func `a type of RESP3 is read, cut at every byte`(_ tried: Case) {
        let bytes = Self.bytes(tried.three) + Self.bytes(":9|")
        for cut in 0...bytes.count {
            #expect(hear(bytes, cuts: [cut]).0 == [tried.heard, .integer(9)], "cut at \(cut)")
        }
        let bytewise = hear(bytes, cuts: Array(0...bytes.count))
        #expect(bytewise.0 == [tried.heard, .integer(9)])
    }

    @Test(arguments: [
        ("!5|ERR x|", Reply.error("ERR x")),
        ("(-123456789012345678901234567890|", .bigNumber("-123456789012345678901234567890")),
        (",+1.5E+3|", .double("+1.5E+3")),
        ("|1|+ttl|:5|:3|", .integer(3)),
        ("|0|:3|", .integer(3)),
        ("*2|:1||1|+k|%1|+a|+b|:2|", .array([.integer(1), .integer(2)])),
        ("%1|~1|#t|*1|_|", .map([.set([.boolean(true)]), .array([.null])])),
        ("*0|", .array([])),
        ("~0|", .set([])),
        (">2|+message|+x|", .push([.simple("message"), .simple("x")])),
    ])
    func `what only other servers send is read too`(text: String, reply: Reply) {
        // `|` is both a line end here and the sign of an attribute: the latter starts a line.
        var bytes: [UInt8] = []
        for (index, byte) in text.utf8.enumerated() {
            let isAttribute =
                byte == UInt8(ascii: "|") && (index == 0 || bytes.suffix(2) == [0x0D, 0x0A])
            bytes += byte == UInt8(ascii: "|") && !isAttribute ? [0x0D, 0x0A] : [byte]
        }
        for cut in 0...bytes.count {
            let heard = hear(bytes, cuts: [cut])
            #expect(heard.0 == [reply] && heard.1 == nil, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        ("_x|", ReplyError.invalidValue),
        ("#x|", .invalidValue),
        ("#true|", .invalidValue),
        (",|", .invalidValue),
        (",1.|", .invalidValue),
        (",.5|", .invalidValue),
        (",1e|", .invalidValue),
        (",0x10|", .invalidValue),
        (",infinity|", .invalidValue),
        ("(|", .invalidValue),
        ("(-|", .invalidValue),
        ("(1.5|", .invalidValue),
        ("=3|txt|", .invalidValue),
        ("=4|text|", .invalidValue),
        ("=-1|", .invalidLength),
        ("%-1|", .invalidLength),
        ("~-1|", .invalidLength),
        (">-1|", .invalidLength),
        ("$?|", .invalidLength),
        ("*?|", .invalidLength),
        ("%50000000|", .tooLong),
    ])
    func `hostile RESP3 is refused by name`(text: String, expected: ReplyError) {
        let stream = Self.bytes(text)
        #expect(hear(stream, cuts: []).1 == expected)
        #expect(hear(stream, cuts: Array(1..<stream.count)).1 == expected)
    }

    @Test(arguments: ["*1|", "%1|+k|", "~1|", ">1|"])
    func `aggregates nested without end are refused`(header: String) {
        let stream = Self.bytes(String(repeating: header, count: 17))
        #expect(hear(stream, cuts: []).1 == .tooDeep)
    }

    @Test func `text and elements read the same in both versions`() {
        #expect(Reply.double("4.2").text == Reply.bulk(Array("4.2".utf8)).text)
        #expect(Reply.verbatim(format: "txt", Array("a".utf8)).text == "a")
        #expect(Reply.map([.null, .integer(1)]).elements == [.null, .integer(1)])
        #expect(Reply.boolean(true).text == nil)
    }

    /// Feeds `stream` in pieces that end at `cuts`.
    private func hear(_ stream: [UInt8], cuts: [Int]) -> ([Reply], ReplyError?) {
        var parser = ReplyParser()
        var replies: [Reply] = []
        var held: [UInt8] = []
        var start = 0
        for cut in cuts + [stream.count] {
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
}
