import Foundation
import Testing

@testable import TachoAudit

/// What `verify` says of a directory with a log, whole and in every way wrong.
@Suite struct LogVerifyTests {
    private static let key = LogSample.key()

    private static func directory(_ count: UInt64 = 4) throws -> TemporaryDirectory {
        try LogSample.signed(count, by: key)
    }

    private static func checkpoint(_ directory: TemporaryDirectory) throws -> SignedCheckpoint {
        try SignedCheckpoint(parsing: directory.readLog("checkpoint"))
    }

    @Test func `a signed log verifies against its key`() throws {
        let (summary, findings, infos) = LogSample.verify(
            try Self.directory(), LogSample.pins(Self.key.verifier))
        #expect(findings == [])
        #expect(infos == [])
        #expect(summary.exit == .verified)
        #expect(summary.log.signer == Self.key.verifier)
        #expect(summary.log.segments == 4)
        #expect(summary.line.contains("log \(LogSample.origin) at 4 entries, signed by"))
        #expect(summary.json.text.contains(#""checkpoint_size":4"#))
    }

    @Test func `without a log or a key it says so and nothing is wrong`() throws {
        let plain = try LogSample.segments(2)
        #expect(LogSample.verify(plain).infos == [.noLog])
        #expect(LogSample.verify(plain).summary.exit == .verified)
        let (summary, findings, infos) = LogSample.verify(try Self.directory())
        #expect(findings == [])
        #expect(infos == [.unpinned])
        #expect(summary.log.signer == nil)
    }

    @Test func `what asks for a log does not pass without one`() throws {
        let plain = try LogSample.segments(2)
        let pinned = LogSample.verify(plain, LogSample.pins(Self.key.verifier))
        #expect(pinned.findings.map(\.code) == ["no_log"])
        #expect(pinned.summary.exit == .incomplete)
        let trusted = try Self.checkpoint(Self.directory())
        let gone = LogSample.verify(plain, LogSample.pins(nil, trusted: trusted))
        #expect(gone.findings.map(\.code) == ["log_rollback"])
        #expect(gone.summary.exit == .fork)
    }

    @Test func `a log that is not signed yet is told, and refused where a key is asked for`() throws
    {
        let directory = try LogSample.segments(2)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 2)
        _ = consume log
        #expect(LogSample.verify(directory).infos == [.unsigned, .unpinned])
        #expect(LogSample.verify(directory).findings == [])
        let pinned = LogSample.verify(directory, LogSample.pins(Self.key.verifier))
        #expect(pinned.findings.map(\.code) == ["no_checkpoint"])
        #expect(pinned.summary.exit == .incomplete)
    }

    @Test(arguments: [[4], [3, 4], [2], [1, 2, 3]] as [[UInt64]])
    func `missing segments are found, at the end too`(ids: [UInt64]) throws {
        let directory = try Self.directory()
        for id in ids { try directory.remove(id) }
        let (summary, findings, _) = LogSample.verify(
            directory, LogSample.pins(Self.key.verifier))
        let missing = findings.filter { $0.code == "entry_without_segment" }
        #expect(missing.map(\.file) == ids.map(AuditDirectory.fileName))
        #expect(missing[0].message.contains("segment \(ids[0]) is in the log"))
        #expect(missing[0].message.contains("but not here"))
        #expect(summary.exit == .incomplete)
    }

    @Test func `a segment replaced by another sound one is found by the log`() throws {
        let directory = try Self.directory()
        let other = try LogSample.segments(4, seed: 90)
        try directory.write(try other.read(1), as: 1)
        let (summary, findings, _) = LogSample.verify(
            directory, LogSample.pins(Self.key.verifier))
        #expect(findings.contains { $0.code == "entry_differs" && $0.file == "00000001.seg" })
        #expect(summary.exit == .damage)
        // The last has no successor that names its hash: only the log can tell.
        let last = try LogSample.signed(1, by: Self.key)
        try last.write(try other.read(1), as: 1)
        let alone = LogSample.verify(last).findings
        #expect(alone.map(\.code) == ["entry_differs"])
        #expect(alone[0].message.contains("this one has"))
    }

    @Test func `all segments replaced together are found by the log`() throws {
        let directory = try Self.directory()
        let other = try LogSample.segments(4, seed: 90)
        for id in 1...4 as ClosedRange<UInt64> { try directory.write(try other.read(id), as: id) }
        let (summary, findings, _) = LogSample.verify(directory)
        #expect(findings.map(\.code) == [String](repeating: "entry_differs", count: 4))
        #expect(summary.exit == .damage)
    }

    @Test func `segments newer than the log are told and not wrong`() throws {
        let directory = try LogSample.segments(4)
        try LogSample.append(3, to: directory, by: Self.key)
        let (summary, findings, infos) = LogSample.verify(
            directory, LogSample.pins(Self.key.verifier))
        #expect(findings == [])
        #expect(infos == [.unlogged])
        #expect(summary.exit == .verified)
    }

    /// One bit of every byte of every file of the log.
    @Test func `every changed byte of the log is found, and is no fork`() throws {
        let directory = try Self.directory(3)
        let pins = LogSample.pins(
            Self.key.verifier, trusted: try Self.checkpoint(try Self.directory(2)))
        // The two logs have the same segments, so one begins the other.
        #expect(LogSample.verify(directory, pins).findings == [])
        var random = SeededRandom(seed: 8)
        for name in ["tile/0/000.p/3", "tile/entries/000.p/3"] {
            let good = try directory.readLog(name)
            for place in good.indices {
                var bytes = good
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try directory.writeLog(bytes, name)
                let (summary, findings, _) = LogSample.verify(directory, pins)
                #expect(summary.exit == .damage, "byte \(place) of \(name)")
                #expect(findings.first?.file.hasPrefix("log/tile/") == true, "byte \(place)")
            }
            try directory.writeLog(good, name)
        }
        for name in ["checkpoint", "pending"] {
            let good = try directory.readLog(name)
            for place in good.indices {
                var bytes = good
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try directory.writeLog(bytes, name)
                let (summary, findings, _) = LogSample.verify(directory, pins)
                #expect(!findings.isEmpty, "byte \(place) of \(name)")
                #expect(summary.exit != .verified, "byte \(place) of \(name)")
            }
            try directory.writeLog(good, name)
        }
    }

    @Test func `a damaged entry or tile is named with its bytes`() throws {
        let directory = try Self.directory(3)
        var bytes = try directory.readLog("tile/0/000.p/3")
        bytes[40] ^= 1
        try directory.writeLog(bytes, "tile/0/000.p/3")
        let finding = try #require(LogSample.verify(directory).findings.first)
        #expect(finding.code == "tile_hash")
        #expect(finding.bytes == 32..<64)
        #expect(finding.message.hasPrefix("log/tile/0/000.p/3: bytes 32-64: "))
    }

    @Test(arguments: ["tile/0/000.p/3", "tile/entries/000.p/3"])
    func `a missing file of the log is incomplete`(name: String) throws {
        let directory = try Self.directory(3)
        try FileManager.default.removeItem(atPath: directory.log(name))
        let (summary, findings, _) = LogSample.verify(directory)
        #expect(findings.map(\.code) == ["missing_tile"])
        #expect(findings[0].file == "log/\(name)")
        #expect(summary.exit == .incomplete)
    }

    @Test func `a wrong key has its own message`() throws {
        let other = LogSample.key()
        let (summary, findings, _) = LogSample.verify(
            try Self.directory(), LogSample.pins(other.verifier))
        #expect(findings.map(\.code) == ["wrong_key"])
        #expect(findings[0].message.contains("it is not signed by \(other.verifier.text)"))
        #expect(summary.exit == .damage)
        let origin = LogSample.verify(
            try Self.directory(), LogSample.pins(LogSample.key("other.example").verifier))
        #expect(origin.findings.map(\.code) == ["wrong_key"])
    }

    @Test func `a head signed by nobody's key under the right name is a bad signature`() throws {
        let directory = try Self.directory()
        var checkpoint = try Self.checkpoint(directory)
        let text = String(decoding: checkpoint.encoded(), as: UTF8.self)
        var bytes = Array(text.utf8)
        // A bit of the signature itself: its last bytes, before the padding and the line feed.
        let place = bytes.count - 10
        bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        checkpoint = try SignedCheckpoint(parsing: bytes)
        try directory.writeLog(checkpoint.encoded(), "checkpoint")
        let (summary, findings, _) = LogSample.verify(
            directory, LogSample.pins(Self.key.verifier))
        #expect(findings.map(\.code) == ["bad_signature"])
        #expect(summary.exit == .damage)
    }

    @Test func `a checkpoint that goes back is a rollback against the accepted one`() throws {
        let directory = try LogSample.segments(4)
        try LogSample.append(3, to: directory, by: Self.key)
        let old = try (directory.readLog("checkpoint"), directory.readLog("pending"))
        try LogSample.append(4, to: directory, by: Self.key)
        let accepted = try Self.checkpoint(directory)
        try directory.writeLog(old.0, "checkpoint")
        try directory.writeLog(old.1, "pending")
        let pins = LogSample.pins(Self.key.verifier, trusted: accepted)
        let (summary, findings, _) = LogSample.verify(directory, pins)
        #expect(findings.map(\.code) == ["log_rollback"])
        #expect(summary.exit == .fork)
        #expect(LogSample.verify(directory, LogSample.pins(Self.key.verifier)).findings == [])
    }

    @Test(arguments: [3, 5] as [UInt64])
    func `another past under the same key is a fork, at any size`(size: UInt64) throws {
        let accepted = try Self.checkpoint(try Self.directory(3))
        let fork = try LogSample.signed(size, by: Self.key, seed: 66)
        #expect(LogSample.verify(fork, LogSample.pins(Self.key.verifier)).findings == [])
        let pins = LogSample.pins(Self.key.verifier, trusted: accepted)
        let (summary, findings, _) = LogSample.verify(fork, pins)
        #expect(findings.map(\.code) == ["log_fork"])
        #expect(summary.exit == .fork)
    }

    @Test func `keys are followed from the pinned one`() throws {
        let keys = [Self.key, LogSample.key(), LogSample.key()]
        let directory = try LogSample.segments(5)
        try LogSample.append(2, to: directory, by: keys[0])
        for place in 1...2 {
            var log = try LogSample.writer(directory)
            try log.rotateKey(from: keys[place - 1], to: keys[place].verifier)
            try log.append(throughSegment: UInt64(2 + place))
            try log.sign(with: keys[place])
        }
        for key in keys {
            let (summary, findings, infos) = LogSample.verify(
                directory, LogSample.pins(key.verifier))
            #expect(findings == [])
            #expect(infos == [.unlogged])
            #expect(summary.log.signer == keys[2].verifier)
            #expect(summary.log.size == 6)
            #expect(summary.log.segments == 4)
        }
        let thief = LogSample.verify(directory, LogSample.pins(LogSample.key().verifier))
        #expect(thief.findings.map(\.code) == ["wrong_key"])
    }

    @Test func `an entry of a later version is unknown, with its own exit code`() throws {
        let directory = try TemporaryDirectory()
        var log = try LogSample.writer(directory)
        _ = try log.append(LogSample.entries(1...1, after: Digest.none))
        _ = consume log
        let text = String(decoding: try directory.readLog("tile/entries/000.p/1"), as: UTF8.self)
        let later = Array(text.replacing("tacho-segment v1", with: "tacho-segment v2").utf8)
        let leaf = later[2...].withUnsafeBytes { Digest.leaf($0) }
        try directory.writeLog(later, "tile/entries/000.p/1")
        try directory.writeLog(leaf, "tile/0/000.p/1")
        let head = Checkpoint(origin: LogSample.origin, size: 1, root: leaf)
        try directory.writeLog(head.text, "pending")
        let (summary, findings, _) = LogSample.verify(directory)
        #expect(findings.map(\.code).contains("unknown_entry"))
        #expect(findings.first { $0.code == "unknown_entry" }?.exit == .unknownVersion)
        #expect(summary.exit == .incomplete, "there are no segments either, which weighs more")
    }

    @Test func `a cosignature that is asked for must be there and right`() throws {
        let witness = LogSample.key("witness.example/w", .witness)
        let directory = try Self.directory()
        let pins = LogSample.pins(Self.key.verifier, witnesses: [witness.verifier])
        let without = LogSample.verify(directory, pins)
        #expect(without.findings.map(\.code) == ["no_cosignature"])
        #expect(without.summary.exit == .incomplete)
        var checkpoint = try Self.checkpoint(directory)
        checkpoint.note.sign(with: witness, seconds: 1_700_000_000)
        try directory.writeLog(checkpoint.encoded(), "checkpoint")
        let with = LogSample.verify(directory, pins)
        #expect(with.findings == [])
        #expect(with.summary.log.cosigned == [1_700_000_000])
        let other = LogSample.key("witness.example/w", .witness)
        let wrong = LogSample.pins(Self.key.verifier, witnesses: [other.verifier])
        #expect(LogSample.verify(directory, wrong).findings.map(\.code) == ["no_cosignature"])
    }

    private typealias Attack = (
        name: String, exit: AuditExit, code: String,
        make: @Sendable (TemporaryDirectory) throws -> Void
    )

    private static let attacks: [Attack] = [
        ("a flipped bit", .damage, "block_checksum", { try $0.change(2) { $0[240] ^= 4 } }),
        ("a cut file", .incomplete, "cut", { try $0.change(2) { $0.removeLast(9) } }),
        (
            "two exchanged blocks", .damage, "block_header",
            {
                let index = try SegmentReader(path: $0.segment(2)).index
                try $0.change(2) { bytes in
                    let first = bytes[Int(index[0].offset)..<Int(index[0].bytes.upperBound)]
                    let second = bytes[Int(index[1].offset)..<Int(index[1].bytes.upperBound)]
                    bytes.replaceSubrange(
                        Int(index[0].offset)..<Int(index[1].bytes.upperBound), with: second + first)
                }
            }
        ),
        ("a missing segment", .incomplete, "missing_segments", { try $0.remove(2) }),
        ("a missing last segment", .incomplete, "entry_without_segment", { try $0.remove(4) }),
        (
            "a renamed segment", .damage, "wrong_name",
            {
                try $0.write(try $0.read(4), as: 5)
                try $0.remove(4)
            }
        ),
        (
            "an older segment in its place", .damage, "wrong_name",
            { try $0.write(try $0.read(2), as: 3) }
        ),
        (
            "another seal of a segment", .damage, "entry_differs",
            { try $0.write(try LogSample.segments(4, seed: 51).read(1), as: 1) }
        ),
        (
            "a log set back", .fork, "log_rollback",
            {
                let shorter = try LogSample.signed(3, by: key)
                for name in ["checkpoint", "pending"] {
                    try $0.writeLog(try shorter.readLog(name), name)
                }
                try $0.writeLog(try shorter.readLog("tile/0/000.p/3"), "tile/0/000.p/3")
                try $0.writeLog(try shorter.readLog("tile/entries/000.p/3"), "tile/entries/000.p/3")
            }
        ),
        (
            "a fork of everything", .fork, "log_fork",
            {
                let fork = try LogSample.signed(4, by: key, seed: 66)
                for id in 1...4 as ClosedRange<UInt64> { try $0.write(try fork.read(id), as: id) }
                for name in ["checkpoint", "pending", "tile/0/000.p/4", "tile/entries/000.p/4"] {
                    try $0.writeLog(try fork.readLog(name), name)
                }
            }
        ),
    ]

    @Test(arguments: Self.attacks.indices)
    func `what is done to a logged directory is found, with its exit code`(number: Int) throws {
        let attack = Self.attacks[number]
        let directory = try Self.directory()
        let pins = LogSample.pins(Self.key.verifier, trusted: try Self.checkpoint(directory))
        #expect(LogSample.verify(directory, pins).findings == [])
        try attack.make(directory)
        let (summary, findings, _) = LogSample.verify(directory, pins)
        #expect(summary.exit == attack.exit, "\(attack.name): \(findings.map(\.message))")
        let finding = try #require(
            findings.first { $0.code == attack.code }, "\(attack.name): \(findings.map(\.code))")
        #expect(finding.message.hasPrefix(finding.file + ": "))
        guard let block = finding.block else { return }
        #expect(finding.message.hasPrefix("00000002.seg: block \(block): bytes "))
    }
}

extension TemporaryDirectory {
    fileprivate func change(_ id: UInt64, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try read(id)
        change(&bytes)
        try write(bytes, as: id)
    }
}
