import FormatSpec
import Foundation
import TachoGeo
import TachoIngest
import Testing

@testable import TachoExplain

struct ObjectTests {
    private func object(_ explanation: Explanation) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(explanation.json)) as? [String: Any])
    }

    @Test func `the object has both neighbours, what was measured and where it lies`() throws {
        let track = judged(ride(0...4) + [fix(5, north: 5_052)] + ride(6...9))
        let subject = makeCase(
            track, 5, rider: "q\"7", arrival: codes("TELEPORT", effect: .hold),
            alerts: [
                CaseAlert(
                    code: "SPIKE", severity: "warn", tsMs: track[5].fix.tsMs, atRecvMs: 7, count: 2,
                    evidenceJSON: #"{"reach_m":82}"#)
            ],
            amendments: [
                CaseAmendment(
                    verdict: track[5].current, cause: .candidateDecided, sequence: 7, ruleSet: 2)
            ])
        let object = try object(Explanation(subject))
        #expect(object["rider"] as? String == "q\"7")
        #expect(object["ts_ms"] as? Int64 == noonMs + 5_000)
        #expect(object["verdict"] as? String == "hold:TELEPORT+SPIKE")
        #expect(object["verdict_on_arrival"] as? String == "hold:TELEPORT")
        #expect(object["recomputed"] as? String == "hold:TELEPORT+SPIKE")
        #expect(object["codes"] as? [String] == ["TELEPORT", "SPIKE"])
        #expect((object["anchor"] as? [String: Any])?["ts_ms"] as? Int64 == noonMs + 4_000)
        #expect((object["previous"] as? [String: Any])?["dt_ms"] as? Int64 == 1_000)
        #expect((object["decided_by"] as? [String: Any])?["ts_ms"] as? Int64 == noonMs + 6_000)
        #expect(object["dt_ms"] as? Int64 == 1_000)
        let distance = try #require(object["distance_m"] as? Double)
        #expect(abs(distance - 5_012) < 1)
        #expect(object["reach_m"] as? Double == 82)
        #expect(object["limit_m"] as? Double == 432)
        #expect(object["run"] as? Int == 1)
        #expect(object["rule_set"] as? Int == Int(RuleSet.version))
        #expect(object["thresholds"] as? String == Thresholds.text(Thresholds().hash64))
        #expect((object["place"] as? [String: Any])?["in"] as? String == "journal")
        let alert = try #require((object["alerts"] as? [[String: Any]])?.first)
        #expect((alert["evidence"] as? [String: Any])?["reach_m"] as? Int == 82)
        let amendment = try #require((object["amendments"] as? [[String: Any]])?.first)
        #expect(amendment["cause"] as? String == "candidate-decided")
    }

    @Test func `a code of another rule has no limit of the chain`() throws {
        var track = judged(ride(0...9))
        track[8].current = codes("OVERSPEED", effect: .flag)
        let object = try object(explained(track, 8))
        #expect(object["limit_m"] == nil)
        #expect(object["reach_m"] as? Double == 82)
        #expect(object["recomputed"] as? String == "flag:OVERSPEED")
    }

    @Test func `the page lists every key that is written`() throws {
        let page = try SpecPage.wholeText()
        let rows = page.components(separatedBy: "\n").drop { $0 != "### An explanation" }
            .prefix { !$0.hasPrefix("## ") }.filter { $0.hasPrefix("| `") }
        let listed = Set(rows.compactMap { $0.components(separatedBy: "`").dropFirst().first })
        var track = judged(
            ride(0...4) + [fix(4, north: 540), fix(5, north: 5_052)] + ride(6...9))
        track[5].current = codes("TS_CONFLICT", effect: .quarantine)
        var written: Set<String> = []
        for index in track.indices { written.formUnion(try object(explained(track, index)).keys) }
        #expect(listed == written)
    }
}
