import FormatSpec
import Foundation
import TachoGeo
import Testing

@testable import TachoAudit

/// Distances from segments alone: order over segments, amendments, damage, and what the digest binds.
@Suite struct AuditDistanceTests {
    private static let startMs = Sample.startMs
    private let rider = Array("kim".utf8)

    private static func fix(
        _ seconds: Int64, north: Int32, _ verdict: Verdict = Verdict()
    ) -> StoredFix {
        Sample.fix(startMs + seconds * 1_000, lat: 375_000_000 + north * 90, verdict: verdict)
    }

    private static func amendment(
        _ seconds: Int64, ordinal: UInt16, _ verdict: Verdict, sequence: UInt64
    ) -> AuditRecord {
        .amendment(
            Amendment(
                rider: 0, tsMs: startMs + seconds * 1_000, ordinal: ordinal, sequence: sequence,
                verdict: verdict, ruleSet: 3, cause: .rulesChanged))
    }

    /// Three segments: a ride; late fixes among it and a second fix of one time; amendments.
    private func sealed() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var previous: [UInt8]?
        let held = Verdict(codes: Code.candidate.bit, effect: .hold)
        let ranges: [([StoredFix], [AuditRecord])] = [
            (
                [
                    Self.fix(0, north: 0), Self.fix(10, north: 100), Self.fix(20, north: 200, held),
                    Self.fix(40, north: 400), Self.fix(50, north: 500),
                ], []
            ),
            ([Self.fix(30, north: 300), Self.fix(10, north: 130), Self.fix(60, north: 600)], []),
            (
                [Self.fix(70, north: 700)],
                [
                    // The held fix is let through, and the first one at 10 s is not any more.
                    Self.amendment(10, ordinal: 0, held, sequence: 9),
                    Self.amendment(20, ordinal: 0, Verdict(), sequence: 9),
                ]
            ),
        ]
        var first: UInt64 = 1
        for (index, (fixes, records)) in ranges.enumerated() {
            let last = first + UInt64(fixes.count) - 1
            var range = SampleRange(
                interval: Sample.interval(first...last, id: UInt64(index) + 1, previous: previous),
                delivered: ["kim": fixes])
            if index == 0 { range.delivered["other"] = [] }
            range.delivered = range.delivered.filter { !$0.value.isEmpty }
            range.records = records.map { ("kim", $0) }
            previous = try range.seal(in: directory).sha256
            first = last + 1
        }
        return directory
    }

    private func ask(
        _ directory: TemporaryDirectory, _ from: Int64 = .min, _ to: Int64 = .max
    ) throws -> (result: AuditDistanceResult, lines: [String]) {
        var text: [UInt8] = []
        let result = try AuditDistance.run(
            directory: directory.path,
            query: AuditDistanceQuery(rider: rider, fromMs: from, toMs: to)
        ) { _, _ in
        } write: { piece in
            text += Array(piece.text)
            piece.removeAll()
        }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.first.map { $0 + "\n" } == LegText.header)
        return (result, Array(lines.dropFirst()))
    }

    @Test func `fixes of all segments are one track, with the verdicts of the last`() throws {
        let (result, lines) = try ask(try sealed())
        #expect(
            lines.map { String($0.prefix { $0 != "," }) } == [
                "start", "held", "leg", "leg", "leg", "leg", "leg", "leg", "leg",
            ])
        // 0 → 130 (the second fix at 10 s) → 200 → … 700, each 90e-7° a unit, near enough a metre.
        #expect(result.totals.points == 8 && result.totals.held == 1)
        #expect(abs(result.totals.mm - 700 * 999) < 1_000, "\(result.totals.mm)")
        #expect(result.segments.map(\.id) == [1, 2, 3] && result.segmentsInAll == 3)
    }

    @Test func `segments that do not matter are not named`() throws {
        let directory = try sealed()
        // From 300 s on there is nothing within four minutes but the last fixes.
        let late = try ask(directory, Self.startMs + 305_000, Self.startMs + 400_000).result
        #expect(late.totals.rows == 0 && late.segments.map(\.id) == [3] && late.isKnownRider)
        let none = try ask(directory, 0, 5).result
        #expect(none.segments.isEmpty && none.isKnownRider && none.segmentsInAll == 3)
        let nobody = try AuditDistance.run(
            directory: directory.path, query: AuditDistanceQuery(rider: Array("x".utf8)))
        #expect(!nobody.isKnownRider && nobody.totals == DistanceTotals())
    }

    @Test func `a segment whose block passes over the question without a fix in it is not named`()
        throws
    {
        let directory = try TemporaryDirectory()
        let first = SampleRange(
            interval: Sample.interval(1...2),
            delivered: ["kim": [Self.fix(0, north: 0), Self.fix(2_000, north: 20)]])
        let previous = try first.seal(in: directory).sha256
        let second = SampleRange(
            interval: Sample.interval(3...3, id: 2, previous: previous),
            delivered: ["kim": [Self.fix(1_000, north: 10)]])
        try second.seal(in: directory)
        let start = Self.startMs + 1_000_000
        let result = try ask(directory, start - 10_000, start + 10_000).result
        #expect(result.segments.map(\.id) == [2] && result.totals.points == 1)
        // A fix 240 s before is looked at, one a millisecond further away is not.
        let from = Self.startMs + DistanceV1.contextMs
        #expect(try ask(directory, from, from).result.segments.map(\.id) == [1])
        #expect(try ask(directory, from + 1, from + 1).result.segments.map(\.id) == [])
        #expect(try ask(directory).result.segments.map(\.id) == [1, 2])
    }

    @Test func `the digest binds sum, legs and segments, as the page says`() throws {
        let page = try SpecPage(section: 19)
        let start = try #require(page.lines.firstIndex(of: "```text"))
        let lines: [String] = page.lines[(start + 1)...].prefix { $0 != "```" }.map { $0 + "\n" }
        let statement: String = lines.joined()
        var totals = DistanceTotals()
        totals.mm = 386_060
        let hash = try #require(
            statement.split(separator: "\n").first { $0.hasPrefix("legs_sha256") })
        let bytes = hash.split(separator: " ")[1]
        let sha = stride(from: 0, to: 64, by: 2).map { place -> UInt8 in
            let digits = bytes.dropFirst(place).prefix(2)
            return UInt8(digits, radix: 16) ?? 0
        }
        let result = AuditDistanceResult(
            query: AuditDistanceQuery(rider: Array("7".utf8)), totals: totals, legsSHA256: sha,
            segments: [
                (1, [UInt8](repeating: 0x11, count: 32)), (2, [UInt8](repeating: 0x22, count: 32)),
            ], segmentsInAll: 2, isKnownRider: true)
        #expect(String(decoding: result.statement, as: UTF8.self) == statement)
        #expect(page.line(holding: "and `digest` \(Digest.hex(result.digest))") != nil)

        let (first, _) = try ask(try sealed())
        let (again, _) = try ask(try sealed())
        #expect(first.digest == again.digest)
        var other = first
        other.segments[0].root[0] ^= 1
        #expect(other.digest != first.digest)
        other = first
        other.totals.mm += 1
        #expect(other.digest != first.digest)
    }

    @Test func `a hole in the row of segments, and a damaged block, are refused`() throws {
        let directory = try sealed()
        let second = try directory.read(2)
        try directory.remove(2)
        let hole = #expect(throws: ExportError.self) { try ask(directory) }
        #expect(hole?.exit == .incomplete)
        var bytes = second
        bytes[220] ^= 1
        try directory.write(bytes, as: 2)
        let damage = #expect(throws: ExportError.self) { try ask(directory) }
        #expect(damage?.exit == .damage)
        try directory.write(Array(second.dropLast()), as: 2)
        let cut = #expect(throws: ExportError.self) { try ask(directory) }
        #expect(cut?.exit == .incomplete)
        try directory.write(second, as: 2)
        #expect(try ask(directory).result.totals.points == 8)
    }

    @Test func `the program writes the legs that its hash is of`() throws {
        let directory = try sealed()
        let file = directory.path + "/legs.csv"
        let sum = try AuditCommandTests.run(
            ["distance", "--audit", directory.path, "--rider", "kim", "--legs", file, "--json"])
        #expect(sum.code == 0 && sum.errors.isEmpty)
        let legs = try FileBytes.read(file)
        let hash = Digest.hex(legs.withUnsafeBytes { Digest.of($0) })
        #expect(sum.output.contains(#""legs_sha256":"\#(hash)","digest":""#))
        #expect(sum.output.hasPrefix(#"{"rider":"kim","metres":"#))
        #expect(sum.output.contains(#","points":8,"excluded":1,"gaps_ms":0,"alg":"v1","#))
        #expect(sum.output.contains(#""segments_in_all":3,"segments":[{"segment":1,"root":""#))
        let stream = try AuditCommandTests.run(
            ["distance", "--audit", directory.path, "--rider", "kim", "--legs", "-", "--json"])
        #expect(Array(stream.output.utf8) == legs && stream.errors == sum.output)
        let text = try AuditCommandTests.run([
            "distance", "--audit", directory.path, "--rider", "kim",
        ])
        #expect(text.output.hasPrefix("kim  ") && text.output.contains("out of 3 of 3 segments"))
        let nobody = try AuditCommandTests.run([
            "distance", "--audit", directory.path, "--rider", "x",
        ])
        #expect(nobody.code == 1 && nobody.errors.contains("rider x has no point in any segment"))
        let backwards = try AuditCommandTests.run(
            ["distance", "--audit", directory.path, "--rider", "kim", "--from", "9", "--to", "5"])
        #expect(backwards.code == 1)
    }
}
