import Foundation
import TachoCodec
import TachoGeo

@testable import TachoStore

/// splitmix64: tests repeat exactly from their seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension GroupHeader {
    /// The record as bytes.
    func record(body: [UInt8]) -> (bytes: [UInt8], hash: UInt64) {
        let buffer = GroupBuffer(capacity: 64)
        buffer.append(body)
        let hash = buffer.finish(self)
        return (Array(buffer.record), hash)
    }
}

/// A journal in a directory of its own, and what it must hold.
final class TestJournal {
    let path = NSTemporaryDirectory() + "tacho-journal-" + UUID().uuidString
    let fileBytes: Int
    private(set) var journal: FileJournal!
    /// Bodies by group; the first is of group 1.
    private(set) var bodies: [[UInt8]] = []
    private(set) var hashes: [UInt64] = []
    private(set) var released = 0
    private let buffer = GroupBuffer(capacity: 64)

    init(fileBytes: Int) throws {
        self.fileBytes = fileBytes
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try open()
    }

    deinit {
        journal?.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    func open() throws {
        var settings = FileJournal.Settings()
        settings.fileBytes = fileBytes
        settings.syncs = false
        journal = try FileJournal(directory: path, end: try extent().end, settings: settings)
    }

    func close() {
        journal.close()
        journal = nil
    }

    /// Whatever `body` does to the files, a start comes after it.
    func reopen(_ body: () throws -> Void = {}) throws {
        close()
        try body()
        try open()
    }

    func append(_ body: [UInt8]) throws {
        buffer.clear()
        buffer.append(body)
        let header = GroupHeader(
            ruleSet: 1, group: UInt64(bodies.count + 1), firstSequence: UInt64(bodies.count + 1),
            points: 1, alertFirstN: 0, commitMs: 0, thresholds: 0,
            previousHash: hashes.last ?? 0)
        hashes.append(try journal.append(buffer, header))
        bodies.append(body)
    }

    func release(upTo group: Int) {
        released = max(released, group)
        journal.release(upTo: UInt64(group))
    }

    /// The last group goes from memory too.
    func forgetLast() {
        bodies.removeLast()
        hashes.removeLast()
    }

    var mark: CheckpointMark {
        CheckpointMark(
            from: UInt64(released + 1), nextSequence: UInt64(released + 1),
            hash: released == 0 ? 0 : hashes[released - 1])
    }

    func watermark(_ group: Int) -> Watermark {
        Watermark(
            group: UInt64(group), nextSequence: UInt64(group + 1),
            hash: group == 0 ? 0 : hashes[group - 1])
    }

    func extent(watermark: Watermark = Watermark()) throws -> JournalExtent {
        try JournalExtent.measure(path, after: mark, watermark: watermark)
    }

    func replayed() throws -> [[UInt8]] {
        var list: [[UInt8]] = []
        try journal.replay(from: UInt64(released + 1)) { _, bytes throws(StoreError) in
            list.append(Array(try GroupHeader.read(bytes).body))
            return true
        }
        return list
    }

    /// Files with groups, by number.
    func files() throws -> [JournalFile] { try JournalFile.list(path).filter { $0.isInUse } }

    func change(_ file: JournalFile, _ body: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: file.path))
        body(&data)
        try data.write(to: URL(fileURLWithPath: file.path))
    }
}
