import TachoEngine
import TachoGeo
import Testing

/// Random histories against the model: masks, tracks, verdicts, latest; across restarts, kills,
/// checkpoints and seals.
@Suite(.serialized)
struct EngineModelTests {
    private struct Run {
        let seed: UInt64
        var random: SeededGenerator
        var model = Model()
        var directory = TemporaryDirectory()
        var engine: Engine
        var sent: [(String, Fix)] = []

        init(seed: UInt64) throws {
            self.seed = seed
            random = SeededGenerator(seed: seed)
            engine = try Engine.open(
                testOptions(directory, workers: Int.random(in: 1...3, using: &random)))
        }

        /// Times that are near, late, equal, years away, and now and then impossible.
        mutating func randomFix(_ rider: String) -> Fix {
            let newest = model.riders[rider]?.last { $0.fix.tsMs < testNowMs }?.fix.tsMs
            var seconds = Double((newest ?? 1_767_225_600_000) - 1_767_225_600_000) / 1000
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<11: seconds += Double([1, 3, 3, 10].randomElement(using: &random)!)
            case 11..<14: seconds -= Double.random(in: 0...30, using: &random).rounded()
            case 14: seconds -= Double.random(in: 0...4000, using: &random).rounded()
            case 15: seconds -= 86_400 * 300
            case 16: seconds += 1200
            case 17: seconds = 30_000_000_000  // far beyond the year 2900
            case 18: seconds = -1_700_000_000  // before 2000
            default: break  // the same time again
            }
            let place: (Double, Double) =
                switch Int.random(in: 0..<12, using: &random) {
                case 0: (5000, 0)
                case 1: (400, 0)
                case 2: (-4_170_000, -11_300_000)  // near null island
                default: (Double.random(in: -30...30, using: &random).rounded(), 0)
                }
            return fix(
                seconds, north: place.0, east: place.1,
                accuracyDm: [Fix.absent, 80, 1500].randomElement(using: &random)!)
        }

        mutating func send(_ count: Int) throws {
            var batchFixes: [(String, Fix)] = []
            var expected: [ReplyMask] = []
            for _ in 0..<count {
                let rider = "rider-\(Int.random(in: 0..<5, using: &random))"
                let again = Int.random(in: 0..<10, using: &random) == 0
                let pair =
                    again
                    ? sent.randomElement(using: &random) ?? (rider, randomFix(rider))
                    : (rider, randomFix(rider))
                sent.append(pair)
                batchFixes.append(pair)
                expected.append(model.add(pair.0, pair.1, nowMs: testNowMs))
            }
            let masks = try engine.append(batch(batchFixes))
            for index in masks.indices where masks[index] != expected[index] {
                Issue.record(
                    """
                    seed \(seed): fix \(batchFixes[index]) answered \(masks[index].rawValue), \
                    \(expected[index].rawValue) expected
                    """)
            }
        }

        func check(_ what: String) throws {
            for (rider, kept) in model.riders {
                let stored = try engine.all(rider)
                #expect(stored.map(\.fix) == kept.map(\.fix), "seed \(seed), \(rider), \(what)")
                #expect(
                    stored.map(\.verdict) == kept.map(\.verdict),
                    "seed \(seed), \(rider), \(what): verdicts")
                let shown = engine.shown(rider)
                let expected = model.shown(rider)
                #expect(shown?.fix == expected?.fix, "seed \(seed), \(rider), \(what): latest")
                #expect(
                    shown?.verdict == expected?.verdict,
                    "seed \(seed), \(rider), \(what): verdict of latest")
                let newest = kept.last.map { last in
                    kept.first { $0.fix.tsMs == last.fix.tsMs }!
                }
                let raw = engine.shown(rider, raw: true)
                #expect(raw?.fix == newest?.fix, "seed \(seed), \(rider), \(what): raw")
                #expect(
                    raw?.verdict == newest?.verdict, "seed \(seed), \(rider), \(what): raw verdict")
                #expect(
                    try engine.length(TrackQuery(rider: Array(rider.utf8))) == kept.count,
                    "seed \(seed), \(rider), \(what): length")
            }
        }

        mutating func restart(kill: Bool) throws {
            let workers = Int.random(in: 1...3, using: &random)
            if kill { engine.abandon() } else { try engine.close() }
            engine = try Engine.open(testOptions(directory, workers: workers))
        }
    }

    @Test(arguments: 0..<24)
    func `an engine does what the model says`(round: Int) throws {
        var run = try Run(seed: UInt64(round) + 1000)
        for step in 0..<12 {
            try run.send(Int.random(in: 1...120, using: &run.random))
            switch Int.random(in: 0..<6, using: &run.random) {
            case 0:
                try run.restart(kill: false)
                try run.check("step \(step), after a clean restart")
            case 1:
                try run.restart(kill: true)
                try run.check("step \(step), after a kill")
            case 2:
                _ = try run.engine.seal()
                try run.check("step \(step), after sealing")
            default:
                break
            }
        }
        try run.check("at the end")
        try run.engine.close()
    }

    @Test func `batch size and number of workers change no verdict`() throws {
        var random = SeededGenerator(seed: 77)
        var fixes: [(String, Fix)] = []
        for second in 0..<400 {
            let north = second % 37 == 0 ? 7000.0 : Double(second) * 5
            let late = second % 11 == 0 ? Double(second) - 20 : Double(second)
            fixes.append(("r\(Int.random(in: 0..<7, using: &random))", fix(late, north: north)))
        }
        var results: [[String]] = []
        for (size, workers) in [(400, 1), (1, 1), (17, 3), (64, 2)] {
            let directory = TemporaryDirectory()
            let engine = try Engine.open(testOptions(directory, workers: workers))
            for start in stride(from: 0, to: fixes.count, by: size) {
                _ = try engine.append(batch(Array(fixes[start..<min(start + size, 400)])))
            }
            var texts: [String] = []
            for rider in 0..<7 { texts += try engine.verdicts("r\(rider)") }
            results.append(texts)
            try engine.close()
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(results[0].contains { $0.contains("TELEPORT") })
    }
}
