import Synchronization
import TachoCodec
import TachoGeo
import Testing

@testable import TachoEngine

/// Tracks read slice by slice against the same histories merged as a whole, as the judge reads
/// them: `HistorySource.load` is the oracle.
@Suite(.serialized)
struct ScanTests {
    /// Riders of all kinds: some whose fixes come in any order, and some in order for hours, with
    /// a fix now and then that is hours late, impossible, or of the same time as the one before.
    private struct Run {
        let seed: UInt64
        var random: SeededGenerator
        var wild: RandomDeliveries
        var directory = TemporaryDirectory()
        var engine: Engine
        var tidySeconds = [0.0, 0.0, 0.0]

        init(seed: UInt64) throws {
            self.seed = seed
            random = SeededGenerator(seed: seed)
            wild = RandomDeliveries(seed: seed + 1, riders: 3)
            engine = try Engine.open(Self.options(directory, workers: random.number(1...3)))
        }

        private static func options(_ directory: TemporaryDirectory, workers: Int) -> EngineOptions
        {
            var options = rulesOptions(directory, workers: workers)
            options.fault = .skipSync
            return options
        }

        mutating func send() throws {
            var fixes = wild.next(150)
            for rider in tidySeconds.indices {
                for _ in 0..<random.number(50...700) { fixes.append(tidy(rider)) }
                if random.chance(20) { tidySeconds[rider] += 90_000 }
            }
            _ = try engine.append(batch(fixes))
        }

        private mutating func tidy(_ rider: Int) -> (String, Fix) {
            let now = tidySeconds[rider]
            let name = "tidy-\(rider)"
            switch random.number(0...1_500) {
            case 0: return (name, fix(now - Double(random.number(2...20_000)), north: now * 5))
            case 1: return (name, fix(now, north: now * 5 + 9_000))
            case 2: return (name, fix(now, north: now * 5 + 1))
            default:
                tidySeconds[rider] += 3
                return (name, fix(now + 3, north: (now + 3) * 5))
            }
        }

        mutating func change() throws {
            switch random.number(0...9) {
            case 0: _ = try engine.seal()
            case 1: engine.runBarrier(.checkpoint)
            case 2, 3:
                if random.chance(50) { engine.abandon() } else { try engine.close() }
                engine = try Engine.open(Self.options(directory, workers: random.number(1...3)))
            case 4:
                _ = try engine.setRules(randomChange(&random))
                _ = try engine.replayRules(.everything, .recompute)
            default: break
            }
        }
    }

    private func whole(_ engine: Engine, _ rider: String) throws -> [StoredFix] {
        try engine.history(rider).fixes.map { fix in
            var shown = fix.stored
            shown.verdict = fix.current
            return shown
        }
    }

    private func pages(_ engine: Engine, _ query: TrackQuery) throws -> [StoredFix] {
        var query = query
        var fixes: [StoredFix] = []
        while true {
            let page = try engine.track(query)
            fixes += page.fixes
            guard let next = page.next else { return fixes }
            query.after = next
        }
    }

    /// Two times at random, mostly of fixes.
    private func bounds(
        _ fixes: [StoredFix], _ random: inout SeededGenerator
    ) -> ClosedRange<Int64> {
        let ends = (0..<2).map { _ in
            fixes[random.number(0...fixes.count - 1)].fix.tsMs + Int64(random.number(-1...1))
        }.sorted()
        return ends[0]...ends[1]
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `tracks by slices are the tracks as merged whole`(seed: UInt64) throws {
        var run = try Run(seed: seed + 900)
        for step in 0..<8 {
            try run.send()
            try run.change()
            var all: [[UInt8]: [StoredFix]] = [:]
            for rider in ["rider-0", "rider-1", "rider-2", "tidy-0", "tidy-1", "tidy-2"] {
                let expected = try whole(run.engine, rider)
                all[Array(rider.utf8)] = expected
                let bounds = bounds(expected, &run.random)
                let filter = run.random.one(VerdictFilter.allCases)
                let query = TrackQuery(
                    rider: Array(rider.utf8), fromMs: bounds.lowerBound, toMs: bounds.upperBound,
                    filter: filter, limit: run.random.number(20...2_000),
                    descending: run.random.chance(20))
                let part = expected.filter {
                    bounds.contains($0.fix.tsMs) && filter.admits($0.verdict)
                }
                let isWhole = try run.engine.all(rider) == expected
                #expect(isWhole, "seed \(seed), step \(step), \(rider)")
                let isPart =
                    try pages(run.engine, query) == (query.descending ? part.reversed() : part)
                #expect(isPart, "seed \(seed), step \(step), \(query)")
                #expect(try run.engine.length(query) == part.count, "seed \(seed), \(query)")
            }
            try check(run.engine, all, &run.random, "seed \(seed), step \(step)")
        }
        try run.engine.close()
    }

    private func check(
        _ engine: Engine, _ all: [[UInt8]: [StoredFix]], _ random: inout SeededGenerator,
        _ what: String
    ) throws {
        let bounds = bounds(all.values.first!, &random)
        for range in [Int64.min...Int64.max, bounds] {
            var scanned: [[UInt8]: [StoredFix]] = [:]
            var order: [[UInt8]] = []
            try engine.scan(fromMs: range.lowerBound, toMs: range.upperBound) { rider, fixes in
                if scanned[rider] == nil { order.append(rider) }
                scanned[rider, default: []] += fixes.range.map { fixes.columns.fix($0) }
            }
            let expected = all.mapValues { $0.filter { range.contains($0.fix.tsMs) } }
                .filter { !$0.value.isEmpty }
            let isEqual = scanned == expected
            #expect(isEqual, "\(what), \(range)")
            let numbers = order.map { name in
                name.withUnsafeBytes { engine.riders.number(of: $0)! }
            }
            #expect(numbers == numbers.sorted(), "\(what)")
        }
    }

    @Test func `where late fixes chain chunks for days, pages and ranges are whole`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for hour in 0..<72 {
            let start = Double(hour) * 3_600
            var fixes = (0..<60).map { ("r", fix(start + Double($0) * 60)) }
            // Twenty that are twelve hours late: a chunk of them spans half a day.
            if hour >= 12 {
                fixes += (0..<20).map { ("r", fix(start - 43_200 + 30 + Double($0) * 120)) }
            }
            _ = try engine.append(batch(fixes))
        }
        _ = try engine.seal()
        let expected = try whole(engine, "r")
        #expect(expected.count == 72 * 60 + 60 * 20)
        let rider = Array("r".utf8)
        for limit in [7, 1_000, 100_000] {
            let paged = try pages(engine, TrackQuery(rider: rider, limit: limit))
            #expect(paged == expected, "\(limit) a page")
        }
        for hour in stride(from: 0, to: 70, by: 9) {
            let (from, to) = (fix(Double(hour) * 3_600 + 45), fix(Double(hour + 17) * 3_600))
            let part = expected.filter { (from.tsMs...to.tsMs).contains($0.fix.tsMs) }
            let query = TrackQuery(rider: rider, fromMs: from.tsMs, toMs: to.tsMs)
            #expect(try engine.track(query).fixes == part, "from hour \(hour)")
        }
        try engine.close()
    }

    @Test func `a close waits for scans that are under way and lets none begin`() async throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(1))
        #expect(engine.control.beginScan())
        let isClosed = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try engine.close()
                isClosed.value.withLock { $0 = true }
            }
            while !engine.control.isClosing { try await Task.sleep(for: .milliseconds(1)) }
            #expect(throws: ReadError.stopped("the engine is closed")) {
                try engine.scan { _, _ in }
            }
            try await Task.sleep(for: .milliseconds(200))
            #expect(isClosed.value.withLock { !$0 })
            engine.control.endScan()
            try await group.waitForAll()
        }
        #expect(isClosed.value.withLock { $0 })
    }

    private final class Flag: Sendable { let value = Mutex(false) }
    private struct Enough: Error {}

    @Test func `what a visitor throws ends the scan, and the engine goes on`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for rider in 0..<600 { try engine.add("r\(rider)", fix(1)) }
        var seen = 0
        #expect(throws: Enough.self) {
            try engine.scan { _, _ in
                seen += 1
                if seen == 300 { throw Enough() }
            }
        }
        #expect(seen == 300)
        seen = 0
        try engine.scan { _, fixes in seen += fixes.range.count }
        #expect(seen == 600)
        try engine.close()
        #expect(throws: ReadError.stopped("the engine is closed")) { try engine.scan { _, _ in } }
    }
}
