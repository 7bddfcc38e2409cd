import TachoGeo
import TachoWire
import Testing

/// Fields written in place against the plain way of writing them.
struct ReplyFieldsTests {
    /// Ends of ranges, and numbers of every length.
    private static let edges: [Int64] = (0...18).flatMap { digits -> [Int64] in
        let power = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
        return [power - 1, power, power + 1, -power, 1 - power]
    }

    private func bulk(_ text: [UInt8]) -> [UInt8] {
        Array("$\(text.count)\r\n".utf8) + text + [0x0D, 0x0A]
    }

    private func decimal(_ value: Int32, _ decimals: Int, trimmed: Bool) -> [UInt8] {
        var text: [UInt8] = []
        Decimal.append(Int64(value), decimals: decimals, trimmed: trimmed, to: &text)
        return bulk(text)
    }

    private func written(_ write: (inout ReplyFields) -> Void) -> [UInt8] {
        var writer = ReplyWriter()
        writer.fields(write)
        return writer.bytes
    }

    @Test func `integers of every length are their plain digits`() {
        var random = SeededGenerator(seed: 1)
        let some = (0..<20_000).map { _ in
            Int64(bitPattern: random.next()) >> Int64.random(in: 0...63, using: &random)
        }
        for value in Self.edges + [.min, .max] + some {
            #expect(written { $0.integer(value) } == Array(":\(value)\r\n".utf8), "\(value)")
        }
    }

    @Test func `degrees have seven decimals, other numbers the shortest text`() {
        var random = SeededGenerator(seed: 2)
        let some = (0..<20_000).map { _ in
            Int32(truncatingIfNeeded: random.next()) >> Int32.random(in: 0...31, using: &random)
        }
        let ends: [Int32] = [.max, .min + 1, 1_800_000_000, -1_800_000_000, 900_000_000]
        for value in Self.edges.compactMap({ Int32(exactly: $0) }) + ends + some {
            #expect(
                written { $0.degrees(value) } == decimal(value, 7, trimmed: false), "\(value)")
            #expect(
                written { $0.hundredths(value) } == decimal(value, 2, trimmed: true), "\(value)")
            #expect(written { $0.tenths(value) } == decimal(value, 1, trimmed: true), "\(value)")
        }
    }

    @Test func `hexadecimal has no leading zeros`() {
        var random = SeededGenerator(seed: 3)
        let some = (0..<5_000).map { _ in random.next() >> UInt64.random(in: 0...63, using: &random)
        }
        for value in [0, 1, 0x0123_4567_89AB_CDEF, .max] + some {
            let text = Array(String(value, radix: 16).utf8)
            #expect(written { $0.hex(value) } == bulk(text), "\(value)")
        }
    }

    @Test func `fields follow one another`() {
        let bytes = written { fields in
            fields.array(3)
            fields.null()
            fields.bulk("gps")
            fields.tenths(-31)
        }
        #expect(bytes == Array("*3\r\n$-1\r\n$3\r\ngps\r\n$4\r\n-3.1\r\n".utf8))
    }
}
