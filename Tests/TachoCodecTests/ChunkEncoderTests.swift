import TachoGeo
import Testing

@testable import TachoCodec

/// One encoder and one set of columns for many chunks: nothing of one may show in the next.
@Suite struct ChunkEncoderTests {
    private static func tracks(_ seed: UInt64) -> [Track] {
        var random = Seeded(seed)
        return [256, 1, 40, 300, 17, 2, 1_000, 255].map { count in
            random.chance(50)
                ? Track.ride(&random, count: count) : Track.wild(&random, count: count).sorted
        }
    }

    @Test func `an encoder used again writes what a new one writes`() {
        for seed in UInt64(0)..<10 {
            var encoder = ChunkEncoder(capacity: 30)
            for track in Self.tracks(seed) {
                var out: [UInt8] = [7]
                track.fixes.withUnsafeBufferPointer { fixes in
                    track.arrivals.withUnsafeBufferPointer { arrivals in
                        encoder.encode(
                            fixes, arrivals: arrivals, rangeID: 7, kind: .main,
                            firstSequence: 1_000, lastSequence: 90_000, into: &out)
                    }
                }
                #expect(out == [7] + track.chunk(), "seed \(seed)")
            }
        }
    }

    @Test func `columns filled by hand give the chunk of the fixes`() {
        for seed in UInt64(0)..<10 {
            var encoder = ChunkEncoder(capacity: 256)
            for track in Self.tracks(seed) {
                encoder.columns.makeRoom(for: track.fixes.count)
                let at = encoder.columns.at
                for (i, stored) in track.fixes.enumerated() {
                    at.tsMs[i] = stored.fix.tsMs
                    at.latE7[i] = stored.fix.latE7
                    at.lonE7[i] = stored.fix.lonE7
                    at.speedCms[i] = stored.fix.speedCms
                    at.headingCdeg[i] = stored.fix.headingCdeg
                    at.accuracyDm[i] = stored.fix.accuracyDm
                    at.altitudeDm[i] = stored.fix.altitudeDm
                    at.source[i] = stored.fix.source.rawValue
                    at.origin[i] = ColumnPointers.origin(stored.provenance, stored.vehicle)
                    at.recvMs[i] = stored.recvMs
                    // What stands here does not count unless the receipt is claimed.
                    at.claimedRecvMs[i] =
                        stored.provenance == .claimed ? stored.claimedRecvMs : .max
                    at.codes[i] = stored.verdict.codes
                    at.flags[i] = ColumnPointers.flags(stored.verdict)
                    at.arrival[i] = track.arrivals[i]
                }
                encoder.columns.count = track.fixes.count
                var out: [UInt8] = []
                encoder.encodeColumns(
                    rangeID: 7, kind: .main, firstSequence: 1_000, lastSequence: 90_000,
                    into: &out)
                #expect(out == track.chunk(), "seed \(seed)")
            }
        }
    }

    @Test func `columns used again hold what the last chunk holds`() throws {
        for seed in UInt64(0)..<10 {
            var columns = ChunkColumns()
            for track in Self.tracks(seed) {
                let bytes = HeapBytes(track.chunk())
                let header = try Chunk.decode(bytes.raw, into: &columns)
                var back = Track()
                columns.append(to: &back.fixes, arrivals: &back.arrivals)
                #expect(back == track, "seed \(seed)")
                let (count, found) = (columns.count, header.count)
                #expect(count == found)
            }
        }
    }

    @Test func `columns hold nothing after a refusal`() {
        var random = Seeded(12)
        let good = HeapBytes(Track.ride(&random, count: 60).chunk())
        var columns = ChunkColumns(capacity: 60)
        for cut in [0, 3, 69, 70, good.raw.count - 1] {
            _ = try? Chunk.decode(good.raw, into: &columns)
            var count = columns.count
            #expect(count == 60)
            let part = UnsafeRawBufferPointer(rebasing: good.raw[..<cut])
            #expect(throws: ChunkError.self) { try Chunk.decode(part, into: &columns) }
            count = columns.count
            #expect(count == 0, "cut at \(cut)")
        }
    }
}
