import Foundation
import Synchronization
import Testing

@testable import TachoAudit

/// Who holds the lock of a log, and what waits for it.
@Suite struct LogLockTests {
    private static let key = LogSample.key()

    private func sign(
        _ directory: TemporaryDirectory, _ progress: (String) -> Void = { _ in }
    ) throws -> UInt64 {
        try LogSigning.sign(
            audit: directory.path, key: Self.key, state: nil, progress: progress
        ).head.size
    }

    private func append(_ id: UInt64, to directory: TemporaryDirectory) throws {
        var log = try LogWriter(
            audit: directory.path, origin: LogSample.origin, partition: 7, patienceSeconds: 0)
        try log.append(throughSegment: id)
    }

    @Test func `a log that another process holds is waited for so long and named`() throws {
        let directory = try LogSample.segments(1)
        try append(1, to: directory)
        let folder = directory.path + "/log"
        let lock = try LogLock(folder)
        let error = #expect(throws: LogError(.inUse, file: "", "")) {
            try append(1, to: directory)
        }
        let told = try #require(error)
        #expect(told.file == folder && told.message.contains("another process holds"))
        #expect(told.exit == .inputOutput)
        withExtendedLifetime(lock) {}
    }

    @Test func `a log that is let go of meanwhile is taken`() throws {
        let directory = try LogSample.segments(1)
        try append(1, to: directory)
        let held = Mutex<LogLock?>(try LogLock(directory.path + "/log"))
        Thread.detachNewThread { held.withLock { $0 = nil } }
        _ = try LogLock(directory.path + "/log", patienceSeconds: 60)
    }

    @Test func `segments are verified while others may append, which stays unsigned`() throws {
        let directory = try LogSample.segments(3)
        try append(1, to: directory)
        #expect(try sign(directory) == 1)
        try append(2, to: directory)
        var told: [String] = []
        let size = try sign(directory) { name in
            told.append(name)
            #expect(throws: Never.self) { try append(3, to: directory) }
        }
        #expect(told == ["00000002.seg"], "once, and before the lock")
        #expect(size == 2)
        #expect(try LogReader(audit: directory.path).head()?.size == 3)
        #expect(try sign(directory) == 3)
        #expect(LogSample.verify(directory, LogSample.pins(Self.key.verifier)).findings == [])
    }

    @Test func `a handover verifies before the lock too`() throws {
        let directory = try LogSample.segments(2)
        try append(2, to: directory)
        var told: [String] = []
        let next = LogSample.key()
        _ = try LogSigning.rotate(audit: directory.path, from: Self.key, to: next) { name in
            told.append(name)
            #expect(throws: Never.self) {
                _ = try LogLock(directory.path + "/log", patienceSeconds: 0)
            }
        }
        #expect(told == ["00000001.seg", "00000002.seg"])
        #expect(LogSample.verify(directory, LogSample.pins(next.verifier)).findings == [])
    }

    @Test func `an entry that is exchanged behind a verified one is verified again`() throws {
        let directory = try LogSample.segments(2)
        try append(2, to: directory)
        let folder = directory.path + "/log"
        var isExchanged = false
        #expect(throws: LogError(.entryDiffers, file: "", "")) {
            try sign(directory) { name in
                guard name == "00000002.seg", !isExchanged else { return }
                isExchanged = true
                #expect(throws: Never.self) {
                    try FileManager.default.removeItem(atPath: folder)
                    try append(1, to: directory)
                    var log = try LogSample.writer(directory)
                    let reader = try SegmentReader(path: directory.segment(2))
                    let hash = try directory.read(2).withUnsafeBytes { Digest.of($0) }
                    var entry = SegmentEntry(
                        header: reader.header, sha256: hash, root: reader.root,
                        previous: log.lastLeaf)
                    entry.root[0] ^= 1
                    _ = try log.append([.segment(entry)])
                }
            }
        }
        #expect(isExchanged)
        #expect(try LogReader(audit: directory.path).checkpoint() == nil)
    }

    @Test(arguments: [false, true])
    func `a segment that was sealed after another one is not signed`(wasSigned: Bool) throws {
        let directory = try LogSample.segments(1)
        try append(1, to: directory)
        if wasSigned { #expect(try sign(directory) == 1) }
        let first = try SegmentReader(path: directory.segment(1)).header.interval.lastSequence + 1
        var range = Sample.range(
            seed: 99, id: 2, first: first, riders: 2, points: 20,
            previous: [UInt8](repeating: 0xCD, count: 32))
        range.records.removeAll { if case .amendment = $0.record { true } else { false } }
        try range.seal(in: directory)
        try append(2, to: directory)
        let error = #expect(throws: LogError(.entryChain, file: "", "")) { try sign(directory) }
        #expect(error?.file == "00000002.seg")
        #expect(error?.message.contains(String(repeating: "cd", count: 32)) == true)
        #expect(
            try LogReader(audit: directory.path).checkpoint()?.head.size == (wasSigned ? 1 : nil))
    }

    @Test func `whoever has nothing to sign yet is told to wait`() throws {
        let directory = try LogSample.segments(1)
        let error = #expect(throws: LogError(.noEntries, file: "", "")) { try sign(directory) }
        #expect(error?.exit == .incomplete)
        #expect(error?.message.contains("wait until a range is sealed") == true)
    }
}
