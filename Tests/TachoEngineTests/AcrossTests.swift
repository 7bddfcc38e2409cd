import Foundation
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Rules across riders in a whole engine: found, marked, told, and kept.
struct AcrossTests {
    private func open(_ directory: TemporaryDirectory, workers: Int = 2) throws -> Engine {
        try Engine.open(acrossOptions(directory, workers: workers))
    }

    @Test func `a ride that another rider sends again is quarantined, and the source is not`()
        throws
    {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 1)
        let ride = random.ride(count: 400, from: 0)
        let own = random.ride(count: 60, from: 6_900)
        try engine.send("source", ride)
        try engine.send("thief", own)
        engine.settleAcross()
        #expect(engine.shown("thief")?.fix == own.last)
        try engine.send("thief", random.copy(ride, later: 7_200))
        engine.settleAcross()

        let stored = try engine.all("thief")
        let marked = stored.filter { $0.verdict.codes & Code.replay.bit != 0 }
        #expect(marked.count > 330, "\(marked.count) of 400")
        #expect(marked.allSatisfy { $0.verdict.effect == .quarantine })
        #expect(stored[..<60].allSatisfy { $0.verdict.codes & Code.replay.bit == 0 })
        #expect(try engine.verdicts("source").allSatisfy { $0 == "ok" })
        // What was quarantined is not where the rider is.
        let shown = try #require(engine.shown("thief"))
        #expect(shown.verdict.isShown)
        #expect(shown.fix == stored.last { $0.verdict.isShown }?.fix)
        let alerts = try engine.alerts(of: .replay)
        #expect(!alerts.isEmpty)
        let alert = try #require(alerts.first)
        #expect(alert.severity == "crit")
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(alert.evidenceJSON.utf8)) as? [String: Any])
        #expect(json["source_rider"] as? String == "source")
        #expect(json["offset_ms"] as? Int == 7_200_000)
        #expect(json["source_ts_ms"] as? Int64 == alert.tsMs - 7_200_000)
        #expect(try #require(json["hits"] as? Int) >= 3)
    }

    @Test func `an explanation names the other rider to whoever may hear of both`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 1)
        let ride = random.ride(count: 400, from: 0)
        try engine.send("source", ride)
        try engine.send("thief", random.copy(ride, later: 7_200))
        engine.settleAcross()
        let alert = try #require(try engine.alerts(of: .replay).first)
        func explained(
            _ form: ExplanationForm, _ mayHear: @escaping @Sendable ([UInt8]) -> Bool
        ) throws -> String {
            let answer = try engine.waitFor { completion in
                engine.explain(
                    rider: alert.rider, tsMs: alert.tsMs, as: form, mayHear: mayHear,
                    completion: completion)
            }
            guard case .explained(let bytes) = answer else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        for form in [ExplanationForm.json, .text, .svg] {
            let own = try explained(form) { $0 == alert.rider }
            #expect(!own.isEmpty && !own.contains("source"), "\(form): \(own)")
        }
        #expect(try explained(.json) { _ in true }.contains(#""source_rider":"source""#))
        #expect(try explained(.text) { _ in true }.contains("rider source"))
        #expect(try explained(.text) { $0 == alert.rider }.contains("another ride"))
    }

    @Test func `a rider may not send an own earlier ride again`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 2)
        let ride = random.ride(count: 300, from: 0)
        try engine.send("r \"\\", ride)
        try engine.send("r \"\\", random.copy(ride, later: 3_600))
        engine.settleAcross()
        #expect(try engine.count("r \"\\", .replay) > 230)
        #expect(try engine.all("r \"\\")[..<300].allSatisfy { $0.verdict.text == "ok" })
        let evidence = try #require(try engine.alerts(of: .replay).first).evidenceJSON
        let json = try JSONSerialization.jsonObject(with: Data(evidence.utf8)) as? [String: Any]
        #expect(json?["source_rider"] as? String == "r \"\\")
    }

    @Test func `a replay with noise is flagged`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 3)
        let ride = random.ride(count: 500, from: 0, step: 3)
        try engine.send("source", ride)
        try engine.send("thief", random.copy(ride, later: 9_000, noiseM: 1.5))
        engine.settleAcross()
        let marked = try engine.all("thief").filter {
            $0.verdict.codes & Code.replayFuzzy.bit != 0
        }
        #expect(marked.count > 300, "\(marked.count) of 500")
        #expect(marked.allSatisfy { $0.verdict.effect == .flag })
        #expect(engine.shown("thief")?.fix == (try engine.all("thief").last?.fix))
        #expect(try engine.alerts(of: .replayFuzzy).first?.severity == "warn")
        #expect(try engine.count("thief", .replay) == 0)
    }

    @Test(arguments: [true, false])
    func `two accounts on one phone are both flagged, whoever is first`(
        isSourceFirst: Bool
    ) throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 4)
        let ride = random.ride(count: 300, from: 0)
        let copy = random.copy(ride, later: 12)
        for (rider, fixes) in isSourceFirst
            ? [("a", ride), ("b", copy)] : [("b", copy), ("a", ride)]
        {
            try engine.send(rider, fixes)
        }
        engine.settleAcross()
        for rider in ["a", "b"] {
            #expect(try engine.count(rider, .colocated) > 230, "\(rider)")
            #expect(try engine.alerts(of: .colocated).contains { $0.rider == Array(rider.utf8) })
        }
        #expect(engine.shown("a")?.verdict.effect != .quarantine)
    }

    @Test func `friends are told of, three of them are co-located`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 5)
        let ride = random.ride(count: 500, from: 0, step: 3)
        try engine.send("a", ride)
        try engine.send("b", random.copy(ride, later: 0, noiseM: 1))
        engine.settleAcross()
        #expect(try engine.count("a", .lockstep) > 0)
        #expect(try engine.count("b", .lockstep) > 0)
        #expect(try engine.all("b").allSatisfy { $0.verdict.effect == .accept })
        #expect(try engine.alerts(of: .lockstep).first?.severity == "info")
        try engine.send("c", random.copy(ride, later: 0, noiseM: 1))
        engine.settleAcross()
        #expect(try engine.count("c", .colocated) > 0)
    }

    @Test func `what honest phones do stays silent`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 6)
        let ride = random.ride(count: 300, from: 0)
        // The same fixes twice, and again hours later; some with another accuracy.
        try engine.send("again", ride)
        try engine.send("again", ride)
        try engine.send(
            "again",
            ride.map {
                var fix = $0
                fix.accuracyDm = 70
                return fix
            })
        // Two in one building, who sit for hours.
        for rider in ["p", "q"] {
            try engine.send(rider, random.ride(count: 600, from: 20_000, mps: 0.02))
        }
        // Positions on a grid of 1e-4 degree, the same road at the same time.
        let coarse = random.ride(count: 300, from: 30_000).map {
            var fix = $0
            fix.latE7 = fix.latE7 / 1_000 * 1_000
            fix.lonE7 = fix.lonE7 / 1_000 * 1_000
            return fix
        }
        try engine.send("coarse", coarse)
        try engine.send("rough", random.copy(coarse, later: 40))
        engine.settleAcross()
        let codes = Code.replay.bit | Code.colocated.bit | Code.replayFuzzy.bit
        for rider in ["again", "p", "q", "coarse", "rough"] {
            #expect(try engine.all(rider).allSatisfy { $0.verdict.codes & codes == 0 }, "\(rider)")
        }
    }

    @Test func `a late fix among replayed ones changes none of them`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 7)
        let ride = random.ride(count: 300, from: 0)
        var copy = random.copy(ride, later: 5_000)
        let late = copy.remove(at: 250)
        try engine.send("source", ride)
        try engine.send("thief", copy)
        engine.settleAcross()
        let before = try engine.all("thief")
        #expect(before.contains { $0.verdict.codes & Code.replay.bit != 0 })
        try engine.add("thief", late)
        engine.settleAcross()
        let after = try engine.all("thief")
        #expect(after.filter { $0.fix != late } == before)
        #expect(after.first { $0.fix == late }?.verdict == Verdict(isTrusted: true))
    }

    @Test func `marks that come behind a cut are sealed with the next range`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        var random = SeededGenerator(seed: 8)
        let ride = random.ride(count: 300, from: 0)
        try engine.send("source", ride)
        _ = try engine.seal()
        // No wait between: some marks come before the cut, some behind it.
        try engine.send("thief", random.copy(ride, later: 5_000))
        _ = try engine.seal()
        engine.settleAcross()
        let verdicts = try engine.verdicts("thief")
        try engine.add("other", fix(1))
        _ = try engine.seal()
        try engine.close()
        let again = try open(directory)
        #expect(try again.verdicts("thief") == verdicts)
        again.abandon()
    }

    /// What a replay looked up of written landmarks is let go before anything else comes.
    @Test func `a directory may be closed as soon as it is open`() throws {
        let directory = TemporaryDirectory()
        var random = SeededGenerator(seed: 17)
        let ride = random.ride(count: 400, from: 0)
        var engine = try open(directory)
        try engine.send("source", ride)
        engine.runBarrier(.checkpoint)
        try engine.send("thief", random.copy(ride, later: 7_200))
        engine.settleAcross()
        #expect(try engine.count("thief", .replay) > 300)
        for _ in 0..<2 {
            engine.abandon()
            engine = try open(directory)
        }
        engine.abandon()
    }

    @Test func `switched off nothing is compared`() throws {
        let directory = TemporaryDirectory()
        var options = acrossOptions(directory)
        options.judgesAcross = false
        let engine = try Engine.open(options)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 9)
        let ride = random.ride(count: 200, from: 0)
        try engine.send("source", ride)
        try engine.send("thief", random.copy(ride, later: 5_000))
        engine.settleAcross()
        #expect(try engine.verdicts("thief").allSatisfy { $0 == "ok" })
        #expect(engine.figure("across_waiting") == 0)
    }

    @Test func `a ride is found again after days, restarts and checkpoints, not after more days`()
        throws
    {
        let directory = TemporaryDirectory()
        var random = SeededGenerator(seed: 10)
        let ride = random.ride(count: 300, from: 0)
        let dayMs: Int64 = 86_400_000
        for (day, rider, isFound) in [
            (0, "source", false), (5, "thief", true), (14, "late thief", false),
        ] as [(Int64, String, Bool)] {
            var options = acrossOptions(directory)
            options.nowMs = { testNowMs + day * dayMs }
            let engine = try Engine.open(options)
            try engine.send(rider, random.copy(ride, later: Double(day) * 86_400))
            engine.settleAcross()
            let isReplay = try engine.count(rider, .replay) > 0
            #expect(isReplay == isFound, "\(rider)")
            try engine.close()
        }
    }
}
