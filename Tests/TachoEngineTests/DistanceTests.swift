import TachoAudit
import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// Distances of an engine against the folder over every fix, and against what sealed segments say,
/// whatever became of the fixes.
@Suite(.serialized)
struct DistanceTests {
    private func options(_ directory: TemporaryDirectory) -> EngineOptions {
        var options = rulesOptions(directory, workers: 2)
        options.fault = .skipSync
        return options
    }

    private func rows(_ all: [StoredFix], _ from: Int64, _ to: Int64) -> [LegRow] {
        var rows: [LegRow] = []
        var folder = LegFolder(fromMs: from, toMs: to)
        for stored in all {
            let fix = LegFix(
                tsMs: stored.fix.tsMs, position: stored.fix.coordinate,
                speedCms: stored.fix.speedCms, accuracyDm: stored.fix.accuracyDm,
                verdict: stored.verdict)
            folder.add(fix) { rows.append($0) }
        }
        folder.finish { rows.append($0) }
        return rows
    }

    /// The mark of trust is in no text.
    private func plain(_ rows: [LegRow]) -> [LegRow] {
        rows.map { row in
            var row = row
            row.verdict.isTrusted = false
            return row
        }
    }

    private func digest(_ rows: [LegRow]) -> [UInt8] {
        var digest = LegDigest()
        for row in rows { digest.add(row) }
        return digest.value()
    }

    private func totals(_ rows: [LegRow]) -> DistanceTotals {
        var totals = DistanceTotals()
        for row in rows { totals.add(row) }
        return totals
    }

    /// A random question about a rider, and what it has to be answered with.
    private func question(
        _ engine: Engine, _ name: String, _ random: inout SeededGenerator
    ) throws -> (query: DistanceQuery, rows: [LegRow]) {
        let all = try engine.all(name)
        let isWhole = Bool.random(using: &random)
        let start = all.randomElement(using: &random)?.fix.tsMs ?? 0
        let from = isWhole ? Int64.min : start - Int64.random(in: 0...1, using: &random)
        let to = isWhole ? Int64.max : from + Int64.random(in: 0...3_000_000, using: &random)
        let query = DistanceQuery(
            rider: Array(name.utf8), fromMs: from, toMs: to, wanted: .legs)
        return (query, rows(all, from, to))
    }

    private func check(
        _ engine: Engine, _ random: inout SeededGenerator, _ what: String
    ) throws {
        for rider in 0..<6 {
            let what = "\(what), rider-\(rider)"
            var (query, expected) = try question(engine, "rider-\(rider)", &random)
            let page = try engine.distance(query)
            #expect(plain(page.legs) == plain(expected), "\(what)")
            #expect(page.totals == totals(expected), "\(what)")
            #expect(page.legsSHA256 == digest(expected), "\(what)")
            #expect(page.next == nil && page.isKnownRider, "\(what)")
            query.limit = Int.random(in: 1...40, using: &random)
            var paged: [LegRow] = []
            var sum: Int64 = 0
            repeat {
                let part = try engine.distance(query)
                #expect(part.legs.count == query.limit! || part.next == nil, "\(what)")
                paged += part.legs
                sum += part.totals.mm
                query.after = part.next
            } while query.after != nil
            #expect(plain(paged) == plain(expected), "\(what), pages of \(query.limit!)")
            #expect(sum == page.totals.mm, "\(what), pages of \(query.limit!)")
        }
    }

    /// What segments alone say; everything must be sealed.
    private func checkSealed(
        _ engine: Engine, _ audit: String, _ random: inout SeededGenerator, _ what: String
    ) throws {
        for rider in 0..<6 {
            let what = "\(what), rider-\(rider)"
            let (query, _) = try question(engine, "rider-\(rider)", &random)
            let page = try engine.distance(query)
            var text: [UInt8] = []
            let result = try AuditDistance.run(
                directory: audit,
                query: AuditDistanceQuery(
                    rider: query.rider, fromMs: query.fromMs, toMs: query.toMs)
            ) { _, _ in
            } write: { piece in
                text += Array(piece.text)
                piece.removeAll()
            }
            #expect(result.totals == page.totals, "\(what)")
            #expect(result.legsSHA256 == page.legsSHA256, "\(what)")
            #expect(text.withUnsafeBytes { Digest.of($0) } == page.legsSHA256, "\(what)")
            #expect(result.isKnownRider, "\(what)")
            #expect(page.totals.rows == 0 || !result.segments.isEmpty, "\(what)")
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `an engine and its segments give the number of a look at every fix`(
        seed: UInt64
    ) throws {
        var deliveries = RandomDeliveries(seed: seed + 700)
        var random = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        let audit = directory.path + "/data/audit"
        var engine = try Engine.open(options(directory))
        for round in 0..<12 {
            _ = try engine.append(batch(deliveries.next(250)))
            if round % 4 == 1 { _ = try engine.seal() }
            if round % 5 == 2 { engine.runBarrier(.checkpoint) }
            if round % 3 == 0 { try check(engine, &random, "seed \(seed), round \(round)") }
        }
        engine.abandon()
        engine = try Engine.open(options(directory))
        try check(engine, &random, "seed \(seed), after a kill")
        _ = try engine.seal()
        try checkSealed(engine, audit, &random, "seed \(seed), sealed")
        // History judged again: what is sealed is amended by a later segment.
        _ = try engine.setRules(randomChange(&deliveries.random))
        let done = try engine.replayRules(.everything, .recompute)
        try check(engine, &random, "seed \(seed), \(done.changed) amended")
        _ = try engine.append(batch(deliveries.next(60)))
        _ = try engine.seal()
        try checkSealed(engine, audit, &random, "seed \(seed), amended after seals")
        try engine.close()
        engine = try Engine.open(options(directory))
        engine.store.database.compact(.track)
        try check(engine, &random, "seed \(seed), after a restart")
        try checkSealed(engine, audit, &random, "seed \(seed), after a restart")
        try engine.close()
    }

    @Test func `who is not known went nowhere, and backwards is nowhere`() throws {
        let engine = try Engine.open(options(TemporaryDirectory()))
        let nobody = try engine.distance(DistanceQuery(rider: Array("nobody".utf8)))
        #expect(nobody.totals == DistanceTotals() && !nobody.isKnownRider)
        try engine.add("r", fix(1), fix(2, north: 10))
        let rider = Array("r".utf8)
        let way = try engine.distance(DistanceQuery(rider: rider))
        #expect(way.totals.points == 2 && abs(way.totals.mm - 10_000) < 60)
        let backwards = try engine.distance(DistanceQuery(rider: rider, fromMs: 9, toMs: 2))
        #expect(backwards.totals == DistanceTotals() && backwards.isKnownRider)
        try engine.close()
    }

    @Test func `long answers come in turns with the same number`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        // More than two turns of one rider; a gap in each half hour.
        let count = 560_000
        for first in stride(from: 0, to: count, by: 20_000) {
            let fixes = (first..<first + 20_000).map { second -> (String, Fix) in
                let silence = second / 1_800 * 200
                let ms = Double(second + silence) - 700_000
                return ("r", fix(ms, north: Double(second % 4_000) * 2))
            }
            _ = try engine.append(TachoEngineTests.batch(fixes))
        }
        let query = DistanceQuery(rider: Array("r".utf8), wanted: .digest)
        let page = try engine.distance(query)
        let expected = rows(try engine.all("r"), .min, .max)
        #expect(page.totals == totals(expected) && page.totals.rows == count)
        #expect(page.totals.gaps > 300)
        #expect(page.legsSHA256 == digest(expected) && page.legs.isEmpty)
        try engine.close()
        #expect(throws: ReadError.closed) { try engine.distance(query) }
    }

    @Test(arguments: ["tiny", "device_fixtures", "cabspotting"])
    func `real tracks add up over any fix, and segments agree`(name: String) throws {
        guard let deliveries = try RealDeliveries.read(name, limit: 40_000) else {
            print("skipped: ../shared/data has no \(name)")
            return
        }
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for start in stride(from: 0, to: deliveries.count, by: 4_000) {
            let some = Array(deliveries[start..<min(start + 4_000, deliveries.count)])
            _ = try engine.append(TachoEngineTests.batch(some, .history))
        }
        _ = try engine.seal()
        for rider in Set(deliveries.map(\.0)).sorted() {
            let bytes = Array(rider.utf8)
            let whole = try engine.distance(DistanceQuery(rider: bytes, wanted: .legs))
            let result = try AuditDistance.run(
                directory: directory.path + "/data/audit", query: AuditDistanceQuery(rider: bytes))
            #expect(result.totals == whole.totals, "\(rider)")
            #expect(result.legsSHA256 == whole.legsSHA256, "\(rider)")
            let counted = whole.legs.filter(\.kind.isCounted)
            guard counted.count > 2 else { continue }
            let middle = counted[counted.count / 2].toMs
            let before = try engine.distance(DistanceQuery(rider: bytes, toMs: middle)).totals
            let after = try engine.distance(DistanceQuery(rider: bytes, fromMs: middle)).totals
            #expect(before.mm + after.mm == whole.totals.mm, "\(rider) at \(middle)")
        }
        try engine.close()
    }
}
