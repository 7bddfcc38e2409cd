import Foundation
import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// The journal is lost, its segments are not, and the operator gave up the rest: what they hold is stored.
@Suite(.serialized)
struct AdoptionTests {
    private static let riders = (0..<5).map { "rider-\($0)" } + ["late comer"]

    /// All rules, so that fixes are held and amended.
    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = testOptions(directory, workers: 2, allRules: true)
        options.fault = .skipSync
        return options
    }

    /// Late fixes, conflicts, jumps and a clock in the future; the last third has a rider of its own.
    private func deliveries(_ seed: UInt64) -> [(String, Fix)] {
        var random = SeededGenerator(seed: seed)
        return (0..<900).map { index in
            var seconds = Double(index * 2)
            if random.chance(15) { seconds -= Double(random.number(0...1_500)) }
            if random.chance(1) { seconds += 900_000 }
            let north = random.chance(4) ? 8_000.0 : Double(index)
            let rider = index > 600 && random.chance(10) ? 5 : random.number(0...4)
            return (Self.riders[rider], fix(seconds, north: north))
        }
    }

    private func send(_ engine: Engine, _ fixes: ArraySlice<(String, Fix)>) throws {
        for start in stride(from: fixes.startIndex, to: fixes.endIndex, by: 20) {
            let end = min(start + 20, fixes.endIndex)
            _ = try engine.append(batch(Array(fixes[start..<end])))
        }
    }

    /// Two sealed ranges of 300, 300 further fixes; ends like a kill, without its journal.
    private func lost(_ directory: TemporaryDirectory, _ all: [(String, Fix)]) throws {
        let engine = try Engine.open(options(directory))
        try send(engine, all[..<300])
        _ = try engine.seal()
        try send(engine, all[300..<600])
        _ = try engine.seal()
        try send(engine, all[600...])
        usleep(250_000)
        engine.abandon()
        let journal = directory.path + "/data/journal/"
        for name in try FileManager.default.contentsOfDirectory(atPath: journal) {
            try FileManager.default.removeItem(atPath: journal + name)
        }
    }

    /// The options with the consent that a refusal names.
    private func consenting(_ directory: TemporaryDirectory) throws -> EngineOptions {
        var options = options(directory)
        do throws(OpenError) {
            try Engine.open(options).abandon()
            Issue.record("a directory without its journal was opened")
        } catch {
            let text = try #require(error.message.components(separatedBy: "--accept-loss ").last)
            let numbers = text.prefix { $0.isNumber || $0 == "-" }.split(separator: "-")
            options.acceptLoss = try #require(UInt64(numbers[0]))...#require(UInt64(numbers[1]))
        }
        return options
    }

    private struct View: Equatable {
        var tracks: [[StoredFix]]
        var shown: [StoredFix?]
        var visits: [AreaVisit]
        var points: Int64
    }

    private func view(_ engine: Engine) throws -> View {
        let area = Area.circle(try Circle(lat: 37.5, lon: 127, radiusM: 50_000))
        return View(
            tracks: try Self.riders.map { try engine.all($0) },
            shown: Self.riders.map { engine.shown($0) },
            visits: try engine.who(in: area, fromMs: 0, toMs: testNowMs * 2).map {
                var visit = $0
                visit.number = 0
                return visit
            }, points: engine.figure("points"))
    }

    /// What an engine has that was sent the sealed fixes and no others.
    private func expected(_ all: [(String, Fix)]) throws -> View {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        try send(engine, all[..<300])
        _ = try engine.seal()
        try send(engine, all[300..<600])
        _ = try engine.seal()
        let view = try view(engine)
        try engine.close()
        return view
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `tracks, latest and who was where are as the segments have them, and all is known`(
        seed: UInt64
    ) throws {
        let all = deliveries(seed)
        let directory = TemporaryDirectory()
        try lost(directory, all)
        let expected = try expected(all)
        #expect(expected.points > 500)
        var engine = try Engine.open(try consenting(directory))
        #expect(try view(engine) == expected, "seed \(seed)")
        let masks = try engine.append(batch(Array(all[..<600])))
        #expect(masks.allSatisfy { $0 == .duplicate }, "seed \(seed)")
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(try view(engine) == expected, "seed \(seed), after a restart")
        #expect(try engine.trackRows().chunks == 0)
        try send(engine, all[600...])
        #expect(try engine.seal().map(\.segment) == [3])
        _ = try engine.reindex()
        #expect(try engine.all("rider-0").count > expected.tracks[0].count)
        try engine.close()
        let summary = Verifier.run(directory: directory.path + "/data/audit", deep: true) { _ in }
        #expect(summary.exit == .verified && summary.segments == 3)
    }

    @Test func `a kill while they are taken over is made good by the next start`() throws {
        let all = deliveries(9)
        let directory = TemporaryDirectory()
        try lost(directory, all)
        let expected = try expected(all)
        let consent = try consenting(directory)
        // Everything is taken over, and nothing of it is in the journal yet.
        for _ in 0..<2 {
            var storeOptions = StoreOptions(path: consent.directory)
            storeOptions.acceptLoss = consent.acceptLoss
            storeOptions.heldElsewhere = { SealedSequences.through(from: $0, in: $1.auditPath) }
            let store = try Store.open(storeOptions)
            let shards = (0..<2).map { index in
                Shard(
                    index: index, count: 2, rules: RuleSet(thresholds: consent.thresholds),
                    database: store.database,
                    segments: SegmentShelf(directory: store.directory.auditPath),
                    memoryLimitBytes: 1 << 30)
            }
            var recovery = Recovery(
                store: store, riders: RiderTable(), shards: shards,
                ownRules: consent.thresholds, places: .usual,
                fences: try FenceState(database: store.database))
            try recovery.run()
            #expect(recovery.adopted?.lastRange == 2)
            for index in recovery.shards.indices { recovery.shards[index].free() }
            store.close()
        }
        let engine = try Engine.open(consent)
        #expect(try view(engine) == expected)
        let masks = try engine.append(batch(Array(all[..<600])))
        #expect(masks.allSatisfy { $0 == .duplicate })
        try engine.close()
    }

    @Test func `segments that do not follow this directory's are not taken over`() throws {
        let all = deliveries(5)
        let directory = TemporaryDirectory()
        try lost(directory, all)
        let other = TemporaryDirectory()
        try lost(other, deliveries(6))
        try FileManager.default.removeItem(atPath: directory.segment(2))
        try FileManager.default.copyItem(atPath: other.segment(2), toPath: directory.segment(2))
        let consent = try consenting(directory)
        do throws(OpenError) {
            try Engine.open(consent).abandon()
            Issue.record("a segment of another directory was taken over")
        } catch {
            #expect(error.message.contains("does not follow segment 1"), "\(error.message)")
        }
        // Without it the directory opens, and what it should have held is missing too.
        try FileManager.default.removeItem(atPath: directory.segment(2))
        let more = try consenting(directory)
        #expect(consent.acceptLoss == 601...900 && more.acceptLoss == 301...900)
        #expect(throws: Never.self) { try Engine.open(more).close() }
    }
}
