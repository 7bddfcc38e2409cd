import Foundation
import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct ChunkTests {
    @Test(arguments: [1, 2, 31, 32, 256, 1_000])
    func `a chunk comes back as it was, with its header`(count: Int) throws {
        for seed in UInt64(0)..<10 {
            var random = Seeded(seed)
            let track =
                seed % 2 == 0
                ? Track.ride(&random, count: count) : Track.wild(&random, count: count).sorted
            let bytes = track.chunk(rangeID: 9, kind: .late, first: 3, last: .max)
            let (back, header) = try Track.read(chunk: bytes)
            #expect(back == track, "seed \(seed)")
            let expected = ChunkHeader(
                rangeID: 9, kind: .late, count: count, firstSequence: 3, lastSequence: .max,
                firstTsMs: track.fixes.first!.fix.tsMs, lastTsMs: track.fixes.last!.fix.tsMs,
                minLatE7: track.fixes.map(\.fix.latE7).min()!,
                maxLatE7: track.fixes.map(\.fix.latE7).max()!,
                minLonE7: track.fixes.map(\.fix.lonE7).min()!,
                maxLonE7: track.fixes.map(\.fix.lonE7).max()!, totalBytes: bytes.count)
            #expect(header == expected, "seed \(seed)")
            let copy = HeapBytes(bytes)
            #expect(try Chunk.header(copy.raw) == expected)
        }
    }

    @Test func `chunks append to what was read before`() throws {
        var random = Seeded(1)
        let parts = (0..<3).map { _ in Track.ride(&random, count: 50) }
        var all = Track()
        for part in parts {
            let bytes = HeapBytes(part.chunk())
            _ = try Chunk.decode(bytes.raw, fixes: &all.fixes, arrivals: &all.arrivals)
        }
        #expect(all.fixes == parts.flatMap(\.fixes))
        #expect(all.arrivals == parts.flatMap(\.arrivals))
    }

    @Test func `the header is read without the checksum and refused as the chunk is`() throws {
        var random = Seeded(2)
        let good = Track.ride(&random, count: 20).chunk()
        func header(_ bytes: [UInt8]) throws(ChunkError) -> ChunkHeader {
            let copy = HeapBytes(bytes)
            return try Chunk.header(copy.raw)
        }
        var damaged = good
        damaged[good.count - 6] ^= 1
        #expect(try header(damaged) == header(good))
        #expect(throws: ChunkError.checksumMismatch) { try Track.read(chunk: damaged) }
        for cut in 0..<good.count {
            #expect(throws: ChunkError.self) { try header(Array(good[..<cut])) }
        }
    }

    /// Damage that a checksum computed afterwards does not show.
    @Test func `each refusal behind a right checksum has its own error`() throws {
        var random = Seeded(3)
        let good = Track.ride(&random, count: 20).chunk()
        func expect(_ error: ChunkError, at offset: Int, _ bytes: [UInt8]) {
            var damaged = good
            damaged.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            #expect(throws: error, "\(offset)") { try Track.read(chunk: sealed(damaged)) }
        }
        func le<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
            var writer = ByteWriter()
            writer.put(value)
            return writer.bytes
        }
        expect(.unknownKind(2), at: 5, [2])
        expect(.badBounds, at: 16, [0, 0])
        expect(.badBounds, at: 18, le(Int32(900_000_001)))
        expect(.badBounds, at: 22, le(Int32(-900_000_001)))
        expect(.badBounds, at: 30, le(Int32(1_800_000_001)))
        expect(.badBounds, at: 42, le(UInt64(999)))
        expect(.badBounds, at: 50, le(Int64.min))
        expect(.badBounds, at: 58, le(Int64.max))
        expect(.badBounds, at: 58, le(Int64(0)))
        expect(.columns(.unknownCodec(.time, 99)), at: 66, [99])
        expect(.headerDisagrees, at: 58, le(Fix.timeLimitMs - 1))
        expect(.headerDisagrees, at: 18, le(Int32(-900_000_000)))
    }

    @Test func `fixes out of order behind a right checksum are refused`() throws {
        var random = Seeded(4)
        let track = Track.ride(&random, count: 3)
        var swapped = track
        swapped.fixes.swapAt(1, 2)
        var bytes =
            Array(track.chunk()[..<ChunkHeader.byteCount]) + swapped.columns() + [0, 0, 0, 0]
        var size = ByteWriter(bytes: bytes)
        size.overwrite(UInt32(bytes.count), at: 8)
        bytes = size.bytes
        var found = Track()
        let copy = HeapBytes(sealed(bytes))
        #expect(throws: ChunkError.headerDisagrees) {
            try Chunk.decode(copy.raw, fixes: &found.fixes, arrivals: &found.arrivals)
        }
        #expect(found == Track())
    }

    private func sealed(_ bytes: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(bytes: Array(bytes.dropLast(4)))
        writer.put(writer.bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return writer.bytes
    }
}
