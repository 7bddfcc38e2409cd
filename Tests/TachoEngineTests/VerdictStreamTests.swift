import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// The stream of verdicts against the tracks it tells of.
@Suite(.serialized)
struct VerdictStreamTests {
    /// What a consumer knows of a fix that it never heard of: it counts.
    private static let ok = Verdict()

    private struct Place: Hashable {
        var rider: [UInt8]
        var tsMs: Int64
        var ordinal: Int
    }

    /// A consumer that keeps its own picture.
    private struct Picture {
        var verdicts: [Place: Verdict] = [:]
        var seen: [VerdictNotice] = []

        /// Reads on, in pages of some size, and holds each entry against what was known.
        mutating func follow(_ engine: Engine, page: Int, _ label: String) {
            while true {
                let next = engine.verdictEntries(
                    after: seen.last?.id, through: nil, limit: page)
                for one in next { take(one, label) }
                if next.count < page { return }
            }
        }

        private mutating func take(_ one: VerdictNotice, _ label: String) {
            let place = Place(rider: one.rider, tsMs: one.tsMs, ordinal: one.ordinal)
            #expect(one.id > seen.last?.id ?? AlertID(ms: -1, n: 0), "\(label): order")
            if let previous = one.previous {
                #expect(previous == verdicts[place] ?? ok, "\(label): \(one)")
                #expect(previous.text != one.verdict.text, "\(label): nothing changed")
                #expect(one.cause != "decided")
            } else {
                #expect(verdicts[place] == nil, "\(label): decided twice, \(one)")
                #expect(one.verdict.text != "ok" && one.cause == "decided", "\(label): \(one)")
            }
            verdicts[place] = one.verdict
            seen.append(one)
        }

        /// What it knows is what the engine has, of every fix.
        func check(_ engine: Engine, _ riders: [String], _ label: String) throws {
            var known = 0
            for rider in riders {
                var (lastMs, ordinal) = (Int64.min, 0)
                for stored in try engine.all(rider) {
                    ordinal = stored.fix.tsMs == lastMs ? ordinal + 1 : 0
                    lastMs = stored.fix.tsMs
                    let place = Place(rider: Array(rider.utf8), tsMs: lastMs, ordinal: ordinal)
                    if verdicts[place] != nil { known += 1 }
                    let told = verdicts[place] ?? ok
                    #expect(
                        told.text == stored.verdict.text,
                        "\(label), \(rider) at \(lastMs), \(ordinal)")
                }
            }
            #expect(known == verdicts.count, "\(label): entries of fixes that are not there")
            #expect(engine.verdictEntryCount == seen.count, "\(label): length")
            #expect(engine.lastVerdictID == seen.last?.id, "\(label): last id")
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `who follows the stream knows every verdict, across restarts and changes of the rules`(
        seed: UInt64
    ) throws {
        var deliveries = RandomDeliveries(seed: seed + 40)
        let riders = (0..<6).map { "rider-\($0)" }
        let directory = TemporaryDirectory()
        var options = rulesOptions(directory, workers: Int(seed % 2) + 1)
        options.fault = .skipSync
        var engine = try Engine.open(options)
        var picture = Picture()
        for round in 0..<12 {
            let label = "seed \(seed), round \(round)"
            _ = try engine.append(batch(deliveries.next(deliveries.random.number(1...250))))
            // At once: what was answered can be read.
            picture.follow(engine, page: deliveries.random.one([1, 7, 100, 5_000]), label)
            switch deliveries.random.number(0...5) {
            case 0:
                engine.abandon()
                engine = try Engine.open(options)
            case 1:
                try engine.close()
                engine = try Engine.open(options)
            case 2: engine.runBarrier(.checkpoint)
            case 3: _ = try engine.seal()
            case 4:
                _ = try engine.setRules(randomChange(&deliveries.random))
                _ = try engine.replayRules(.everything, .recompute)
            default: break
            }
            picture.follow(engine, page: 64, label)
            #expect(
                engine.verdictEntries(after: nil, through: nil, limit: .max) == picture.seen,
                "\(label): entries changed")
            try picture.check(engine, riders, label)
        }
        #expect(picture.seen.contains { $0.previous != nil }, "seed \(seed): nothing changed")
        engine.abandon()
    }

    @Test func `a range of ids gives what lies in it, wherever rows begin`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.nowMs = { testNowMs }
        let engine = try Engine.open(options)
        defer { engine.abandon() }
        // From next week: none counts. Batches share their commit time, so ids go on in n.
        for start in stride(from: 0, to: 6_000, by: 1_500) {
            let fixes = (start..<start + 1_500).map { ("r", fix(600_000 + Double($0))) }
            _ = try engine.append(batch(fixes))
        }
        let all = engine.verdictEntries(after: nil, through: nil, limit: .max)
        #expect(all.count == 6_000 && engine.verdictEntryCount == 6_000)
        #expect(all.map(\.id.n) == (0..<6_000).map { UInt32($0) })
        for from in [0, 1, 1_023, 1_024, 1_499, 2_999, 5_990] {
            let after = from == 0 ? nil : all[from - 1].id
            let through = all[min(from + 20, all.count - 1)].id
            let part = engine.verdictEntries(after: after, through: through, limit: 100)
            #expect(part == Array(all[from...min(from + 20, all.count - 1)]), "from \(from)")
            #expect(
                engine.verdictEntries(after: after, through: nil, limit: 3)
                    == Array(all[from..<from + 3]))
        }
        let wanted = [0, 5, 1_024, 1_025, 5_999].map { all[$0].id }
        let missing = AlertID(ms: testNowMs, n: 6_000)
        let found = try engine.verdicts.entries(at: wanted + [missing])
        #expect(found.map(\.0) == wanted + [missing])
        #expect(found.map { $0.1?.id } == wanted.map { Optional($0) } + [nil])
    }

    @Test func `groups read the streams of verdicts and orders as they read alerts`() throws {
        let bench = try GroupBench()
        func create(_ key: String) {
            #expect(
                bench.ask(
                    .create(
                        bench.place("g", key), start: .after(.zero), makesStream: false,
                        entriesRead: nil)
                ).refusal == nil)
        }
        create("verdicts")
        create("orders")
        try bench.alert(5)
        for n in 0..<4 {
            _ = try bench.engine.tell(
                .set([65], rider: [66], state: Array("s\(n)".utf8), tsMs: testNowMs))
        }
        let verdicts = bench.engine.verdictEntries(after: nil, through: nil, limit: 10).map(\.id)
        let orders = bench.engine.orderEntries(after: nil, through: nil, limit: 10).map(\.id)
        #expect(verdicts.count == 5 && orders.count == 4)
        #expect(bench.read("kim", key: "verdicts", count: 3) == Array(verdicts[..<3]))
        #expect(bench.read("kim", key: "orders") == orders)
        #expect(
            bench.ask(
                .acknowledge(bench.place("g", "orders"), orders[..<2].map { StreamID($0) })
            ).number == 2)
        try bench.kill()
        #expect(bench.read("lee", key: "verdicts") == Array(verdicts[3...]))
        #expect(bench.read("kim", key: "verdicts", own: .zero) == Array(verdicts[..<3]))
        #expect(bench.read("kim", key: "orders", own: .zero) == Array(orders[2...]))
        #expect(bench.read("lee", key: "orders").isEmpty)
    }
}
