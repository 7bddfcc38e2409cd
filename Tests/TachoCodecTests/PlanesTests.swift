import TachoGeo
import Testing

@testable import TachoCodec

/// Byte planes under LZ4: chosen where values come again, and read from whoever wrote them.
@Suite struct PlanesTests {
    struct Pattern: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var values: [UInt64]
    }

    private static func noise(_ seed: UInt64, _ count: Int, bits: UInt64) -> [UInt64] {
        var random = Seeded(seed)
        return (0..<count).map { _ in random.next() >> (64 - bits) }
    }

    static let patterns = [
        Pattern(
            testDescription: "a duty cycle of three short pauses and a long one",
            values: [0, 0, 0, 8]),
        Pattern(testDescription: "an accuracy that cycles", values: [3, 5, 4, 9, 4]),
        Pattern(
            testDescription: "a lift that stops at each floor", values: [300, 12, 0, 0, 7, 560]),
        Pattern(testDescription: "a loop of 30 fixes", values: noise(1, 30, bits: 10)),
        Pattern(testDescription: "a loop of 60 fixes", values: noise(2, 60, bits: 12)),
        Pattern(testDescription: "a loop of 90 fixes", values: noise(3, 90, bits: 13)),
        Pattern(testDescription: "jumps between three places", values: noise(4, 3, bits: 28)),
    ]

    @Test(arguments: patterns)
    func `a column that repeats itself is smaller in planes than in any other form`(
        pattern: Pattern
    ) throws {
        let values = (0..<255).map { pattern.values[$0 % pattern.values.count] }
        let (packing, bytes) = Self.write(values)
        #expect(packing.form == Packing.planes)
        let others = Self.write(values, withPlanes: false).packing.bytes
        #expect(packing.bytes * 4 < others * 3, "\(packing.bytes) instead of \(others)")
        #expect(try Self.read(bytes, count: 255) == values)
    }

    @Test(arguments: [(20, 12), (30, 8), (50, 5), (64, 4), (85, 3), (120, 2)])
    func `a lap played again costs a quarter less than the first one, or better`(
        lap: Int, laps: Int
    ) throws {
        var random = Seeded(UInt64(lap))
        let track = Track.laps(&random, count: laps * lap, lap: lap)
        let once = Track(
            fixes: Array(track.fixes[..<lap]), arrivals: Array(track.arrivals[..<lap]))
        let (first, all) = (once.columns(), track.columns())
        #expect(try Track(columns: all, count: laps * lap) == track)
        let more = (all.count - first.count) / (laps - 1)
        #expect(more * 4 < first.count * 3, "\(first.count), then \(more) each")
    }

    @Test func `the same fixes give the same planes`() {
        var random = Seeded(8)
        let track = Track.laps(&random, count: 256, lap: 50)
        var encoder = ChunkEncoder(capacity: 256)
        track.fixes.withUnsafeBufferPointer { fixes in
            track.arrivals.withUnsafeBufferPointer { encoder.columns.fill(fixes, arrivals: $0) }
        }
        for _ in 0..<3 {
            var block: [UInt8] = []
            encoder.encodeBlock(into: &block)
            #expect(block == track.columns())
        }
    }

    @Test func `noise is not compressed to see whether it repeats itself`() {
        let scratch = EncoderScratch(capacity: 256)
        defer { scratch.free() }
        for seed in UInt64(0)..<1_000 {
            let values = Self.noise(seed, 255, bits: 2 + seed % 14)
            var packing = Packing(values, count: 255, scratch.packing)
            let isTried = packing.tryPlanes(values, count: 255, scratch.packing)
            #expect(!isTried, "seed \(seed)")
        }
    }

    @Test func `planes are read from any valid block, also one without a copy`() throws {
        // A token of four literals and no copy; a whole block of those is the simplest there is.
        #expect(try Self.read([2, 1, 5, 0x40, 1, 2, 3, 4], count: 4) == [1, 2, 3, 4])
        #expect(try Self.read([2, 2, 5, 0x40, 1, 2, 3, 4], count: 2) == [0x301, 0x402])
        // One literal, a copy of ten from one byte before, five literals.
        let copy: [UInt8] = [2, 1, 10, 0x16, 7, 1, 0, 0x50, 1, 2, 3, 4, 5]
        #expect(
            try Self.read(copy, count: 16)
                == [UInt64](repeating: 7, count: 11) + [1, 2, 3, 4, 5])
        // The same bytes are eight planes of two values.
        #expect(
            try Self.read([2, 8, 10, 0x16, 7, 1, 0, 0x50, 1, 2, 3, 4, 5], count: 2)
                == [0x0402_0707_0707_0707, 0x0503_0107_0707_0707])
    }

    @Test func `planes of a wrong length, or with a copy of itself, are refused`() {
        let good: [UInt8] = [2, 1, 10, 0x16, 7, 1, 0, 0x50, 1, 2, 3, 4, 5]
        func expect(
            _ error: ColumnError, count: Int = 16, _ change: (inout [UInt8]) -> Void
        ) {
            var bytes = good
            change(&bytes)
            #expect(throws: error, "\(bytes)") { try Self.read(bytes, count: count) }
        }
        for planes in [0, 2, 8, 9, 255] as [UInt8] { expect(.badPacking(.time)) { $0[1] = planes } }
        for size in UInt8(0)..<10 { expect(.badPacking(.time)) { $0[2] = size } }
        // A longer block than there are bytes is one that was cut.
        for size in UInt8(11)...127 { expect(.truncated(.time)) { $0[2] = size } }
        expect(.truncated(.time)) {
            $0.replaceSubrange(2...2, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
        }
        expect(.badPacking(.time)) {
            $0 += [9]
            $0[2] += 1
        }
        for count in [1, 8, 15, 17, 32] { expect(.badPacking(.time), count: count) { _ in } }
        // Offsets: of zero, and to before the start.
        for offset in [0, 2, 255] as [UInt8] { expect(.badPacking(.time)) { $0[5] = offset } }
        expect(.badPacking(.time)) { $0[6] = 1 }
        // A length that goes on for ever.
        expect(.badPacking(.time)) { $0[3] = 0xF6 }
    }

    /// Values in their smallest form.
    static func write(
        _ values: [UInt64], withPlanes: Bool = true
    ) -> (packing: Packing, bytes: [UInt8]) {
        let scratch = EncoderScratch(capacity: max(values.count, 16))
        defer { scratch.free() }
        var writer = RawWriter(scratch.out)
        var packing = Packing(values, count: values.count, scratch.packing)
        if withPlanes { _ = packing.tryPlanes(values, count: values.count, scratch.packing) }
        packing.write(values, count: values.count, scratch.packing, to: &writer)
        return (packing, Array(scratch.out[..<writer.count]))
    }

    /// The values in packed bytes.
    static func read(_ bytes: [UInt8], count: Int) throws(ColumnError) -> [UInt64] {
        let heap = HeapBytes(bytes)
        var reader = ColumnReader(heap.raw)
        let scratch = EncoderScratch(capacity: max(count, 16))
        defer { scratch.free() }
        let room = PatchRoom(places: scratch.packing.places, patches: scratch.packing.high)
        try Packing.read(&reader, count: count, into: scratch.residuals, room: room)
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
        return Array(UnsafeBufferPointer(start: scratch.residuals, count: count))
    }
}
