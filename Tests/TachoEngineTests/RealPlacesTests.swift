import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// Answers about places on real tracks, against a look at every fix.
@Suite(.serialized)
struct RealPlacesTests {
    private static let sources = ["tiny", "geolife", "cabspotting", "device_fixtures"]

    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory, workers: 2)
        options.fault = .skipSync
        return options
    }

    private struct Kept {
        var name: String
        var fixes: [Fix]
        var shown: Fix?
    }

    private func kept(_ engine: Engine, _ riders: [String]) throws -> [Kept] {
        try riders.map { name in
            Kept(
                name: name, fixes: try engine.all(name).map(\.fix),
                shown: engine.shown(name)?.fix)
        }
    }

    private func area(_ random: inout SeededGenerator, _ at: Coordinate) throws -> Area {
        let reach = Double(random.one([30, 100, 1_000, 20_000]))
        let (north, east) = (reach / 111_000, reach / 111_000 * 1.5)
        let lat = min(89, max(-89, at.lat))
        switch random.number(0...3) {
        case 0: return .circle(try Circle(lat: at.lat, lon: at.lon, radiusM: reach))
        case 1:
            return .box(
                try Box(
                    checkedMinLat: lat - north, minLon: max(-180, at.lon - east),
                    maxLat: lat + north, maxLon: min(180, at.lon + east)))
        case 2:
            let corners = [(-1.0, -1.0), (1.0, -0.7), (0.1, 0), (0.9, 1), (-1, -1)]
            return .polygon(
                try Polygon(rings: [
                    corners.map {
                        PlanePosition(
                            lat: lat + $0.0 * north,
                            lon: min(179, max(-179, at.lon)) + $0.1 * east)
                    }
                ]))
        default:
            return .cell(Cell.containing(at, resolution: random.number(6...10)))
        }
    }

    private func check(_ engine: Engine, _ riders: [String], _ seed: UInt64, _ what: String) throws
    {
        var random = SeededGenerator(seed: seed)
        let all = try kept(engine, riders)
        var answers = 0
        for round in 0..<30 {
            let one = random.one(all.filter { !$0.fixes.isEmpty })
            let middle = random.one(one.fixes)
            let area = try area(&random, middle.coordinate)
            let span: Int64 = random.one([60_000, 1_200_000, 86_400_000, 1 << 40])
            let (from, to) = (middle.tsMs - span, middle.tsMs + span / 2)
            var expected: [String: [Int64]] = [:]
            for rider in all {
                let inside = rider.fixes.filter {
                    $0.tsMs >= from && $0.tsMs <= to && area.contains($0.coordinate)
                }
                if inside.isEmpty { continue }
                expected[rider.name] = [
                    inside[0].tsMs, inside[inside.count - 1].tsMs, Int64(inside.count),
                ]
            }
            var found: [String: [Int64]] = [:]
            for visit in try engine.who(in: area, fromMs: from, toMs: to) {
                found[String(decoding: visit.rider, as: UTF8.self)] = [
                    visit.firstMs, visit.lastMs, Int64(visit.points),
                ]
            }
            #expect(found == expected, "\(what), seed \(seed), round \(round): \(area)")
            answers += expected.count
            let within = try engine.within(area, nowMs: testNowMs).riders.map {
                String(decoding: $0.name, as: UTF8.self)
            }
            let inside = all.filter { rider in
                rider.shown.map { area.contains($0.coordinate) } ?? false
            }
            #expect(within.sorted() == inside.map(\.name).sorted(), "\(what), round \(round)")
            let circle = try Circle(
                lat: middle.coordinate.lat, lon: middle.coordinate.lon, radiusM: 50_000)
            let nearest = try engine.nearest(circle, count: 7, nowMs: testNowMs).map(\.distanceM)
            let distances = all.compactMap { rider in
                rider.shown.map { circle.distanceM(to: $0.coordinate) }
            }.filter { $0 <= 50_000 }.sorted()
            #expect(nearest == Array(distances.prefix(7)), "\(what), round \(round)")
        }
        #expect(answers > 15, "\(what): hardly anything was asked for")
    }

    @Test(arguments: sources)
    func `who was where, who is inside and who is near on real tracks`(name: String) throws {
        guard let deliveries = try RealDeliveries.read(name, limit: 50_000) else {
            print("skipped: \(name) is not there")
            return
        }
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        let riders = Set(deliveries.map(\.0)).sorted()
        // Some out of order: what phones send late.
        var parts = stride(from: 0, to: deliveries.count, by: 700).map {
            Array(deliveries[$0..<min($0 + 700, deliveries.count)])
        }
        for index in stride(from: 4, to: parts.count, by: 7) { parts.swapAt(index, index - 1) }
        for part in parts {
            _ = try engine.append(TachoEngineTests.batch(part, .history))
        }
        try check(engine, riders, 1, "\(name), running")
        engine.abandon()
        engine = try Engine.open(options(directory))
        try check(engine, riders, 2, "\(name), after a kill")
        _ = try engine.seal()
        try engine.close()
        engine = try Engine.open(options(directory))
        for family in [Family.geo, .track] { engine.store.database.compact(family) }
        try check(engine, riders, 3, "\(name), sealed, compacted, restarted")
        _ = try engine.reindex(resolution: 8)
        try check(engine, riders, 4, "\(name), reindexed")
        let whole = try kept(engine, riders).map(\.fixes)
        #expect(try engine.retire(.all).kept == [])
        #expect(try engine.trackRows().chunks == 0)
        #expect(try kept(engine, riders).map(\.fixes) == whole)
        try check(engine, riders, 5, "\(name), retired")
        _ = try engine.reindex(resolution: 9)
        try check(engine, riders, 6, "\(name), reindexed from segments")
        for start in stride(from: 0, to: deliveries.count, by: 2_000) {
            let part = Array(deliveries[start..<min(start + 2_000, deliveries.count)])
            let masks = try engine.append(TachoEngineTests.batch(part, .history))
            #expect(masks.allSatisfy { $0 == .duplicate }, "\(name), from \(start)")
        }
        try engine.close()
    }
}
