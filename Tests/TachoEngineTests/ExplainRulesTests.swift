import Foundation
import Synchronization
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// A verdict is explained by the numbers that decided it, not by those of today.
struct ExplainRulesTests {
    let directory = TemporaryDirectory()

    private final class Clock: Sendable {
        private let ms = Mutex(testNowMs)
        var now: Int64 { ms.withLock { $0 } }
        func pass(seconds: Int64) { ms.withLock { $0 += seconds * 1_000 } }
    }

    private func explain(
        _ engine: Engine, _ rider: String, _ tsMs: Int64
    ) throws -> [String: Any] {
        let answer = try engine.explain(rider: Array(rider.utf8), tsMs: tsMs, as: .json)
        guard case .explained(let bytes) = answer else { return [:] }
        return try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func sentence(_ object: [String: Any]) -> String {
        object["sentence"] as? String ?? ""
    }

    @Test(arguments: [false, true])
    func `sets that came later do not change what is said`(isReopened: Bool) throws {
        let clock = Clock()
        var options = rulesOptions(directory)
        options.nowMs = { clock.now }
        var engine = try Engine.open(options)
        let far = fix(1, north: 1_000)
        try engine.add("old", fix(0), far, fix(2), fix(3))
        let first = try explain(engine, "old", far.tsMs)
        #expect(first["verdict"] as? String == "hold:TELEPORT+SPIKE")
        clock.pass(seconds: 10)
        let set = try engine.setRules(
            change(("speed_car_mps", "1000"), ("teleport_beyond_m", "90000")))
        clock.pass(seconds: 10)
        try engine.add("new", fix(0), far, fix(2), fix(3))
        if isReopened {
            try engine.close()
            engine = try Engine.open(options)
        } else {
            engine.runBarrier(.checkpoint)
        }
        let old = try explain(engine, "old", far.tsMs)
        #expect(sentence(old) == sentence(first))
        #expect(old["recomputed"] as? String == "hold:TELEPORT+SPIKE")
        #expect(old["thresholds"] as? String == Thresholds.text(Thresholds().hash64))
        let new = try explain(engine, "new", far.tsMs)
        #expect(new["verdict"] as? String == "ok" && new["recomputed"] as? String == "ok")
        #expect(new["thresholds"] as? String == Thresholds.text(set.thresholds.hash64))

        _ = try engine.replayRules(.everything, .recompute)
        let again = try explain(engine, "old", far.tsMs)
        #expect(again["verdict"] as? String == "ok" && again["recomputed"] as? String == "ok")
        #expect(again["thresholds"] as? String == Thresholds.text(set.thresholds.hash64))
        #expect(
            sentence(again).hasSuffix(
                "On arrival the verdict was hold:TELEPORT; since then history was judged again "
                    + "with other rules."),
            "\(sentence(again))")
        engine.abandon()
    }
}
