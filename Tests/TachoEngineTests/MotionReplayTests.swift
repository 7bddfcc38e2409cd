import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Rules that depend on the order of delivery: same order, same verdicts, whatever the batches, the
/// number of judges, kills, restarts and checkpoints between.
struct MotionReplayTests {
    /// Rides with fields, some manipulated from the middle on: all kinds of codes.
    private func delivery(_ random: inout SeededGenerator) -> [(rider: String, fix: Fix)] {
        var all: [(rider: String, fix: Fix)] = []
        let riders = 12
        var places = [(north: Double, east: Double, speed: Double)](
            repeating: (0, 0, 8), count: riders)
        for step in 0..<260 {
            for rider in 0..<riders {
                if random.chance(5) { places[rider].speed = Double(random.number(0...14)) }
                places[rider].north += places[rider].speed * 3
                let isLate = random.chance(2)
                var fix = fix(
                    Double(step * 3) - (isLate ? Double(random.number(4...40)) : 0),
                    north: places[rider].north + Double(random.number(-20...20)) / 10,
                    east: Double(random.number(-20...20)) / 10,
                    accuracyDm: 40 + random.number(0...30))
                fix.speedCms = Int32(places[rider].speed * 100)
                fix.headingCdeg = random.number(0...500)
                fix.altitudeDm = 300 + random.number(0...20)
                if step > 130 { manipulate(&fix, rider, step) }
                all.append(("rider-\(rider)", fix))
                if random.chance(1) { all.append(("rider-\(rider)", fix)) }
            }
        }
        return all
    }

    private func manipulate(_ fix: inout Fix, _ rider: Int, _ step: Int) {
        switch rider {
        case 0: fix.speedCms = fix.speedCms * 3 + 1_200
        case 1: fix.headingCdeg = (fix.headingCdeg + 18_000) % 36_000
        case 2: fix.latE7 += step % 2 == 0 ? 6_300 : -6_300
        case 3: fix.latE7 = fix.latE7 / 1_000 * 1_000
        case 4: (fix.accuracyDm, fix.altitudeDm) = (10, 0)
        case 5: fix.altitudeDm += 6_000
        case 6: fix.lonE7 += step % 4 < 2 ? 0 : 300_000
        case 7: fix.latE7 += Int32((step - 130) * 3 * 45 * 90)
        case 8: (fix.latE7, fix.lonE7) = (375_100_000, 1_270_000_000)
        default: break
        }
        if rider == 3 { fix.lonE7 = fix.lonE7 / 1_000 * 1_000 }
    }

    private struct End: Equatable {
        var stored: [String: [StoredFix]] = [:]
        var alerts: [Alert] = []

        init(_ engine: Engine) throws {
            for rider in 0..<12 { stored["rider-\(rider)"] = try engine.all("rider-\(rider)") }
            alerts = try engine.alertsByReceipt().map { alert in
                // Ids follow commits.
                var alert = alert
                alert.id = AlertID(ms: 0, n: 0)
                // Ranges and arrivals follow cuts.
                alert.evidenceJSON.replace(/"range":\d+,"arrival":\d+,/, with: "")
                return alert
            }.sorted {
                ($0.rider.description, $0.tsMs, $0.code.rawValue)
                    < ($1.rider.description, $1.tsMs, $1.code.rawValue)
            }
        }
    }

    private func options(_ directory: TemporaryDirectory, workers: Int) -> EngineOptions {
        var options = testOptions(directory, workers: workers, allRules: true)
        options.fault = .skipSync
        return options
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the same order of delivery gives the same verdicts`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let delivery = delivery(&random)
        let directory = TemporaryDirectory()
        let plain = try Engine.open(options(directory, workers: 1))
        _ = try plain.append(batch(delivery.map { ($0.rider, $0.fix) }))
        let expected = try End(plain)
        plain.abandon()
        let codes = expected.stored.values.joined().reduce(UInt64(0)) { $0 | $1.verdict.codes }
        let names = Set(Code.allCases.filter { codes & $0.bit != 0 }.map(\.name))
        let wanted: Set<String> = [
            "SPEED_MISMATCH", "HEADING_MISMATCH", "ZIGZAG", "QUANTISED", "CONST_META",
            "ALT_JUMP", "FLICKER", "OVERSPEED", "FROZEN",
        ]
        #expect(names.isSuperset(of: wanted), "seed \(seed): \(names.sorted())")

        let other = TemporaryDirectory()
        var engine = try Engine.open(options(other, workers: 2))
        var next = 0
        while next < delivery.count {
            let end = min(delivery.count, next + random.number(1...150))
            _ = try engine.append(batch(delivery[next..<end].map { ($0.rider, $0.fix) }))
            next = end
            switch random.number(0...9) {
            case 0: engine.runBarrier(.checkpoint)
            case 1:
                engine.abandon()
                engine = try Engine.open(options(other, workers: random.number(1...2)))
            case 2 where random.chance(50):
                try engine.close()
                engine = try Engine.open(options(other, workers: 2))
            case 3 where random.chance(30): _ = try engine.seal()
            default: break
            }
        }
        let end = try End(engine)
        for (rider, fixes) in expected.stored {
            for (one, model) in zip(end.stored[rider]!, fixes) where one != model {
                Issue.record("seed \(seed), \(rider): \(one) is not \(model)")
                break
            }
        }
        #expect(end == expected, "seed \(seed)")
        engine.abandon()
    }
}
