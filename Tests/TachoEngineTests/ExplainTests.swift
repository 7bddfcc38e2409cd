import Foundation
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Explanations of fixes wherever they lie.
struct ExplainTests {
    let directory = TemporaryDirectory()

    private func explain(
        _ engine: Engine, _ rider: String, _ tsMs: Int64
    ) throws -> [[String: Any]] {
        let answer = try engine.explain(rider: Array(rider.utf8), tsMs: tsMs, as: .json)
        guard case .explained(let bytes) = answer else { return [] }
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    private func place(_ object: [String: Any]) -> [String: Any] {
        object["place"] as? [String: Any] ?? [:]
    }

    @Test func `a fix is explained alike in the journal, the database and a segment`() throws {
        var options = testOptions(directory)
        var engine = try Engine.open(options)
        for second in 0..<40 {
            try engine.add(
                "r", fix(Double(second), north: second == 20 ? 5_200 : Double(second) * 10))
        }
        try engine.add("q", fix(0))
        let ts = fix(20).tsMs
        let first = try #require(try explain(engine, "r", ts).first)
        #expect(first["verdict"] as? String == "hold:TELEPORT+SPIKE")
        #expect(first["verdict_on_arrival"] as? String == "hold:TELEPORT")
        #expect(first["recomputed"] as? String == "hold:TELEPORT+SPIKE")
        #expect(place(first)["in"] as? String == "journal")
        #expect(place(first)["arrival"] as? Int == 20)
        let alerts = try #require(first["alerts"] as? [[String: Any]])
        #expect(alerts.map { $0["code"] as? String } == ["TELEPORT", "SPIKE"])

        // Cut, and not sealed yet.
        engine.runBarrier(.cut(next: 2))
        let hot = try #require(try explain(engine, "r", ts).first)
        #expect(place(hot)["in"] as? String == "hot")
        #expect(place(hot)["last_sequence"] as? Int == 41)
        #expect(hot["sentence"] as? String == first["sentence"] as? String)

        _ = try engine.seal()
        for isReopened in [false, true] {
            if isReopened {
                try engine.close()
                options.createIfMissing = false
                engine = try Engine.open(options)
            }
            let sealed = try #require(try explain(engine, "r", ts).first)
            #expect(place(sealed)["in"] as? String == "segment")
            #expect(place(sealed)["segment"] as? Int == 1)
            #expect(place(sealed)["file"] as? String == "audit/00000001.seg")
            // Riders stand in order of their names: q's block first.
            #expect(place(sealed)["block"] as? Int == 1)
            #expect(place(sealed)["index"] as? Int == 20)
            #expect(sealed["sentence"] as? String == first["sentence"] as? String)
            let amendments = try #require(sealed["amendments"] as? [[String: Any]])
            #expect(amendments.map { $0["verdict"] as? String } == ["hold:TELEPORT+SPIKE"])
            #expect(amendments.first?["sequence"] as? Int == 22)
        }
        try engine.close()
    }

    @Test func `a segment that cannot be read is told, and the verdict all the same`() throws {
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(0), fix(1), fix(2))
        _ = try engine.seal()
        let path = directory.path + "/data/audit/00000001.seg"
        try FileManager.default.removeItem(atPath: path)
        let object = try #require(try explain(engine, "r", fix(1).tsMs).first)
        #expect(object["verdict"] as? String == "ok")
        #expect(place(object)["in"] as? String == "segment")
        #expect((place(object)["problem"] as? String)?.contains("00000001.seg") == true)
        try engine.close()
    }

    @Test func `all fixes of one time are explained, the first stored one first`() throws {
        let engine = try Engine.open(testOptions(directory, allRules: true))
        try engine.add("r", fix(0), fix(1), fix(2), fix(1, north: 20), fix(1, north: 900))
        let objects = try explain(engine, "r", fix(1).tsMs)
        #expect(
            objects.map { $0["verdict"] as? String } == ["ok", "ok", "quarantine:TS_CONFLICT"])
        #expect(objects.map { place($0)["arrival"] as? Int } == [1, 3, 4])
        #expect((objects[0]["alerts"] as? [Any])?.count == 0)
        #expect((objects[2]["alerts"] as? [Any])?.count == 1)
        for form in [ExplanationForm.text, .svg] {
            let answer = try engine.explain(rider: [114], tsMs: fix(1).tsMs, as: form)
            guard case .explained(let bytes) = answer else {
                Issue.record("nothing explained")
                continue
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains(form == .svg ? "</svg>" : "Accepted beside another position"))
        }
        try engine.close()
    }

    @Test func `where there is no fix the nearest one is named`() throws {
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(0), fix(10), fix(100_000))
        func refusal(_ rider: String, _ tsMs: Int64) throws -> String? {
            let name = Array(rider.utf8)
            return try engine.explain(rider: name, tsMs: tsMs, as: .text)
                .refusal(rider: name, tsMs: tsMs)
        }
        #expect(
            try refusal("r", fix(9).tsMs)
                == "rider r has no fix at 2026-01-01T00:00:09.000Z (1767225609000); the nearest is "
                + "at 2026-01-01T00:00:10.000Z (1767225610000)")
        #expect(try refusal("r", 0)?.hasSuffix("(\(fix(0).tsMs))") == true)
        #expect(try refusal("r", Int64.max)?.hasSuffix("(\(fix(100_000).tsMs))") == true)
        #expect(try refusal("r", Int64.min)?.hasSuffix("(\(fix(0).tsMs))") == true)
        #expect(try refusal("nobody", 0) == "no fix of rider nobody: check the name")
        try engine.setVehicle(.foot, rider: Array("new".utf8))
        #expect(try refusal("new", 0) == "rider new has no fix yet")
        try engine.close()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `every stored verdict is the one that is recomputed`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let engine = try Engine.open(testOptions(directory, workers: 2))
        var fixes: [Fix] = []
        var north = 0.0
        for index in 0..<400 {
            north += Double.random(in: 0...30, using: &random)
            let jump = [0, 0, 0, 0, 0, 0, 0, 0, 300, 4_000].randomElement(using: &random)!
            fixes.append(fix(Double(index) * 3, north: north + Double(jump)))
        }
        // A third come late, some in other ranges.
        let late = fixes.indices.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        for (index, one) in fixes.enumerated() where !late.contains(index) {
            try engine.add("r", one)
            if index == 200 { _ = try engine.seal() }
        }
        for index in late.shuffled(using: &random) { try engine.add("r", fixes[index]) }
        for one in fixes {
            let object = try #require(try explain(engine, "r", one.tsMs).first)
            #expect(
                object["recomputed"] as? String == object["verdict"] as? String,
                "seed \(seed), fix at \(one.tsMs)")
            let sentence = try #require(object["sentence"] as? String)
            #expect(!sentence.contains("Recomputed"), "seed \(seed): \(sentence)")
        }
        try engine.close()
    }

    @Test func `an anchor far back is found behind hundreds of held fixes`() throws {
        let engine = try Engine.open(testOptions(directory))
        try engine.add("r", fix(0), fix(1))
        for index in 0..<300 {
            // Never twice at the same place: nothing is confirmed.
            try engine.add("r", fix(2 + Double(index), north: index % 2 == 0 ? 90_000 : 190_000))
        }
        let object = try #require(try explain(engine, "r", fix(301).tsMs).first)
        #expect((object["anchor"] as? [String: Any])?["ts_ms"] as? Int64 == fix(1).tsMs)
        #expect(object["recomputed"] as? String == object["verdict"] as? String)
        try engine.close()
    }
}
