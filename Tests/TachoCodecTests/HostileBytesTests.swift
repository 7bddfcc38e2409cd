import Testing

@testable import TachoCodec

/// Bytes that are not what they should be end in an error, never in a crash or a wild read.
@Suite struct HostileBytesTests {
    @Test func `a chunk cut at any byte is refused`() {
        for seed in UInt64(0)..<4 {
            var random = Seeded(seed)
            let chunk =
                (seed % 2 == 0
                ? Track.ride(&random, count: 40) : Track.courier(&random, count: 110)).chunk()
            for cut in 0..<chunk.count {
                let error: ChunkError = cut < 70 ? .tooShort : .badLength
                #expect(throws: error, "seed \(seed)") {
                    try Track.read(chunk: Array(chunk[..<cut]))
                }
            }
            #expect(throws: ChunkError.badLength) { try Track.read(chunk: chunk + [0]) }
        }
    }

    @Test func `a chunk with any bit flipped is refused`() {
        for seed in UInt64(0)..<2 {
            var random = Seeded(seed)
            let chunk = Track.wild(&random, count: 30).sorted.chunk()
            for bit in 0..<chunk.count * 8 {
                var damaged = chunk
                damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
                let expected: ChunkError? =
                    switch bit >> 3 {
                    case 0...3: .notAChunk
                    case 4: .unknownVersion(damaged[4])
                    case 6...11: .badLength
                    default: .checksumMismatch
                    }
                #expect(throws: expected!, "seed \(seed), bit \(bit)") {
                    try Track.read(chunk: damaged)
                }
            }
        }
    }

    @Test func `columns with any byte changed end in an error or in other legal fixes`() {
        for seed in UInt64(0)..<9 {
            var random = Seeded(seed)
            let count = [1, 2, 17, 40, 64, 130, 3, 50, 128][Int(seed)]
            let track =
                seed >= 6
                ? Track.courier(&random, count: count)
                : seed % 2 == 0 ? .ride(&random, count: count) : .wild(&random, count: count)
            let block = track.columns()
            for at in block.indices {
                for value in [0, 1, 0x7F, 0x80, 0xFF, block[at] ^ 1, block[at] &+ 1] {
                    var damaged = block
                    damaged[at] = value
                    guard let back = try? Track(columns: damaged, count: count) else { continue }
                    // What was accepted is legal: it can be written again and comes back.
                    #expect(
                        (try? Track(columns: back.columns(), count: count)) == back,
                        "seed \(seed), byte \(at)")
                }
            }
        }
    }

    @Test func `columns cut at any byte are refused`() {
        for seed in UInt64(0)..<7 {
            var random = Seeded(seed)
            let count = [5, 130, 64, 256, 17, 100, 120][Int(seed)]
            let track =
                seed == 6
                ? Track.laps(&random, count: count, lap: 40)
                : seed % 2 == 1
                    ? .courier(&random, count: count) : .wild(&random, count: count)
            let block = track.columns()
            for cut in block.indices {
                #expect(throws: ColumnError.self, "seed \(seed), cut at \(cut)") {
                    try Track(columns: Array(block[..<cut]), count: count)
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func `columns with any bit of a courier's flipped never crash`(isRepeated: Bool) {
        var random = Seeded(21)
        let track =
            isRepeated
            ? Track.laps(&random, count: 140, lap: 50) : .courier(&random, count: 140)
        let block = track.columns()
        for bit in 0..<block.count * 8 {
            var damaged = block
            damaged[bit >> 3] ^= 1 << UInt8(bit & 7)
            guard let back = try? Track(columns: damaged, count: 140) else { continue }
            #expect((try? Track(columns: back.columns(), count: 140)) == back, "bit \(bit)")
        }
    }

    @Test func `columns of random bytes never crash`() {
        for seed in UInt64(0)..<30_000 {
            var random = Seeded(seed)
            let size = Int.random(in: 0..<200, using: &random)
            let bytes = (0..<size).map { _ -> UInt8 in
                random.chance(60)
                    ? UInt8.random(in: 0...7, using: &random)
                    : UInt8(truncatingIfNeeded: random.next())
            }
            let count = Int.random(in: 0...40, using: &random)
            if let back = try? Track(columns: bytes, count: count) {
                #expect(back.fixes.count == count && back.arrivals.count == count)
            }
        }
    }

    @Test func `another count than written is refused or gives legal fixes`() {
        var random = Seeded(11)
        let block = Track.ride(&random, count: 50).columns()
        for count in [1, 16, 49, 51, 64, 1_000, 65_535] {
            if let back = try? Track(columns: block, count: count) {
                #expect(back.fixes.count == count)
            }
        }
        for count in [-1, 65_536, Int.max] {
            #expect(throws: ColumnError.countOutOfRange) {
                try Track(columns: block, count: count)
            }
        }
    }

    @Test func `each refusal of a column block has its own error`() {
        let time: [UInt8] = [1, 0]
        let place: [UInt8] = time + [1, 0, 1, 0]
        let fields: [UInt8] = place + [0, 0, 0, 0]
        let rest: [UInt8] = fields + [1, 0, 1, 0, 1, 0, 0]
        func expect(_ error: ColumnError, _ bytes: [UInt8], count: Int = 3) {
            #expect(throws: error) { try Track(columns: bytes, count: count) }
        }
        #expect((try? Track(columns: rest + [1, 0, 0, 1, 0], count: 3))?.fixes.count == 3)
        expect(.truncated(.time), [])
        expect(.truncated(.lat), time)
        expect(.varintTooLong(.time), [1] + [UInt8](repeating: 0xFF, count: 10))
        expect(.unknownCodec(.time, 6), [6])
        expect(.unknownCodec(.time, 2), [2])
        expect(.unknownCodec(.time, 0), [0])
        expect(.unknownCodec(.lat, 0x81), time + [0x81])
        expect(.unknownCodec(.speed, 0x80), place + [0x80])
        expect(.badPresence(.speed), place + [0x81, 0])
        expect(.badPresence(.speed), place + [0x81, 7])
        expect(.badPresence(.speed), place + [0x81, 9])
        expect(.badPacking(.time), [3, 0, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 3])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 60, 5, 1])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 0, 0, 1])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 0, 1, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 0, 1, 3])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 0, 1, 2, 0b01, 0b11])
        expect(.badPacking(.time), [3, 0, 1, 0, 0, 0, 1, 2, 0b00, 0b11])
        expect(.badPacking(.time), [3, 0, 1, 0, 17])
        expect(.badPacking(.time), [3, 0, 1, 0, 4, 65])
        expect(.badPacking(.time), [3, 0, 1, 0, 4, 1, 4])
        expect(.truncated(.time), [3, 0, 1, 0, 4, 64, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 61, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 60, 5, 1])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 0, 1, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 0, 1, 3])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 0, 0, 0b111])
        expect(.badPacking(.time), [3, 0, 1, 0, 1, 0, 0, 0, 0, 0b11])
        expect(.truncated(.time), [3, 0, 1, 0, 1, 0, 0])
        expect(.truncated(.time), [3, 0, 1, 0, 1, 0, 0, 0b100])
        expect(.truncated(.lat), [3, 0, 1, 0, 1, 0, 0, 0b11])
        expect(.truncated(.lat), [3, 0, 1, 0, 2, 1, 3, 0x20, 0, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 2, 0, 3, 0x20, 0, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 2, 9, 3, 0x20, 0, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 2, 2, 3, 0x20, 0, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 2, 1, 2, 0x10, 0])
        expect(.badPacking(.time), [3, 0, 1, 0, 2, 1, 4, 0x30, 0, 0, 0])
        expect(.truncated(.time), [3, 0, 1, 0, 2, 1, 4, 0x20, 0, 0])
        expect(.badPacking(.lat), time + [6, 0, 0])
        expect(.badPacking(.lat), time + [6, 0, 1, 0, 2])
        expect(.badPacking(.lat), time + [6, 0, 1, 0x81, 0x80, 0x80, 2, 0])
        expect(
            .valueOutOfRange(.lat),
            time + [6] + zigzag(900_000_001) + [1, 0, 0, 4, 0, 1, 0, 0, 0])
        expect(
            .valueOutOfRange(.heading), place + [0, 7, 0, 1, 4, 18] + [0x80, 0x32, 2, 0, 0])
        expect(.valueOutOfRange(.heading), place + [0, 1] + zigzag(36_000))
        expect(.valueOutOfRange(.lat), time + [1] + zigzag(900_000_001))
        expect(.valueOutOfRange(.lat), time + [4, 0, 1, 4, 35] + zeros(8) + [4])
        expect(.valueOutOfRange(.origin), fields + [1, 0, 1] + zigzag(15))
        expect(.badPresence(.claimedReceipt), fields + [1, 0, 1] + zigzag(10) + [1, 0, 0])
        expect(.badPresence(.claimedReceipt), fields + [1, 0, 1, 0, 1, 0, 1, 0])
        expect(.badDictionary, rest + [0])
        expect(.badDictionary, rest + [4])
        expect(.badDictionary, rest + [1, 0, 8])
        expect(.valueOutOfRange(.verdict), rest + [2, 0, 0, 1, 0, 1, 4])
        expect(.valueOutOfRange(.arrival), rest + [1, 0, 0, 1] + zigzag(-1))
        expect(.valueOutOfRange(.arrival), rest + [1, 0, 0, 1] + zigzag(Int64(UInt32.max)))
        expect(.trailingBytes, rest + [1, 0, 0, 1, 0, 0])
    }

    private func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }

    private func zigzag(_ value: Int64) -> [UInt8] {
        var writer = ByteWriter()
        writer.putZigzag(value)
        return writer.bytes
    }
}
