import Foundation
import Synchronization
import TachoGeo
import Testing

@testable import TachoAudit
@testable import TachoEngine

/// Steps 5 and 6 of the seal protocol: the log that grows with each seal, and who signs it.
@Suite(.serialized)
struct SealLogTests {
    private func audit(_ directory: TemporaryDirectory) -> String {
        directory.path + "/data/audit"
    }

    private func sealOne(_ engine: Engine, _ number: Int) throws {
        let fixes = (0..<10).map { ("r", fix(Double(number * 100 + $0), north: Double($0 * 10))) }
        _ = try engine.append(batch(fixes))
        _ = try engine.seal()
    }

    private func verify(
        _ directory: TemporaryDirectory, _ key: VerifierKey? = nil
    ) -> VerifySummary {
        var pins = LogPins()
        pins.key = key
        return Verifier.run(directory: audit(directory), deep: true, pins: pins) { _ in }
    }

    @Test func `each seal is in the log, signed by a key that the first seal made`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.auditSigning.origin = "fleet.example.com/riders"
        var engine = try Engine.open(options)
        let keyPath = directory.path + "/data/audit-key"
        #expect(!FileManager.default.fileExists(atPath: keyPath))
        for number in 0..<3 { try sealOne(engine, number) }
        #expect(engine.figure("log_entries") == 3 && engine.figure("log_signed") == 3)
        let key = try KeyFile.readPublic(keyPath + ".pub")
        #expect(key.name == "fleet.example.com/riders")
        let mode = try FileManager.default.attributesOfItem(atPath: keyPath)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        try engine.close()
        engine = try Engine.open(testOptions(directory))
        try sealOne(engine, 3)
        try engine.close()
        let summary = verify(directory, key)
        #expect(summary.exit == .verified && summary.log.size == 4)
        #expect(summary.log.checkpoint?.head.origin == "fleet.example.com/riders")
        let other = try SigningKey(name: key.name, kind: .log).verifier
        #expect(verify(directory, other).exit == .damage)
    }

    @Test func `how far the log is, and how far it is signed, is known from the start on`() throws {
        let directory = TemporaryDirectory()
        let options = testOptions(directory)
        var engine = try Engine.open(options)
        #expect(engine.figure("log_entries") == 0 && engine.figure("log_signed") == 0)
        for number in 0..<2 { try sealOne(engine, number) }
        try engine.close()
        engine = try Engine.open(options)
        #expect(engine.figure("log_entries") == 2 && engine.figure("log_signed") == 2)
        try engine.close()
    }

    @Test func `an entry that could not be signed shows`() throws {
        struct Refused: Error {}
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        let fails = Mutex(false)
        options.atSealMoment = { moment in
            if fails.withLock({ $0 }), moment == SealMoment(.sign, isDone: false) {
                throw Refused()
            }
        }
        let engine = try Engine.open(options)
        try sealOne(engine, 0)
        fails.withLock { $0 = true }
        #expect(throws: SealError.self) { try sealOne(engine, 1) }
        #expect(engine.figure("log_entries") == 2 && engine.figure("log_signed") == 1)
        engine.abandon()
    }

    @Test func `segments from before there was a log come into it with the next seal`() throws {
        let directory = TemporaryDirectory()
        let engine = try Engine.open(testOptions(directory))
        for number in 0..<3 { try sealOne(engine, number) }
        try engine.close()
        try FileManager.default.removeItem(atPath: audit(directory) + "/log")
        try FileManager.default.removeItem(atPath: directory.path + "/data/audit-key")
        try FileManager.default.removeItem(atPath: directory.path + "/data/audit-key.pub")
        let again = try Engine.open(testOptions(directory))
        try sealOne(again, 3)
        #expect(again.figure("log_entries") == 4)
        try again.close()
        #expect(verify(directory).exit == .verified)
    }

    @Test func `without its key a log is not signed by another one, and sealing says so once`()
        throws
    {
        let directory = TemporaryDirectory()
        let notices = Mutex<[String]>([])
        var options = testOptions(directory)
        options.onNotice = { notice in notices.withLock { $0.append(notice) } }
        let engine = try Engine.open(options)
        try sealOne(engine, 0)
        let keyPath = directory.path + "/data/audit-key"
        let key = try Data(contentsOf: URL(fileURLWithPath: keyPath))
        try FileManager.default.removeItem(atPath: keyPath)
        for number in 1..<3 {
            #expect(throws: SealError.refused("")) { try sealOne(engine, number) }
        }
        #expect(notices.withLock { $0.count } == 1)
        #expect(notices.withLock { $0.first?.contains("audit-key: put it back") } == true)
        #expect(engine.figure("ranges_sealed") == 1)
        // One that others may read is not taken either.
        try key.write(to: URL(fileURLWithPath: keyPath))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: keyPath)
        #expect(throws: SealError.refused("")) { try engine.seal() }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: keyPath)
        #expect(try engine.seal().map(\.points) == [10, 10])
        #expect(engine.figure("log_signed") == 3)
        try engine.close()
        #expect(verify(directory).exit == .verified)
    }

    @Test func `where another process signs, sealing leaves an unsigned head`() throws {
        let directory = TemporaryDirectory()
        var options = testOptions(directory)
        options.auditSigning.isElsewhere = true
        var engine = try Engine.open(options)
        #expect(throws: SealError.refused("")) { try sealOne(engine, 0) }
        try engine.close()
        options.auditSigning.origin = "elsewhere.example.com/log"
        engine = try Engine.open(options)
        try sealOne(engine, 1)
        #expect(engine.figure("log_entries") == 2 && engine.figure("log_signed") == 0)
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data/audit-key"))
        let key = try SigningKey(name: "elsewhere.example.com/log", kind: .log)
        try KeyFile.write(key, to: directory.path + "/key")
        var log = try LogWriter(
            audit: audit(directory), origin: "elsewhere.example.com/log", partition: 0)
        #expect(try log.sign(with: key).head.size == 2)
        engine.scrubber.lookAtLog()
        #expect(engine.figure("log_entries") == 2 && engine.figure("log_signed") == 2)
        try engine.close()
        let summary = verify(directory, key.verifier)
        #expect(summary.exit == .verified && summary.log.signer == key.verifier)
    }

    /// A directory with two segments that wait for a signature, and the key to give it.
    private func unsigned(
        _ directory: TemporaryDirectory
    ) throws -> (EngineOptions, VerifierKey) {
        var options = testOptions(directory)
        options.auditSigning.origin = "elsewhere.example.com/log"
        options.auditSigning.isElsewhere = true
        let engine = try Engine.open(options)
        for number in 0..<2 { try sealOne(engine, number) }
        try engine.close()
        let key = try SigningKey(name: "elsewhere.example.com/log", kind: .log)
        try KeyFile.write(key, to: directory.path + "/data/audit-key")
        options.auditSigning.isElsewhere = false
        return (options, key.verifier)
    }

    @Test func `what waits for a signature is signed once its segments were verified`() throws {
        let directory = TemporaryDirectory()
        let (options, key) = try unsigned(directory)
        let path = audit(directory) + "/" + AuditDirectory.fileName(1)
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        var bad = good
        bad[bad.count / 2] ^= 1
        try FileManager.default.removeItem(atPath: path)
        try bad.write(to: URL(fileURLWithPath: path))
        let engine = try Engine.open(options)
        #expect(throws: SealError.refused("")) { try sealOne(engine, 2) }
        #expect(try LogReader(audit: audit(directory)).checkpoint() == nil)
        try good.write(to: URL(fileURLWithPath: path))
        #expect(try engine.seal().map(\.points) == [10])
        try engine.close()
        let summary = verify(directory, key)
        #expect(summary.exit == .verified && summary.log.checkpoint?.head.size == 3)
    }

    @Test func `an entry that somebody else put into the log is not signed unseen`() throws {
        let directory = TemporaryDirectory()
        let (options, key) = try unsigned(directory)
        let log = LogReader(audit: audit(directory))
        guard case .segment(var first) = try log.entry(0, size: 2) else { return }
        first.root[0] ^= 1
        first.blocks += 7
        try FileManager.default.removeItem(atPath: log.folder)
        var writer = try LogWriter(audit: audit(directory), origin: key.name, partition: 0)
        _ = try writer.append([.segment(first)])
        _ = consume writer
        let engine = try Engine.open(options)
        #expect(throws: SealError.refused("")) { try sealOne(engine, 2) }
        #expect(engine.figure("log_signed") == 0)
        #expect(try log.checkpoint() == nil)
        try engine.close()
    }
}
