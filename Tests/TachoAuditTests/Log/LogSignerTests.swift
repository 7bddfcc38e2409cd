import Foundation
import Testing

@testable import TachoAudit

/// What a signer takes for signed before it, and what it writes where.
@Suite struct LogSignerTests {
    private static let key = LogSample.key()
    private static let thief = LogSample.key()

    private func sign(
        _ directory: TemporaryDirectory, _ key: SigningKey = key
    ) throws -> UInt64 {
        try LogSigning.sign(
            audit: directory.path, key: key, state: directory.path + "/state"
        ).head.size
    }

    private func rotate(_ directory: TemporaryDirectory, to key: SigningKey) throws -> UInt64 {
        try LogSigning.rotate(audit: directory.path, from: Self.key, to: key).head.size
    }

    /// Entry 2 with another root, behind what is there.
    private func forgeSecond(_ directory: TemporaryDirectory) throws {
        var log = try LogSample.writer(directory)
        let reader = try SegmentReader(path: directory.segment(2))
        let hash = try directory.read(2).withUnsafeBytes { Digest.of($0) }
        var entry = SegmentEntry(
            header: reader.header, sha256: hash, root: reader.root, previous: log.lastLeaf)
        entry.root[0] ^= 1
        _ = try log.append([.segment(entry)])
    }

    @Test(arguments: [false, true])
    func `what a stranger signed is not gone on from, whoever he hands over to`(
        wasSigned: Bool
    ) throws {
        let directory = try LogSample.segments(2)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 1)
        _ = consume log
        if wasSigned { #expect(try sign(directory) == 1) }
        try forgeSecond(directory)
        log = try LogSample.writer(directory)
        let stored = log.head
        let head = try #require(stored)
        try directory.writeLog(
            SignedCheckpoint(signing: head, with: Self.thief).encoded(), "checkpoint")
        try log.rotateKey(from: Self.thief, to: Self.key.verifier)
        _ = consume log
        let before = try directory.readLog("checkpoint")
        #expect(throws: LogError(.wrongKey, file: "", "")) { try sign(directory) }
        #expect(try directory.readLog("checkpoint") == before)
    }

    @Test func `a handover signs nothing that was not compared with its segment`() throws {
        let directory = try LogSample.segments(2)
        try LogSample.append(1, to: directory, by: Self.key)
        try forgeSecond(directory)
        let next = LogSample.key()
        #expect(throws: LogError(.entryDiffers, file: "", "")) {
            try rotate(directory, to: next)
        }
        let reader = LogReader(audit: directory.path)
        #expect(try reader.checkpoint()?.head.size == 1)
        #expect(try reader.head()?.size == 2, "nothing was handed over")
    }

    @Test func `a handover that was broken off goes on with both keys, not with one`() throws {
        let directory = try LogSample.segments(3)
        try LogSample.append(1, to: directory, by: Self.key)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 2)
        _ = consume log
        let next = LogSample.key()
        log = try LogSample.writer(directory)
        try log.sign(with: Self.key)
        try log.rotateKey(from: Self.key, to: next.verifier)
        _ = consume log
        let error = #expect(throws: LogError(.wrongKey, file: "", "")) {
            try sign(directory, next)
        }
        #expect(error?.detail.contains("run key rotate again with both keys") == true)
        #expect(throws: LogError(.wrongKey, file: "", "")) { try sign(directory) }
        #expect(try rotate(directory, to: next) == 3)
        #expect(try rotate(directory, to: next) == 3, "once is enough")
        log = try LogSample.writer(directory)
        try log.append(throughSegment: 3)
        _ = consume log
        #expect(try sign(directory, next) == 4)
        for key in [Self.key, next] {
            #expect(LogSample.verify(directory, LogSample.pins(key.verifier)).findings == [])
        }
    }

    @Test func `a log that counts segments as it likes does not stop the one that appends`() throws
    {
        let directory = try LogSample.segments(2)
        var log = try LogSample.writer(directory)
        guard case .segment(var entry) = LogSample.entries(1...1, after: Digest.none)[0] else {
            return
        }
        entry.segmentID = 1 << 50
        entry.partition = 7
        _ = try log.append([.segment(entry)])
        #expect(throws: LogError(.entryChain, file: "", "")) { try log.append(throughSegment: 2) }
        entry.segmentID = .max
        let text = LogEntry.segment(entry).encoded()
        #expect(throws: EntryError.self) { try LogEntry(parsing: text) }
    }

    @Test func `a link or a pipe under a temporary name writes nothing elsewhere`() throws {
        let directory = try LogSample.segments(2)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 1)
        _ = consume log
        let mine = directory.path + "/mine"
        try FileBytes.write(Array("mine".utf8), mine)
        #expect(symlink(mine, directory.log("checkpoint.tmp")) == 0)
        #expect(try sign(directory) == 1)
        #expect(try FileBytes.read(mine) == Array("mine".utf8))
        log = try LogSample.writer(directory)
        try log.append(throughSegment: 2)
        _ = consume log
        #expect(mkfifo(directory.log("checkpoint.tmp"), 0o600) == 0)
        #expect(try sign(directory) == 2)
        // What is no file is not replaced by one.
        #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
        #expect(throws: LogError(.inputOutput, file: "", "")) {
            try LogFile.replace(directory.path + "/pipe", [1])
        }
    }
}
