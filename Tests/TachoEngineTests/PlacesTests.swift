import TachoGeo
import Testing

@testable import TachoEngine

/// Who is where now, against a look at every rider.
struct PlacesTests {
    private static let riders = 300

    /// A fleet in a town, some far away, at 89° north and beside the antimeridian; some of its fixes
    /// held, quarantined, late or old.
    private func fill(_ engine: Engine, _ random: inout SeededGenerator, rounds: Int) throws {
        for round in 0..<rounds {
            var fixes: [(String, Fix)] = []
            for rider in 0..<Self.riders {
                let east = Double(rider % 20) * 150 + Double(round) * 20
                var one = fix(
                    Double(round * 3 + 1_000), north: Double(rider / 20) * 200, east: east)
                switch rider % 50 {
                case 7: one.lonE7 = rider < 100 ? 1_800_000_000 : 1_799_990_000 + Int32(rider)
                case 8: one.lonE7 = rider < 100 ? -1_800_000_000 : -1_799_990_000 - Int32(rider)
                case 9: one.latE7 = 890_000_000 + Int32(rider) * 1_000
                default: break
                }
                switch Int.random(in: 0..<20, using: &random) {
                case 0: one.latE7 -= 90_000_000  // held: nine degrees away
                case 1: one.tsMs += 400_000_000  // a clock in the future
                case 2: one.tsMs -= 100_000  // late
                case 3: one.source = .mock
                default: break
                }
                fixes.append(("r\(rider)", one))
            }
            fixes.shuffle(using: &random)
            _ = try engine.append(batch(fixes))
        }
    }

    private func everyone(_ engine: Engine) -> [(name: String, fix: Fix)] {
        (0..<Self.riders).compactMap { rider in
            engine.shown("r\(rider)").map { ("r\(rider)", $0.fix) }
        }
    }

    private func check(
        _ engine: Engine, _ random: inout SeededGenerator, _ what: String
    ) throws {
        let all = everyone(engine)
        for round in 0..<60 {
            let middle = all.randomElement(using: &random)!.fix
            let radius = [5.0, 150, 900, 20_000, 3_000_000, 20_000_000].randomElement(
                using: &random)!
            let circle = try Circle(
                lat: middle.coordinate.lat, lon: middle.coordinate.lon, radiusM: radius)
            let maxAgeMs: Int64? = Bool.random(using: &random) ? 86_400_000 - 1_010_000 : nil
            let near = all.filter { _, fix in
                Distance.geodesic(
                    lat1: circle.lat, lon1: circle.lon, lat2: fix.coordinate.lat,
                    lon2: fix.coordinate.lon) <= radius
                    && (maxAgeMs.map { fix.tsMs >= testNowMs - $0 } ?? true)
            }
            let within = try engine.within(
                .circle(circle), maxAgeMs: maxAgeMs, nowMs: testNowMs)
            #expect(
                within.riders.map { String(decoding: $0.name, as: UTF8.self) }.sorted()
                    == near.map(\.name).sorted(), "\(what), round \(round)")
            let count = Int.random(in: 1...12, using: &random)
            let nearest = try engine.nearest(
                circle, count: count, maxAgeMs: maxAgeMs, nowMs: testNowMs)
            let expected = near.map { _, fix in circle.distanceM(to: fix.coordinate) }.sorted()
            #expect(
                nearest.map(\.distanceM) == Array(expected.prefix(count)),
                "\(what), round \(round): \(count) within \(radius) m")
            for rider in nearest {
                let name = String(decoding: rider.name, as: UTF8.self)
                let fix = try #require(all.first { $0.name == name }).fix
                #expect(rider.position == fix.coordinate && rider.tsMs == fix.tsMs)
            }
        }
    }

    @Test(arguments: 0..<3)
    func `answers are those of a look at every rider, also after restarts`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let directory = TemporaryDirectory()
        let options = testOptions(directory, workers: 2)
        var engine = try Engine.open(options)
        try fill(engine, &random, rounds: 20)
        try check(engine, &random, "seed \(seed)")
        engine.abandon()
        engine = try Engine.open(options)
        try check(engine, &random, "seed \(seed), after a kill")
        try fill(engine, &random, rounds: 3)
        try engine.close()
        engine = try Engine.open(options)
        try check(engine, &random, "seed \(seed), after a restart")
        try engine.close()
    }

    @Test func `pages of an area are the whole of it`() throws {
        let engine = try Engine.open(testOptions(TemporaryDirectory(), workers: 2))
        var random = SeededGenerator(seed: 4)
        try fill(engine, &random, rounds: 3)
        let area = Area.circle(try Circle(lat: 37.5, lon: 127, radiusM: 2_000))
        let whole = try engine.within(area, nowMs: testNowMs)
        #expect(whole.next == nil && whole.riders.count > 50)
        var paged: [PlacedRider] = []
        var next: UInt32? = 0
        while let first = next {
            let page = try engine.within(area, from: first, limit: 7, nowMs: testNowMs)
            #expect(page.riders.count <= 7)
            paged += page.riders
            next = page.next
        }
        #expect(paged == whole.riders)
        engine.control.fail("a test's")
        #expect(throws: ReadError.closed) { try engine.within(area, nowMs: testNowMs) }
        #expect(throws: ReadError.closed) { try engine.who(in: area, fromMs: 0, toMs: 1) }
        engine.abandon()
        #expect(throws: ReadError.closed) { try engine.within(area, nowMs: testNowMs) }
    }
}
