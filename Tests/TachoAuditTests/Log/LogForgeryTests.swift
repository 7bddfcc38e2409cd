import Foundation
import Testing

@testable import TachoAudit

/// What somebody could write into a log who stores it and does not hold its key.
@Suite struct LogForgeryTests {
    private static let key = LogSample.key()

    /// The entry that the log should have of a segment, behind all that are there.
    private static func entry(
        _ id: UInt64, _ directory: TemporaryDirectory, _ log: borrowing LogWriter
    ) throws -> SegmentEntry {
        let reader = try SegmentReader(path: directory.segment(id))
        let hash = try directory.read(id).withUnsafeBytes { Digest.of($0) }
        return SegmentEntry(
            header: reader.header, sha256: hash, root: reader.root, previous: log.lastLeaf)
    }

    private func sign(_ directory: TemporaryDirectory) throws -> UInt64 {
        try LogSigning.sign(
            audit: directory.path, key: Self.key, state: directory.path + "/state"
        ).head.size
    }

    private static let lies: [@Sendable (inout SegmentEntry) -> Void] = [
        { $0.root[0] ^= 1 }, { $0.blocks += 1 }, { $0.points += 1 }, { $0.lostPoints += 1 },
        { $0.tsBounds.add($0.tsBounds.maxMs + 1) }, { $0.recvBounds.add(5) }, { $0.bytes += 1 },
        { $0.lastSequence += 1 }, { $0.amendments += 1 }, { $0.major = 0 },
    ]

    @Test(arguments: lies.indices)
    func `an entry that says something else of its segment is not signed`(lie: Int) throws {
        let directory = try LogSample.segments(2)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 1)
        _ = consume log
        #expect(try sign(directory) == 1)
        log = try LogSample.writer(directory)
        var entry = try Self.entry(2, directory, log)
        Self.lies[lie](&entry)
        _ = try log.append([.segment(entry)])
        _ = consume log
        #expect(throws: LogError(.entryDiffers, file: "", "")) { try sign(directory) }
        #expect(try LogReader(audit: directory.path).checkpoint()?.head.size == 1)
    }

    @Test(arguments: [0, 1] as [UInt64])
    func `a segment left out of the log is not signed over`(signed: UInt64) throws {
        let directory = try LogSample.segments(3)
        var log = try LogSample.writer(directory)
        if signed > 0 {
            try log.append(throughSegment: signed)
            _ = consume log
            #expect(try sign(directory) == signed)
            log = try LogSample.writer(directory)
        }
        let entry = try Self.entry(signed + 2, directory, log)
        _ = try log.append([.segment(entry)])
        _ = consume log
        #expect(throws: LogError(.entryChain, file: "", "")) { try sign(directory) }
    }

    @Test func `a tile of the second level that is not of the entries is not signed`() throws {
        let directory = try TemporaryDirectory()
        var log = try LogSample.writer(directory)
        _ = try log.append(LogSample.entries(1...300, after: Digest.none))
        _ = consume log
        try directory.writeLog([UInt8](repeating: 7, count: 32), "tile/1/000.p/1")
        var nodes = TileNodes(LogReader(audit: directory.path), size: 300)
        let head = Checkpoint(
            origin: LogSample.origin, size: 300, root: try nodes.root(size: 300))
        try directory.writeLog(head.text, "pending")
        log = try LogSample.writer(directory)
        let error = #expect(throws: LogError.self) { try log.sign(with: Self.key) }
        #expect(error?.code == .root)
    }

    @Test func `nothing may stand behind the end of a file of the log`() throws {
        let directory = try LogSample.signed(3, by: Self.key)
        for name in ["tile/0/000.p/3", "tile/entries/000.p/3", "checkpoint", "pending"] {
            let good = try directory.readLog(name)
            for tail in [[0], [UInt8](repeating: 9, count: 32), EntryBundle.encode([[65, 10]])] {
                try directory.writeLog(good + tail, name)
                let (summary, _, _) = LogSample.verify(
                    directory, LogSample.pins(Self.key.verifier))
                #expect(summary.exit == .damage, "\(tail.count) bytes behind \(name)")
            }
            try directory.writeLog(good, name)
        }
        #expect(LogSample.verify(directory, LogSample.pins(Self.key.verifier)).findings == [])
    }

    @Test(.timeLimit(.minutes(1)), arguments: [.max, 1 << 63, 1_000_000_000_000_000] as [UInt64])
    func `a size that somebody invented is refused at once`(size: UInt64) throws {
        let directory = try LogSample.signed(2, by: Self.key)
        let head = Checkpoint(origin: LogSample.origin, size: size, root: Digest.none)
        let good = try directory.readLog("pending")
        try directory.writeLog(head.text, "pending")
        #expect(LogSample.verify(directory).findings.map(\.code) == ["checkpoint_format"])
        try directory.writeLog(good, "pending")
        let signed = SignedCheckpoint(signing: head, with: Self.key)
        try directory.writeLog(signed.encoded(), "checkpoint")
        #expect(LogSample.verify(directory).findings.map(\.code) == ["checkpoint_format"])
        // As large as can be: what is missing is found with the first tile.
        let large = Checkpoint(
            origin: LogSample.origin, size: LogReader.maxEntries, root: Digest.none)
        try directory.writeLog(large.text, "pending")
        try directory.writeLog(
            SignedCheckpoint(signing: large, with: Self.key).encoded(), "checkpoint")
        #expect(LogSample.verify(directory).findings.map(\.code) == ["missing_tile"])
    }

    @Test(arguments: ["tile/entries/000.p/1", "tile/0/000.p/1", ""])
    func `a log that was set back is that, whatever else is wrong with it`(name: String) throws {
        let directory = try LogSample.segments(2)
        try LogSample.append(1, to: directory, by: Self.key)
        let old = try (directory.readLog("checkpoint"), directory.readLog("pending"))
        let files = ["tile/entries/000.p/1", "tile/0/000.p/1"]
        let tiles = try files.map { try directory.readLog($0) }
        try LogSample.append(2, to: directory, by: Self.key)
        let accepted = try SignedCheckpoint(parsing: directory.readLog("checkpoint"))
        try directory.writeLog(old.0, "checkpoint")
        try directory.writeLog(old.1, "pending")
        for (file, bytes) in zip(files, tiles) { try directory.writeLog(bytes, file) }
        if !name.isEmpty { try FileManager.default.removeItem(atPath: directory.log(name)) }
        let pins = LogSample.pins(Self.key.verifier, trusted: accepted)
        let (summary, findings, _) = LogSample.verify(directory, pins)
        #expect(summary.exit == .fork)
        #expect(findings.count { $0.code == "log_rollback" } == 1)
    }

    @Test func `an entry that nobody knows does not hide a signature that is wrong`() throws {
        let directory = try LogSample.signed(2, by: Self.key)
        let reader = LogReader(audit: directory.path)
        var entries: [[UInt8]] = []
        try reader.forEachEntry(of: 0..<2, size: 2) { entries.append($1) }
        entries.append(Array("tacho-x v1\n".utf8))
        let leaves = entries.map { $0.withUnsafeBytes(Digest.leaf) }
        var tree = MerkleRoot()
        for leaf in leaves { tree.append(leaf) }
        for (name, bytes) in [
            ("tile/entries/000.p/3", EntryBundle.encode(entries)),
            ("tile/0/000.p/3", Array(leaves.joined())),
        ] { try directory.writeLog(bytes, name) }
        let head = Checkpoint(origin: LogSample.origin, size: 3, root: tree.root())
        let signature = String(decoding: try directory.readLog("checkpoint"), as: UTF8.self)
            .components(separatedBy: "\n\n")[1]
        try directory.writeLog(head.text, "pending")
        try directory.writeLog(head.text + Array(("\n" + signature).utf8), "checkpoint")
        let (summary, findings, _) = LogSample.verify(
            directory, LogSample.pins(Self.key.verifier))
        #expect(findings.map(\.code) == ["unknown_entry", "bad_signature"])
        #expect(summary.exit == .damage)
        // Signed by the key it is only unknown.
        try directory.writeLog(
            SignedCheckpoint(signing: head, with: Self.key).encoded(), "checkpoint")
        let known = LogSample.verify(directory, LogSample.pins(Self.key.verifier))
        #expect(known.summary.exit == .unknownVersion)
    }
}
