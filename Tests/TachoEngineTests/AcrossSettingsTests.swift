import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Rule sets and the rules across riders: what is changed is in force for them too, and what they
/// found is kept when history is judged again.
@Suite(.serialized)
struct AcrossSettingsTests {
    private func open(_ directory: TemporaryDirectory, workers: Int = 2) throws -> Engine {
        try Engine.open(acrossOptions(directory, workers: workers))
    }

    /// A source, and a thief that sends its ride two hours later.
    private func steal(
        _ engine: Engine, _ random: inout SeededGenerator, _ name: String, from second: Double
    ) throws {
        let ride = random.ride(count: 400, from: second)
        try engine.send("source of \(name)", ride)
        try engine.send(name, random.copy(ride, later: 7_200))
        engine.settleAcross()
    }

    @Test func `what was found stays when history is judged again, unless its rule is off`()
        throws
    {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 31)
        try steal(engine, &random, "thief", from: 0)
        let found = try engine.count("thief", .replay)
        #expect(found > 300)
        #expect(try engine.replayRules(.everything, .test(RuleChange())).changed == 0)

        _ = try engine.setRules(change(("missing_accuracy_m", "30"), ("low_accuracy_m", "10")))
        _ = try engine.replayRules(.everything, .recompute)
        #expect(try engine.count("thief", .replay) == found)
        #expect(
            try engine.all("thief").allSatisfy {
                $0.verdict.codes & Code.replay.bit == 0 || $0.verdict.effect == .quarantine
            })

        _ = try engine.setRules(change(("REPLAY", "off")))
        let report = try engine.replayRules(.everything, .recompute)
        #expect(report.codes[Code.replay.rawValue] == .init(added: 0, removed: found))
        #expect(try engine.count("thief", .replay) == 0)
        let last = try #require(try engine.all("thief").last)
        #expect(engine.shown("thief")?.fix == last.fix)
    }

    @Test func `a rule that is off finds nothing, and the next one does`() throws {
        let directory = TemporaryDirectory()
        let engine = try open(directory)
        defer { engine.abandon() }
        var random = SeededGenerator(seed: 32)
        _ = try engine.setRules(change(("REPLAY", "off")))
        try steal(engine, &random, "thief", from: 0)
        #expect(try engine.count("thief", .replay) == 0)
        #expect(try engine.count("thief", .replayFuzzy) > 0)
    }

    /// The thread that looks for ways and the judges that compare them both follow, and both come
    /// back with the set in force.
    @Test func `changed numbers are in force at once, and after a kill`() throws {
        let directory = TemporaryDirectory()
        var engine = try open(directory)
        var random = SeededGenerator(seed: 33)
        try steal(engine, &random, "first", from: 0)
        #expect(try engine.count("first", .replay) > 300)
        _ = try engine.setRules(change(("replay_age_ms", "86400000")))
        try steal(engine, &random, "second", from: 20_000)
        #expect(try engine.count("second", .replay) == 0)
        engine.abandon()
        engine = try open(directory)
        try steal(engine, &random, "third", from: 40_000)
        #expect(try engine.count("third", .replay) == 0)
        _ = try engine.setRules(change(("replay_age_ms", "default")))
        try steal(engine, &random, "fourth", from: 60_000)
        #expect(try engine.count("fourth", .replay) > 300)
        engine.abandon()
    }
}
