import TachoCodec
import Testing

struct JSONValueTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONValue.read(Array(text.utf8))
    }

    private static let whole =
        #"{"revision":3,"off":["A","B"],"thresholds":{"a_m":-1.5e-3,"b":0},"x":[null,true,false]}"#

    @Test func `values keep the text of numbers and the order of keys`() throws {
        let value = try read(" \n" + Self.whole + "\t")
        #expect(value.members?.map(\.key) == ["revision", "off", "thresholds", "x"])
        #expect(value["revision"]?.integer == 3)
        #expect(value["off"]?.elements?.map(\.text) == ["A", "B"])
        #expect(value["thresholds"]?["a_m"] == .number("-1.5e-3"))
        #expect(value["x"] == .array([.null, .bool(true), .bool(false)]))
        #expect(value["missing"] == nil)
        #expect(value["thresholds"]?["a_m"]?.number == -0.0015)
        #expect(value["off"]?.number == nil && JSONValue.number("1e999").number == nil)
    }

    @Test func `escapes are what they stand for`() throws {
        let value = try read(#""\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00é""#)
        #expect(value == .string("\"\\/\u{8}\u{C}\n\r\t\u{E9}€😀é"))
    }

    @Test func `a text cut at any byte is refused`() throws {
        let bytes = Array(Self.whole.utf8)
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self, "\(count) bytes") {
                try JSONValue.read(Array(bytes[..<count]))
            }
        }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "-", "1.", ".5", "1e",
        "+1", "0x10", "nan", "inf", "tru", "nulls", "\"\\x\"", "\"\\ud83d\"", "\"\\ude00\"",
        "--1", "\"\\u12\"", "\"a\nb\"", "1 2", "[1] x", "'a'", "{\"a\":1 \"b\":2}", "\u{FEFF}1",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test func `text that is no UTF-8 is refused`() {
        #expect(throws: JSONError.self) {
            try JSONValue.read([UInt8(ascii: "\""), 0xC3, UInt8(ascii: "\"")])
        }
    }

    @Test func `deep nesting is refused before the stack is`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try read(deep) }
        let most = JSONValue.maxDepth
        #expect(throws: Never.self) {
            try read(
                String(repeating: "[", count: most - 1) + "1"
                    + String(repeating: "]", count: most - 1))
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `damaged texts are refused or are other values, never a crash`(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<5_000 {
            var bytes = Array(Self.whole.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSONValue.read(bytes)
        }
    }
}
