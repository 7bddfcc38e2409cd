import Foundation
import TachoCodec
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Trips, stops, positions and simplified tracks against a look at every fix of the rider.
@Suite(.serialized)
struct TripTests {
    private static let riders = 8

    /// Without syncs of the journal: a process is killed here, the power stays.
    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory, workers: 2)
        options.fault = .skipSync
        return options
    }

    /// Rides with stops, red lights and silences; over the antimeridian and round a pole; with late
    /// fixes of minutes to days, jumps that are held, and others at one time.
    private func batch(
        _ random: inout SeededGenerator, from second: Int, seconds: Int
    ) -> FixBatch {
        var fixes: [(String, Fix)] = []
        for at in stride(from: second, to: second + seconds, by: 5) {
            for rider in 0..<Self.riders where Int.random(in: 0..<5, using: &random) > 0 {
                // Stands for 400 of 1,000 s.
                let way = Double(at / 1_000 * 600 + min(at % 1_000, 600))
                var one = fix(
                    Double(at), north: way * 6 + Double.random(in: -6...6, using: &random),
                    east: Double(rider) * 900 + Double.random(in: -6...6, using: &random))
                switch rider {
                case 1: one.lonE7 = (one.lonE7 > 1_270_500_000 ? 1 : -1) * 1_799_999_000
                case 2: one.latE7 = 899_990_000 + Int32(at % 900) * 10
                case 3 where (at / 2_000) % 2 == 1: continue
                default: break
                }
                switch Int.random(in: 0..<40, using: &random) {
                case 0: one.latE7 -= 20_000_000
                case 1: one.tsMs -= Int64.random(in: 0..<3_000_000, using: &random)
                case 2: one.tsMs -= Int64.random(in: 0..<300_000_000, using: &random)
                case 3: one.source = .mock
                case 4: one.speedCms = Int32.random(in: 0...2_000, using: &random)
                default: break
                }
                fixes.append(("r\(rider)", one))
                if Int.random(in: 0..<40, using: &random) == 0 {
                    let north: Int32 = Bool.random(using: &random) ? 5 : 90_000
                    one.latE7 = min(one.latE7 + north, 900_000_000)
                    fixes.append(("r\(rider)", one))
                }
            }
        }
        return TachoEngineTests.batch(fixes)
    }

    private struct Entry: Equatable {
        var item: TripItem
        var after: TripCursor?
    }

    /// The first accepted or flagged fix of each time.
    private func counted(_ all: [StoredFix]) -> [StoredFix] {
        var counted: [StoredFix] = []
        for fix in all where fix.verdict.isShown && fix.fix.tsMs != counted.last?.fix.tsMs {
            counted.append(fix)
        }
        return counted
    }

    private func checkTrips(
        _ engine: Engine, _ rider: String, _ all: [StoredFix], _ random: inout SeededGenerator,
        _ what: String
    ) throws {
        let settings = TripSettings(
            minStopMs: [60_000, 180_000].randomElement(using: &random)!,
            radiusMm: [20_000, 50_000].randomElement(using: &random)!,
            gapMs: [600_000, 3_600_000].randomElement(using: &random)!)
        let times = all.map(\.fix.tsMs)
        let isWhole = Bool.random(using: &random)
        let from = isWhole ? Int64.min : times.randomElement(using: &random)!
        let to = isWhole ? Int64.max : from + Int64.random(in: 0...9_000_000, using: &random)
        var expected: [TripItem] = []
        var detector = TripDetector(settings)
        for fix in counted(all) where fix.fix.tsMs >= from && fix.fix.tsMs <= to {
            detector.add(TrackPoint(fix)) { item, _ in expected.append(item) }
        }
        detector.finish { item, _ in expected.append(item) }
        for wanted in [TripQuery.Wanted.trips, .stops] {
            var query = TripQuery(
                rider: Array(rider.utf8), fromMs: from, toMs: to, wanted: wanted,
                settings: settings)
            let page = try engine.trips(query)
            #expect(page.items == expected.filter { query.wants($0) }, "\(what), \(wanted)")
            #expect(page.next == nil && page.isKnownRider, "\(what)")
            query.limit = Int.random(in: 1...4, using: &random)
            var paged: [TripItem] = []
            repeat {
                let part = try engine.trips(query)
                #expect(part.items.count <= query.limit!, "\(what), \(wanted)")
                #expect(part.next == nil || part.items.count == query.limit!, "\(what)")
                paged += part.items
                query.after = part.next
            } while query.after != nil
            #expect(paged == page.items, "\(what), \(wanted), pages of \(query.limit!)")
        }
    }

    private func checkPositions(
        _ engine: Engine, _ rider: String, _ all: [StoredFix], _ random: inout SeededGenerator,
        _ what: String
    ) throws -> Int {
        let counted = counted(all)
        var found = 0
        for round in 0..<40 {
            let near = all.randomElement(using: &random)!.fix.tsMs
            let at = near + [0, 0, 1, -1, 2_500, -7_000, 90_000].randomElement(using: &random)!
            let maxGap: Int64 = [0, 4_999, 5_000, 60_000, 3_600_000, .max]
                .randomElement(using: &random)!
            var expected: TrackPosition?
            if let exact = counted.first(where: { $0.fix.tsMs == at }) {
                expected = TrackPosition(exact)
            } else if let before = counted.last(where: { $0.fix.tsMs < at }),
                let after = counted.first(where: { $0.fix.tsMs > at }),
                after.fix.tsMs - before.fix.tsMs <= maxGap
            {
                expected = TrackPosition(between: before, and: after, atMs: at)
            }
            let answer = try engine.position(
                of: Array(rider.utf8), atMs: at, maxGapMs: maxGap)
            #expect(answer == expected, "\(what), round \(round): \(at), \(maxGap)")
            if expected != nil { found += 1 }
        }
        return found
    }

    private func checkSimplified(
        _ engine: Engine, _ rider: String, _ all: [StoredFix], _ random: inout SeededGenerator,
        _ what: String
    ) throws {
        let within: Int64 = [1_000, 10_000, 200_000].randomElement(using: &random)!
        let filter = VerdictFilter.allCases.randomElement(using: &random)!
        var query = TrackQuery(rider: Array(rider.utf8), filter: filter, simplifyMm: within)
        let selected = all.filter { filter.admits($0.verdict) }
        let line = try engine.track(query).fixes
        #expect(line.first == selected.first && line.last == selected.last, "\(what), \(filter)")
        // Every chosen fix is a selected one, in order; those between are near the line.
        var next = 0
        for fix in selected {
            if next < line.count, fix == line[next] {
                next += 1
                continue
            }
            let (before, after) = (line[next - 1], line[next])
            let at = fix.fix.tsMs
            let places =
                before.fix.tsMs < at && at < after.fix.tsMs
                ? [TrackPosition(between: before, and: after, atMs: at).position]
                : [before, after].filter { $0.fix.tsMs == at }.map(\.fix.coordinate)
            let place = fix.fix.coordinate
            let error = places.map {
                Distance.geodesic(lat1: place.lat, lon1: place.lon, lat2: $0.lat, lon2: $0.lon)
            }.min()
            #expect(error ?? .infinity <= Double(within) * 1e-3 + 0.009, "\(what): \(at)")
        }
        #expect(next == line.count, "\(what), \(filter)")
        query.limit = Int.random(in: 1...7, using: &random)
        var paged: [StoredFix] = []
        repeat {
            let page = try engine.track(query)
            #expect(page.fixes.count <= query.limit!, "\(what)")
            paged += page.fixes
            query.after = page.next
        } while query.after != nil
        #expect(paged == line, "\(what), \(filter), \(within) mm, pages of \(query.limit!)")
    }

    private func check(
        _ engine: Engine, _ random: inout SeededGenerator, _ what: String
    ) throws {
        var found = 0
        for rider in 0..<Self.riders {
            let name = "r\(rider)"
            let all = try engine.all(name)
            let what = "\(what), \(name)"
            for _ in 0..<3 { try checkTrips(engine, name, all, &random, what) }
            found += try checkPositions(engine, name, all, &random, what)
            try checkSimplified(engine, name, all, &random, what)
        }
        #expect(found > 60, "\(what): hardly anything was asked for")
    }

    @Test(arguments: 0..<3)
    func `answers are those of a look at every fix, whatever became of them`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        _ = try engine.append(batch(&random, from: 0, seconds: 900))
        try check(engine, &random, "seed \(seed), in tails")
        for step in 1..<10 {
            _ = try engine.append(batch(&random, from: step * 900, seconds: 900))
        }
        try check(engine, &random, "seed \(seed), in chunks and tails")
        engine.abandon()
        engine = try Engine.open(options(directory))
        try check(engine, &random, "seed \(seed), after a kill")
        _ = try engine.append(batch(&random, from: 9_000, seconds: 1_200))
        _ = try engine.seal()
        try check(engine, &random, "seed \(seed), sealed")
        _ = try engine.append(batch(&random, from: 10_200, seconds: 600))
        try engine.close()
        engine = try Engine.open(options(directory))
        engine.store.database.compact(.track)
        try check(engine, &random, "seed \(seed), after a restart")
        try engine.close()
        #expect(throws: ReadError.closed) {
            try engine.trips(TripQuery(rider: Array("r0".utf8), wanted: .trips))
        }
    }

    @Test func `a held fix is no part of a trip, a confirmed jump one of 0 m`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        var fixes: [Fix] = []
        for second in stride(from: 0, to: 120, by: 5) {
            fixes.append(fix(Double(second), north: Double(second) * 5))
        }
        // There and back: a spike, held.
        fixes[10].latE7 += 900_000
        // And a jump that stays.
        for second in stride(from: 120, to: 240, by: 5) {
            fixes.append(fix(Double(second), north: Double(second) * 5 + 20_000))
        }
        for one in fixes { try engine.add("r", one) }
        let verdicts = try engine.verdicts("r")
        #expect(verdicts[10].hasPrefix("hold:") && verdicts[24] == "flag:TELEPORT")
        let page = try engine.trips(TripQuery(rider: Array("r".utf8), wanted: .trips))
        guard page.items.count == 1, case .trip(let trip) = page.items[0] else {
            Issue.record("a trip expected: \(page.items)")
            return
        }
        #expect(trip.points == fixes.count - 1 && trip.excluded == 1)
        // 5 m/s for 235 s, without the 25 m of the way along which it jumped.
        #expect(abs(Double(trip.millimetres) - 1_150_000) < 12_000)
        let at = try engine.position(
            of: Array("r".utf8), atMs: fixes[10].tsMs, maxGapMs: 60_000)
        #expect(at?.isExact == false && at?.beforeMs == fixes[9].tsMs)
        let jump = try engine.position(
            of: Array("r".utf8), atMs: fixes[24].tsMs - 1, maxGapMs: 60_000)
        #expect(jump?.verdict.text == "flag:TELEPORT")
        try engine.close()
    }

    @Test func `who is not known has no trips, and no time has none`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        let nobody = Array("nobody".utf8)
        let page = try engine.trips(TripQuery(rider: nobody, wanted: .stops))
        #expect(page.items.isEmpty && !page.isKnownRider)
        #expect(try engine.position(of: nobody, atMs: 5, maxGapMs: 5) == nil)
        try engine.add("r", fix(1), fix(2, north: 10))
        let rider = Array("r".utf8)
        let backwards = try engine.trips(
            TripQuery(rider: rider, fromMs: 9, toMs: 2, wanted: .trips))
        #expect(backwards.items.isEmpty && backwards.isKnownRider)
        for at in [Int64.min, -(1 << 47), 1 << 47, .max] {
            #expect(try engine.position(of: rider, atMs: at, maxGapMs: .max) == nil)
        }
        try engine.close()
    }

    @Test func `long answers come in turns and leave the thread to others`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        // More than two turns of one rider.
        let count = 600_000
        for first in stride(from: 0, to: count, by: 20_000) {
            let fixes = (first..<first + 20_000).map { second in
                ("r", fix(Double(second) - 700_000, north: Double(second % 4_000) * 2))
            }
            _ = try engine.append(TachoEngineTests.batch(fixes))
        }
        let order = Monitor<[String]>([])
        @Sendable func note(_ name: String) {
            order.change { names in
                names.append(name)
                return (true, ())
            }
        }
        let query = TripQuery(rider: Array("r".utf8), wanted: .trips)
        let simple = TrackQuery(rider: Array("r".utf8), simplifyMm: 1_000)
        let (trips, line) = (Answer<TripPage>(), Answer<TrackPage>())
        engine.trips(query) {
            note("trips")
            trips.give($0)
        }
        engine.track(simple) {
            note("line")
            line.give($0)
        }
        engine.track(TrackQuery(rider: Array("r".utf8), limit: 1)) { _ in note("short") }
        let page = try trips.wait()
        _ = try line.wait()
        #expect(order.wait { $0.count == 3 ? $0 : nil }.first == "short")
        var expected: [TripItem] = []
        var detector = TripDetector(TripSettings())
        let all = counted(try engine.all("r"))
        #expect(all.count > count / 2)
        for fix in all { detector.add(TrackPoint(fix)) { item, _ in expected.append(item) } }
        detector.finish { item, _ in expected.append(item) }
        #expect(page.items == expected.filter { query.wants($0) })
        try engine.close()
    }

    @Test(arguments: ["tiny", "geolife", "cabspotting"])
    func `real tracks are covered exactly once`(name: String) throws {
        guard let deliveries = try RealDeliveries.read(name, limit: 60_000) else {
            print("skipped: \(name) is not there")
            return
        }
        let engine = try Engine.open(options(TemporaryDirectory()))
        for start in stride(from: 0, to: deliveries.count, by: 4_000) {
            let some = Array(deliveries[start..<min(start + 4_000, deliveries.count)])
            _ = try engine.append(TachoEngineTests.batch(some, .history))
        }
        for rider in Set(deliveries.map(\.0)).sorted() {
            let counted = counted(try engine.all(rider))
            guard let first = counted.first, let last = counted.last else { continue }
            var parts: [(fromMs: Int64, toMs: Int64, kind: Int)] = []
            for wanted in [TripQuery.Wanted.trips, .stops] {
                let query = TripQuery(rider: Array(rider.utf8), wanted: wanted)
                for item in try engine.trips(query).items {
                    switch item {
                    case .trip(let trip): parts.append((trip.fromMs, trip.toMs, 0))
                    case .stop(let stop):
                        parts.append((stop.fromMs, stop.toMs, 1))
                        #expect(stop.durationMs >= 180_000 && stop.radiusMm <= 50_000, "\(rider)")
                    case .gap(let gap):
                        if wanted == .trips { parts.append((gap.fromMs, gap.toMs, 2)) }
                        #expect(gap.toMs - gap.fromMs > 3_600_000, "\(rider)")
                    }
                }
            }
            parts.sort { $0.fromMs < $1.fromMs }
            var now = first.fix.tsMs
            for part in parts {
                #expect(part.fromMs == now && part.toMs > now, "\(name) \(rider)")
                now = part.toMs
            }
            #expect(now == last.fix.tsMs, "\(name) \(rider)")
        }
        try engine.close()
    }
}
