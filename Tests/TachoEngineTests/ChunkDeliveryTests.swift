import TachoCodec
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// What the store's chunks alone tell: read without the engine's own readers.
@Suite(.serialized)
struct ChunkDeliveryTests {
    /// Riders' fixes by (range, arrival): the order of delivery.
    private func delivered(_ engine: Engine) throws -> [String: [StoredFix]] {
        var found: [UInt32: [(range: UInt32, arrival: UInt32, fix: StoredFix)]] = [:]
        let cursor = engine.store.database.cursor(.track)
        cursor.seekToFirst()
        while try cursor.isValid() {
            let key = try #require(ChunkKey(trackKey: cursor.key))
            var fixes: [StoredFix] = []
            var arrivals: [UInt32] = []
            let header = try Chunk.decode(cursor.value, fixes: &fixes, arrivals: &arrivals)
            #expect(header.rangeID == key.range)
            #expect(header.firstTsMs == key.t0Ms)
            for index in fixes.indices {
                found[key.rider, default: []].append((key.range, arrivals[index], fixes[index]))
            }
            cursor.next()
        }
        var byName: [String: [StoredFix]] = [:]
        for (rider, list) in found {
            let ordered = list.sorted { ($0.range, $0.arrival) < ($1.range, $1.arrival) }
            for (index, one) in ordered.enumerated() {
                let isFirst = index == 0 || ordered[index - 1].range != one.range
                let expected = isFirst ? 0 : ordered[index - 1].arrival + 1
                #expect(one.arrival == expected, "an arrival is missing or double")
            }
            byName[String(decoding: engine.riders.name(of: rider), as: UTF8.self)] =
                ordered.map(\.fix)
        }
        return byName
    }

    @Test(arguments: [UInt64(21), 22, 23, 24])
    func `delivery order is rebuilt from chunks and judging it again gives the stored verdicts`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let options = testOptions(directory, workers: Int(seed % 3) + 1)
        var engine = try Engine.open(options)
        var expected: [String: [Fix]] = [:]
        for round in 0..<3 {
            for index in 0..<600 {
                // Late by seconds, by days, and from clocks that are wrong by centuries.
                var seconds = Double(round * 1800 + index * 3)
                switch Int.random(in: 0..<12, using: &random) {
                case 0: seconds -= 20
                case 1: seconds -= 86_400 * Double(Int.random(in: 1...9, using: &random))
                case 2: seconds += 31_000_000_000
                default: break
                }
                let north = Int.random(in: 0..<20, using: &random) == 0 ? 9000 : seconds / 10
                let rider = "r\(index % 3)"
                let one = fix(seconds, north: seconds > 1e9 ? 0 : north.rounded())
                if try engine.add(rider, one) != [.duplicate] {
                    expected[rider, default: []].append(one)
                }
            }
            if round == 1 {
                engine.abandon()
                engine = try Engine.open(options)
            }
            _ = try engine.seal()
        }
        let chunks = try delivered(engine)
        #expect(chunks.mapValues { $0.map(\.fix) } == expected, "seed \(seed)")
        var model = Model()
        for (rider, fixes) in chunks {
            for stored in fixes {
                _ = model.add(rider, stored.fix, nowMs: stored.recvMs)
                #expect(
                    model.decided(rider, stored.fix) == stored.verdict,
                    "seed \(seed), \(rider), \(stored.fix)")
            }
        }
        try engine.close()
    }

    /// In a function of its own: a cursor that lives on when the engine closes ends the process
    /// in RocksDB's assertion, and how long a local variable lives is the optimiser's choice.
    private func chunkHeaders(_ engine: Engine) throws -> [ChunkHeader] {
        let cursor = engine.store.database.cursor(.track)
        var headers: [ChunkHeader] = []
        cursor.seekToFirst()
        while try cursor.isValid() {
            headers.append(try Chunk.header(cursor.value))
            cursor.next()
        }
        return headers
    }

    @Test func `a late chunk spans a day at most and a main chunk a quarter of an hour`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for index in 0..<500 {
            let seconds = index % 2 == 0 ? Double(index) * 7 : Double(-index) * 9000
            try engine.add("r", fix(seconds))
        }
        _ = try engine.seal()
        var kinds: Set<ChunkKind> = []
        for header in try chunkHeaders(engine) {
            kinds.insert(header.kind)
            let limit = header.kind == .main ? Tail.spanMs : Shard.lateSpanMs
            #expect(header.lastTsMs - header.firstTsMs <= limit)
            #expect(header.count <= Tail.limit)
        }
        #expect(kinds == [.main, .late])
        try engine.close()
    }
}
