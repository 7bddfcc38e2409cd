import FormatSpec
import Foundation
import TachoGeo
import Testing

@testable import TachoAudit

/// Sealed segments of every format and damaged twins, kept for ever: files are added, never edited.
///
/// A run with TACHO_WRITE_FIXTURES=1 adds files that are missing, and no others.
@Suite struct GoldenSegmentTests {
    static let repository = SpecPage.repository.path
    private static let versions: [UInt16] = [0, 1]

    private static func folder(_ major: UInt16) -> String {
        SpecPage.repository.path + "/Tests/Fixtures/segments/v\(major)"
    }

    /// Two chained segments: riders, late and equal-time fixes, amendments of fixes of both, one of
    /// a rider that only the first has, and losses.
    private static func chain() throws -> [[UInt8]] {
        var first = Sample.range(seed: 1_000, riders: 3, points: 60)
        first.records.removeAll { $0.rider == "zz-only-amended" }
        let gone = Sample.fix(Sample.startMs)
        first.delivered["early"] = [gone]
        first.interval.lastSequence += 1
        shiftLoss(&first)
        let bytes = try first.bytes()
        var second = Sample.range(
            seed: 1_001, id: 2, first: first.interval.lastSequence + 1, riders: 3, points: 60,
            previous: bytes.withUnsafeBytes(Digest.of))
        second.records.removeAll { $0.rider == "zz-only-amended" }
        var random = SeededRandom(seed: 1_002)
        let sequence = second.interval.firstSequence + 3
        second.records.insert(
            ("early", Sample.amendment(gone.fix.tsMs, 0, sequence, &random)),
            at: second.records.count - 1)
        return [bytes, try second.bytes()]
    }

    /// Keeps the loss at the end of an interval that was made longer.
    private static func shiftLoss(_ range: inout SampleRange) {
        let last = range.interval.lastSequence
        range.records[range.records.count - 1].record = .acceptedLoss(last - 4...last, ruleSet: 3)
    }

    private typealias Damage = (
        name: String, code: String, make: @Sendable ([UInt8]) throws -> [UInt8]
    )

    private static let damages: [Damage] = [
        ("flipped-bit-in-block", "block_checksum", { $0.flipped(byte: 240) }),
        ("flipped-bit-in-header", "header_checksum", { $0.flipped(byte: 80) }),
        ("flipped-bit-in-footer", "footer_checksum", { $0.flipped(byte: $0.count - 70) }),
        ("cut", "cut", { Array($0.dropLast(200)) }),
        ("cut-header", "cut_header", { Array($0.prefix(100)) }),
        ("trailing-bytes", "trailing_bytes", { $0 + [0] }),
        (
            "forged-leaf", "block_leaf",
            {
                var forgery = try Forgery($0)
                forgery.leaf(1)
                return forgery.bytes
            }
        ),
        (
            "forged-count", "counts",
            {
                var forgery = try Forgery($0)
                forgery.header(HeaderLayout.amendments, UInt64(1))
                return forgery.bytes
            }
        ),
        (
            "sequence-gap", "sequence_gap",
            {
                var forgery = try Forgery($0)
                let last = try SegmentReader(source: .memory($0)).header.interval.lastSequence
                forgery.header(HeaderLayout.lastSequence, last + 9)
                return forgery.bytes
            }
        ),
        (
            "future-version", "unknown_version",
            {
                var forgery = try Forgery($0)
                forgery.put(UInt16(9), FooterLayout.major, at: $0.count - FooterLayout.byteCount)
                forgery.header(HeaderLayout.major, UInt16(9))
                return forgery.bytes
            }
        ),
    ]

    @Test(.enabled(if: ProcessInfo.processInfo.environment["TACHO_WRITE_FIXTURES"] == "1"))
    func `missing golden files are added`() throws {
        let chain = try Self.chain()
        var files = [
            ("good/00000001.seg", chain[0]), ("good/00000002.seg", chain[1]),
            ("good/export.csv", try Self.export(chain)),
        ]
        for damage in Self.damages {
            files.append(("damaged/\(damage.name).seg", try damage.make(chain[0])))
        }
        for (name, bytes) in files {
            let path = Self.folder(SegmentFormat.major) + "/" + name
            if FileManager.default.fileExists(atPath: path) { continue }
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try FileBytes.write(bytes, path)
        }
    }

    /// The key of the golden log; its seed is in `format-spec.md`.
    private static func logKey() throws -> SigningKey { try LogSample.fixedKey() }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["TACHO_WRITE_FIXTURES"] == "1"))
    func `a missing golden log is added`() throws {
        let good = Self.folder(SegmentFormat.major) + "/good"
        guard FileManager.default.fileExists(atPath: good + "/00000002.seg"),
            !LogReader(audit: good).exists
        else { return }
        var log = try LogWriter(audit: good, origin: LogSample.origin, partition: 7)
        try log.append(throughSegment: 2)
        try log.sign(with: Self.logKey())
    }

    @Test func `the golden log verifies under its key`() throws {
        let good = Self.folder(1) + "/good"
        var findings: [String] = []
        let pins = LogSample.pins(try Self.logKey().verifier)
        let summary = Verifier.run(directory: good, deep: true, pins: pins) { event in
            if case .finding(let finding) = event { findings.append(finding.message) }
        }
        #expect(findings == [])
        #expect(summary.log.checkpoint?.head.size == 2)
        #expect(summary.log.signer == pins.key)
    }

    private static func export(_ chain: [[UInt8]]) throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        for (place, bytes) in chain.enumerated() {
            try directory.write(bytes, as: UInt64(place) + 1)
        }
        let path = directory.path + "/export.csv"
        let output = try ExportOutput(path: path)
        _ = try AuditExport.run(directory: directory.path, query: ExportQuery(), to: output)
        try output.complete()
        return try FileBytes.read(path)
    }

    @Test(arguments: Self.versions)
    func `the good segments verify`(major: UInt16) {
        var findings: [String] = []
        let summary = Verifier.run(directory: Self.folder(major) + "/good", deep: true) { event in
            if case .finding(let finding) = event { findings.append(finding.message) }
        }
        #expect(findings == [])
        #expect(summary.exit == .verified)
        #expect(summary.segments == 2)
        #expect(summary.points > 0)
        #expect(summary.lostPoints == 10)
    }

    @Test(arguments: Self.versions)
    func `the good segments export to the same rows as when they were made`(
        major: UInt16
    ) throws {
        let chain = try (1...2).map {
            try FileBytes.read(Self.folder(major) + "/good/0000000\($0).seg")
        }
        #expect(try Self.export(chain) == FileBytes.read(Self.folder(major) + "/good/export.csv"))
    }

    /// What today's writer makes of a segment's content.
    private static func rewritten(_ bytes: [UInt8]) throws -> [UInt8] {
        let reader = try SegmentReader(source: .memory(bytes))
        var range = SampleRange(interval: reader.header.interval)
        for rider in 0..<reader.riderCount {
            let (fixes, arrivals) = try SegmentRoundTripTests.read(reader, rider: rider)
            let name = String(decoding: reader.names.name(rider), as: UTF8.self)
            range.delivered[name] = DeliveryOrder.rebuild(fixes, arrivals: arrivals)
        }
        range.records = try SegmentRoundTripTests.records(reader)
        return try range.bytes()
    }

    @Test(arguments: 1...2)
    func `today's writer makes the stored bytes of what it reads`(id: Int) throws {
        let stored = try FileBytes.read(Self.folder(1) + "/good/0000000\(id).seg")
        #expect(try Self.rewritten(stored) == stored)
    }

    /// `v0/good` is older than Rice codes, `v0/rice` holds the same content with them.
    @Test(arguments: 1...2)
    func `segments of format 0 keep their content in today's format`(id: Int) throws {
        let rice = try FileBytes.read(Self.folder(0) + "/rice/0000000\(id).seg")
        let old = try FileBytes.read(Self.folder(0) + "/good/0000000\(id).seg")
        let new = try Self.rewritten(rice)
        let readers = try [old, rice, new].map { try SegmentReader(source: .memory($0)) }
        #expect(readers.map(\.header.major) == [0, 0, SegmentFormat.major])
        for reader in readers[1...] {
            #expect(reader.riderCount == readers[0].riderCount)
            for rider in 0..<reader.riderCount {
                let before = try SegmentRoundTripTests.read(readers[0], rider: rider)
                let after = try SegmentRoundTripTests.read(reader, rider: rider)
                #expect(before.0 == after.0 && before.1 == after.1)
            }
        }
        // Blocks are the same bytes at the same places: the formats differ in leaves alone.
        let blocks = readers[1].index.last!.bytes.upperBound
        #expect(readers[1].index == readers[2].index)
        #expect(rice[192..<Int(blocks)] == new[192..<Int(blocks)])
        #expect(readers[1].root != readers[2].root)
    }

    @Test(arguments: Self.damages.indices, Self.versions)
    func `a damaged segment is refused for its reason`(number: Int, major: UInt16) throws {
        let damage = Self.damages[number]
        let bytes = try FileBytes.read(Self.folder(major) + "/damaged/\(damage.name).seg")
        let report = SegmentCheck.run(.memory(bytes), deep: true)
        #expect(report.findings.map(\.code.rawValue) == [damage.code])
    }
}

extension [UInt8] {
    fileprivate func flipped(byte: Int) -> [UInt8] {
        var copy = self
        copy[byte] ^= 1
        return copy
    }
}
