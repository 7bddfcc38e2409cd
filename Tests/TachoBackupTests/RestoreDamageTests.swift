import Foundation
import TachoAudit
import TachoEngine
import Testing

@testable import TachoBackup

/// Whatever is done to a backup is found before anything is a data directory.
@Suite struct RestoreDamageTests {
    /// Two generations of a directory with a segment, a log, a key and lines.
    private func place() throws -> TemporaryDirectory {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<400))
        _ = try engine.seal()
        _ = try engine.append(batch("b", 0..<300))
        for name in ["access", "rejected"] {
            try FileManager.default.createDirectory(
                atPath: place.data + "/" + name, withIntermediateDirectories: true)
            try Data("{\"line\":1}\n{\"cut".utf8).write(
                to: URL(fileURLWithPath: place.data + "/\(name)/some day.ndjson"))
        }
        try backUp(engine, place, withKeys: true)
        _ = try engine.append(batch("c", 0..<300))
        try backUp(engine, place, withKeys: true)
        try engine.close()
        return place
    }

    private func refusal(_ place: TemporaryDirectory) -> BackupFailure? {
        do {
            try restore(place)
            return nil
        } catch {
            return error as? BackupFailure
        }
    }

    /// Files that a restore of the newest generation reads.
    private func needed(_ place: TemporaryDirectory) throws -> [String] {
        let store = try BackupStore(reading: place.backup)
        let manifest = try store.manifest(2)
        let files = manifest.files.filter { $0.bytes > 0 }.map { store.source(of: $0) }
        return (files + [store.manifestPath(2), place.backup + "/BACKUP"]).sorted()
    }

    @Test(arguments: UInt64(1)...12)
    func `a random damage is found before there is a data directory`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let place = try place()
        let files = Array(Set(try needed(place))).sorted()
        let path = files.randomElement(using: &random)!
        let url = URL(fileURLWithPath: path)
        var bytes = try Data(contentsOf: url)
        let kind = Int(seed) % 4
        switch kind {
        case 0:
            let at = Int.random(in: 0..<bytes.count, using: &random)
            bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &random)
            try bytes.write(to: url)
        case 1:
            try bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)).write(to: url)
        case 2:
            try FileManager.default.removeItem(at: url)
        default:
            let other = URL(
                fileURLWithPath: files.filter { $0 != path }.randomElement(using: &random)!)
            let theirs = try Data(contentsOf: other)
            try theirs.write(to: url)
            try bytes.write(to: other)
            if theirs == bytes { return }
        }
        let label = "seed \(seed), kind \(kind), \(path)"
        let found = try #require(refusal(place), "\(label)")
        #expect([64, 65].contains(found.exitCode), "\(label): \(found)")
        #expect(found.description.contains(place.backup), "\(label): \(found)")
        #expect(
            !FileManager.default.fileExists(atPath: place.restored + "/TACHO"), "\(label)")
    }

    @Test func `an older manifest under a newer name is found, and a missing newest one`() throws {
        let place = try place()
        let folder = place.backup + "/generations/"
        let newest = try Data(contentsOf: URL(fileURLWithPath: folder + "00000002.manifest"))
        let oldest = try Data(contentsOf: URL(fileURLWithPath: folder + "00000001.manifest"))
        try oldest.write(to: URL(fileURLWithPath: folder + "00000002.manifest"))
        #expect(refusal(place)?.exitCode == 65)
        try FileManager.default.removeItem(atPath: folder + "00000002.manifest")
        #expect(refusal(place)?.exitCode == 65)
        // One more than the index names: which of both is old nobody can tell.
        try newest.write(to: URL(fileURLWithPath: folder + "00000002.manifest"))
        try oldest.write(to: URL(fileURLWithPath: folder + "00000003.manifest"))
        #expect(refusal(place)?.exitCode == 65)
        try FileManager.default.removeItem(atPath: folder + "00000003.manifest")
        #expect(refusal(place) == nil)
    }

    @Test func `all damaged files are named, each with what to do`() throws {
        let place = try place()
        let store = try BackupStore(reading: place.backup)
        let tables = try store.manifest(2).files.filter { $0.role == .table }
        for file in tables {
            try FileManager.default.removeItem(atPath: store.objectPath(file.sha256))
        }
        guard case .damaged(let findings)? = refusal(place) else {
            Issue.record("not found")
            return
        }
        #expect(findings.count == tables.count)
        #expect(
            findings.allSatisfy { $0.contains("is missing") && $0.contains("copy of the backup") })
    }

    @Test func `secrets are only for their owner, and left out unless asked for`() throws {
        let place = try place()
        for name in files(below: place.backup) where !name.hasPrefix("audit/") {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: place.backup + "/" + name)
            #expect((attributes[.posixPermissions] as? Int ?? 0) & 0o077 == 0, "\(name)")
        }
        let root = try FileManager.default.attributesOfItem(atPath: place.backup)
        #expect(root[.posixPermissions] as? Int == 0o700)
        try restore(place)
        let key = try FileManager.default.attributesOfItem(atPath: place.restored + "/audit-key")
        #expect(key[.posixPermissions] as? Int == 0o600)
        let lines = try String(
            contentsOfFile: place.restored + "/rejected/some day.ndjson", encoding: .utf8)
        #expect(lines == "{\"line\":1}\n")

        let other = TemporaryDirectory()
        let engine = try Engine.open(testOptions(other.data))
        _ = try engine.append(batch("a", 0..<10))
        _ = try engine.seal()
        let summary = try backUp(engine, other)
        try engine.close()
        #expect(!summary.manifest.hasKey && summary.manifest.hasPublicKey)
        try restore(other)
        #expect(!FileManager.default.fileExists(atPath: other.restored + "/audit-key"))
    }

    // MARK: The log of what was restored

    private func sealError(_ engine: Engine) -> SealError? {
        do throws(SealError) {
            _ = try engine.seal()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a restored directory seals only once somebody says so`() throws {
        let place = try place()
        try restore(place)
        let engine = try Engine.open(testOptions(place.restored))
        let refused = sealError(engine)
        #expect("\(refused.map { "\($0)" } ?? "")".contains("tacho restore --continue"))
        // Points are taken all the while.
        _ = try engine.append(batch("d", 0..<10))
        #expect(try LogHold.release(audit: place.restored + "/audit", mirrors: []))
        #expect(sealError(engine) == nil)
        try engine.close()
        let verified = Verifier.run(directory: place.restored + "/audit", deep: true) { _ in }
        #expect(verified.exit == .verified)
        #expect(try !LogHold.release(audit: place.restored + "/audit", mirrors: []))
    }

    @Test func `a mirror that knows of more keeps it held, one that does not lets it go`() throws {
        let place = try place()
        try restore(place)
        // The other one went on meanwhile.
        let old = try Engine.open(testOptions(place.data))
        _ = try old.append(batch("e", 0..<10))
        let mirror = place.path + "/mirror"
        _ = try Mirror.run(from: place.data + "/audit", to: mirror)
        _ = try old.seal()
        let later = place.path + "/later"
        _ = try Mirror.run(from: place.data + "/audit", to: later)
        try old.close()
        let audit = place.restored + "/audit"
        #expect(throws: LogError(.rollback, file: "", "")) {
            try LogHold.release(audit: audit, mirrors: [mirror, later])
        }
        #expect(try LogHold.read(audit: audit) != nil)
        #expect(try LogHold.release(audit: audit, mirrors: [mirror]))
    }

    @Test func `another log begins with all segments, under another name`() throws {
        let place = try place()
        try restore(place)
        let audit = place.restored + "/audit"
        let origin = try LogReader(audit: audit).head()?.origin
        #expect(try LogHold.beginAnew(data: place.restored))
        let engine = try Engine.open(testOptions(place.restored))
        #expect(sealError(engine) == nil)
        try engine.close()
        let head = try #require(try LogReader(audit: audit).checkpoint()?.head)
        #expect(head.size == 2 && head.origin != origin)
        let verified = Verifier.run(directory: audit, deep: true) { _ in }
        #expect(verified.exit == .verified)
    }

    @Test func `a segment of another history is not taken into the same backup`() throws {
        let place = try place()
        try restore(place)
        let old = try Engine.open(testOptions(place.data))
        _ = try old.append(batch("e", 0..<10))
        _ = try old.seal()
        try backUp(old, place)
        try old.close()
        let other = try Engine.open(testOptions(place.restored))
        _ = try LogHold.release(audit: place.restored + "/audit", mirrors: [])
        _ = try other.append(batch("f", 0..<10))
        _ = try other.seal()
        let store = try BackupStore(writing: place.backup, of: place.restored)
        let point = try other.beginBackup()
        #expect(throws: BackupFailure.self) {
            try BackupRun.run(store, point, BackupOptions(data: place.restored, pacer: Pacer()))
        }
        try other.close()
    }
}
