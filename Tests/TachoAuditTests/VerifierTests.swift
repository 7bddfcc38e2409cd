import Foundation
import Testing

@testable import TachoAudit

@Suite struct VerifierTests {
    /// A directory with `count` chained segments.
    private func chain(_ count: UInt64 = 4, seed: UInt64 = 50) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var first: UInt64 = 1
        var previous = Digest.none
        for id in 1...count {
            var range = Sample.range(
                seed: seed + id, id: id, first: first, riders: 2, points: 40, previous: previous)
            range.records.removeAll { if case .amendment = $0.record { true } else { false } }
            previous = try range.seal(in: directory).sha256
            first = range.interval.lastSequence + 1
        }
        return directory
    }

    private func verify(
        _ directory: TemporaryDirectory, deep: Bool = true
    ) -> (summary: VerifySummary, findings: [Finding]) {
        var findings: [Finding] = []
        let summary = Verifier.run(directory: directory.path, deep: deep) { event in
            if case .finding(let finding) = event { findings.append(finding) }
        }
        return (summary, findings)
    }

    @Test func `a chain of segments verifies`() throws {
        let directory = try chain()
        let (summary, findings) = verify(directory)
        #expect(findings == [])
        #expect(summary.exit == .verified)
        #expect(summary.segments == 4)
        #expect(summary.points + summary.lostPoints == summary.lastSequence)
        #expect(summary.lastSHA256 == (try directory.read(4)).withUnsafeBytes(Digest.of))
    }

    @Test func `temporary and foreign files are no segments`() throws {
        let directory = try chain(1)
        try FileBytes.write([1, 2], directory.path + "/tmp/2")
        try FileBytes.write([1, 2], directory.path + "/00000002.seg.copy")
        #expect(verify(directory).summary.exit == .verified)
    }

    @Test func `two exchanged segments are found`() throws {
        let directory = try chain()
        let (second, third) = (try directory.read(2), try directory.read(3))
        try directory.write(third, as: 2)
        try directory.write(second, as: 3)
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .damage)
        #expect(findings.map(\.code) == ["wrong_name", "wrong_name"])
        #expect(findings.map(\.file) == ["00000002.seg", "00000003.seg"])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a removed segment is found`(id: UInt64) throws {
        let directory = try chain()
        try directory.remove(id)
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .incomplete)
        #expect(findings.map(\.code) == ["missing_segments"])
        #expect(findings[0].message.contains("segment \(id) is missing"))
        #expect(summary.segments == 3)
    }

    @Test func `a segment under another number is found`() throws {
        let directory = try chain()
        let bytes = try directory.read(4)
        try directory.remove(4)
        try directory.write(bytes, as: 5)
        let (summary, findings) = verify(directory)
        #expect(Set(findings.map(\.code)) == ["missing_segments", "wrong_name"])
        #expect(summary.exit == .damage, "damage weighs more than a gap")
    }

    @Test func `a segment replaced by an older one of the same number is found`() throws {
        let directory = try chain()
        let older = try chain(seed: 90)
        try directory.write(try older.read(1), as: 1)
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .damage)
        #expect(findings.first?.code == "chain_broken")
        #expect(findings.first?.file == "00000002.seg")
    }

    @Test func `a segment replaced by the one before it is found`() throws {
        let directory = try chain()
        try directory.write(try directory.read(2), as: 3)
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .damage)
        #expect(findings.map(\.code) == ["wrong_name"])
    }

    @Test func `a gap between intervals is incomplete, an overlap is damage`() throws {
        for (shift, code, exit) in [
            (3, "interval_gap", .incomplete), (-3, "interval_overlap", .damage),
        ]
            as [(Int64, String, AuditExit)]
        {
            let directory = try chain(1)
            let last = verify(directory).summary.lastSequence
            let first = UInt64(Int64(last) + 1 + shift)
            var range = Sample.range(
                seed: 60, id: 2, first: first, riders: 1, points: 9,
                previous: (try directory.read(1)).withUnsafeBytes(Digest.of))
            range.records.removeAll { if case .amendment = $0.record { true } else { false } }
            try range.seal(in: directory)
            let (summary, findings) = verify(directory)
            #expect(findings.map(\.code) == [code])
            #expect(summary.exit == exit)
        }
    }

    @Test func `a first segment that does not start at sequence 1 is incomplete`() throws {
        let directory = try TemporaryDirectory()
        var range = Sample.range(seed: 61, id: 1, first: 5)
        range.records.removeAll { if case .amendment = $0.record { true } else { false } }
        try range.seal(in: directory)
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["interval_gap"])
        #expect(summary.exit == .incomplete)
    }

    @Test func `a segment of another partition is damage`() throws {
        let directory = try chain(2)
        var forgery = try Forgery(try directory.read(2))
        forgery.header(HeaderLayout.partition, UInt32(8))
        try directory.write(forgery.bytes, as: 2)
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["other_partition"])
        #expect(summary.exit == .damage)
    }

    @Test func `a cut segment is incomplete, and the next one is still checked`() throws {
        let directory = try chain()
        let bytes = try directory.read(2)
        try directory.write(Array(bytes.dropLast(100)), as: 2)
        var third = try directory.read(3)
        third[250] ^= 8
        try directory.write(third, as: 3)
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["cut", "block_checksum"])
        #expect(findings[1].block == 0)
        #expect(summary.exit == .damage)
        #expect(summary.segments == 4)
    }

    @Test func `an amendment of a fix that is nowhere is found by a deep check`() throws {
        let directory = try TemporaryDirectory()
        var random = SeededRandom(seed: 62)
        var range = SampleRange(
            interval: Sample.interval(1...2),
            delivered: ["a": [Sample.fix(1_000), Sample.fix(2_000)]])
        range.records = [("a", Sample.amendment(2_000, 1, 2, &random))]
        try range.seal(in: directory)
        #expect(verify(directory, deep: false).summary.exit == .verified)
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["amendment_target"])
        #expect(summary.exit == .damage)
    }

    /// Two segments of rider a: fixes at 1 and 2 s, and at 2 and 3 s. Records: of each.
    private func amended(
        _ first: (tsMs: Int64, ordinal: UInt16)?, _ second: (tsMs: Int64, ordinal: UInt16)?
    ) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        var random = SeededRandom(seed: 63)
        var previous: [UInt8]?
        for (id, record, times) in [(1, first, [1_000, 2_000]), (2, second, [2_000, 3_000])]
            as [(UInt64, (tsMs: Int64, ordinal: UInt16)?, [Int64])]
        {
            let last = id * 2
            var range = SampleRange(
                interval: Sample.interval(last - 1...last, id: id, previous: previous),
                delivered: ["a": times.map { Sample.fix($0) }])
            if let record {
                range.records = [
                    ("a", Sample.amendment(record.tsMs, record.ordinal, last, &random))
                ]
            }
            previous = try range.seal(in: directory).sha256
        }
        return directory
    }

    @Test func `an amendment names a fix of its own or an earlier segment, never of a later one`()
        throws
    {
        for second in [(1_000, 0), (2_000, 0), (2_000, 1), (3_000, 0)] as [(Int64, UInt16)] {
            let found = verify(try amended((2_000, 0), second))
            #expect(found.findings == [] && found.summary.exit == .verified, "\(second)")
        }
        for first in [(3_000, 0), (2_000, 1)] as [(Int64, UInt16)] {
            let (summary, findings) = verify(try amended(first, (2_000, 2)))
            #expect(findings.map(\.code) == ["amendment_target", "amendment_target"], "\(first)")
            #expect(findings.map(\.file) == ["00000001.seg", "00000002.seg"])
            #expect(summary.exit == .damage)
        }
    }

    @Test
    func `amendments are looked at in a segment out of place, not behind one that was refused`()
        throws
    {
        let directory = try amended(nil, (3_000, 1))
        var forgery = try Forgery(try directory.read(2))
        forgery.header(HeaderLayout.partition, UInt32(8))
        try directory.write(forgery.bytes, as: 2)
        #expect(verify(directory).findings.map(\.code) == ["amendment_target", "other_partition"])
        forgery = try Forgery(try directory.read(1))
        forgery.header(HeaderLayout.lastSequence, UInt64(3))
        try directory.write(forgery.bytes, as: 1)
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["sequence_gap"])
        #expect(summary.exit == .incomplete)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a pipe in the place of a segment is an input error, and the largest number none`() throws
    {
        let directory = try chain(1)
        try FileBytes.write([1], directory.path + "/18446744073709551615.seg")
        #expect(verify(directory).summary.exit == .verified)
        #expect(mkfifo(directory.segment(2), 0o644) == 0)
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .inputOutput && findings.map(\.code) == ["io"])
    }

    @Test func `intervals that overlap and lost more than there are numbers are damage`() throws {
        let directory = try TemporaryDirectory()
        let lost: UInt64 = 1 << 63 + 10
        var previous = Digest.none
        for id in UInt64(1)...2 {
            var range = Sample.range(
                seed: id, id: id, riders: 1, points: 3, lost: lost, previous: previous)
            range.records.removeAll { if case .amendment = $0.record { true } else { false } }
            previous = try range.seal(in: directory).sha256
        }
        let (summary, findings) = verify(directory)
        #expect(summary.exit == .damage && findings.map(\.code) == ["interval_overlap"])
        #expect(summary.lostPoints == .max)
    }

    @Test func `an empty directory is incomplete and a missing one an input error`() throws {
        let directory = try TemporaryDirectory()
        #expect(verify(directory).summary.exit == .incomplete)
        let missing = Verifier.run(directory: directory.path + "/none", deep: false) { _ in }
        #expect(missing.exit == .inputOutput)
    }

    @Test func `a directory in the place of a segment is an input error`() throws {
        let directory = try chain(1)
        try directory.makeFolder(AuditDirectory.fileName(2))
        let (summary, findings) = verify(directory)
        #expect(findings.map(\.code) == ["io"])
        #expect(summary.exit == .inputOutput)
    }

    @Test func `the weightiest of several exits wins`() {
        let order: [AuditExit] = [
            .fork, .damage, .incomplete, .inputOutput, .unknownVersion, .notDecryptable, .usage,
            .verified,
        ]
        #expect(order.map(\.rawValue) == [4, 2, 3, 5, 6, 7, 1, 0])
        for (place, heavy) in order.enumerated() {
            for light in order[place...] {
                #expect(heavy.worst(light) == heavy)
                #expect(light.worst(heavy) == heavy)
            }
        }
    }

    @Test func `findings as JSON name file, block and bytes`() throws {
        let directory = try chain(1)
        var bytes = try directory.read(1)
        bytes[230] ^= 1
        try directory.write(bytes, as: 1)
        var lines: [String] = []
        let summary = Verifier.run(directory: directory.path, deep: false) {
            lines.append($0.json.text)
        }
        #expect(lines.count == 3)
        #expect(
            lines[0].hasPrefix(
                #"{"type":"finding","file":"00000001.seg","code":"block_checksum","exit":2,"#
                    + #""block":0,"from_byte":192,"to_byte":"#))
        #expect(lines[1].hasPrefix(#"{"type":"segment","file":"00000001.seg","ok":false,"#))
        #expect(lines[2].hasPrefix(#"{"type":"info","file":"log","code":"no_log","message":""#))
        #expect(
            summary.json.text.hasPrefix(#"{"type":"summary","ok":false,"exit":2,"findings":1,"#))
    }
}
