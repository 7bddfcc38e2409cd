import Foundation
import TachoGeo
import Testing

@testable import TachoAudit

@Suite struct AuditExportTests {
    /// Runs an export into a file and gives its lines.
    private func export(
        _ directory: TemporaryDirectory, _ change: (inout ExportQuery) -> Void = { _ in }
    ) throws -> [String] {
        var query = ExportQuery()
        change(&query)
        let path = directory.path + "/out.csv"
        let output = try ExportOutput(path: path)
        let summary = try AuditExport.run(directory: directory.path, query: query, to: output)
        try output.complete()
        let text = String(decoding: try FileBytes.read(path), as: UTF8.self)
        #expect(text.last == "\n")
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(summary.rows == UInt64(lines.count - 1))
        return lines.map(String.init)
    }

    private func amendment(
        _ tsMs: Int64, _ ordinal: UInt16, _ sequence: UInt64, _ verdict: Verdict
    ) -> AuditRecord {
        .amendment(
            Amendment(
                rider: 0, tsMs: tsMs, ordinal: ordinal, sequence: sequence, verdict: verdict,
                ruleSet: 3, cause: .candidateDecided))
    }

    private static let held = Verdict(codes: Code.candidate.bit, effect: .hold)
    private static let teleport = Verdict(codes: Code.teleport.bit, effect: .flag)
    private static let header =
        "rider,ts_ms,lat,lon,speed_mps,heading_deg,accuracy_m,alt_m,recv_ms,claimed_recv_ms,src,"
        + "verdict_at_seal,verdict,segment,block,index"

    /// Segment 1: `a` with two fixes at 2000, one of them amended at once and again later; `b,"`.
    /// Segment 2: a third fix of `a` at 2000, and an amendment of it and of an older one.
    private func twoSegments() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var first = SampleRange(interval: Sample.interval(1...4))
        var full = Sample.fix(3_000, provenance: .claimed)
        full.fix.speedCms = 1_250
        full.fix.headingCdeg = 9_000
        full.fix.accuracyDm = 55
        full.fix.altitudeDm = -3
        full.fix.source = .gps
        first.delivered = [
            "a": [
                Sample.fix(2_000, lat: 1), Sample.fix(1_000, lat: -5, verdict: Self.held),
                Sample.fix(2_000, lat: 2, verdict: Self.held),
            ],
            "b,\"": [full],
        ]
        first.records = [("a", amendment(2_000, 1, 4, Self.teleport))]
        let sha256 = try first.seal(in: directory).sha256
        var second = SampleRange(interval: Sample.interval(5...6, id: 2, previous: sha256))
        second.delivered = ["a": [Sample.fix(2_000, lat: 3), Sample.fix(9_000, lat: 4)]]
        second.records = [
            ("a", amendment(1_000, 0, 5, Verdict())),
            ("a", amendment(2_000, 1, 6, Verdict())),
            ("a", amendment(2_000, 2, 6, Self.held)),
        ]
        try second.seal(in: directory)
        return directory
    }

    private static let rows = [
        "a,1000,-0.0000005,127.0000000,,,,,1064,,,hold:CANDIDATE,ok,1,0,0",
        "a,2000,0.0000001,127.0000000,,,,,2064,,,ok,ok,1,0,1",
        "a,2000,0.0000002,127.0000000,,,,,2064,,,flag:TELEPORT,ok,1,0,2",
        "\"b,\"\"\",3000,37.5000000,127.0000000,12.5,90,5.5,-0.3,3064,3777,gps,ok,ok,1,1,0",
        "a,2000,0.0000003,127.0000000,,,,,2064,,,hold:CANDIDATE,hold:CANDIDATE,2,0,0",
        "a,9000,0.0000004,127.0000000,,,,,9064,,,ok,ok,2,0,1",
    ]

    @Test func `every point is exported with both verdicts and its place`() throws {
        let lines = try export(try twoSegments())
        #expect(lines.first == Self.header)
        #expect(Array(lines.dropFirst()) == Self.rows)
    }

    @Test func `riders can be chosen`() throws {
        let lines = try export(try twoSegments()) { $0.riders = [Array("b,\"".utf8)] }
        #expect(Array(lines.dropFirst()) == [Self.rows[3]])
    }

    @Test func `event times are inclusive, and ordinals count what is left out`() throws {
        let lines = try export(try twoSegments()) { $0.tsMs = 2_000...2_000 }
        #expect(Array(lines.dropFirst()) == [Self.rows[1], Self.rows[2], Self.rows[4]])
    }

    @Test func `receipt times are inclusive, and ordinals count what is left out`() throws {
        let late = try export(try twoSegments()) { $0.recvMs = 9_064...9_064 }
        #expect(Array(late.dropFirst()) == [Self.rows[5]])
        let directory = try twoSegments()
        let first = try export(directory) { $0.recvMs = 1_064...2_064 }
        #expect(Array(first.dropFirst()) == [0, 1, 2, 4].map { Self.rows[$0] })
    }

    @Test func `riders without points are named`() throws {
        let directory = try twoSegments()
        var query = ExportQuery()
        query.riders = [Array("nobody".utf8), Array("a".utf8)]
        let output = try ExportOutput(path: directory.path + "/x")
        let summary = try AuditExport.run(directory: directory.path, query: query, to: output)
        #expect(summary.unknownRiders == [Array("nobody".utf8)])
        #expect(summary.rows == 5)
    }

    @Test(arguments: UInt64(1)...6)
    func `an export holds exactly what was sealed`(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        var first: UInt64 = 1
        var previous = Digest.none
        var expected: [String] = []
        for id in 1...UInt64(3) {
            let range = Sample.range(
                seed: seed * 100 + id, id: id, first: first, riders: 3, points: 200,
                previous: previous)
            previous = try range.seal(in: directory).sha256
            first = range.interval.lastSequence + 1
            for (block, rider) in range.riders.enumerated() {
                for (index, fix) in SampleRange.sorted(range.delivered[rider]!).fixes.enumerated() {
                    expected.append(
                        "\(rider),\(fix.fix.tsMs),\(fix.recvMs),\(id),\(block),\(index)")
                }
            }
        }
        let lines = try export(directory).dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            return [0, 1, 8, 13, 14, 15].map { fields[$0] }.joined(separator: ",")
        }
        #expect(lines == expected, "seed \(seed)")
    }

    /// A row from its fields, each written digit by digit.
    private static func row(
        _ rider: String, _ stored: StoredFix, segment: UInt64, block: Int, index: Int
    ) -> String {
        func decimal(_ value: Int32, _ decimals: Int, trimmed: Bool = true) -> String {
            if value == Fix.absent { return "" }
            var out: [UInt8] = []
            Decimal.append(Int64(value), decimals: decimals, trimmed: trimmed, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        let fix = stored.fix
        let fields = [
            rider, "\(fix.tsMs)", decimal(fix.latE7, 7, trimmed: false),
            decimal(fix.lonE7, 7, trimmed: false), decimal(fix.speedCms, 2),
            decimal(fix.headingCdeg, 2), decimal(fix.accuracyDm, 1), decimal(fix.altitudeDm, 1),
            "\(stored.recvMs)", stored.provenance == .claimed ? "\(stored.claimedRecvMs)" : "",
            fix.source.name ?? "", stored.verdict.text, stored.verdict.text, "\(segment)",
            "\(block)", "\(index)",
        ]
        return fields.joined(separator: ",")
    }

    /// Fixes at the limits of every field.
    private static var extremes: [StoredFix] {
        var fixes: [StoredFix] = []
        for (number, sign) in [Int32(-1), 1].enumerated() {
            let ts = (Fix.timeLimitMs - 100_000) * Int64(sign)
            var fix = Sample.fix(
                ts, lat: 900_000_000 * sign, lon: 1_800_000_000 * sign, delaySteps: -1,
                verdict: Verdict(codes: .max, effect: .quarantine, isTrusted: true),
                provenance: .claimed)
            fix.claimedRecvMs = (Fix.timeLimitMs - 1) * -Int64(sign)
            fix.fix.speedCms = [0, 100_000][number]
            fix.fix.headingCdeg = [0, 35_999][number]
            fix.fix.accuracyDm = [0, 1_000_000][number]
            fix.fix.altitudeDm = [-200_000, 1_000_000][number]
            fixes.append(fix)
        }
        return fixes
    }

    @Test(arguments: UInt64(1)...6)
    func `a row is its fields one by one`(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        var random = SeededRandom(seed: seed)
        let points = 4_500
        var range = SampleRange(interval: Sample.interval(1...UInt64(points + 2)))
        range.delivered = ["기사": Sample.drive(points, &random), "x": Self.extremes]
        try range.seal(in: directory)
        var expected: [String] = []
        for (number, rider) in range.riders.enumerated() {
            let fixes = SampleRange.sorted(range.delivered[rider]!).fixes
            for (i, fix) in fixes.enumerated() {
                let block = number + i / SegmentFormat.blockCapacity
                expected.append(
                    Self.row(
                        rider, fix, segment: 1, block: block,
                        index: i % SegmentFormat.blockCapacity))
            }
        }
        let rows = Array(try export(directory).dropFirst())
        let wrong = zip(rows, expected).first { $0 != $1 }
        #expect(wrong == nil, "seed \(seed)")
        #expect(rows.count == expected.count, "seed \(seed)")
    }

    private func failure(_ directory: TemporaryDirectory) throws -> ExportError? {
        let path = directory.path + "/out.csv"
        do throws(ExportError) {
            let output = try ExportOutput(path: path)
            _ = try AuditExport.run(
                directory: directory.path, query: ExportQuery(), to: output)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a damaged segment stops the export, and what was written waits for --resume`()
        throws
    {
        let directory = try twoSegments()
        var bytes = try directory.read(2)
        bytes[230] ^= 1
        try directory.write(bytes, as: 2)
        let error = try failure(directory)
        #expect(error?.exit == .damage)
        #expect(error?.message.hasPrefix("00000002.seg: block 0: bytes 192-") == true)
        func exists(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: directory.path + "/" + name)
        }
        #expect(!exists("out.csv"))
        #expect(exists("out.csv.partial") && exists("out.csv.partial.json"))
    }

    @Test func `a missing segment stops the export`() throws {
        let directory = try twoSegments()
        try directory.remove(1)
        #expect(try failure(directory)?.exit == .incomplete)
    }

    @Test func `an empty directory stops the export`() throws {
        #expect(try failure(try TemporaryDirectory())?.exit == .incomplete)
    }

    @Test func `an output that cannot be created is an input or output error`() throws {
        #expect {
            _ = try ExportOutput(path: "/nonexistent-folder/out.csv")
        } throws: { error in
            (error as? ExportError)?.exit == .inputOutput
        }
    }
}
