import Foundation
import Synchronization
import TachoAudit
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// Judging history again with the set in force: what is appended, and what follows it.
@Suite(.serialized)
struct RecomputeTests {
    private func options(_ directory: TemporaryDirectory, workers: Int = 2) -> EngineOptions {
        var options = rulesOptions(directory, workers: workers)
        options.fault = .skipSync
        return options
    }

    private func latest(_ fixes: [StoredFix]) -> StoredFix? {
        guard let newest = fixes.last(where: { $0.verdict.isShown }) else { return nil }
        return fixes.first { $0.fix.tsMs == newest.fix.tsMs && $0.verdict.isShown }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `history ends as the set in force would have judged it`(seed: UInt64) throws {
        var deliveries = RandomDeliveries(seed: seed + 300)
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        for round in 0..<15 {
            _ = try engine.append(batch(deliveries.next(200)))
            if round % 5 == 2 { _ = try engine.seal() }
            if round % 6 == 1 { engine.runBarrier(.checkpoint) }
        }
        let alerts = engine.alertCount
        let change = randomChange(&deliveries.random)
        let told = try engine.replayRules(.everything, .test(change))
        _ = try engine.setRules(change)
        if seed % 2 == 0 { _ = try engine.seal() }
        let done = try engine.replayRules(.everything, .recompute)
        #expect(done.changed == told.changed && done.revision == told.revision, "seed \(seed)")
        #expect(Set(done.codes.keys) == Set(told.codes.keys))
        for round in 0..<3 {
            for rider in 0..<6 {
                let name = "rider-\(rider)"
                let (stamp, fixes) = try engine.history(name)
                var replay = RiderReplay(
                    fixes, RuleSet(thresholds: engine.rules.settings.thresholds))
                replay.run()
                let open = Set(stamp.openMs + replay.chain.openMs)
                for (fix, verdict) in zip(fixes, replay.verdicts)
                where !open.contains(fix.tsMs) && fix.current != verdict {
                    Issue.record("seed \(seed), \(name): \(fix.current) is not \(verdict)")
                    break
                }
                #expect(engine.shown(name) == latest(try engine.all(name)), "seed \(seed)")
            }
            let again = try engine.replayRules(.everything, .recompute)
            #expect(again.changed == 0, "seed \(seed), round \(round)")
            if round == 0 {
                engine.abandon()
                engine = try Engine.open(options(directory))
            } else if round == 1 {
                try engine.close()
                engine = try Engine.open(options(directory))
            }
        }
        #expect(engine.alertCount == alerts, "history raises no alerts")
        // The engine goes on: what comes is judged, sealed and verified as ever.
        _ = try engine.append(batch(deliveries.next(300)))
        _ = try engine.seal()
        let summary = Verifier.run(directory: directory.path + "/data/audit", deep: true) { _ in }
        #expect(summary.points > 0 && summary.findings == 0, "seed \(seed)")
        try engine.close()
    }

    @Test func `a second run writes nothing`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        for second in 0..<50 { try engine.add("r", fix(Double(second), accuracyDm: 500)) }
        _ = try engine.setRules(change(("low_accuracy_m", "40")))
        #expect(try engine.replayRules(.everything, .recompute).changed == 50)
        let group = engine.figure("journal_group")
        #expect(try engine.replayRules(.everything, .recompute).changed == 0)
        #expect(engine.figure("journal_group") == group)
        #expect(try engine.verdicts("r").allSatisfy { $0 == "accept:LOWACC" })
        engine.abandon()
    }

    @Test func `latest follows, back and forth`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        var mocked = fix(10, north: 5)
        mocked.source = .mock
        try engine.add("r", fix(0), mocked)
        #expect(engine.shown("r")?.fix == fix(0))
        _ = try engine.setRules(change(("MOCK_FLAG", "off")))
        #expect(engine.shown("r")?.fix == fix(0), "a set does not reach back by itself")
        _ = try engine.replayRules(.everything, .recompute)
        #expect(engine.shown("r")?.fix == mocked)
        #expect(engine.shown("r")?.verdict.text == "ok")
        _ = try engine.setRules(change(("MOCK_FLAG", "on")))
        let report = try engine.replayRules(.everything, .recompute)
        #expect(report.codes[Code.mockFlag.rawValue] == .init(added: 1, removed: 0))
        #expect(engine.shown("r")?.fix == fix(0))
        engine.abandon()
    }

    /// All amendments in sealed segments with the segment they are in.
    private func sealed(_ directory: TemporaryDirectory) throws -> [(UInt64, Amendment)] {
        var found: [(UInt64, Amendment)] = []
        for entry in try AuditDirectory.segments(at: directory.path + "/data/audit") {
            let reader = try SegmentReader(path: entry.path)
            for block in reader.amendmentBlocks {
                for case .amendment(let one) in try reader.readRecords(block: block) {
                    found.append((entry.id, one))
                }
            }
        }
        return found
    }

    @Test func `sealed history is amended in a later segment`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        for second in 0..<10 { try engine.add("r", fix(Double(second), accuracyDm: 500)) }
        _ = try engine.seal()
        _ = try engine.setRules(change(("low_accuracy_m", "40")))
        // The open range has no point yet: its amendments count to its first one.
        _ = try engine.replayRules(.everything, .recompute)
        #expect(try engine.seal().isEmpty)
        engine.abandon()
        engine = try Engine.open(options(directory))
        try engine.add("r", fix(20, accuracyDm: 500))
        #expect(try engine.seal().map(\.points) == [1])
        let found = try sealed(directory)
        #expect(found.count == 10)
        for (segment, amendment) in found {
            #expect(segment == 2 && amendment.sequence == 11)
            #expect(amendment.cause == .rulesChanged)
            #expect(amendment.verdict.text == "accept:LOWACC")
        }
        let summary = Verifier.run(directory: directory.path + "/data/audit", deep: true) { _ in }
        #expect(summary.points == 11 && summary.findings == 0)
        #expect(try engine.verdicts("r").allSatisfy { $0 == "accept:LOWACC" })
        engine.abandon()
    }

    @Test func `open candidates are left to the judge`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        try engine.add("r", fix(0), fix(1), fix(2, north: 5_000))
        #expect(try engine.verdicts("r") == ["ok", "ok", "hold:TELEPORT"])
        _ = try engine.setRules(change(("speed_car_mps", "1000"), ("teleport_beyond_m", "90000")))
        let report = try engine.replayRules(.everything, .recompute)
        #expect(report.changed == 0 && report.undecided == 1)
        try engine.add("r", fix(3, north: 5_010), fix(4, north: 5_020))
        #expect(try engine.replayRules(.everything, .test(RuleChange())).undecided == 0)
        engine.abandon()
    }

    @Test func `riders that are fed meanwhile are recomputed too`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory))
        let isDone = Atomic<Bool>(false)
        _ = try engine.append(
            batch((0..<5_000).map { ("r\($0 % 4)", fix(Double($0), accuracyDm: 500)) }))
        _ = try engine.setRules(change(("low_accuracy_m", "40")))
        let changed = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if index == 0 {
                let report = try! engine.replayRules(.everything, .recompute)
                changed.withLock { $0 = report.changed }
                isDone.store(true, ordering: .releasing)
            } else {
                var second = 5_000.0
                while !isDone.load(ordering: .acquiring) {
                    _ = try! engine.append(
                        batch(
                            (0..<8).map { ("r\($0 % 4)", fix(second, accuracyDm: 500 + Int32($0))) }
                        ))
                    second += 1
                }
            }
        }
        #expect(changed.withLock { $0 } == 5_000)
        #expect(try engine.replayRules(.everything, .test(RuleChange())).changed == 0)
        engine.abandon()
    }

    @Test func `a judge can recompute in place, and refuses what is stale`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(options(directory, workers: 1))
        for second in 0..<20 { try engine.add("r", fix(Double(second), accuracyDm: 500)) }
        let stamp = try engine.history("r").stamp
        let low = try engine.setRules(change(("low_accuracy_m", "40"))).thresholds
        func outcome(
            _ thresholds: Thresholds, _ basis: RiderRecompute.Basis
        ) throws -> RiderRecompute.Outcome {
            let answer = Mutex<RiderRecompute.Outcome?>(nil)
            let done = DispatchSemaphore(value: 0)
            let work = RiderRecompute(rider: 0, thresholds: thresholds, basis: basis) { result in
                answer.withLock { $0 = try? result.get() }
                done.signal()
            }
            engine.workers[0].post(.recompute(work))
            done.wait()
            return try #require(answer.withLock { $0 })
        }
        let one = VerdictChange(
            tsMs: fix(3).tsMs, ordinal: 0, before: Verdict(), after: Verdict(effect: .flag))
        #expect(try outcome(Thresholds(), .copied(stamp, [one])) == .isStale, "other rules")
        try engine.add("r", fix(30))
        #expect(try outcome(low, .copied(stamp, [one])) == .isStale, "another fix")
        let history = RiderHistory(query: .everything, rules: RuleSet(thresholds: low))
        #expect(try outcome(low, .live(history)) == .isDone)
        let marked = try engine.verdicts("r")
        #expect(marked.dropLast().allSatisfy { $0 == "accept:LOWACC" } && marked.last == "ok")
        engine.abandon()
    }

    @Test func `a recomputation cut off by a kill is taken up by the next`() throws {
        let directory = TemporaryDirectory()
        var engine = try Engine.open(options(directory))
        _ = try engine.append(
            batch((0..<3_000).map { ("r\($0 % 30)", fix(Double($0), accuracyDm: 500)) }))
        _ = try engine.setRules(change(("low_accuracy_m", "40")))
        var query = RulesQuery.everything
        query.maxRiders = 7
        #expect(try engine.replayRules(query, .recompute).changed == 700)
        engine.abandon()
        engine = try Engine.open(options(directory))
        #expect(try engine.replayRules(.everything, .recompute).changed == 2_300)
        #expect(try engine.replayRules(.everything, .recompute).changed == 0)
        engine.abandon()
    }
}
