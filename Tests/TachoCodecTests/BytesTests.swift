import Testing

@testable import TachoCodec

@Suite struct BytesTests {
    @Test func `integers come back little-endian`() throws {
        var writer = ByteWriter()
        writer.put(UInt8(1))
        writer.put(UInt16(0x0302))
        writer.put(UInt32(0x0706_0504))
        writer.put(Int64(-2))
        writer.put([9, 8])
        #expect(
            writer.bytes
                == [1, 2, 3, 4, 5, 6, 7, 0xFE] + [UInt8](repeating: 0xFF, count: 7) + [9, 8])
        let bytes = HeapBytes(writer.bytes)
        var reader = ByteReader(bytes.raw)
        #expect(try reader.read(UInt8.self) == 1)
        #expect(try reader.read(UInt16.self) == 0x0302)
        #expect(try reader.read(UInt32.self) == 0x0706_0504)
        #expect(try reader.read(Int64.self) == -2)
        #expect(reader.remaining == 2 && !reader.isAtEnd)
        #expect(try Array(reader.take(2)) == [9, 8])
        #expect(reader.isAtEnd)
    }

    static let varints: [(UInt64, [UInt8])] = [
        (0, [0]), (127, [127]), (128, [0x80, 1]), (300, [0xAC, 2]),
        (.max, [UInt8](repeating: 0xFF, count: 9) + [1]),
    ]

    @Test(arguments: varints)
    func `a varint has these bytes`(value: UInt64, bytes: [UInt8]) throws {
        var writer = ByteWriter()
        writer.putVarint(value)
        #expect(writer.bytes == bytes)
        #expect(Zigzag.varintBytes(value) == bytes.count)
        let copy = HeapBytes(bytes)
        var reader = ByteReader(copy.raw)
        #expect(try reader.readVarint() == value)
    }

    @Test func `zigzag takes the signs in turn`() {
        let values: [Int64] = [0, -1, 1, -2, 2]
        #expect(values.map(Zigzag.encode) == [0, 1, 2, 3, 4])
        for value in values + [Int64.max, Int64.min] {
            #expect(Zigzag.decode(Zigzag.encode(value)) == value)
        }
    }

    @Test func `a varint of every length comes back and is refused when cut`() throws {
        var random = Seeded(3)
        for bits in 1...64 {
            let value = random.next() >> UInt64(64 - bits)
            var writer = ByteWriter()
            writer.putVarint(value)
            #expect(writer.count == Zigzag.varintBytes(value))
            for cut in 0..<writer.count {
                let part = HeapBytes(Array(writer.bytes[..<cut]))
                var reader = ByteReader(part.raw)
                #expect(throws: ByteReadError.truncated) { try reader.readVarint() }
            }
        }
    }

    @Test func `a varint of more than 64 bits is refused`() {
        for last in [UInt8(2), 0x80, 0xFF] {
            let bytes = HeapBytes([UInt8](repeating: 0xFF, count: 9) + [last, 0])
            var reader = ByteReader(bytes.raw)
            #expect(throws: ByteReadError.varintTooLong) { try reader.readVarint() }
        }
    }

    @Test func `reads beyond the end are refused`() {
        let bytes = HeapBytes([1, 2, 3])
        var reader = ByteReader(bytes.raw)
        #expect(throws: ByteReadError.truncated) { try reader.read(UInt32.self) }
        #expect(throws: ByteReadError.truncated) { try reader.take(4) }
        #expect(throws: ByteReadError.truncated) { try reader.take(-1) }
        #expect(throws: ByteReadError.truncated) { try reader.take(Int.max) }
        #expect(reader.offset == 0)
    }

    @Test func `a value written before can be overwritten`() {
        var writer = ByteWriter(bytes: [1, 2, 3, 4])
        writer.overwrite(UInt16(0x0908), at: 1)
        #expect(writer.bytes == [1, 8, 9, 4])
    }

    @Test func `packed integers of every width come back`() {
        for width in 0...64 {
            var random = Seeded(UInt64(width))
            for count in [0, 1, 2, 7, 8, 9, 63, 64, 65, 300] {
                let values = (0..<count).map { _ in
                    width == 0 ? 0 : random.next() >> UInt64(64 - width)
                }
                let packed = Self.packed(values, width)
                #expect(packed.count == BitPacking.byteCount(values: count, width: width))
                // Whether more can be read behind the values must not matter.
                for more in [0, 1, 7, 8, 9] {
                    let bytes = HeapBytes(packed + [UInt8](repeating: 0xFF, count: more))
                    var back = [UInt64](repeating: 77, count: count + 2)
                    let isClean = back.withUnsafeMutableBufferPointer {
                        BitPacking.unpack(
                            bytes.raw, width: width, count: count, into: $0.baseAddress! + 1)
                    }
                    #expect(isClean && back == [77] + values + [77], "width \(width), \(count)")
                }
            }
        }
    }

    @Test func `bits left over must be zero`() {
        let bytes = HeapBytes([0b0000_0111])
        var out: UInt64 = 0
        #expect(!BitPacking.unpack(bytes.raw, width: 2, count: 1, into: &out))
        #expect(BitPacking.unpack(bytes.raw, width: 3, count: 1, into: &out))
        #expect(out == 7)
    }

    @Test func `an exact division is one`() {
        var random = Seeded(8)
        for _ in 0..<2_000 {
            let divisor = max(1, random.next() >> random.pick(UInt64(1)...63))
            let division = ExactDivision(divisor)
            let quotient = random.next() >> UInt64(64 - divisor.leadingZeroBitCount)
            #expect(division.divides(quotient / 2 * divisor))
            #expect(
                division.quotient(Int64(quotient / 2 * divisor)) == Int64(quotient / 2))
            #expect(
                division.quotient(-Int64(quotient / 2 * divisor)) == -Int64(quotient / 2))
            let other = random.next() >> random.pick(UInt64(0)...63)
            #expect(division.divides(other) == (other % divisor == 0), "\(other) / \(divisor)")
        }
    }

    private static func packed(_ values: [UInt64], _ width: Int) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 8 * values.count + BitPacking.slack, alignment: 8)
        defer { memory.deallocate() }
        var writer = RawWriter(memory)
        values.withUnsafeBufferPointer {
            if let start = $0.baseAddress {
                BitPacking.pack(start, count: values.count, width: width, to: &writer)
            }
        }
        return Array(memory[..<writer.count])
    }
}
