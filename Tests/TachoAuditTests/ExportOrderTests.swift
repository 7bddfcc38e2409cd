import TachoCodec
import TachoGeo
import Testing

@testable import TachoAudit

/// Blocks whose checksums, leaves and hashes are right and whose fixes are not in their order, or
/// not of the times that the index states: a search by time would pass over them.
@Suite struct ExportOrderTests {
    private static func sealed(_ anna: [StoredFix], _ random: inout SeededRandom) throws -> [UInt8]
    {
        let range = SampleRange(
            interval: Sample.interval(1...UInt64(anna.count + 20)),
            delivered: ["anna": anna, "bert": Sample.drive(20, &random)])
        return try range.bytes()
    }

    /// A segment with two fixes of its first block exchanged. Both orders must take as many bytes,
    /// or all behind the block would be somewhere else: they are searched for.
    private static func disordered() throws -> [UInt8] {
        var encoder = ChunkEncoder(capacity: SegmentFormat.blockCapacity)
        func encode(_ fixes: [StoredFix], _ arrivals: [UInt32]) -> [UInt8] {
            fixes.withUnsafeBufferPointer { fixes in
                arrivals.withUnsafeBufferPointer { encoder.columns.fill(fixes, arrivals: $0) }
            }
            var payload: [UInt8] = []
            encoder.encodeBlock(into: &payload)
            return payload
        }
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let anna = Sample.drive(20, &random)
            let (fixes, arrivals) = SampleRange.sorted(anna)
            let right = encode(fixes, arrivals)
            for first in 1..<fixes.count - 1 {
                var (some, places) = (fixes, arrivals)
                some.swapAt(first - 1, first)
                places.swapAt(first - 1, first)
                let wrong = encode(some, places)
                guard wrong.count == right.count else { continue }
                var forgery = try Forgery(try sealed(anna, &random))
                forgery.block(0, offset: BlockLayout.byteCount, wrong)
                return forgery.bytes
            }
        }
        throw SegmentError(.blockOrder, "no two fixes take the same room in the other order")
    }

    private static func otherTimes() throws -> [UInt8] {
        var random = SeededRandom(seed: 23)
        let bytes = try sealed(Sample.drive(20, &random), &random)
        let header = try SegmentReader(source: .memory(bytes)).header
        var forgery = try Forgery(bytes)
        let lastMs = forgery.index[0].tsBounds.maxMs + 1
        forgery.index(0, IndexLayout.maxTsMs, lastMs)
        forgery.header(HeaderLayout.maxTsMs, max(header.tsBounds.maxMs, lastMs))
        return forgery.bytes
    }

    private func expectRefusal(_ bytes: [UInt8], _ detail: String) throws {
        #expect(SegmentCheck.run(.memory(bytes), deep: false).findings == [])
        let deep = SegmentCheck.run(.memory(bytes), deep: true).findings
        #expect(deep.map(\.code) == [.blockOrder])
        #expect(try #require(deep.first).detail.hasSuffix(detail))
        let directory = try TemporaryDirectory()
        try directory.write(bytes, as: 1)
        for riders in [nil, ["anna"], ["anna", "bert"]] as [[String]?] {
            let error = #expect(throws: ExportError.self) {
                try TestExport.run(directory) { query in
                    query.riders = riders.map { Set($0.map { Array($0.utf8) }) }
                }
            }
            let told = try #require(error)
            #expect(told.exit == .damage)
            #expect(told.message == deep[0].message(file: "00000001.seg"))
        }
        // Who does not ask for the block gets its rows.
        #expect(
            try TestExport.run(directory) { $0.riders = [Array("bert".utf8)] }.lines.count == 21)
    }

    @Test func `an export refuses fixes out of order as a deep check does`() throws {
        try expectRefusal(Self.disordered(), "is out of order")
    }

    @Test func `an export refuses times that are not those of the index`() throws {
        try expectRefusal(Self.otherTimes(), "its times are not those of its index entry")
    }

    /// Who looks for a few riders does not take all names apart, so a name must be possible there too.
    @Test func `a name longer than any is refused when its rider is asked for`() throws {
        var random = SeededRandom(seed: 29)
        let names = ["a", "b", "c"].map { String(repeating: $0, count: 128) }
        var range = SampleRange(interval: Sample.interval(1...60))
        for name in names { range.delivered[name] = Sample.drive(20, &random) }
        var forgery = try Forgery(try range.bytes())
        // Names end at 128, 256 and 384; now the first ends where the third begins, and further on.
        for (byte, value) in [(0, 44), (1, 1), (4, 45), (5, 1)] as [(Int, UInt8)] {
            forgery.name(byte: byte, value)
        }
        let directory = try TemporaryDirectory()
        try directory.write(forgery.bytes, as: 1)
        let long = Array(names.joined().utf8)[..<300]
        let error = #expect(throws: ExportError.self) {
            try TestExport.run(directory) { $0.riders = [Array(long)] }
        }
        #expect(error?.exit == .damage)
        #expect(error?.message.contains("impossible length") == true)
    }
}
