import Foundation
import Testing

@testable import TachoAudit

@Suite struct LogWriterTests {
    /// All files below `log` but those whose signatures need not have the same bytes twice.
    private static func files(_ directory: TemporaryDirectory) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let paths = FileManager.default.enumerator(atPath: directory.log(""))
        while let name = paths?.nextObject() as? String {
            var isFolder: ObjCBool = false
            let path = directory.log(name)
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            guard !isFolder.boolValue, !name.hasSuffix(".tmp"), name != "checkpoint" else {
                continue
            }
            files[name] = try FileBytes.read(path)
        }
        return files
    }

    @Test func `appended segments are entries one after another, signed by the key`() throws {
        let key = LogSample.key()
        let directory = try LogSample.signed(3, by: key)
        let reader = LogReader(audit: directory.path)
        let checkpoint = try #require(try reader.checkpoint())
        #expect(checkpoint.head.size == 3)
        #expect(try reader.pending() == checkpoint.head)
        try checkpoint.verify(by: key.verifier)
        var tree = MerkleRoot()
        var previous = Digest.none
        for id in 1...3 as ClosedRange<UInt64> {
            guard case .segment(let entry) = try reader.entry(id - 1, size: 3) else {
                Issue.record("entry \(id - 1) is of no segment")
                continue
            }
            let bytes = try directory.read(id)
            #expect(entry.segmentID == id)
            #expect(entry.sha256 == bytes.withUnsafeBytes(Digest.of))
            #expect(entry.root == (try SegmentReader(source: .memory(bytes))).root)
            #expect(entry.previous == previous)
            previous = LogEntry.segment(entry).encoded().withUnsafeBytes { Digest.leaf($0) }
            tree.append(previous)
        }
        #expect(tree.root() == checkpoint.head.root)
        #expect(try directory.readLog("tile/0/000.p/3").count == 96)
    }

    @Test func `segments sealed before there was a log are caught up with in order`() throws {
        let key = LogSample.key()
        let (early, late) = (try LogSample.segments(5), try LogSample.segments(5))
        for id in 1...5 as ClosedRange<UInt64> {
            var log = try LogSample.writer(early)
            try log.append(throughSegment: id)
            try log.sign(with: key)
        }
        var log = try LogSample.writer(late)
        try log.append(throughSegment: 5)
        #expect(try LogReader(audit: early.path).pending() == LogReader(audit: late.path).pending())
        #expect(
            try early.readLog("tile/entries/000.p/5") == late.readLog("tile/entries/000.p/5"))
    }

    @Test func `the same segment again is accepted and another one is not`() throws {
        let key = LogSample.key()
        let directory = try LogSample.signed(3, by: key)
        let before = try Self.files(directory)
        let signed = try directory.readLog("checkpoint")
        try LogSample.append(3, to: directory, by: key)
        try LogSample.append(1, to: directory, by: key)
        #expect(try Self.files(directory) == before)
        #expect(try directory.readLog("checkpoint") == signed, "nothing is signed twice")
        _ = try LogSample.segments(3, seed: 99, in: TemporaryDirectory())
        let other = try LogSample.segments(3, seed: 99)
        try directory.write(try other.read(2), as: 2)
        var log = try LogSample.writer(directory)
        #expect(throws: LogError(.otherContent, file: "", "")) {
            try log.append(throughSegment: 2)
        }
        #expect(throws: LogError(.segment, file: "", "")) { try log.append(throughSegment: 4) }
    }

    /// Sizes around full tiles of both lower levels, appended in odd portions.
    @Test func `tiles are the tree, whatever the portions`() throws {
        let whole = LogSample.entries(1...1_100, after: Digest.none)
        let directory = try TemporaryDirectory()
        var tree = MerkleTree()
        var done = 0
        for portion in [1, 254, 1, 1, 255, 256, 3, 329] {
            var log = try LogSample.writer(directory)
            let part = Array(whole[done..<done + portion])
            let head = try log.append(part)
            for entry in part {
                tree.append(entry.encoded().withUnsafeBytes { Digest.leaf($0) })
            }
            done += portion
            #expect(head.size == UInt64(done))
            #expect(head.root == tree.root(size: UInt64(done)))
        }
        let reader = LogReader(audit: directory.path)
        var nodes = TileNodes(reader, size: 1_100)
        for size in 1...1_100 as ClosedRange<UInt64> {
            #expect(try nodes.root(size: size) == tree.root(size: size), "size \(size)")
        }
        for tile in Tile.all(size: 1_100) {
            guard case .level(let level) = tile.content else { continue }
            for (place, hash) in try reader.hashes(of: tile).enumerated() {
                let index = tile.index * 256 + UInt64(place)
                #expect(hash == tree.node(height: 8 * level, index: index), "\(tile.path)")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: directory.log("tile/0/000.p")))
        #expect(FileManager.default.fileExists(atPath: directory.log("tile/0/004.p/76")))
        for (old, size) in [(1, 1_100), (255, 256), (256, 257), (511, 1_024), (1_100, 1_100)]
            as [(UInt64, UInt64)]
        {
            let proof = try nodes.consistency(from: old, to: size)
            #expect(
                MerkleProof.isConsistent(
                    oldSize: old, oldRoot: tree.root(size: old), size: size,
                    root: tree.root(size: size), path: proof))
        }
    }

    /// Stops at every place where a process can die, then does it again.
    @Test(arguments: [1, 254, 255, 256] as [UInt64])
    func `a kill between any two files ends in the same bytes`(start: UInt64) throws {
        let key = LogSample.key()
        let entries = LogSample.entries(1...start + 2, after: Digest.none)
        func begin() throws -> TemporaryDirectory {
            let directory = try TemporaryDirectory()
            var log = try LogSample.writer(directory)
            _ = try log.append(Array(entries[..<Int(start)]))
            try log.sign(with: key)
            return directory
        }
        func finish(_ directory: TemporaryDirectory, _ hook: LogWriter.Hook?) throws {
            var log = try LogSample.writer(directory, hook: hook)
            let rest = entries[Int(log.size)...]
            if !rest.isEmpty { _ = try log.append(Array(rest)) }
            try log.sign(with: key)
        }
        let calm = try begin()
        var moments = 0
        try finish(calm) { _ throws(LogError) in moments += 1 }
        let expected = try Self.files(calm)
        #expect(moments >= 16)
        for stop in 0..<moments {
            let directory = try begin()
            var left = stop
            #expect(throws: LogError(.stopped, file: "", "")) {
                try finish(directory) { moment throws(LogError) in
                    if left == 0 { throw LogError(.stopped, file: "", "\(moment)") }
                    left -= 1
                }
            }
            // What was signed is never ahead of what is there.
            let reader = LogReader(audit: directory.path)
            let size = try #require(try reader.checkpoint()).head.size
            var nodes = TileNodes(reader, size: size)
            #expect(try nodes.root(size: size) == reader.checkpoint()?.head.root)
            try finish(directory, nil)
            #expect(try Self.files(directory) == expected, "stopped at \(stop)")
            let checkpoint = try #require(try reader.checkpoint())
            #expect(try checkpoint.head == reader.pending())
            try checkpoint.verify(by: key.verifier)
        }
    }

    @Test func `bundles come first, then tiles, then the head, then the signature`() throws {
        let directory = try TemporaryDirectory()
        var names: [String] = []
        var log = try LogSample.writer(directory) { moment throws(LogError) in
            guard case .durable(let path) = moment else { return }
            names.append(String(path.dropFirst(directory.log("").count)))
        }
        _ = try log.append(LogSample.entries(1...257, after: Digest.none))
        try log.sign(with: LogSample.key())
        #expect(
            names == [
                "tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1",
                "tile/1/000.p/1", "pending", "checkpoint",
            ])
    }

    @Test func `an entry left by a kill that says something else of a segment stops all`() throws {
        let directory = try TemporaryDirectory()
        let entries = LogSample.entries(1...2, after: Digest.none)
        var log = try LogSample.writer(directory) { moment throws(LogError) in
            if case .before(let path) = moment, path.hasSuffix("pending") {
                throw LogError(.stopped, file: "", "")
            }
        }
        #expect(throws: LogError(.stopped, file: "", "")) { _ = try log.append(entries) }
        _ = consume log
        guard case .segment(var other) = entries[1] else { return }
        other.sha256[0] ^= 1
        var again = try LogSample.writer(directory)
        #expect(throws: LogError(.otherContent, file: "", "")) {
            _ = try again.append([entries[0], .segment(other)])
        }
        _ = try again.append(entries)
    }

    @Test func `a key left by a kill gives way to a segment, and the other way`() throws {
        let (old, new) = (LogSample.key(), LogSample.key())
        let directory = try LogSample.signed(2, by: old)
        _ = try LogSample.segments(3, in: TemporaryDirectory())
        let longer = try LogSample.segments(3)
        let stop: LogWriter.Hook = { moment throws(LogError) in
            if case .before(let path) = moment, path.hasSuffix("pending") {
                throw LogError(.stopped, file: "", "")
            }
        }
        func rotate(_ hook: LogWriter.Hook?) throws {
            var log = try LogSample.writer(directory, hook: hook)
            try log.rotateKey(from: old, to: new.verifier)
        }
        #expect(throws: LogError(.stopped, file: "", "")) { try rotate(stop) }
        try directory.write(try longer.read(3), as: 3)
        try LogSample.append(3, to: directory, by: old)
        #expect(LogSample.verify(directory, LogSample.pins(old.verifier)).findings == [])
        #expect(throws: LogError(.stopped, file: "", "")) { try rotate(stop) }
        try rotate(nil)
        var log = try LogSample.writer(directory)
        log.predecessors = [old.verifier]
        try log.sign(with: new)
        #expect(LogSample.verify(directory, LogSample.pins(old.verifier)).findings == [])
    }

    @Test func `nothing is signed that does not follow from what was signed`() throws {
        let key = LogSample.key()
        let directory = try LogSample.signed(3, by: key)
        let other = try LogSample.signed(4, by: key, seed: 77)
        let checkpoint = try directory.readLog("checkpoint")
        // The other log's tiles under this log's signed head.
        for name in ["tile/0/000.p/4", "tile/entries/000.p/4", "pending"] {
            try directory.writeLog(try other.readLog(name), name)
        }
        var log = try LogSample.writer(directory)
        #expect(throws: LogError(.fork, file: "", "")) { try log.sign(with: key) }
        #expect(try directory.readLog("checkpoint") == checkpoint)
    }

    @Test func `a damaged tile or entry is not signed`() throws {
        let key = LogSample.key()
        for (name, code) in [
            ("tile/0/000.p/4", .root), ("tile/entries/000.p/4", .tileHash),
        ] as [(String, LogError.Code)] {
            let directory = try LogSample.segments(4)
            try LogSample.append(3, to: directory, by: key)
            var log = try LogSample.writer(directory)
            try log.append(throughSegment: 4)
            _ = consume log
            var bytes = try directory.readLog(name)
            // Of an entry the last digit of its root: only its hash can tell.
            let place = bytes.count - (code == .root ? 3 : "0\nprevious \n".utf8.count + 64)
            bytes[place] = bytes[place] == 0x30 ? 0x31 : 0x30
            try directory.writeLog(bytes, name)
            #expect(throws: LogError(code, file: "", "")) {
                var log = try LogSample.writer(directory)
                try log.sign(with: key)
            }
            #expect(try LogReader(audit: directory.path).checkpoint()?.head.size == 3)
        }
    }

    @Test func `an entry that does not name the one before is found and not signed`() throws {
        let directory = try TemporaryDirectory()
        var entries = LogSample.entries(1...3, after: Digest.none)
        guard case .segment(var second) = entries[1] else { return }
        second.previous = Digest.none
        entries[1] = .segment(second)
        var log = try LogSample.writer(directory)
        _ = try log.append(entries)
        #expect(throws: LogError(.entryChain, file: "", "")) {
            try log.sign(with: LogSample.key())
        }
        _ = consume log
        #expect(LogSample.verify(directory).findings.map(\.code).contains("entry_chain"))
    }

    @Test func `segments and sequences of entries go on without gaps`() throws {
        let all = LogSample.entries(1...4, after: Digest.none)
        guard case .segment(let first) = all[0], case .segment(let third) = all[2] else { return }
        var gap = third
        gap.previous = all[0].encoded().withUnsafeBytes { Digest.leaf($0) }
        var late = gap
        (late.segmentID, late.firstSequence) = (2, first.lastSequence + 2)
        for entry in [gap, late] {
            let directory = try TemporaryDirectory()
            var log = try LogSample.writer(directory)
            _ = try log.append([all[0], .segment(entry)])
            _ = consume log
            #expect(LogSample.verify(directory).findings.map(\.code).contains("entry_chain"))
        }
    }

    @Test func `only the key in force signs`() throws {
        let (key, thief, next) = (LogSample.key(), LogSample.key(), LogSample.key())
        let directory = try LogSample.segments(4)
        try LogSample.append(3, to: directory, by: key)
        var log = try LogSample.writer(directory)
        try log.append(throughSegment: 4)
        let wrong = LogError(.wrongKey, file: "", "")
        #expect(throws: wrong) { try log.sign(with: thief) }
        let witness = LogSample.key(LogSample.origin, .witness)
        #expect(throws: wrong) { try log.sign(with: witness) }
        #expect(throws: wrong) { try log.sign(with: LogSample.key("other.example")) }
        try log.rotateKey(from: key, to: next.verifier)
        #expect(throws: wrong) { try log.sign(with: key) }
        let signed = try log.sign(with: next)
        #expect(signed.head.size == 5)
        #expect(throws: wrong) { try log.sign(with: key) }
    }

    @Test func `another origin or partition does not append`() throws {
        let directory = try LogSample.signed(2, by: LogSample.key())
        #expect(throws: LogError(.otherOrigin, file: "", "")) {
            _ = try LogWriter(audit: directory.path, origin: "other.example", partition: 7)
        }
        #expect(throws: LogError(.otherOrigin, file: "", "")) {
            _ = try LogWriter(audit: directory.path, origin: "two words", partition: 7)
        }
        let fresh = try LogSample.segments(1)
        var log = try LogWriter(audit: fresh.path, origin: LogSample.origin, partition: 8)
        #expect(throws: LogError(.segment, file: "", "")) { try log.append(throughSegment: 1) }
    }
}
