import Foundation
import Synchronization
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Who was where, against a look at every fix of every rider.
@Suite(.serialized)
struct WhoTests {
    private static let riders = 40
    private static let startMs: Int64 = 1_767_225_600_000

    /// Without syncs of the journal: a process is killed here, the power stays.
    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory, workers: 2)
        options.fault = .skipSync
        return options
    }

    /// Rides in a town, some over the antimeridian and round a pole; with late fixes of minutes to
    /// days, clocks ahead, jumps that are held, and identical places at one time.
    private func batch(
        _ random: inout SeededGenerator, from second: Int, seconds: Int
    ) -> FixBatch {
        var fixes: [(String, Fix)] = []
        for at in stride(from: second, to: second + seconds, by: 5) {
            for rider in 0..<Self.riders where Int.random(in: 0..<4, using: &random) > 0 {
                var one = fix(
                    Double(at), north: Double(rider % 7) * 300 + Double(at) * 2,
                    east: Double(rider / 7) * 400 + Double(at % 600))
                switch rider {
                case 30...32:
                    one.lonE7 = (rider % 2 == 0 ? 1 : -1) * (1_799_900_000 + Int32(at) * 10)
                case 33: one.lonE7 = at % 2 == 0 ? 1_800_000_000 : -1_800_000_000
                case 34, 35: one.latE7 = 899_900_000 + Int32(at % 900) * 100
                default: break
                }
                switch Int.random(in: 0..<40, using: &random) {
                case 0: one.latE7 -= 20_000_000
                case 1: one.tsMs += 40_000_000_000
                case 2: one.tsMs -= Int64.random(in: 0..<3_000_000, using: &random)
                case 3: one.tsMs -= Int64.random(in: 0..<300_000_000, using: &random)
                case 4: one.source = .mock
                default: break
                }
                fixes.append(("r\(rider)", one))
                if Int.random(in: 0..<60, using: &random) == 0 {
                    one.latE7 += 5
                    fixes.append(("r\(rider)", one))
                }
            }
        }
        return TachoEngineTests.batch(fixes)
    }

    private func area(_ random: inout SeededGenerator, near fix: Fix) throws -> Area {
        let (lat, lon) = (fix.coordinate.lat, fix.coordinate.lon)
        let reach = [0.0005, 0.004, 0.05, 3].randomElement(using: &random)!
        let (south, north) = (max(-90, lat - reach), min(90, lat + reach))
        func wrapped(_ lon: Double) -> Double {
            lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon
        }
        let (west, east) = (wrapped(lon - reach), wrapped(lon + reach))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .circle(try Circle(lat: lat, lon: lon, radiusM: reach * 111_000))
        case 1:
            return .box(
                try Box(checkedMinLat: south, minLon: west, maxLat: north, maxLon: east))
        case 2:
            let corners = [(south, west), (south, east), (north, wrapped(lon)), (south, west)]
            return .polygon(
                try Polygon(rings: [corners.map { PlanePosition(lat: $0.0, lon: $0.1) }]))
        default:
            return .cell(
                Cell.containing(
                    fix.coordinate, resolution: Int.random(in: 1...11, using: &random)))
        }
    }

    private func check(
        _ engine: Engine, _ random: inout SeededGenerator, _ what: String, rounds: Int = 25
    ) throws {
        let all = try (0..<Self.riders).map { ("r\($0)", try engine.all("r\($0)").map(\.fix)) }
        var answers = 0
        for round in 0..<rounds {
            let middle = all.randomElement(using: &random)!.1.randomElement(using: &random)!
            let area = try area(&random, near: middle)
            let spans: [Int64] = [0, 60_000, 1_200_000, 90_000_000]
            let span = spans.randomElement(using: &random)!
            let from = middle.tsMs - Int64.random(in: 0...span, using: &random)
            let to = middle.tsMs + Int64.random(in: 0...span, using: &random)
            var expected: [AreaVisit] = []
            for (number, (name, fixes)) in all.enumerated() {
                let inside = fixes.filter {
                    $0.tsMs >= from && $0.tsMs <= to && area.contains($0.coordinate)
                }
                guard let first = inside.first, let last = inside.last else { continue }
                expected.append(
                    AreaVisit(
                        rider: Array(name.utf8), number: UInt32(number), firstMs: first.tsMs,
                        lastMs: last.tsMs, points: inside.count))
            }
            expected.sort(by: <)
            answers += expected.count
            let found = try engine.who(in: area, fromMs: from, toMs: to)
            #expect(
                found.map(\.rider) == expected.map(\.rider)
                    && found.map(\.firstMs) == expected.map(\.firstMs)
                    && found.map(\.lastMs) == expected.map(\.lastMs)
                    && found.map(\.points) == expected.map(\.points),
                "\(what), round \(round): \(area), \(from) to \(to)")
            let page = try engine.who(
                in: area, fromMs: from, toMs: to, after: nil, limit: 3)
            #expect(page.visits == Array(found.prefix(3)), "\(what), round \(round)")
            if let next = page.next {
                let rest = try engine.who(
                    in: area, fromMs: from, toMs: to, after: next, limit: .max)
                #expect(page.visits + rest.visits == found, "\(what), round \(round)")
            } else {
                #expect(found.count <= 3, "\(what), round \(round)")
            }
        }
        #expect(answers > rounds / 2, "\(what): hardly anything was asked for")
    }

    @Test(arguments: 0..<3)
    func `answers are those of a look at every fix, whatever became of them`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        _ = try engine.append(batch(&random, from: 0, seconds: 300))
        try check(engine, &random, "seed \(seed), in tails")
        for step in 1..<12 {
            _ = try engine.append(batch(&random, from: step * 300, seconds: 300))
        }
        try check(engine, &random, "seed \(seed), in chunks and tails")
        engine.abandon()
        engine = try Engine.open(options(directory))
        try check(engine, &random, "seed \(seed), after a kill")
        _ = try engine.append(batch(&random, from: 3_600, seconds: 1_200))
        _ = try engine.seal()
        try check(engine, &random, "seed \(seed), sealed")
        _ = try engine.append(batch(&random, from: 4_800, seconds: 300))
        try engine.close()
        engine = try Engine.open(options(directory))
        try check(engine, &random, "seed \(seed), after a restart")
        for family in [Family.geo, .track] { engine.store.database.compact(family) }
        try check(engine, &random, "seed \(seed), compacted")
        try engine.close()
        #expect(throws: ReadError.closed) {
            try engine.who(
                in: .circle(try! Circle(lat: 0, lon: 0, radiusM: 1)), fromMs: 0, toMs: 1)
        }
    }

    @Test func `what was there stays found while others write, chunks are coded and ranges cut`()
        throws
    {
        var random = SeededGenerator(seed: 7)
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for step in 0..<6 {
            _ = try engine.append(batch(&random, from: step * 300, seconds: 300))
        }
        let town = Area.circle(try Circle(lat: 37.5, lon: 127, radiusM: 4_000))
        let (from, to) = (Self.startMs, Self.startMs + 1_700_000)
        let expected = try engine.who(in: town, fromMs: from, toMs: to)
        #expect(expected.count > 10)
        let isWriting = Atomic(true)
        let writer = Thread {
            // Only later times: what was asked for stays as it was.
            for step in 0..<400 {
                let fixes = (0..<Self.riders).map { rider in
                    ("r\(rider)", fix(400_000 + Double(step * 3), east: Double(step * 20)))
                }
                _ = try? engine.append(TachoEngineTests.batch(fixes))
                if step % 100 == 50 { _ = try? engine.seal() }
            }
            isWriting.store(false, ordering: .releasing)
        }
        writer.start()
        var asked = 0
        while isWriting.load(ordering: .acquiring) {
            let found = try engine.who(in: town, fromMs: from, toMs: to)
            #expect(found == expected, "question \(asked)")
            asked += 1
        }
        #expect(asked > 3)
        try engine.close()
    }

    @Test(arguments: 0..<3)
    func `answers are right at every resolution, before, beside and after a reindexing`(
        seed: Int
    ) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 50)
        let directory = TemporaryDirectory()
        var options = options(directory)
        var engine = try Engine.open(options)
        var second = 0
        func more() throws {
            for _ in 0..<5 {
                _ = try engine.append(batch(&random, from: second, seconds: 300))
                second += 300
            }
        }
        try more()
        try engine.close()
        options.geoResolution = random.one([10, 11, 12])
        engine = try Engine.open(options)
        #expect(engine.geoResolution == (options.geoResolution!, true))
        try more()
        engine.abandon()
        engine = try Engine.open(options)
        try check(engine, &random, "seed \(seed), mixed after a kill")
        options.geoResolution = nil
        // Broken off somewhere.
        engine.reindex(resolution: 6, completion: { _ in })
        try check(engine, &random, "seed \(seed), beside", rounds: 3)
        engine.abandon()
        engine = try Engine.open(options)
        try check(engine, &random, "seed \(seed), broken off")
        let report = try engine.reindex(resolution: random.one([5, 8]))
        #expect(report.chunks > 0 && report.rows > 0 && report.removed > 0)
        #expect(engine.geoResolution == (report.resolution, false))
        try check(engine, &random, "seed \(seed), reindexed")
        try more()
        try engine.close()
        engine = try Engine.open(options)
        #expect(engine.geoResolution == (report.resolution, false))
        try check(engine, &random, "seed \(seed), reindexed and restarted")
        try engine.close()
    }

    @Test func `questions that wait are bounded, and one that is not wanted is broken off`() throws
    {
        var random = SeededGenerator(seed: 3)
        var options = options(TemporaryDirectory())
        options.maxQuestions = 3
        let engine = try Engine.open(options)
        _ = try engine.append(batch(&random, from: 0, seconds: 300))
        let everywhere = Area.box(
            try Box(checkedMinLat: -90, minLon: -180, maxLat: 90, maxLon: 180))
        // The first is held up, so the others wait behind it.
        let gate = DispatchSemaphore(value: 0)
        let answers = (0..<5).map { _ in Answer<[AreaVisit]>() }
        for (number, answer) in answers.enumerated() {
            engine.who(in: everywhere, fromMs: .min, toMs: .max) {
                if number == 0 { gate.wait() }
                return number != 1
            } completion: {
                answer.give($0)
            }
        }
        let busy = ReadError.tryAgain(afterMs: 0, reason: "")
        #expect(throws: busy) { try answers[3].wait() }
        #expect(throws: busy) { try answers[4].wait() }
        for _ in 0..<100 { gate.signal() }
        #expect(try answers[0].wait().count == Self.riders)
        #expect(throws: ReadError.stopped("")) { try answers[1].wait() }
        #expect(try answers[2].wait().count == Self.riders)
        #expect(try engine.who(in: everywhere, fromMs: .min, toMs: .max).count == Self.riders)
        try engine.close()
    }

    @Test func `no time at all is nobody's`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        try engine.add("r", fix(1))
        let everywhere = Area.box(
            try Box(checkedMinLat: -90, minLon: -180, maxLat: 90, maxLon: 180))
        #expect(try engine.who(in: everywhere, fromMs: 2, toMs: 1) == [])
        let all = try engine.who(in: everywhere, fromMs: .min, toMs: .max)
        #expect(all.map(\.points) == [1])
        try engine.close()
    }
}
