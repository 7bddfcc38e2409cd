import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Random alerts and reviews against a model, across restarts, kills and seals: lists, histories,
/// feedback and risk.
@Suite(.serialized)
struct AlertModelTests {
    /// An alert as the model knows it; its id is the engine's.
    private struct Kept {
        var id: AlertID
        var rider: String
        var code: Code
        var severity: Severity
        var atRecvMs: Int64
        var count = 1
        var history: [(state: AlertState, actor: String)] = []

        var state: AlertState { history.last?.state ?? .open }
    }

    private struct Model {
        var alerts: [Kept] = []
        /// The newest alert of a rider and code.
        var windows: [String: Int] = [:]

        /// A hit; true: an alert of its own.
        mutating func hit(
            _ rider: String, _ code: Code, _ severity: Severity, _ atRecvMs: Int64
        ) -> Bool {
            let key = "\(rider) \(code.name)"
            if let open = windows[key], atRecvMs < alerts[open].atRecvMs + 60_000 {
                alerts[open].count += 1
                return false
            }
            windows[key] = alerts.count
            alerts.append(
                Kept(
                    id: AlertID(ms: 0, n: 0), rider: rider, code: code, severity: severity,
                    atRecvMs: atRecvMs))
            return true
        }

        func feedback() -> [RuleFeedback] {
            var all: [Code: RuleFeedback] = [:]
            for alert in alerts {
                var one = all[alert.code] ?? RuleFeedback(code: alert.code)
                one.alerts += 1
                if alert.history.contains(where: { $0.state == .acknowledged }) {
                    one.acknowledged += 1
                }
                if alert.history.contains(where: { $0.state == .appeal }) { one.appeals += 1 }
                switch alert.history.last(where: { $0.state.isDecision })?.state {
                case .falsePositive: one.falsePositives += 1
                case .confirmed: one.confirmed += 1
                case .appealUpheld: one.upheld += 1
                case .appealRejected: one.rejected += 1
                default: break
                }
                all[alert.code] = one
            }
            return all.values.sorted { $0.code.rawValue < $1.code.rawValue }
        }

        func risk(atMs: Int64) -> [RiskEntry] {
            Dictionary(grouping: alerts, by: \.rider).map { rider, list in
                let hits = list.map { alert in
                    RiskHit(
                        atRecvMs: alert.atRecvMs, idMs: alert.id.ms, idN: alert.id.n,
                        code: alert.code, severity: alert.severity,
                        counts: alert.state != .falsePositive && alert.state != .appealUpheld)
                }
                return RiskEntry(
                    Array(rider.utf8),
                    RiskScore.of(hits.sorted(by: RiskHit.precedes), atMs: atMs))
            }.filter { $0.riskE6 >= 10_000 }.sorted { a, b in
                a.riskE6 != b.riskE6
                    ? a.riskE6 > b.riskE6 : a.rider.lexicographicallyPrecedes(b.rider)
            }
        }
    }

    private struct Run {
        let seed: UInt64
        var random: SeededGenerator
        let directory = TemporaryDirectory()
        var engine: Engine
        var model = Model()
        /// Receipt time, hours before the server's now.
        var clockMs = testNowMs - 12 * 3_600_000
        var unique: Int64 = 0

        init(seed: UInt64) throws {
            self.seed = seed
            random = SeededGenerator(seed: seed)
            engine = try Engine.open(Self.options(directory, seed))
        }

        /// Every second seed remembers so little that most scores come from rows.
        static func options(_ directory: TemporaryDirectory, _ seed: UInt64) -> EngineOptions {
            var options = testOptions(directory, workers: Int(seed % 3) + 1)
            options.fault = .skipSync
            if seed % 2 == 0 { options.riskAlerts = 20 }
            return options
        }

        /// One fix of point rules alone, with the receipt time it claims.
        mutating func send() throws {
            clockMs += Int64.random(in: -40_000...150_000, using: &random)
            unique += 1
            let rider = "rider-\(Int.random(in: 0..<5, using: &random))"
            var fix = Fix(tsMs: clockMs - unique, latE7: 375_000_000, lonE7: 1_270_000_000)
            var codes: [(Code, Severity)] = []
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                (fix.latE7, fix.lonE7) = (0, 0)
                codes.append((.invalid, .crit))
            case 1:
                fix.tsMs = 4_000_000_000_000 + unique
                codes.append((.tsFuture, .crit))
            case 2:
                fix.tsMs = 900_000_000_000 + unique
                codes.append((.tsPast, .crit))
            default: fix.source = .mock
            }
            if fix.source == .mock || Int.random(in: 0..<3, using: &random) == 0 {
                fix.source = .mock
                codes.append((.mockFlag, .warn))
            }
            codes.sort { $0.0.rawValue < $1.0.rawValue }
            var batch = FixBatch()
            Array(rider.utf8).withUnsafeBytes {
                _ = batch.append(
                    rider: $0, fix: fix, provenance: .claimed, claimedRecvMs: clockMs)
            }
            let last = engine.lastAlertID
            _ = try engine.append(batch)
            let first = model.alerts.count
            for (code, severity) in codes { _ = model.hit(rider, code, severity, clockMs) }
            let new = engine.alerts(after: last, through: nil, limit: 10)
            let expected = model.alerts[first...]
            #expect(new.map(\.code) == expected.map(\.code), "seed \(seed), fix \(unique)")
            for (offset, alert) in new.enumerated() where first + offset < model.alerts.count {
                model.alerts[first + offset].id = alert.id
            }
        }

        mutating func review() throws {
            guard !model.alerts.isEmpty else { return }
            let index = Int.random(in: 0..<model.alerts.count, using: &random)
            let alert = model.alerts[index]
            let state = AlertState.allCases.randomElement(using: &random)!
            let actor = ["kim", "lee"].randomElement(using: &random)!
            let result = Result {
                try engine.review(
                    ReviewRequest(id: alert.id, state: state, actor: Array(actor.utf8)))
            }
            let what = "seed \(seed): \(state) by \(actor) after \(alert.history)"
            if let last = alert.history.last, last == (state, actor) {
                #expect(try result.get().step == alert.history.count - 1, "\(what)")
            } else if alert.state.successors.contains(state) {
                #expect(try result.get().step == alert.history.count, "\(what)")
                model.alerts[index].history.append((state, actor))
            } else {
                #expect(
                    throws: ReviewError.notAllowed(alert.id, from: alert.state, to: state),
                    "\(what)"
                ) { try result.get() }
            }
        }

        mutating func check(_ what: String) throws {
            let sorted = model.alerts.sorted { a, b in
                a.atRecvMs != b.atRecvMs ? a.atRecvMs < b.atRecvMs : a.id < b.id
            }
            let listed = try engine.alertsByReceipt()
            #expect(listed.map(\.id) == sorted.map(\.id), "seed \(seed), \(what)")
            #expect(listed.map(\.count) == sorted.map(\.count), "seed \(seed), \(what): counts")
            #expect(listed.map(\.state) == sorted.map(\.state), "seed \(seed), \(what): states")
            for alert in model.alerts.shuffled(using: &random).prefix(5) {
                let history = try engine.alertFile(alert.id)?.history ?? []
                #expect(
                    history.map(\.state) == alert.history.map(\.state), "seed \(seed), \(what)")
            }
            #expect(engine.alertFeedback() == model.feedback(), "seed \(seed), \(what): feedback")
            for _ in 0..<4 {
                var query = RiskQuery()
                query.atMs = clockMs + Int64.random(in: -20_000_000...10_000_000, using: &random)
                let report = try engine.risk(query)
                #expect(
                    report.entries == model.risk(atMs: query.atMs!),
                    "seed \(seed), \(what): risk at \(query.atMs! - clockMs)")
            }
        }

        mutating func restart() throws {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try engine.close()
            case 1: engine.abandon()
            default:
                _ = try engine.seal()
                engine.abandon()
            }
            engine = try Engine.open(Self.options(directory, seed))
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `alerts, reviews, feedback and risk are as the model says`(seed: UInt64) throws {
        var run = try Run(seed: seed)
        for step in 0..<8 {
            for _ in 0..<40 {
                if Int.random(in: 0..<3, using: &run.random) == 0 {
                    try run.review()
                } else {
                    try run.send()
                }
            }
            try run.check("step \(step)")
            if Int.random(in: 0..<2, using: &run.random) == 0 {
                try run.restart()
                try run.check("step \(step), after a restart")
            }
        }
        #expect(run.model.alerts.contains { $0.count > 1 }, "seed \(seed)")
        try run.engine.close()
    }
}

/// Risk as operations ask for it.
@Suite(.serialized)
struct RiskTests {
    /// A mock position and an excursion: two warnings of one rider.
    private func ride(_ engine: Engine, _ rider: String, _ second: Double) throws {
        var mock = fix(second + 4)
        mock.source = .mock
        try engine.add(
            rider, fix(second), fix(second + 1, north: 420), fix(second + 2), mock,
            provenance: .history)
    }

    private func risk(_ engine: Engine, _ change: (inout RiskQuery) -> Void) throws -> [RiskEntry] {
        var query = RiskQuery()
        query.atMs = fix(10).tsMs
        change(&query)
        return try engine.risk(query).entries
    }

    @Test func `two different warnings are a case, and taking one back ends it`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try ride(engine, "r", 0)
        let alerts = try engine.alertsByReceipt()
        #expect(alerts.map(\.code) == [.spike, .mockFlag])
        #expect(alerts.map(\.severity) == ["warn", "warn"])
        let before = try #require(try risk(engine) { _ in }.first)
        #expect(before.caseSinceMs == fix(4).tsMs)
        #expect(before.alerts == 2)
        #expect(before.riskE6 > 630_000 && before.riskE6 < 640_000)
        #expect(Set(before.shares.map(\.code)) == [.spike, .mockFlag])
        _ = try engine.review(
            ReviewRequest(id: alerts[0].id, state: .falsePositive, actor: [65]))
        let after = try #require(try risk(engine) { _ in }.first)
        #expect(after.caseSinceMs == nil)
        #expect(after.alerts == 1)
        #expect(after.shares.map(\.code) == [.mockFlag])
        _ = try engine.review(ReviewRequest(id: alerts[0].id, state: .confirmed, actor: [65]))
        #expect(try risk(engine) { _ in }.first == before)
        try engine.close()
    }

    @Test func `named riders are listed also without alerts, unknown ones are not`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try ride(engine, "r", 0)
        try engine.add("calm", fix(0))
        let named = try risk(engine) { $0.riders = ["calm", "r", "nobody"].map { Array($0.utf8) } }
        #expect(named.map { String(decoding: $0.rider, as: UTF8.self) } == ["r", "calm"])
        #expect(named.map(\.riskE6)[1] == 0)
        #expect(named[1].shares == [])
        #expect(try risk(engine) { _ in }.count == 1)
        #expect(try risk(engine) { $0.minE6 = 700_000 } == [])
        #expect(
            try risk(engine) {
                $0.riders = [Array("calm".utf8)]
                $0.minE6 = 1
            } == [])
        try engine.close()
    }

    @Test func `the greatest comes first, and the limit keeps it`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try ride(engine, "b", 0)
        try engine.add("c", fix(0), fix(1, north: 9000), provenance: .history)
        try ride(engine, "a", 0)
        let all = try risk(engine) { _ in }
        #expect(all.map { String(decoding: $0.rider, as: UTF8.self) } == ["c", "a", "b"])
        #expect(try risk(engine) { $0.limit = 2 } == Array(all.prefix(2)))
        try engine.close()
    }

    /// Live fixes: receipt times are rounded up, and a score asked for at once must see them.
    @Test func `an alert counts at once`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", Fix(tsMs: 32_503_680_000_000, latE7: 375_000_000, lonE7: 1))
        #expect(try engine.risk(RiskQuery()).entries.map(\.riskE6) == [900_000])
        #expect(try engine.risk(RiskQuery()).atMs == testNowMs)
        try engine.close()
    }
}

struct RiskTableTests {
    private func hit(_ atRecvMs: Int64, _ n: UInt32) -> RiskHit {
        RiskHit(atRecvMs: atRecvMs, idMs: 1, idN: n, code: .spike, severity: .warn)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a full table is whole from its time on, and says so`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = RiskTable(capacity: 30)
        var all: [(rider: UInt32, hit: RiskHit)] = []
        for n in 0..<300 {
            let one = hit(Int64.random(in: 0...200, using: &random) + Int64(n / 3), UInt32(n))
            let rider = UInt32.random(in: 0..<4, using: &random)
            table.add(one, rider: rider)
            all.append((rider, one))
            #expect(table.count <= 30, "seed \(seed)")
            for rider in UInt32(0)..<4 {
                let expected = all.filter {
                    $0.rider == rider && $0.hit.atRecvMs >= table.coversFromMs
                }.map(\.hit).sorted(by: RiskHit.precedes)
                #expect(table.hits(of: rider) == expected, "seed \(seed), hit \(n)")
            }
        }
        #expect(table.coversFromMs > Int64.min)
    }

    @Test func `alerts of one time go together`() {
        var table = RiskTable(capacity: 4)
        for n in 0..<5 { table.add(hit(7, UInt32(n)), rider: 0) }
        #expect(table.count == 0)
        #expect(table.coversFromMs == 8)
        table.set(idMs: 1, idN: 0, rider: 0, counts: false)
        table.add(hit(8, 9), rider: 0)
        #expect(table.hits(of: 0) == [hit(8, 9)])
    }
}
