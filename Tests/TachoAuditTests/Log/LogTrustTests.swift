import Foundation
import Testing

@testable import TachoAudit

/// Forks, rollbacks and signatures behind other damage: whoever makes one could make the other.
@Suite struct LogTrustTests {
    private static let key = LogSample.key()

    private static func checkpoint(_ directory: TemporaryDirectory) throws -> SignedCheckpoint {
        try SignedCheckpoint(parsing: directory.readLog("checkpoint"))
    }

    /// What a verifier says who has accepted three entries of the log of `seed`.
    private func verify(
        _ directory: TemporaryDirectory, accepted seed: UInt64
    ) throws -> (exit: AuditExit, codes: Set<String>) {
        let accepted = try Self.checkpoint(LogSample.signed(3, by: Self.key, seed: seed))
        let pins = LogSample.pins(Self.key.verifier, trusted: accepted)
        let (summary, findings, _) = LogSample.verify(directory, pins)
        return (summary.exit, Set(findings.map(\.code)))
    }

    @Test func `a log that was set back is that, though its head of entries is none`() throws {
        let directory = try LogSample.segments(4)
        try LogSample.append(3, to: directory, by: Self.key)
        let old = try directory.readLog("checkpoint")
        try LogSample.append(4, to: directory, by: Self.key)
        let pins = LogSample.pins(Self.key.verifier, trusted: try Self.checkpoint(directory))
        try directory.writeLog(old, "checkpoint")
        try directory.writeLog(Array("x\n".utf8), "pending")
        let (summary, findings, _) = LogSample.verify(directory, pins)
        #expect(Set(findings.map(\.code)) == ["checkpoint_format", "log_rollback"])
        #expect(summary.exit == .fork)
    }

    @Test func `a fork is one, though entries are missing or damaged`() throws {
        let fork = try LogSample.signed(5, by: Self.key, seed: 66)
        let name = "tile/entries/000.p/5"
        var bytes = try fork.readLog(name)
        bytes[300] ^= 1
        try fork.writeLog(bytes, name)
        let damaged = try verify(fork, accepted: 50)
        #expect(damaged.exit == .fork && damaged.codes.contains("log_fork"))
        try FileManager.default.removeItem(atPath: fork.log(name))
        let missing = try verify(fork, accepted: 50)
        #expect(missing.exit == .fork && missing.codes == ["missing_tile", "log_fork"])
    }

    @Test func `what is only missing or damaged is no fork`() throws {
        let directory = try LogSample.signed(5, by: Self.key)
        for name in ["tile/entries/000.p/5", "tile/0/000.p/5"] {
            let good = try directory.readLog(name)
            for place in stride(from: 0, to: good.count, by: 31) {
                var bytes = good
                bytes[place] ^= 1
                try directory.writeLog(bytes, name)
                let (exit, codes) = try verify(directory, accepted: 50)
                #expect(exit == .damage && !codes.contains("log_fork"), "\(name) \(place)")
            }
            try FileManager.default.removeItem(atPath: directory.log(name))
            #expect(try verify(directory, accepted: 50).exit == .incomplete)
            try directory.writeLog(good, name)
        }
        #expect(try verify(directory, accepted: 50).exit == .verified)
    }

    @Test func `the pinned key may stand behind an entry that nobody knows`() throws {
        let (next, last) = (LogSample.key(), LogSample.key())
        let directory = try LogSample.signed(2, by: Self.key)
        var log = try LogSample.writer(directory)
        try log.rotateKey(from: Self.key, to: next.verifier)
        _ = consume log
        var entries: [[UInt8]] = []
        try LogReader(audit: directory.path).forEachEntry(of: 0..<3, size: 3) {
            entries.append($1)
        }
        entries.append(Array("tacho-x v1\n".utf8))
        let leaves = entries.map { $0.withUnsafeBytes(Digest.leaf) }
        var tree = MerkleRoot()
        for leaf in leaves { tree.append(leaf) }
        try directory.writeLog(EntryBundle.encode(entries), "tile/entries/000.p/4")
        try directory.writeLog(Array(leaves.joined()), "tile/0/000.p/4")
        let head = Checkpoint(origin: LogSample.origin, size: 4, root: tree.root())
        try directory.writeLog(head.text, "pending")
        let signed = SignedCheckpoint(signing: head, with: last).encoded()
        try directory.writeLog(signed, "checkpoint")
        let pins = LogSample.pins(last.verifier)
        let known = LogSample.verify(directory, pins)
        #expect(known.findings.map(\.code) == ["unknown_entry"])
        #expect(known.summary.exit == .unknownVersion)
        // The same line under another text.
        let other = Checkpoint(origin: LogSample.origin, size: 4, root: Digest.none)
        let line = String(
            decoding: SignedCheckpoint(signing: other, with: last).encoded(), as: UTF8.self
        )
        .components(separatedBy: "\n\n")[1]
        try directory.writeLog(head.text + Array(("\n" + line).utf8), "checkpoint")
        let forged = LogSample.verify(directory, pins)
        #expect(forged.findings.map(\.code) == ["unknown_entry", "bad_signature"])
        #expect(forged.summary.exit == .damage)
    }
}
