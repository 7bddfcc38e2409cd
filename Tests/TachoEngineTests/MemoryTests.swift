import Foundation
import TachoCodec
import TachoGeo
import Testing

@testable import TachoEngine

@Suite(.serialized)
struct MemoryTests {
    private static let riders = 2000

    /// One fix of every rider.
    private func round(_ second: Int) -> FixBatch {
        batch((0..<Self.riders).map { ("rider-\($0)", fix(Double(second))) })
    }

    /// Why the engine does not take it now; nil: it is stored.
    private func refusal(of engine: Engine, _ batch: FixBatch) -> String? {
        do throws(AppendError) {
            _ = try engine.append(batch)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `figures of memory grow with riders and fixes`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory, workers: 2)
        options.judgesAcross = true
        let engine = try Engine.open(options)
        let names = engine.figure("memory_names")
        for second in 0..<40 { _ = try engine.append(round(second)) }
        // Two pages of 32 rows of 24 bytes for each rider's tail.
        #expect(engine.figure("memory_tails") >= Int64(Self.riders * 2 * 32 * 24))
        #expect(engine.figure("memory_slots") >= Int64(Self.riders * MemoryLayout<Slot>.stride))
        #expect(engine.figure("memory_latest") >= Int64(Self.riders * 128))
        #expect(engine.figure("memory_names") > names)
        #expect(engine.figure("memory_rocksdb") > 0)
        engine.settleAcross()
        // Trails of 64 bytes and a day's filter.
        #expect(engine.figure("memory_across") >= Int64(Self.riders * 64 + 8 << 20))
        #expect(engine.figure("memory_limit") == Int64(EngineOptions.defaultMemoryLimitBytes))
        try engine.close()
    }

    @Test func `over its limit the range is cut early and writers go on`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.memoryLimitBytes = 12 << 20
        let engine = try Engine.open(options)
        // 2,000 riders' tails of 200 fixes would be 10 MB beside 4 MB of slots and latest.
        for second in 0..<200 {
            var attempts = 0
            while let reason = refusal(of: engine, round(second)) {
                // 30 s: a cut takes less.
                attempts += 1
                try #require(attempts < 1500, "memory was not freed: \(reason)")
                usleep(20_000)
            }
            usleep(5000)
        }
        for _ in 0..<500 where engine.figure("ranges_sealed") == 0 { usleep(20_000) }
        #expect(engine.figure("ranges_sealed") > 0)
        #expect(try engine.all("rider-7").count == 200)
        try engine.close()
    }

    @Test func `a quarter over the limit writers hear try again, and readers go on`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        let engine = try Engine.open(options)
        _ = try engine.append(round(0))
        try engine.close()
        var small = options
        small.memoryLimitBytes = 1 << 20
        let full = try Engine.open(small)
        var reason = ""
        for _ in 0..<500 where reason.isEmpty {
            reason = refusal(of: full, round(1)) ?? ""
            usleep(20_000)
        }
        #expect(reason.contains("MiB of memory are in use, 1 MiB are allowed"))
        #expect(full.shown("rider-7") != nil)
        try full.close()
    }

    @Test func `what tails keep beside their rows is counted and given back`() {
        // Other tests use the pool meanwhile: hundreds of tails outweigh them.
        let before = TailPool.shared.bytes.used
        var tails = [Tail](repeating: Tail(), count: Self.riders)
        let row = FixRow(clock: 0, place: 0, motion: 0)
        for index in tails.indices {
            for arrival in [0, 2, 4] as [UInt32] {
                tails[index].append(row, .none, arrival: arrival, .known(1))
            }
        }
        // A page of rows, and one of marks.
        let expected = Self.riders * 2 * 768
        #expect(TailPool.shared.bytes.used - before > expected / 10 * 9)
        for index in tails.indices { tails[index].free() }
        #expect(TailPool.shared.bytes.used - before < expected / 10)
    }
}
