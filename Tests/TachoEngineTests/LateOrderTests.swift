import TachoGeo
import TachoStore
import Testing

@testable import TachoEngine

/// The order-of-delivery promise through the whole engine: once all fixes of a day are stored,
/// verdicts and latest are those of time order, whatever came between.
struct LateOrderTests {
    enum Order: String, CaseIterable {
        case shuffled, reversed, newestPagesFirst, latePages
    }

    /// A rider's day: rides, stops, a held position, gaps, jumps that return and jumps that do not,
    /// null island, forged clocks. No two fixes at one time.
    private func day(_ random: inout SeededGenerator, _ count: Int) -> [Fix] {
        var fixes: [Fix] = []
        var seconds = 0.0
        var (north, east) = (0.0, 0.0)
        for index in 0..<count {
            seconds += Double(random.one([1, 3, 3, 3, 10, 10, 60]))
            if random.chance(2) { seconds += Double(random.number(600...5_000)) }
            switch random.number(0...19) {
            case 0...2: break
            case 3: north += 400
            case 4: east = random.chance(60) ? 7_000 : 0
            case 5: (north, east) = (0, 0)
            default: north += Double(random.number(-5...40))
            }
            let accuracy = random.one([Fix.absent, 50, 50, 1_500])
            var one = fix(seconds, north: north, east: east, accuracyDm: accuracy)
            if random.chance(1) { (one.latE7, one.lonE7) = (10, 10) }
            if random.chance(1) { one.tsMs += 400 * 86_400_000 + Int64(index) }
            if random.chance(1) { one.tsMs = 1_000_000 + Int64(index) }
            if random.chance(30) { one.altitudeDm = random.number(0...9_000) }
            one.speedCms = random.one([Fix.absent, 0, 700])
            fixes.append(one)
        }
        return fixes.sorted { $0.tsMs < $1.tsMs }
    }

    /// A few fixes behind a day's last true one.
    private func evening(behind fixes: [Fix], _ random: inout SeededGenerator) -> [Fix] {
        let last = fixes.last { $0.tsMs < testNowMs }!
        return (1...9).map { step in
            var next = last
            next.tsMs += Int64(step) * 2_000
            next.latE7 += random.one([0, 500, 40_000])
            return next
        }
    }

    private func amendments(_ engine: Engine) throws -> Int {
        var count = 0
        let cursor = engine.store.database.cursor(.amend)
        cursor.seekToFirst()
        while try cursor.isValid() {
            count += 1
            cursor.next()
        }
        return count
    }

    /// Batches in the order a phone might send them.
    private func pages(
        _ fixes: [Fix], _ order: Order, _ random: inout SeededGenerator
    ) -> [[Fix]] {
        func cut(_ list: [Fix], _ size: Int) -> [[Fix]] {
            stride(from: 0, to: list.count, by: size).map {
                Array(list[$0..<min($0 + size, list.count)])
            }
        }
        switch order {
        case .shuffled: return cut(fixes.shuffled(using: &random), 70)
        case .reversed: return cut(fixes.reversed(), 50)
        case .newestPagesFirst: return cut(fixes, 47).reversed()
        case .latePages:
            // The way live, every second page later and out of order.
            let all = cut(fixes, 40)
            let live = stride(from: 0, to: all.count, by: 2).map { all[$0] }
            let late = stride(from: 1, to: all.count, by: 2).map { all[$0] }
            return live + late.shuffled(using: &random)
        }
    }

    private struct End: Equatable {
        var fixes: [StoredFix]
        var shown: StoredFix?
        var newest: StoredFix?

        init(_ engine: Engine) throws {
            fixes = try engine.all("r")
            shown = engine.shown("r")
            newest = engine.shown("r", raw: true)
        }
    }

    /// Without syncs of the journal: a process is killed here, the power stays.
    private func options(_ directory: TemporaryDirectory, workers: Int = 1) -> EngineOptions {
        var options = testOptions(directory, workers: workers)
        options.fault = .skipSync
        return options
    }

    /// The day in order of time, and with what came after it.
    private func inOrder(_ fixes: [Fix], _ after: [Fix]) throws -> (day: End, whole: End) {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        _ = try engine.append(batch(fixes.map { ("r", $0) }))
        let day = try End(engine)
        _ = try engine.append(batch(after.map { ("r", $0) }))
        let whole = try End(engine)
        engine.abandon()
        return (day, whole)
    }

    /// What may come between two pages.
    private func disturb(
        _ engine: inout Engine, _ directory: TemporaryDirectory, _ random: inout SeededGenerator
    ) throws {
        switch random.number(0...19) {
        case 0: _ = try engine.seal()
        case 1: engine.runBarrier(.checkpoint)
        case 2:
            engine.abandon()
            engine = try Engine.open(options(directory, workers: random.number(1...2)))
        case 3 where random.chance(50):
            try engine.close()
            engine = try Engine.open(options(directory))
        default: break
        }
    }

    @Test(arguments: Order.allCases, [1, 2] as [UInt64])
    func `a day ends in the verdicts of time order`(order: Order, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed * 100 + UInt64(order.rawValue.count))
        let fixes = day(&random, 500)
        #expect(Set(fixes.map(\.tsMs)).count == fixes.count)
        let after = evening(behind: fixes, &random)
        let (expected, whole) = try inOrder(fixes, after)
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        for page in pages(fixes, order, &random) {
            _ = try engine.append(batch(page.map { ("r", $0) }))
            try disturb(&engine, directory, &random)
        }
        let end = try End(engine)
        let what = "seed \(seed), \(order.rawValue)"
        #expect(end.fixes.map(\.fix) == fixes, "\(what)")
        for (stored, model) in zip(end.fixes, expected.fixes) where stored != model {
            Issue.record("\(what): \(stored) stored, \(model) expected")
        }
        #expect(end.shown == expected.shown, "\(what)")
        #expect(end.newest == expected.newest, "\(what)")
        engine.runBarrier(.checkpoint)
        #expect(try amendments(engine) > 10, "\(what): late fixes changed nothing")
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(try End(engine) == end, "\(what), after a kill")
        _ = try engine.seal()
        #expect(try End(engine) == end, "\(what), after sealing")
        // The chain stands where it would: what comes next is judged alike.
        _ = try engine.append(batch(after.map { ("r", $0) }))
        #expect(try End(engine) == whole, "\(what), with what came after")
        try engine.close()
    }
}
