import Foundation
import Testing

@testable import TachoAudit

@Suite struct SegmentStoreTests {
    @Test func `a published segment has its name, its content, and no temporary file`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 31)
        let sealed = try range.seal(in: directory)
        #expect(sealed.sha256 == (try directory.read(1)).withUnsafeBytes(Digest.of))
        #expect(sealed.points == range.tallyPoints)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/tmp/1"))
        #expect(try SegmentStore.existing(directory: directory.path, id: 1) == sealed)
        #expect(try SegmentStore.existing(directory: directory.path, id: 2) == nil)
    }

    @Test func `publishing the same content again is accepted`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 32)
        let first = try range.seal(in: directory)
        #expect(try range.seal(in: directory) == first)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/tmp/1"))
    }

    @Test func `other content under the same name stops and overwrites nothing`() throws {
        let directory = try TemporaryDirectory()
        try Sample.range(seed: 33).seal(in: directory)
        let before = try directory.read(1)
        #expect {
            try Sample.range(seed: 34).seal(in: directory)
        } throws: { error in
            guard case PublishError.otherContent(let path, _, _) = error else { return false }
            return path == directory.segment(1)
        }
        #expect(try directory.read(1) == before)
    }

    @Test func `a damaged file under the name stops and overwrites nothing`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 35)
        try range.seal(in: directory)
        var bytes = try directory.read(1)
        bytes[300] ^= 1
        try directory.write(bytes, as: 1)
        #expect(throws: PublishError.self) { try range.seal(in: directory) }
        #expect(try directory.read(1) == bytes)
        let error = #expect(throws: PublishError.self) {
            try SegmentStore.existing(directory: directory.path, id: 1)
        }
        let text = try #require(error).message
        #expect(text.hasPrefix(directory.segment(1) + ": block 0: bytes "))
        #expect(text.contains("replace the file by a copy") && !text.contains("was written"))
        #expect(text.hasSuffix("nothing was overwritten"))
    }

    @Test func `a temporary file that reads back damaged is not published`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 36)
        let tmp = directory.path + "/tmp/1"
        let summary = try range.write(to: tmp)
        var bytes = try FileBytes.read(tmp)
        bytes[bytes.count / 2] ^= 4
        try FileBytes.write(bytes, tmp)
        #expect {
            try SegmentStore.publish(
                tmp: tmp, directory: directory.path, id: 1, expected: summary)
        } throws: { error in
            guard case PublishError.readBack = error else { return false }
            return true
        }
        #expect(!FileManager.default.fileExists(atPath: directory.segment(1)))
    }

    @Test func `a segment that the second pass does not find again is not published`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 37)
        let tmp = directory.path + "/tmp/1"
        var expected = try range.write(to: tmp)
        expected.root[5] ^= 1
        #expect(throws: PublishError.self) {
            try SegmentStore.publish(
                tmp: tmp, directory: directory.path, id: 1, expected: expected)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.segment(1)))
    }

    @Test func `a directory that is not there is named`() throws {
        let directory = try TemporaryDirectory()
        let range = Sample.range(seed: 38)
        let tmp = directory.path + "/tmp/1"
        let summary = try range.write(to: tmp)
        let missing = directory.path + "/none"
        #expect(
            throws: PublishError.inputOutput(
                operation: "open directory", path: missing, errno: ENOENT)
        ) {
            try SegmentStore.publish(tmp: tmp, directory: missing, id: 1, expected: summary)
        }
    }

    @Test func `the rename for other file systems does not replace either`() throws {
        let directory = try TemporaryDirectory()
        let (a, b) = (directory.path + "/a", directory.path + "/b")
        try FileBytes.write([1], a)
        #expect(ExclusiveRename.linkAndUnlink(a, to: b) == 0)
        #expect(try FileBytes.read(b) == [1])
        try FileBytes.write([2], a)
        #expect(ExclusiveRename.linkAndUnlink(a, to: b) == EEXIST)
        #expect(ExclusiveRename.rename(a, to: b) == EEXIST)
        #expect(try FileBytes.read(b) == [1])
    }

    @Test(
        arguments: [
            ("00000001.seg", 1), ("12345678.seg", 12_345_678), ("123456789.seg", 123_456_789),
            ("1.seg", nil), ("00000000.seg", nil), ("00000001.seg.bak", nil), ("+0000001.seg", nil),
            ("tmp", nil), ("000000001.seg", nil),
        ] as [(String, UInt64?)])
    func `only names that a seal makes are segments`(name: String, id: UInt64?) {
        #expect(AuditDirectory.id(ofFileName: name) == id)
    }
}

extension SampleRange {
    var tallyPoints: UInt64 { delivered.values.reduce(0) { $0 + UInt64($1.count) } }
}
