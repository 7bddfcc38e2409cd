import TachoGeo
import Testing

@Suite struct TextCursorTests {
    /// What `put` writes, between bytes that must stay.
    private func text(_ put: (inout TextCursor) -> Void) -> String {
        var buffer = TextBuffer(capacity: 1)
        buffer.append("<".utf8)
        var cursor = buffer.cursor(room: TextCursor.longestNumber)
        put(&cursor)
        buffer.advance(to: cursor)
        buffer.append(">".utf8)
        return String(decoding: buffer.text, as: UTF8.self)
    }

    private func plain(_ value: Int64, _ decimals: Int, trimmed: Bool) -> String {
        var out: [UInt8] = []
        Decimal.append(value, decimals: decimals, trimmed: trimmed, to: &out)
        return "<" + String(decoding: out, as: UTF8.self) + ">"
    }

    /// Zero, the limits, and both sides of every power of ten.
    private static let edges: [Int64] = {
        var edges: [Int64] = [0, Int64.min, Int64.max, Int64(Int32.min), Int64(Int32.max)]
        var power: Int64 = 1
        for _ in 0...18 {
            for near in [power - 1, power, power + 1] { edges += [near, -near] }
            power = power == 1_000_000_000_000_000_000 ? power : power * 10
        }
        return edges
    }()

    @Test func `integers are the digits that the standard library writes`() {
        for value in Self.edges { #expect(text { $0.put(integer: value) } == "<\(value)>") }
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            let value = Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random)
            #expect(text { $0.put(integer: value) } == "<\(value)>", "seed \(seed)")
        }
    }

    private func compare(_ value: Int32, _ comment: Comment) {
        let wide = Int64(value)
        #expect(text { $0.put(e7: value) } == plain(wide, 7, trimmed: false), comment)
        #expect(text { $0.put(hundredths: value) } == plain(wide, 2, trimmed: true), comment)
        #expect(text { $0.put(tenths: value) } == plain(wide, 1, trimmed: true), comment)
    }

    @Test func `decimals are those that are written digit by digit`() {
        for value in Self.edges.compactMap({ Int32(exactly: $0) }) { compare(value, "\(value)") }
        for value in Int32(-12_345)...12_345 { compare(value, "\(value)") }
        for seed in UInt64(0)..<20_000 {
            var random = Seeded(seed)
            let bits = Int32(truncatingIfNeeded: random.next())
            compare(bits >> Int32.random(in: 0...31, using: &random), "seed \(seed)")
        }
    }

    @Test func `a buffer that grows keeps its text`() {
        var buffer = TextBuffer(capacity: 1)
        var expected: [UInt8] = []
        for value in Int64(0)..<5_000 {
            var cursor = buffer.cursor(room: TextCursor.longestNumber)
            cursor.put(integer: value * value * value)
            buffer.advance(to: cursor)
            Decimal.appendInteger(value * value * value, to: &expected)
        }
        #expect(Array(buffer.text) == expected)
        buffer.removeAll()
        #expect(buffer.text.isEmpty)
    }
}
