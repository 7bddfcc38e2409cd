import TachoCodec
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// An engine that seals, retires, is stopped and killed at random, beside one that does nothing of it:
/// every answer is the same.
@Suite(.serialized)
struct RetireModelTests {
    private struct Run {
        let seed: UInt64
        var random: SeededGenerator
        var wild: RandomDeliveries
        let plainDirectory = TemporaryDirectory()
        let directory = TemporaryDirectory()
        let plain: Engine
        var engine: Engine
        var sent: [(String, Fix)] = []
        var seconds = [0.0, 0.0, 0.0]
        var retired = 0

        static let riders = (0..<3).flatMap { ["rider-\($0)", "tidy-\($0)"] }

        init(seed: UInt64) throws {
            self.seed = seed
            random = SeededGenerator(seed: seed)
            wild = RandomDeliveries(seed: seed + 1, riders: 3)
            plain = try Engine.open(Self.options(plainDirectory, workers: random.number(1...3)))
            engine = try Engine.open(Self.options(directory, workers: random.number(1...3)))
        }

        static func options(_ directory: TemporaryDirectory, workers: Int) -> EngineOptions {
            var options = rulesOptions(directory, workers: workers)
            options.fault = .skipSync
            return options
        }

        /// The same to both; they must answer the same.
        mutating func send(_ fixes: [(String, Fix)]) throws {
            let expected = try plain.append(batch(fixes))
            let masks = try engine.append(batch(fixes))
            #expect(masks == expected, "seed \(seed)")
            sent += fixes
        }

        mutating func sendMore() throws {
            var fixes = wild.next(120)
            for rider in seconds.indices {
                for _ in 0..<random.number(20...400) { fixes.append(tidy(rider)) }
                if random.chance(20) { seconds[rider] += 90_000 }
            }
            // Now and then what was sent long ago, as it was or a little different.
            for _ in 0..<random.number(0...40) where !sent.isEmpty {
                var again = random.one(sent)
                if random.chance(30) { again.1.lonE7 += random.number(-5...5) }
                fixes.append(again)
            }
            try send(fixes)
        }

        private mutating func tidy(_ rider: Int) -> (String, Fix) {
            let now = seconds[rider]
            let name = "tidy-\(rider)"
            switch random.number(0...300) {
            case 0...3:
                // Between fixes that may have been retired long ago.
                let late = now - Double(random.number(2...200_000))
                return (name, fix(late, north: late * 5))
            case 4: return (name, fix(now, north: now * 5 + 9_000))
            case 5: return (name, fix(now, north: now * 5 + 1))
            default:
                seconds[rider] += 3
                return (name, fix(now + 3, north: (now + 3) * 5))
            }
        }

        mutating func change() throws {
            switch random.number(0...11) {
            case 0...1: _ = try engine.seal()
            case 2...6: retired += try engine.sealAndRetire().retired.count
            case 7: retired += try engine.retire(.all).retired.count
            case 8, 9:
                if random.chance(50) { engine.abandon() } else { try engine.close() }
                engine = try Engine.open(Self.options(directory, workers: random.number(1...3)))
            case 10: engine.runBarrier(.checkpoint)
            default: _ = try engine.reindex(resolution: random.one([8, 9, 10]))
            }
        }

        /// Two times at random, mostly of fixes.
        mutating func bounds() -> ClosedRange<Int64> {
            let ends = (0..<2).map { _ in
                random.one(sent).1.tsMs + Int64(random.number(-1...1))
            }.sorted()
            return ends[0]...ends[1]
        }
    }

    private func same<Value: Equatable>(
        _ run: Run, _ what: String, _ ask: (Engine) throws -> Value
    ) throws {
        let isSame = try ask(run.engine) == ask(run.plain)
        #expect(isSame, "seed \(run.seed): \(what)")
    }

    private func check(_ run: inout Run, _ step: Int) throws {
        for name in Run.riders {
            let rider = Array(name.utf8)
            let bounds = run.bounds()
            let what = "step \(step), \(name), \(bounds)"
            try same(run, what) { try $0.all(name) }
            try same(run, what) { $0.shown(name) }
            var query = TrackQuery(
                rider: rider, fromMs: bounds.lowerBound, toMs: bounds.upperBound,
                filter: run.random.one(VerdictFilter.allCases),
                limit: run.random.number(1...900), descending: run.random.chance(30))
            try same(run, what) { try $0.track(query).fixes }
            try same(run, what) { try $0.track(query).next }
            try same(run, what) { try $0.length(query) }
            query.descending = false
            query.simplifyMm = 20_000
            try same(run, what) { try $0.track(query).fixes }
            for _ in 0..<5 {
                let atMs = run.random.one(run.sent).1.tsMs + Int64(run.random.number(-900...900))
                try same(run, what) {
                    try $0.position(of: rider, atMs: atMs, maxGapMs: 3_600_000).map { "\($0)" }
                }
            }
            for wanted in [TripQuery.Wanted.trips, .stops] {
                let trips = TripQuery(
                    rider: rider, fromMs: bounds.lowerBound, toMs: bounds.upperBound,
                    wanted: wanted)
                try same(run, what) { try $0.trips(trips).items.map { "\($0)" } }
            }
        }
        for _ in 0..<4 {
            let (middle, bounds) = (run.random.one(run.sent).1.coordinate, run.bounds())
            let area = Area.circle(
                try Circle(
                    lat: middle.lat, lon: middle.lon,
                    radiusM: run.random.one([20, 500, 20_000])))
            try same(run, "step \(step), who, \(bounds)") { engine in
                try engine.who(in: area, fromMs: bounds.lowerBound, toMs: bounds.upperBound).map {
                    [String(decoding: $0.rider, as: UTF8.self), "\($0.firstMs)", "\($0.lastMs)"]
                        + ["\($0.points)"]
                }.sorted { $0[0] < $1[0] }
            }
        }
        let bounds = run.bounds()
        try same(run, "step \(step), scan, \(bounds)") { engine in
            var found: [[UInt8]: [StoredFix]] = [:]
            try engine.scan(fromMs: bounds.lowerBound, toMs: bounds.upperBound) { rider, slice in
                found[rider, default: []] += slice.range.map { slice.columns.fix($0) }
            }
            return found
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `an engine that retires answers like one that keeps all points`(seed: UInt64) throws {
        var run = try Run(seed: seed * 31 + 4_000)
        for step in 0..<10 {
            try run.sendMore()
            try run.change()
            try check(&run, step)
        }
        run.retired += try run.engine.sealAndRetire().retired.count
        #expect(run.retired > 0, "seed \(run.seed)")
        #expect(try run.engine.trackRows().chunks == 0, "seed \(run.seed)")
        try check(&run, 10)
        try same(run, "alerts") { engine in
            try engine.alertsByReceipt().map {
                "\(String(decoding: $0.rider, as: UTF8.self)) \($0.tsMs) \($0.code) \($0.count)"
            }.sorted()
        }
        // All of it again: nothing is stored.
        let points = run.engine.figure("points")
        let sent = run.sent
        for start in stride(from: 0, to: sent.count, by: 800) {
            let part = Array(sent[start..<min(start + 800, sent.count)])
            let masks = try run.engine.append(batch(part))
            #expect(masks.allSatisfy { $0 == .duplicate }, "seed \(run.seed), from \(start)")
        }
        #expect(run.engine.figure("points") == points, "seed \(run.seed)")
        #expect(points == run.plain.figure("points"), "seed \(run.seed)")
        try run.engine.close()
        try run.plain.close()
    }

    @Test(arguments: [UInt64(3), 8])
    func `retired history is judged again by other rules like any`(seed: UInt64) throws {
        var run = try Run(seed: seed + 5_000)
        for _ in 0..<4 {
            try run.sendMore()
            try run.engine.sealAndRetire()
        }
        let change = randomChange(&run.random)
        for engine in [run.plain, run.engine] { _ = try engine.setRules(change) }
        try same(run, "test") { try $0.replayRules(.everything, .test(change)).json }
        try same(run, "recompute") { try $0.replayRules(.everything, .recompute).json }
        try check(&run, 1)
        try run.engine.sealAndRetire()
        try check(&run, 2)
        try run.engine.close()
        try run.plain.close()
    }
}
