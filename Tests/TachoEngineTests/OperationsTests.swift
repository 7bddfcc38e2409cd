import Foundation
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

struct OperationsTests {
    // MARK: Latencies

    @Test func `what took long is found in its bound, the rest behind the last`() {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: 90_000, count: 5)
        histogram.record(nanoseconds: 700_000, count: 3)
        histogram.record(nanoseconds: 30_000_000_000, count: 1)
        histogram.record(nanoseconds: 5_000_000_000_000, count: 1)
        histogram.record(nanoseconds: 1, count: 0)
        let figures = histogram.figures
        #expect(figures.count == 10)
        let bounds = LatencyFigures.boundsSeconds
        #expect(figures.cumulative.count == bounds.count)
        #expect(figures.cumulative[bounds.firstIndex(of: 0.0001)!] == 5)
        #expect(figures.cumulative[bounds.firstIndex(of: 0.0005)!] == 5)
        #expect(figures.cumulative[bounds.firstIndex(of: 0.001)!] == 8)
        #expect(figures.cumulative.last == 8)
        #expect(abs(figures.sumSeconds - (0.00045 + 0.0021 + 30 + 100)) < 1e-9)
        #expect(figures.p50Microseconds == 90)
        #expect(abs(Double(figures.maxMicroseconds) - 1e8) < 1e6)
        histogram.removeAll()
        #expect(histogram.figures.count == 0 && histogram.figures.maxMicroseconds == 0)
    }

    @Test(arguments: [1 as UInt64, 7, 42])
    func `counts are those of a list, within a hundredth`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var (one, other, list) = (LatencyHistogram(), LatencyHistogram(), [Double]())
        for _ in 0..<5_000 {
            let ns = UInt64(exp(Double.random(in: 8...24, using: &generator)))
            let count = Int.random(in: 1...9, using: &generator)
            if Bool.random(using: &generator) {
                one.record(nanoseconds: ns, count: count)
            } else {
                other.record(nanoseconds: ns, count: count)
            }
            list += Array(repeating: Double(ns) / 1e9, count: count)
        }
        one.add(other)
        let figures = one.figures
        #expect(figures.count == UInt64(list.count), "seed \(seed)")
        for (bound, count) in zip(LatencyFigures.boundsSeconds, figures.cumulative) {
            // A value within a hundredth of a bound may be on its other side.
            let low = list.count { $0 <= bound * 0.98 - 1e-6 }
            let high = list.count { $0 <= bound * 1.02 + 1e-6 }
            #expect(Int(count) >= low && Int(count) <= high, "\(bound), seed \(seed)")
        }
    }

    @Test func `what is noted while somebody reads is not lost`() throws {
        let times = CommitTimes()
        let isDone = Monitor(false)
        let groups = 20_000
        let writer = NamedThread("test-commit") {
            for _ in 0..<groups {
                times.note([], .init(begunNs: 0, durableNs: 1_000_000, publishedNs: 2_000_000))
            }
            isDone.change {
                $0 = true
                return (true, ())
            }
        }
        while !isDone.with({ $0 }) { _ = times.figures }
        writer.join()
        // The last ones may wait in the committer's copy until it notes again.
        times.note([], .init(begunNs: 0, durableNs: 1, publishedNs: 1))
        #expect(times.figures.commit.count == UInt64(groups) + 1)
    }

    // MARK: Seal lag

    @Test func `the lag is the age of the oldest point that is not sealed`() {
        var lag = SealLag()
        #expect(lag.look(last: 0, sealedThrough: 0, atMs: 1_000) == 0)
        #expect(lag.look(last: 10, sealedThrough: 0, atMs: 2_000) == 0)
        #expect(lag.look(last: 20, sealedThrough: 0, atMs: 5_000) == 3_000)
        #expect(lag.look(last: 20, sealedThrough: 10, atMs: 6_000) == 1_000)
        #expect(lag.look(last: 20, sealedThrough: 15, atMs: 7_000) == 2_000)
        #expect(lag.look(last: 20, sealedThrough: 20, atMs: 8_000) == 0)
        #expect(lag.look(last: 21, sealedThrough: 20, atMs: 9_000) == 0)
    }

    @Test(arguments: [3 as UInt64, 11])
    func `with more marks than are kept the lag is too long by little`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var lag = SealLag()
        var arrivals: [(last: UInt64, atMs: Int64)] = []
        var (last, sealed, nowMs) = (UInt64(0), UInt64(0), Int64(0))
        for _ in 0..<4_000 {
            nowMs += 1_000
            last += UInt64.random(in: 0...100, using: &generator)
            arrivals.append((last, nowMs))
            if Int.random(in: 0..<500, using: &generator) == 0 {
                sealed = UInt64.random(in: sealed...last, using: &generator)
            }
            let shown = lag.look(last: last, sealedThrough: sealed, atMs: nowMs)
            let oldest = arrivals.first { $0.last > sealed }?.atMs
            let real = oldest.map { nowMs - $0 } ?? 0
            let slack = max(2_000, nowMs / 60)
            #expect(shown >= real - 1_000 && shown <= real + slack, "\(nowMs), seed \(seed)")
        }
    }

    // MARK: Texts of RocksDB

    @Test func `stalls are read as RocksDB 7.8 writes them`() {
        let text = """
            Cumulative WAL: 12K writes, 0 syncs, 12345.00 writes per sync, written: 0.50 GB, 1.2 MB/s
            Cumulative stall: 01:02:3.500 H:M:S, 0.1 percent
            Stalls(count): 3 level0_slowdown, 2 level0_slowdown_with_compaction, 1 level0_numfiles, \
            1 level0_numfiles_with_compaction, 4 stop for pending_compaction_bytes, \
            5 slowdown for pending_compaction_bytes, 6 memtable_compaction, 7 memtable_slowdown, \
            interval 9 total count
            """
        #expect(StatsText.seconds(text, after: ["Cumulative stall: "]) == 3_723.5)
        #expect(StatsText.gigabytes(text, after: ["Cumulative WAL:", "written: "]) == 1 << 29)
        let stalls = StatsText.stalls(text)
        #expect(stalls.slowdowns == 15 && stalls.stops == 11)
        #expect(StatsText.seconds("", after: ["Cumulative stall: "]) == 0)
        #expect(StatsText.seconds("Cumulative stall: soon", after: ["Cumulative stall: "]) == 0)
    }

    @Test func `bytes that were shown are not taken back, of no family`() {
        var shown = ShownDatabaseBytes()
        var sums: [UInt64] = []
        for found: [UInt64] in [[5, 10], [9, 2], [9, 12, 1], []] {
            var figures = DatabaseFigures()
            figures.compactionBytesOfFamilies = found
            shown.keep(&figures)
            sums.append(figures.compactionBytes)
        }
        #expect(sums == [15, 19, 22, 22])
    }

    @Test func `the database that is linked says what is looked for`() throws {
        try withEngine { engine in
            let database = engine.store.database
            let text = database.text("rocksdb.dbstats")
            #expect(StatsText.rest(text, after: ["Cumulative stall: "])?.contains(":") == true)
            #expect(StatsText.rest(text, after: ["Cumulative WAL:", "written: "]) != nil)
            let family = database.text("rocksdb.cfstats-no-file-histogram", of: .track)
            for mark in ["level0_slowdown, ", "memtable_slowdown, ", "memtable_compaction, "] {
                #expect(StatsText.rest(family, after: ["Stalls(count): ", mark]) != nil, "\(mark)")
            }
            #expect(database.figures.level0Files == 0)
        }
    }

    // MARK: The engine

    private func withEngine(
        _ change: (inout EngineOptions) -> Void = { _ in }, _ body: (Engine) throws -> Void
    ) throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        change(&options)
        let engine = try Engine.open(options)
        defer { try? engine.close() }
        try body(engine)
    }

    @Test func `verdicts are counted by code and effect, waits by point`() throws {
        try withEngine { engine in
            var future = fix(0)
            future.tsMs = 32_503_680_000_000
            let fixes = [fix(0), fix(1), fix(2), fix(3), future, fix(4, north: 1_000_000)]
            let sent = batch(fixes.map { ("r", $0) })
            _ = try engine.append(sent)
            // Sent again: stored, judged and waited for once.
            _ = try engine.append(sent)
            let figures = engine.operations()
            #expect(figures.verdicts.ok == 4)
            #expect(figures.verdicts.byCode[Int(Code.tsFuture.rawValue)] == 1)
            #expect(figures.verdicts.byCode[Int(Code.teleport.rawValue)] == 1)
            #expect(figures.verdicts.byEffect.reduce(0, +) == 6)
            #expect(figures.verdicts.byEffect[Int(Effect.quarantine.rawValue)] == 1)
            #expect(figures.commits.durable.count == 6 && figures.commits.published.count == 6)
            #expect(figures.commits.durable.sumSeconds <= figures.commits.published.sumSeconds)
            #expect(figures.commits.commit.count >= 1)
            #expect(figures.obstacles.isEmpty && figures.disk != nil)
            #expect(figures.database?.backgroundErrors == 0)
        }
    }

    @Test func `refused points are counted by reason, and obstacles are told`() throws {
        try withEngine({ $0.minFreeBytes = .max }) { engine in
            #expect(throws: AppendError.self) { try engine.add("r", fix(0)) }
            #expect(engine.operations().refusals[.disk] == 1)
            #expect(engine.obstacles.count == 1 && engine.obstacles[0].contains("--min-free"))
            var tuning = engine.tuning
            tuning.minFreeBytes = 0
            engine.tune(tuning)
            var isTaken = false
            for _ in 0..<200 where !isTaken {
                usleep(20_000)
                isTaken = (try? engine.add("r", fix(0))) != nil
            }
            #expect(isTaken && engine.obstacles.isEmpty)
        }
    }

    @Test func `ranges are sealed as the tuning says`() throws {
        try withEngine { engine in
            try engine.add("r", fix(0))
            var tuning = engine.tuning
            tuning.rangePoints = 1
            engine.tune(tuning)
            for _ in 0..<500 where engine.sealTotals().ranges == 0 { usleep(20_000) }
            #expect(engine.sealTotals().ranges == 1)
        }
    }
}
