import FormatSpec
import Foundation
import TachoCodec
import Testing

@testable import TachoAudit

@Suite struct MirrorTests {
    /// A directory of three segments, and an empty place for copies.
    private func two(_ seed: UInt64 = 1) throws -> (
        from: TemporaryDirectory, to: TemporaryDirectory
    ) {
        (try TestExport.directory(seed: seed), try TemporaryDirectory())
    }

    private struct Outcome {
        var summary: MirrorSummary
        var findings: [Finding] = []
        var lines: [MirrorLine] = []
    }

    private func mirror(
        _ from: TemporaryDirectory, _ to: TemporaryDirectory, deep: Bool = false
    ) throws -> Outcome {
        var outcome = Outcome(summary: MirrorSummary())
        outcome.summary = try Mirror.run(from: from.path, to: to.path, deep: deep) { event in
            switch event {
            case .finding(let finding): outcome.findings.append(finding)
            case .line(let line): outcome.lines.append(line)
            case .kept, .progress: break
            }
        }
        return outcome
    }

    private func record(_ directory: TemporaryDirectory) throws -> [UInt8] {
        try FileBytes.read(directory.path + "/" + MirrorRecord.fileName)
    }

    private func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { Digest.of($0) } }

    private func leftovers(_ directory: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path + "/tmp")
    }

    @Test func `copies are the originals, are recorded, and confirmed`() throws {
        let (from, to) = try two()
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .verified && outcome.summary.copied == 3)
        let record = try MirrorRecord.read(directory: to.path)
        #expect(record.damagedLines.isEmpty && record.lines.count == 3)
        for id in UInt64(1)...3 {
            let bytes = try from.read(id)
            #expect(try to.read(id) == bytes)
            #expect(record.lines[id]?.how == .copied)
            let count = UInt64(bytes.count)
            let hash = sha256(bytes)
            func confirms(_ bytes: UInt64, _ sha256: [UInt8]) -> Bool {
                record.confirms(segment: id, bytes: bytes, sha256: sha256, in: to.path)
            }
            #expect(confirms(count, hash))
            #expect(!confirms(count + 1, hash))
            #expect(!confirms(count, Digest.none))
        }
        #expect(!record.confirms(segment: 4, bytes: 1, sha256: Digest.none, in: to.path))
        try to.remove(2)
        let bytes = try from.read(2)
        #expect(
            !record.confirms(
                segment: 2, bytes: UInt64(bytes.count), sha256: sha256(bytes), in: to.path))
        #expect(try leftovers(to).isEmpty)
    }

    @Test func `a second run copies what is new and keeps what is recorded`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        try TestExport.seal(seed: 5, 4...5, in: from)
        let second = try mirror(from, to).summary
        #expect(second.copied == 2 && second.kept == 3 && second.found == 0)
        let third = try mirror(from, to).summary
        #expect(third.copied == 0 && third.kept == 5)
        let deep = try mirror(from, to, deep: true)
        #expect(deep.summary.found == 5 && deep.lines.allSatisfy { $0.how == .found })
        #expect(try MirrorRecord.read(directory: to.path).lines[1]?.how == .found)
    }

    @Test func `copies made by others are read whole, then recorded`() throws {
        let (from, to) = try two()
        for id in UInt64(1)...3 { try to.write(try from.read(id), as: id) }
        let outcome = try mirror(from, to)
        #expect(outcome.summary.found == 3 && outcome.summary.copied == 0)
        #expect(try mirror(from, to).summary.kept == 3)
    }

    @Test(arguments: [true, false])
    func `other content is never written over`(isCut: Bool) throws {
        let (from, to) = try two()
        var other = try from.read(2)
        if isCut { other.removeLast(7) } else { other[300] ^= 1 }
        try to.write(other, as: 2)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .damage && outcome.summary.copied == 2)
        #expect(outcome.findings.map(\.code) == ["other_content"])
        #expect(outcome.findings[0].message.contains(to.segment(2)))
        #expect(try to.read(2) == other)
        #expect(try MirrorRecord.read(directory: to.path).lines[2] == nil)
    }

    @Test func `a copy that changed later is found by reading it again`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        var other = try to.read(1)
        other[400] ^= 8
        try to.write(other, as: 1)
        #expect(try mirror(from, to).summary.exit == .verified)
        let deep = try mirror(from, to, deep: true)
        #expect(deep.summary.exit == .damage)
        #expect(deep.findings.map(\.code) == ["other_content"])
    }

    @Test func `a damaged original is not copied`() throws {
        let (from, to) = try two()
        var bytes = try from.read(2)
        bytes[500] ^= 1
        try from.write(bytes, as: 2)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .damage && outcome.summary.copied == 2)
        #expect(outcome.findings.map(\.code) == ["file_hash"])
        #expect(!FileManager.default.fileExists(atPath: to.segment(2)))
        #expect(try leftovers(to).isEmpty)
    }

    @Test func `an original that the next segment does not follow is not copied`() throws {
        let (from, to) = try two(1)
        // Sound by itself, of the same number, from another directory.
        let other = try TestExport.directory(seed: 2, segments: 1)
        try from.write(try other.read(1), as: 1)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .damage && outcome.summary.copied == 2)
        #expect(outcome.findings[0].message.contains("the next segment was sealed after"))
    }

    @Test func `segments that are only in the copy are no finding, those in neither are`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        try from.remove(1)
        #expect(try mirror(from, to).summary.exit == .verified)
        try to.remove(1)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .incomplete)
        #expect(outcome.findings.map(\.code) == ["missing_segments"])
    }

    @Test func `a line cut off while it was written is removed, and written again`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        let whole = try record(to)
        let lastLine = whole.dropLast().lastIndex(of: UInt8(ascii: "\n"))! + 1
        for count in stride(from: lastLine, to: whole.count - 1, by: 7) {
            try FileBytes.write(Array(whole[..<count]), to.path + "/" + MirrorRecord.fileName)
            let outcome = try mirror(from, to)
            #expect(outcome.summary.exit == .verified && outcome.summary.found == 1)
            let again = try MirrorRecord.read(directory: to.path)
            #expect(again.damagedLines.isEmpty && again.lines.count == 3, "cut at \(count)")
        }
    }

    @Test func `a copy recorded with another hash or size is read whole`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        for id in UInt64(1)...3 {
            var line = try #require(MirrorRecord.read(directory: to.path).lines[id])
            if id == 2 { line.bytes += 1 } else { line.sha256[31] ^= 1 }
            let text = Array((line.json.text + "\n").utf8)
            try FileBytes.write(try record(to) + text, to.path + "/" + MirrorRecord.fileName)
            let outcome = try mirror(from, to)
            #expect(outcome.lines.map(\.segment) == [id])
            #expect(outcome.lines.map(\.how) == [.found])
        }
    }

    @Test func `damaged lines are found, the others count`() throws {
        let (from, to) = try two()
        _ = try mirror(from, to)
        let text = String(decoding: try record(to), as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        let future = lines[2].replacing("{\"v\":1", with: "{\"v\":2,\"more\":[1]")
        let broken = [lines[0], "{", lines[1].replacing("0000002", with: "0000003"), future]
        try FileBytes.write(
            Array(broken.map { $0 + "\n" }.joined().utf8), to.path + "/" + MirrorRecord.fileName)
        let record = try MirrorRecord.read(directory: to.path)
        #expect(record.damagedLines == [2, 3])
        #expect(Set(record.lines.keys) == [1])
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .damage && outcome.summary.found == 2)
        #expect(outcome.findings.map(\.code) == ["mirror_record", "mirror_record"])
    }

    @Test func `a full disk has its own message, and a second run goes on`() throws {
        let (from, to) = try two()
        let temporary = to.path + "/tmp/mirror-00000002.seg"
        try FileManager.default.createSymbolicLink(
            atPath: temporary, withDestinationPath: "/dev/full")
        #expect {
            _ = try mirror(from, to)
        } throws: { error in
            let error = error as? MirrorError
            return error?.exit == .inputOutput
                && error?.message
                    == "write \(temporary): No space left on device; "
                    + "make room and run again: what was copied stays"
        }
        #expect(try to.read(1) == (try from.read(1)))
        #expect(try leftovers(to).isEmpty)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.copied == 2 && outcome.summary.kept == 1)
    }

    @Test func `a temporary file that a kill left behind is begun anew`() throws {
        let (from, to) = try two()
        let bytes = try from.read(1)
        try FileBytes.write(
            Array(bytes[..<100]) + bytes + bytes, to.path + "/tmp/mirror-00000001.seg")
        #expect(try mirror(from, to).summary.copied == 3)
        #expect(try to.read(1) == bytes)
    }

    @Test func `wrong directories are told apart`() throws {
        let (from, to) = try two()
        func exit(_ a: String, _ b: String) -> AuditExit? {
            do throws(MirrorError) {
                return try Mirror.run(from: a, to: b).exit
            } catch {
                return error.exit
            }
        }
        #expect(
            exit(from.path, from.path + "/../" + from.path.split(separator: "/").last!) == .usage)
        #expect(!FileManager.default.fileExists(atPath: from.path + "/" + MirrorRecord.fileName))
        #expect(exit(from.path + "/none", to.path) == .inputOutput)
        #expect(exit(to.path, from.path) == .incomplete)
        #expect(exit(from.path, from.segment(1)) == .inputOutput)
        #expect(exit(from.path, to.path + "/made") == .verified)
    }

    @Test func `two mirrors do not write to one directory`() throws {
        let (from, to) = try two()
        let first = try MirrorTarget(path: to.path)
        #expect {
            _ = try mirror(from, to)
        } throws: { error in
            (error as? MirrorError)?.message.contains("another mirror") == true
        }
        #expect(first.record.lines.isEmpty)
    }
}

extension MirrorTests {
    @Test func `the copy of a signed log verifies under its key, also after it grew`() throws {
        let key = LogSample.key()
        let from = try LogSample.signed(2, by: key)
        let to = try TemporaryDirectory()
        for isGrown in [false, true] {
            if isGrown {
                try TestExport.seal(seed: 8, 3...4, in: from)
                try LogSample.append(4, to: from, by: key)
            }
            let outcome = try Mirror.run(from: from.path, to: to.path)
            #expect(outcome.exit == .verified && outcome.logFiles > 2)
            let verified = LogSample.verify(to, LogSample.pins(key.verifier))
            #expect(verified.summary.exit == .verified, "\(verified.findings.map(\.message))")
            #expect(verified.summary.log.size == (isGrown ? 4 : 2))
        }
    }
}

/// `format-spec.md` §9.10 and the code state the same record.
@Suite struct MirrorRecordSpecTests {
    @Test func `the table names the keys in their order`() throws {
        let page = try SpecPage(subsection: "9.10")
        let line = MirrorLine(
            segment: 1, bytes: 2, sha256: Digest.none, how: .found, atMs: 3)
        let value = try JSONValue.read(Array(line.json.text.utf8))
        #expect(value.members?.map(\.key) == page.rows("key | value").map { $0[0] })
        #expect(page.text.contains("more than 1,024 bytes") && MirrorRecord.maxLineBytes == 1_024)
        #expect(page.text.contains("`\(MirrorRecord.fileName)`"))
    }

    @Test func `the example is read, and written as it stands`() throws {
        let lines = try SpecPage.wholeText().components(separatedBy: "\n")
        let heading = try #require(lines.firstIndex { $0.hasPrefix("### Example: two copies") })
        let start = try #require(lines[heading...].firstIndex(of: "```json"))
        let text = lines[(start + 1)...].prefix { $0 != "```" }.map { $0 + "\n" }
        let record = MirrorRecord(Array(text.joined().utf8))
        #expect(record.damagedLines.isEmpty && record.lines.count == 2)
        #expect(record.lines[1]?.how == .found && record.lines[1]?.atMs == 1_767_398_400_000)
        #expect(record.lines[1].map { $0.json.text + "\n" } == text[2])
        #expect(record.lines[2].map { $0.json.text + "\n" } == text[1])
    }

    @Test func `a record cut at every byte never says more than it did`() throws {
        let line = MirrorLine(
            segment: 1, bytes: 2, sha256: Digest.none, how: .copied, atMs: 3)
        let text = Array((line.json.text + "\n").utf8)
        for count in 0..<text.count {
            let record = MirrorRecord(Array(text[..<count]))
            #expect(record.lines.isEmpty && record.damagedLines.isEmpty && record.soundBytes == 0)
        }
        #expect(MirrorRecord(text).lines[1] == line)
        for place in 0..<text.count - 1 {
            var bytes = text
            bytes.remove(at: place)
            let record = MirrorRecord(bytes)
            #expect(record.damagedLines == [1] || record.lines[1] != line || place < 5)
        }
    }
}
