import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine
@testable import TachoStore

/// An alert is durable with the fix that raised it, or neither is: both are in one commit group, and
/// a group is whole or not there.
@Suite(.serialized)
struct AlertGroupTests {
    /// The events of every group of a directory that nobody has open.
    private func groups(_ options: EngineOptions) throws -> [[GroupEvent]] {
        var groups: [[GroupEvent]] = []
        let walk = JournalWalk(directory: options.directory + "/journal", isDirect: false)
        try walk.forEach(from: 1) { frame, _ throws(StoreError) in
            var reader = GroupReader(frame.body)
            var events: [GroupEvent] = []
            while let event = try reader.next() { events.append(event) }
            groups.append(events)
            return true
        }
        return groups
    }

    private struct Hit: Hashable {
        var rider: UInt32
        var tsMs: Int64
        var code: UInt8
    }

    /// What of a group must be alerts, and what is.
    private func hits(_ events: [GroupEvent]) -> (due: Set<Hit>, found: [Hit]) {
        var due: Set<Hit> = []
        var found: [Hit] = []
        for event in events {
            switch event {
            case .fix(let rider, let stored, _):
                for code in [Code.tsFuture, .teleport, .invalid, .mockFlag]
                where stored.verdict.codes & code.bit != 0 {
                    due.insert(Hit(rider: rider, tsMs: stored.fix.tsMs, code: code.rawValue))
                }
            case .amend(let rider, let tsMs, _, let verdict, .candidateDecided):
                for code in [Code.spike] where verdict.codes & code.bit != 0 {
                    due.insert(Hit(rider: rider, tsMs: tsMs, code: code.rawValue))
                }
            case .alert(let hit):
                found.append(Hit(rider: hit.rider, tsMs: hit.tsMs, code: hit.code))
            default: break
            }
        }
        return (due, found)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `every alert is in the group of what it is about, and none is missing`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let directory = TemporaryDirectory()
        var options = testOptions(directory, workers: 2)
        options.fault = .skipSync
        let engine = try Engine.open(options)
        var second = 0.0
        for _ in 0..<60 {
            var fixes: [(String, Fix)] = []
            for _ in 0..<Int.random(in: 1...9, using: &random) {
                second += 3
                let rider = "r\(Int.random(in: 0..<4, using: &random))"
                var one = fix(second, north: Int.random(in: 0..<5, using: &random) == 0 ? 9000 : 0)
                switch Int.random(in: 0..<9, using: &random) {
                case 0: one.tsMs = 32_503_680_000_000 + Int64(second)
                case 1: one.source = .mock
                case 2: (one.latE7, one.lonE7) = (0, 0)
                default: break
                }
                fixes.append((rider, one))
            }
            _ = try engine.append(batch(fixes))
        }
        let alerts = engine.alertCount
        engine.abandon()
        var opened = 0
        var seen = Set<UInt8>()
        for (number, events) in try groups(options).enumerated() {
            let (due, found) = hits(events)
            #expect(due.isSubset(of: found), "seed \(seed), group \(number + 1): an alert is late")
            for event in events {
                guard case .alert(let hit) = event else { continue }
                opened += hit.opensWindow ? 1 : 0
                seen.insert(hit.code)
            }
            let about = events.flatMap { event -> [Hit] in
                switch event {
                case .fix(let rider, let stored, _):
                    Code.allCases.filter { stored.verdict.codes & $0.bit != 0 }
                        .map { Hit(rider: rider, tsMs: stored.fix.tsMs, code: $0.rawValue) }
                case .amend(let rider, let tsMs, _, let verdict, _):
                    Code.allCases.filter { verdict.codes & $0.bit != 0 }
                        .map { Hit(rider: rider, tsMs: tsMs, code: $0.rawValue) }
                default: []
                }
            }
            #expect(
                Set(found).isSubset(of: about), "seed \(seed), group \(number + 1): about nothing")
        }
        #expect(opened == alerts, "seed \(seed)")
        #expect(seen.count >= 4, "seed \(seed): \(seen)")
    }

    private func teleports(_ engine: Engine) throws -> [Alert] {
        try engine.alertsByReceipt().filter { $0.code == .teleport }
    }

    @Test func `after any kill an acknowledged alert is there with its count`() throws {
        let directory = TemporaryDirectory()
        var expected = 0
        for round in 0..<12 {
            let engine = try Engine.open(testOptions(directory))
            #expect(try teleports(engine).map(\.count).reduce(0, +) == expected)
            let start = Double(round * 40)
            try engine.add("r", fix(start), fix(start + 1, north: 9000), provenance: .history)
            expected += 1
            // The hits of one minute are one alert.
            #expect(try teleports(engine).map(\.count).reduce(0, +) == expected)
            engine.abandon()
        }
        let engine = try Engine.open(testOptions(directory))
        let alerts = try teleports(engine)
        #expect(alerts.count > 1)
        for (one, next) in zip(alerts, alerts.dropFirst()) {
            #expect(next.atRecvMs - one.atRecvMs >= 60_000)
        }
        try engine.close()
    }
}

/// GLITCH: in the verdict at once, an alert when it comes the third time within ten minutes.
@Suite(.serialized)
struct GlitchAlertTests {
    /// A gap of 30 s, a jump of 1,500 m, and back. No position comes twice: it would count as held.
    private func glitch(_ engine: Engine, _ second: Double) throws {
        let north = second / 10
        try engine.add(
            "g", fix(second, north: north), fix(second + 30, north: north + 1500),
            fix(second + 31, north: north + 5), provenance: .history)
    }

    private func alerts(_ engine: Engine) throws -> [Alert] {
        try engine.alertsByReceipt().filter { $0.code == .glitch }
    }

    @Test func `two glitches are no alert, the third within ten minutes is one`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        try glitch(engine, 0)
        try glitch(engine, 200)
        #expect(try engine.verdicts("g").filter { $0 == "hold:GLITCH" }.count == 2)
        #expect(try engine.alertsByReceipt().isEmpty)
        try glitch(engine, 400)
        #expect(try alerts(engine).map(\.severity) == ["info"])
        #expect(try alerts(engine).map(\.atRecvMs) == [fix(431).tsMs])
        try glitch(engine, 470)
        #expect(try alerts(engine).count == 2)
        try engine.close()
    }

    /// What a jump is told as, by its length and the time it had.
    @Test(arguments: [
        (1.0, 5_000.0, "hold:TELEPORT", "crit"), (3, 2_100, "hold:TELEPORT", "crit"),
        (3, 1_900, "hold:TELEPORT", "warn"), (9, 1_900, "hold:TELEPORT", "warn"),
        (10, 1_900, "hold:TELEPORT", "info"), (10, 2_100, "hold:TELEPORT", "warn"),
        (40, 2_500, "hold:TELEPORT", "warn"), (10, 5_100, "hold:TELEPORT", "crit"),
    ])
    func `a jump is as loud as it is long, and low where a receiver may make it`(
        seconds: Double, metres: Double, verdict: String, severity: String
    ) throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory, allRules: true))
        // A receiver that has had its place for 21 s.
        for second in [-21.0, -14, -7, 0] { try engine.add("j", fix(second, east: second * 5)) }
        try engine.add("j", fix(seconds, north: metres), provenance: .history)
        #expect(try engine.verdicts("j").last == verdict)
        #expect(try engine.alertsByReceipt().map(\.severity) == [severity])
        // Who stays there is told of no louder.
        try engine.add("j", fix(seconds + 1, north: metres + 5), provenance: .history)
        #expect(try engine.alertsByReceipt().map(\.severity) == [severity])
        try engine.close()
    }

    @Test func `a step of milliseconds is no pace, and one step of a second no train`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory, allRules: true))
        for second in stride(from: 0.0, to: 30, by: 3) {
            try engine.add("p", fix(second, east: second * 5))
            try engine.add("q", fix(second, east: second * 5))
        }
        // 3 m in 10 ms; 80 m in a second.
        try engine.add("p", fix(27.01, east: 138))
        try engine.add("q", fix(28, east: 215))
        try engine.add("p", fix(77, north: 20_000), provenance: .history)
        try engine.add("q", fix(38, north: 6_000), provenance: .history)
        #expect(try engine.alertsByReceipt().map(\.severity) == ["crit", "crit"])
        try engine.close()
    }

    /// Seconds of riding before a jump of 900 m in 3 s, after the rider's first fix or after a gap.
    @Test(arguments: [(0.0, "info"), (12, "info"), (13, "warn")], [false, true])
    func `a jump of some hundred metres is low while a receiver finds its place`(
        riding: (seconds: Double, severity: String), isAfterGap: Bool
    ) throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory, allRules: true))
        func ride(_ second: Double, north: Double = 0) -> Fix {
            fix(second, north: north, east: second * 5)
        }
        if isAfterGap {
            for second in stride(from: -60.0, to: -25, by: 2) { try engine.add("j", ride(second)) }
        }
        for second in stride(from: 0, to: riding.seconds, by: 5) {
            try engine.add("j", ride(second))
        }
        let last = riding.seconds
        try engine.add("j", ride(last))
        try engine.add("j", ride(last + 3, north: 900), ride(last + 6), provenance: .history)
        #expect(try engine.verdicts("j").suffix(2) == ["hold:TELEPORT+SPIKE", "ok"])
        let severities = try engine.alertsByReceipt().map { "\($0.code.name) \($0.severity)" }
        #expect(severities == ["TELEPORT \(riding.severity)", "SPIKE \(riding.severity)"])
        try engine.close()
    }

    @Test func `a critical jump is an alert of its own in the minute of a lower one`() throws {
        let directory = TemporaryDirectory()
        for kills in [false, true] {
            let name = "r\(kills)"
            let engine = try Engine.open(testOptions(directory, allRules: true))
            try engine.add(
                name, fix(0), fix(3, north: 900), fix(6, east: 10), provenance: .history)
            if kills { engine.abandon() } else { try engine.close() }
            let again = try Engine.open(testOptions(directory, allRules: true))
            try again.add(
                name, fix(9, north: 9_000), fix(12, east: 20), fix(15, north: 900),
                provenance: .history)
            let told = try again.alertsByReceipt().filter {
                $0.code == .teleport && $0.rider == Array(name.utf8)
            }
            #expect(told.map(\.severity) == ["info", "crit"])
            #expect(told.map(\.count) == [1, 2])
            #expect(told.map(\.atRecvMs) == [fix(3).tsMs, fix(9).tsMs])
            try again.close()
        }
    }

    /// A train: 30 m/s, then 70 s in a tunnel at as much as the rider had before, or at far more.
    @Test(arguments: [(38.0, "info"), (44, "warn")])
    func `a way through a gap is low at the pace before it`(
        mps: Double, severity: String
    ) throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory, allRules: true))
        for second in 0..<30 {
            try engine.add("t", fix(Double(second), north: Double(second) * 30))
        }
        try engine.add("t", fix(99, north: 29 * 30 + 70 * mps), provenance: .history)
        let told = try engine.alertsByReceipt()
        #expect(told.map { "\($0.code.name) \($0.severity)" } == ["GAP_SPEED \(severity)"])
        try engine.close()
    }

    @Test func `a jump after ten seconds that returns is a glitch, after nine a spike`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for (rider, seconds) in [("nine", 9.0), ("ten", 10.0)] {
            try engine.add(
                rider, fix(0), fix(seconds, north: 700), fix(seconds + 1, north: 5),
                provenance: .history)
        }
        #expect(try engine.verdicts("nine") == ["ok", "hold:SPIKE", "ok"])
        #expect(try engine.verdicts("ten") == ["ok", "hold:GLITCH", "ok"])
        try engine.close()
    }

    @Test func `glitches far apart never are`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for round in 0..<8 { try glitch(engine, Double(round) * 310) }
        #expect(try alerts(engine).isEmpty)
        try engine.close()
    }

    @Test(arguments: [false, true])
    func `a restart forgets none of them`(kills: Bool) throws {
        let directory = TemporaryDirectory()
        for (round, second) in [0.0, 100, 200].enumerated() {
            let engine = try Engine.open(testOptions(directory, workers: round + 1))
            #expect(try alerts(engine).isEmpty)
            try glitch(engine, second)
            #expect(try alerts(engine).count == (round == 2 ? 1 : 0))
            if kills { engine.abandon() } else { try engine.close() }
        }
    }
}
