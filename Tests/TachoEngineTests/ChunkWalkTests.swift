import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Walks of short times, which look only where filters let them, against a walk through everything.
@Suite(.serialized)
struct ChunkWalkTests {
    private static let stretchMs: Int64 = 1 << 24

    /// Chunks of three riders in seven stretches on both sides of 1970, in several files.
    private func fill(_ engine: Engine, _ random: inout SeededGenerator) throws -> [ChunkKey] {
        var keys: [ChunkKey] = []
        for file in 0..<6 {
            let rows = RowBatch(engine.store.database)
            for rider in UInt32(1)...3 where !random.chance(20) {
                for _ in 0..<random.number(0...8) {
                    let start = Int64(random.number(-3...3)) * Self.stretchMs
                    let edge = random.one([0, 1, Self.stretchMs - 1, Self.stretchMs / 2])
                    let key = ChunkKey(
                        rider: rider, t0Ms: start + edge, range: UInt32(file),
                        generation: UInt16(keys.count))
                    keys.append(key)
                    rows.put(.track, Keys.track(key), [7])
                }
            }
            try engine.store.database.write(rows, sync: false)
            try engine.store.database.flush(.track)
        }
        return keys
    }

    private func walk(
        _ walk: ChunkWalk, _ rider: UInt32, _ fromMs: Int64, _ toMs: Int64
    ) throws -> [ChunkKey] {
        var found: [ChunkKey] = []
        walk.seek(rider: rider, fromMs: fromMs, toMs: toMs)
        while try walk.isValid() {
            let key = try #require(ChunkKey(trackKey: walk.key))
            guard key.rider == rider, key.t0Ms <= toMs else { break }
            #expect(Array(walk.value) == [7])
            found.append(key)
            walk.next()
        }
        return found
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `a walk of any length finds what begins in it, in order`(seed: UInt64) throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        var random = SeededGenerator(seed: seed)
        let keys = try fill(engine, &random)
        try compare(engine, keys, &random, "seed \(seed)")
        try engine.close()
    }

    private func compare(
        _ engine: Engine, _ keys: [ChunkKey], _ random: inout SeededGenerator, _ what: String
    ) throws {
        // One for all questions, as who asks for many riders has it.
        let chunks = ChunkWalk(engine.store.database, at: nil)
        for round in 0..<400 {
            let edges: [Int64] = [-1, 0, 1, Self.stretchMs / 2]
            let fromMs = Int64(random.number(-4...4)) * Self.stretchMs + random.one(edges)
            let length = Int64(random.number(0...5)) * Self.stretchMs + random.one(edges)
            let toMs = random.chance(5) ? Int64.max : max(fromMs, fromMs + length)
            let rider = UInt32(random.number(0...4))
            let expected = keys.filter {
                $0.rider == rider && $0.t0Ms >= fromMs && $0.t0Ms <= toMs
            }.sorted { ($0.t0Ms, $0.range, $0.generation) < ($1.t0Ms, $1.range, $1.generation) }
            #expect(
                try walk(chunks, rider, fromMs, toMs) == expected,
                "\(what), round \(round): rider \(rider), \(fromMs) to \(toMs)")
        }
    }

    @Test func `stretches number times as keys begin, to the ends of what a key can say`() {
        let end = Keys.timeOffsetMs
        for ms in [-end, -end + 1, -1, 0, 1, Self.stretchMs - 1, Self.stretchMs, end - 1] {
            let stretch = Keys.trackStretch(ms)
            #expect(Keys.startMs(ofTrackStretch: stretch) <= ms)
            #expect(ms - Keys.startMs(ofTrackStretch: stretch) < Self.stretchMs)
            let prefix = Keys.track(rider: 9, fromMs: ms).prefix(Keys.trackPrefixBytes)
            let start = Keys.track(rider: 9, fromMs: Keys.startMs(ofTrackStretch: stretch))
            #expect(start.prefix(Keys.trackPrefixBytes) == prefix, "\(ms)")
        }
        #expect(Keys.trackStretch(.max) == Keys.trackStretch(end - 1))
        #expect(Keys.trackStretch(.min) == Keys.trackStretch(-end))
    }
}
