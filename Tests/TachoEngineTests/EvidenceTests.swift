import FormatSpec
import Foundation
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// What an alert rests on.
struct EvidenceTests {
    let directory = TemporaryDirectory()

    private func object(_ alert: Alert) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(alert.evidenceJSON.utf8))
                as? [String: Any])
    }

    private func open(allRules: Bool = false) throws -> Engine {
        try Engine.open(testOptions(directory, allRules: allRules))
    }

    private func alert(_ engine: Engine, _ code: Code) throws -> [String: Any] {
        try object(try #require(try engine.alertsByReceipt().last { $0.code == code }))
    }

    /// Every evidence says by what it was judged and where.
    private func expectContext(
        _ evidence: [String: Any], arrival: Int, _ engine: Engine
    ) {
        #expect(evidence["range"] as? Int == 1)
        #expect(evidence["arrival"] as? Int == arrival)
        #expect(evidence["rule_set"] as? Int == Int(RuleSet.version))
        #expect(
            evidence["thresholds"] as? String
                == Thresholds.text(engine.options.thresholds.hash64))
    }

    @Test func `whose track it is like is told to whoever may hear of that rider`() throws {
        let head = #"{"fix":{"ts_ms":5,"lat":1.0,"lon":2.0},"recv_ms":6"#
        let source = #","source_rider":"a\"b\\c","source_ts_ms":-5,"offset_ms":10"#
        let rest = #","first_ts_ms":4,"hits":3,"of":3,"way_m":9,"range":1}"#
        var asked: [[UInt8]] = []
        let cut = EvidenceSource.shown(head + source + rest) { rider in
            asked.append(rider)
            return false
        }
        #expect(cut == head + rest)
        #expect(asked == [Array(#"a"b\c"#.utf8)])
        #expect(EvidenceSource.shown(head + source + rest) { _ in true } == head + source + rest)
        #expect(EvidenceSource.shown(head + rest) { _ in false } == head + rest)
        // With nothing behind it, and of a program that wrote no offset.
        let short = #","source_rider":"x","source_ts_ms":7}"#
        #expect(EvidenceSource.shown(head + short) { _ in false } == head + "}")
    }

    @Test func `a jump has both ends, the limit, the run and where it was judged`() throws {
        let engine = try open()
        try engine.add("r", fix(0), fix(1, north: 10), fix(2, north: 5_000))
        let evidence = try alert(engine, .teleport)
        #expect((evidence["anchor"] as? [String: Any])?["ts_ms"] as? Int64 == fix(1).tsMs)
        #expect((evidence["fix"] as? [String: Any])?["ts_ms"] as? Int64 == fix(2).tsMs)
        #expect(evidence["limit_m"] as? Double == 452)
        #expect(evidence["run"] as? Int == 1)
        #expect(evidence["decided_by"] == nil)
        expectContext(evidence, arrival: 2, engine)
        try engine.close()
    }

    @Test func `a decision names the fix that decided, and the fixes that agree`() throws {
        let engine = try open()
        try engine.add("r", fix(0), fix(1), fix(2, north: 450), fix(3, north: 455))
        try engine.add("r", fix(4, north: 460))
        let evidence = try alert(engine, .teleport)
        #expect((evidence["fix"] as? [String: Any])?["ts_ms"] as? Int64 == fix(2).tsMs)
        #expect((evidence["decided_by"] as? [String: Any])?["ts_ms"] as? Int64 == fix(4).tsMs)
        #expect(evidence["run"] as? Int == 3)
        expectContext(evidence, arrival: 4, engine)
        try engine.close()
    }

    @Test func `a verdict that a late fix changed names the late fix`() throws {
        let engine = try open()
        try engine.add("r", fix(0), fix(1), fix(100, north: 6_000), fix(101, north: 6_010))
        // Known at 99 s to have been at the start, the way at 100 s is a jump.
        try engine.add("r", fix(99))
        let evidence = try alert(engine, .teleport)
        #expect((evidence["fix"] as? [String: Any])?["ts_ms"] as? Int64 == fix(100).tsMs)
        #expect((evidence["decided_by"] as? [String: Any])?["ts_ms"] as? Int64 == fix(99).tsMs)
        expectContext(evidence, arrival: 4, engine)
        try engine.close()
    }

    @Test func `a rule about motion has the fix before, wherever that lies`() throws {
        for isChunk in [false, true] {
            let directory = TemporaryDirectory()
            let engine = try Engine.open(testOptions(directory, allRules: true))
            var north = 0.0
            for second in 0..<12 {
                // 55 m/s in steps that are within reach of the last fix.
                north += second < 6 ? 10 : 55
                if isChunk { _ = try engine.seal() }
                try engine.add("r", fix(Double(second), north: north))
            }
            for second in 12..<30 {
                north += 80
                if isChunk { _ = try engine.seal() }
                try engine.add("r", fix(Double(second), north: north))
                if try engine.alertsByReceipt().contains(where: { $0.code == .overspeed }) { break }
            }
            let alert = try #require(
                try engine.alertsByReceipt().first { $0.code == .overspeed })
            let evidence = try object(alert)
            #expect(evidence["statistic"] as? String == "beyond_m")
            #expect((evidence["value"] as? Double ?? 0) > 200)
            #expect(evidence["limit"] as? Int == 200)
            let previous = try #require(evidence["previous"] as? [String: Any])
            #expect(previous["ts_ms"] as? Int64 == alert.tsMs - 1_000, "chunks: \(isChunk)")
            #expect(evidence["dt_ms"] as? Int64 == 1_000)
            let distance = try #require(evidence["distance_m"] as? Double)
            #expect(distance > 50 && distance < 81)
            try engine.close()
        }
    }

    @Test func `a conflict has the first fix of its time`() throws {
        let engine = try open(allRules: true)
        try engine.add("r", fix(0), fix(1, accuracyDm: 100))
        try engine.add("r", fix(1, north: 500, accuracyDm: 50))
        let evidence = try alert(engine, .tsConflict)
        #expect((evidence["first"] as? [String: Any])?["accuracy_m"] as? Int == 10)
        #expect(abs((evidence["distance_m"] as? Double ?? 0) - 500) < 0.2)
        #expect(evidence["limit_m"] as? Int == 60)
        #expect(evidence["run"] as? Int == 2)
        expectContext(evidence, arrival: 2, engine)
        try engine.close()
    }

    @Test func `a clock ahead is told in seconds beside its limit`() throws {
        let engine = try open()
        let ahead = Fix(tsMs: testNowMs + 3_600_000, latE7: 375_000_000, lonE7: 1_270_000_000)
        try engine.add("r", ahead)
        let evidence = try alert(engine, .tsFuture)
        #expect(evidence["statistic"] as? String == "ahead_s")
        #expect(evidence["limit"] as? Int == 30)
        let value = try #require(evidence["value"] as? Double)
        #expect(abs(value - 3_600) < 0.1)
        expectContext(evidence, arrival: 0, engine)
        try engine.close()
    }

    @Test func `the arrival counts on within the range, and starts anew in the next`() throws {
        let engine = try open()
        try engine.add("r", fix(0), fix(1))
        _ = try engine.seal()
        try engine.add("r", fix(2), fix(3, north: 5_000))
        let evidence = try alert(engine, .teleport)
        #expect(evidence["range"] as? Int == 2)
        #expect(evidence["arrival"] as? Int == 1)
        try engine.close()
    }

    @Test func `the page lists every key that evidence has`() throws {
        let page = try SpecPage.wholeText()
        let rows = page.components(separatedBy: "\n").drop { $0 != "### Evidence of an alert" }
            .prefix { !$0.hasPrefix("### An explanation") }.filter { $0.hasPrefix("| `") }
        let listed = Set(rows.compactMap { $0.components(separatedBy: "`").dropFirst().first })
        let engine = try open(allRules: true)
        try engine.add("r", fix(0), fix(1, accuracyDm: 50), fix(2, north: 5_000))
        try engine.add("r", fix(1, north: 500))
        try engine.add("s", fix(0), fix(1), fix(2, north: 450), fix(3, north: 455))
        try engine.add("s", fix(4, north: 460))
        try engine.add("t", Fix(tsMs: testNowMs + 3_600_000, latE7: 1, lonE7: 1))
        for second in 0..<20 {
            try engine.add("u", fix(Double(second), north: Double(second) * 75))
        }
        var written: Set<String> = []
        for alert in try engine.alertsByReceipt() {
            written.formUnion(try object(alert).keys)
        }
        #expect(written.subtracting(listed) == [])
        #expect(listed == written)
        try engine.close()
    }
}
