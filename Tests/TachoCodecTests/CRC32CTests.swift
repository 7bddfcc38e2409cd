import Testing

@testable import TachoCodec

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4.
    static let vectors: [([UInt8], UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ((0..<32).map { UInt8($0) }, 0x46DD_794E),
        ((0..<32).map { UInt8(31 - $0) }, 0x113F_DB5C),
        (
            [0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0]
                + [0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0]
                + [0, 0, 0, 0], 0xD996_3A56
        ),
        (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ]

    @Test(arguments: vectors)
    func `the vectors of RFC 3720 hold`(bytes: [UInt8], crc: UInt32) {
        bytes.withUnsafeBytes { raw in
            #expect(CRC32C.checksum(raw) == crc)
            #expect(CRC32C.table(raw, seed: 0) == crc)
            if CRC32C.hasInstruction { #expect(CRC32C.hardware(raw, seed: 0) == crc) }
        }
    }

    @Test func `table, instruction and bit by bit agree on any bytes, from any start`() {
        func slow(_ bytes: ArraySlice<UInt8>) -> UInt32 {
            var crc = UInt32.max
            for byte in bytes {
                crc ^= UInt32(byte)
                for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
            }
            return ~crc
        }
        for seed in UInt64(0)..<300 {
            var random = Seeded(seed)
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                UInt8(truncatingIfNeeded: random.next())
            }
            let start = Int.random(in: 0...bytes.count, using: &random)
            bytes.withUnsafeBytes { raw in
                let part = UnsafeRawBufferPointer(rebasing: raw[start...])
                let expected = slow(bytes[start...])
                #expect(CRC32C.checksum(part) == expected, "seed \(seed)")
                #expect(CRC32C.table(part, seed: 0) == expected, "seed \(seed)")
            }
        }
    }

    @Test func `a checksum goes on from the one before`() {
        var random = Seeded(9)
        let bytes = (0..<100).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { raw in
            let whole = CRC32C.checksum(raw)
            for cut in 0...bytes.count {
                let first = UnsafeRawBufferPointer(rebasing: raw[..<cut])
                let rest = UnsafeRawBufferPointer(rebasing: raw[cut...])
                #expect(CRC32C.checksum(rest, seed: CRC32C.checksum(first)) == whole)
                #expect(CRC32C.table(rest, seed: CRC32C.table(first, seed: 0)) == whole)
            }
        }
    }
}
