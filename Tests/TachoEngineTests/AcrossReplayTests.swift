import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Same order of delivery, same verdicts across riders: whatever the batches, the number of judges,
/// kills, restarts, checkpoints and seals between.
@Suite(.serialized)
struct AcrossReplayTests {
    /// Rides, copies of them at once and later, exact and with noise, fixes that come late, all in
    /// the order of one server's receipt.
    private func delivery(_ random: inout SeededGenerator) -> [(rider: String, fix: Fix)] {
        var all: [(order: Double, rider: String, fix: Fix)] = []
        func add(_ rider: String, _ fixes: [Fix], _ random: inout SeededGenerator) {
            for fix in fixes {
                let late = random.chance(2) ? Double(random.number(3...30)) : 0
                all.append((Double(fix.tsMs) / 1000 + late, rider, fix))
                if random.chance(1) { all.append((Double(fix.tsMs) / 1000 + 1, rider, fix)) }
            }
        }
        for number in 0..<4 {
            let step = Double(random.number(1...3))
            let ride = random.ride(
                count: 260, from: Double(random.number(0...200)), step: step)
            add("r\(number)", ride, &random)
            let seconds = Double(random.number(1...80))
            switch number {
            case 0: add("clone", random.copy(ride, later: seconds), &random)
            case 1:
                add("friend", random.copy(ride, later: seconds, noiseM: 1), &random)
                add("friend too", random.copy(ride, later: 0, noiseM: 1), &random)
            default: break
            }
            add("r\(number)", random.copy(ride, later: 2_000 + seconds), &random)
            add("t\(number)", random.ride(count: 50, from: 1_500), &random)
            add(
                "t\(number)", random.copy(ride, later: 4_000, noiseM: number % 2 == 0 ? 0 : 1.5),
                &random)
        }
        all.sort { $0.order < $1.order }
        return all.map { ($0.rider, $0.fix) }
    }

    private struct End: Equatable {
        var stored: [String: [StoredFix]] = [:]
        var shown: [String: StoredFix] = [:]
        var alerts: Set<String> = []

        init(_ engine: Engine, _ riders: Set<String>) throws {
            engine.settleAcross()
            for rider in riders {
                stored[rider] = try engine.all(rider)
                shown[rider] = engine.shown(rider)
            }
            for alert in try engine.alertsByReceipt() {
                alerts.insert("\(String(decoding: alert.rider, as: UTF8.self)) \(alert.code)")
            }
        }
    }

    /// Rules that are changed at these places of a delivery, once all before is compared: a proposal
    /// is judged by the set that is in force then.
    private func changes(_ seed: UInt64, _ count: Int) -> [(at: Int, change: RuleChange)] {
        guard seed % 2 == 0 else { return [] }
        return [
            (count / 3, change(("landmark_one_in_places", "4"), ("locked_cells", "6"))),
            (2 * count / 3, change(("landmark_one_in_places", "32"), ("compared_ms", "300000"))),
        ]
    }

    private func set(_ change: RuleChange, _ engine: Engine) throws {
        engine.settleAcross()
        _ = try engine.setRules(change)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `kills, batches and judges change no verdict`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let delivery = delivery(&random)
        let riders = Set(delivery.map(\.rider))
        let directory = TemporaryDirectory()
        let plain = try Engine.open(acrossOptions(directory, workers: 1))
        var next = 0
        var changes = changes(seed, delivery.count)
        for (at, change) in changes + [(delivery.count, RuleChange())] {
            _ = try plain.append(batch(delivery[next..<at].map { ($0.rider, $0.fix) }))
            if at < delivery.count { try set(change, plain) }
            next = at
        }
        let expected = try End(plain, riders)
        plain.abandon()
        let codes = expected.stored.values.joined().reduce(UInt64(0)) { $0 | $1.verdict.codes }
        #expect(
            codes & RuleSet.acrossCodes == RuleSet.acrossCodes,
            "seed \(seed): \(Verdict(codes: codes).text)")

        let other = TemporaryDirectory()
        var engine = try Engine.open(acrossOptions(other, workers: 2))
        next = 0
        while next < delivery.count {
            if let one = changes.first, one.at == next {
                try set(one.change, engine)
                changes.removeFirst()
            }
            let end = min(changes.first?.at ?? delivery.count, next + random.number(1...160))
            _ = try engine.append(batch(delivery[next..<end].map { ($0.rider, $0.fix) }))
            next = end
            switch random.number(0...11) {
            case 0: engine.runBarrier(.checkpoint)
            case 1, 2:
                engine.abandon()
                engine = try Engine.open(acrossOptions(other, workers: random.number(1...3)))
            case 3 where random.chance(40):
                try engine.close()
                engine = try Engine.open(acrossOptions(other, workers: 2))
            case 4 where random.chance(30): _ = try engine.seal()
            case 5: engine.settleAcross()
            default: break
            }
        }
        let end = try End(engine, riders)
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
