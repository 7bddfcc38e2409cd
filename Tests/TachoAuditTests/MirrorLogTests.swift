import Foundation
import Testing

@testable import TachoAudit

/// The log of segments on its way to a copy.
@Suite struct MirrorLogTests {
    private struct Outcome {
        var summary = MirrorSummary()
        var findings: [Finding] = []
    }

    private func mirror(
        _ from: TemporaryDirectory, _ to: TemporaryDirectory, afterHead: () -> Void = {}
    ) throws -> Outcome {
        var outcome = Outcome()
        outcome.summary = try Mirror.run(
            from: from.path, to: to.path, afterHead: afterHead
        ) { event in
            if case .finding(let finding) = event { outcome.findings.append(finding) }
        }
        return outcome
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Segments as in `directory`, with a log whose first entry says something else of segment 1,
    /// and with entries of segments that are nowhere.
    private func fork(
        of directory: TemporaryDirectory, by key: SigningKey, entries count: UInt64
    ) throws -> TemporaryDirectory {
        let other = try LogSample.signed(count, by: key, seed: 77)
        for id in 1...count { try? other.remove(id) }
        for id in 1...UInt64(2) { try other.write(try directory.read(id), as: id) }
        return other
    }

    @Test func `a fork that shares no tile name leaves the target's checkpoint`() throws {
        let key = LogSample.key()
        let honest = try LogSample.signed(2, by: key)
        let to = try TemporaryDirectory()
        #expect(try mirror(honest, to).summary.exit == .verified)
        let checkpoint = try to.readLog("checkpoint")
        let forked = try fork(of: honest, by: key, entries: 4)
        for old in 1...3 {
            for folder in ["tile/0/000.p", "tile/entries/000.p"] {
                try? FileManager.default.removeItem(atPath: forked.log("\(folder)/\(old)"))
            }
        }
        let outcome = try mirror(forked, to)
        #expect(outcome.summary.exit == .fork)
        #expect(outcome.findings.map(\.code) == ["log_fork"])
        #expect(try to.readLog("checkpoint") == checkpoint)
        #expect(!exists(to.log("tile/0/000.p/4")))
        #expect(try mirror(honest, to).summary.exit == .verified)
    }

    @Test func `a checkpoint never goes back, nor to another root or origin`() throws {
        let key = LogSample.key()
        let long = try LogSample.signed(3, by: key)
        let to = try TemporaryDirectory()
        #expect(try mirror(long, to).summary.exit == .verified)
        let checkpoint = try to.readLog("checkpoint")
        let short = try LogSample.signed(2, by: key)
        #expect(try mirror(short, to).summary.exit == .fork)
        let other = try fork(of: long, by: key, entries: 3)
        #expect(try mirror(other, to).findings.map(\.code).contains("log_fork"))
        let elsewhere = try LogSample.segments(3)
        let foreign = LogSample.key("tacho.example/other")
        var log = try LogWriter(audit: elsewhere.path, origin: foreign.verifier.name, partition: 7)
        try log.append(throughSegment: 3)
        try log.sign(with: foreign)
        #expect(try mirror(elsewhere, to).findings.map(\.code) == ["log_fork"])
        try long.writeLog(Array("none".utf8), "checkpoint")
        #expect(try mirror(long, to).summary.exit == .damage)
        #expect(try to.readLog("checkpoint") == checkpoint)
    }

    @Test func `a log of other segments than the copies is not copied`() throws {
        let key = LogSample.key()
        let from = try LogSample.signed(3, by: key)
        let to = try TemporaryDirectory()
        var bytes = try from.read(2)
        bytes[300] ^= 1
        try to.write(bytes, as: 2)
        let outcome = try mirror(from, to)
        #expect(outcome.findings.map(\.code) == ["other_content"])
        #expect(!exists(to.log("checkpoint")))
    }

    @Test func `a tile that is missing in the source keeps its checkpoint from the target`() throws
    {
        let key = LogSample.key()
        let from = try LogSample.signed(3, by: key)
        let to = try TemporaryDirectory()
        try FileManager.default.removeItem(atPath: from.log("tile/entries/000.p/3"))
        #expect(try mirror(from, to).findings.map(\.code) == ["missing_tile"])
        #expect(!exists(to.log("checkpoint")))
    }

    @Test func `segments sealed while a mirror begins are copied with their checkpoint`() throws {
        let key = LogSample.key()
        let from = try LogSample.signed(2, by: key)
        let to = try TemporaryDirectory()
        let longer = try LogSample.segments(3)
        let third = try longer.read(3)
        let outcome = try mirror(from, to) {
            try? from.write(third, as: 3)
            try? LogSample.append(3, to: from, by: key)
        }
        #expect(outcome.summary.exit == .verified && outcome.summary.copied == 3)
        let verified = LogSample.verify(to, LogSample.pins(key.verifier))
        #expect(verified.findings == [] && verified.summary.log.size == 2)
        #expect(try mirror(from, to).summary.exit == .verified)
        #expect(LogSample.verify(to, LogSample.pins(key.verifier)).summary.log.size == 3)
    }

    @Test func `a key left by a kill is not copied and gives way to a segment`() throws {
        let (old, new) = (LogSample.key(), LogSample.key())
        let from = try LogSample.signed(2, by: old)
        let to = try TemporaryDirectory()
        let stop: LogWriter.Hook = { moment throws(LogError) in
            if case .before(let path) = moment, path.hasSuffix("pending") {
                throw LogError(.stopped, file: "", "")
            }
        }
        // The log is held until its writer is gone.
        func rotate() throws {
            var log = try LogSample.writer(from, hook: stop)
            try log.rotateKey(from: old, to: new.verifier)
        }
        #expect(throws: LogError(.stopped, file: "", "")) { try rotate() }
        #expect(try mirror(from, to).summary.exit == .verified)
        #expect(!exists(to.log("tile/entries/000.p/3")))
        try from.write(try LogSample.segments(3).read(3), as: 3)
        try LogSample.append(3, to: from, by: old)
        let outcome = try mirror(from, to)
        #expect(outcome.summary.exit == .verified, "\(outcome.findings.map(\.message))")
        #expect(try to.readLog("checkpoint") == (try from.readLog("checkpoint")))
        #expect(LogSample.verify(to, LogSample.pins(old.verifier)).findings == [])
    }

    @Test(.timeLimit(.minutes(1)))
    func `strange names in the source are one finding a gap, and no trap`() throws {
        let from = try LogSample.segments(3)
        let to = try TemporaryDirectory()
        #expect(try mirror(from, to).summary.exit == .verified)
        try from.write([1], as: .max)
        #expect(try mirror(from, to).summary.exit == .verified)
        try from.remove(2)
        try from.write([1], as: .max - 1)
        let outcome = try mirror(from, to)
        #expect(outcome.findings.filter { $0.code == "missing_segments" }.count == 1)
        #expect(outcome.findings[0].message.contains("segments 4 to "))
    }
}
