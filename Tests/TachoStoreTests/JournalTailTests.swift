import Foundation
import Testing

@testable import TachoStore

@Suite struct JournalTailTests {
    private func bodies(
        _ folder: String, behind mark: CheckpointMark, through last: Int, hash: UInt64
    ) throws -> [[UInt8]] {
        var list: [[UInt8]] = []
        try JournalTail(folder: folder, behind: mark).forEach(through: UInt64(last), hash: hash) {
            _, body throws(StoreError) in list.append(Array(body))
        }
        return list
    }

    @Test(arguments: UInt64(1)...20)
    func `a copied tail has the groups up to the one that was named, and opens as a journal`(
        _ seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let test = try TestJournal(fileBytes: 64 << 10)
        for group in 1...Int.random(in: 2...60, using: &random) {
            let count = Int.random(in: 1...9_000, using: &random)
            try test.append([UInt8](repeating: UInt8(group), count: count))
            if Int.random(in: 0..<9, using: &random) == 0 {
                test.release(upTo: Int.random(in: 1..<group + 1, using: &random))
            }
        }
        let last = Int.random(in: test.released...test.bodies.count, using: &random)
        let hash = last == 0 ? 0 : test.hashes[last - 1]
        // Released files may be on their way to their next numbers.
        test.close()
        let target = test.path + "/copy"
        try FileManager.default.createDirectory(
            atPath: target, withIntermediateDirectories: true)
        let tail = JournalTail(folder: test.path, behind: test.mark)
        _ = try tail.copy(to: target, through: UInt64(last), hash: hash)
        let expected = Array(test.bodies[test.released..<last])
        #expect(
            try bodies(target, behind: test.mark, through: last, hash: hash) == expected,
            "seed \(seed)")
        let extent = try JournalExtent.measure(
            target, after: test.mark, watermark: test.watermark(last))
        #expect(extent.group == UInt64(last) && extent.hash == hash, "seed \(seed)")
        #expect(!extent.isShort(of: test.watermark(last)), "seed \(seed)")
        // One group less, or another hash, is none.
        #expect(throws: StoreError.self, "seed \(seed)") {
            try bodies(target, behind: test.mark, through: last + 1, hash: hash)
        }
        #expect(throws: StoreError.self, "seed \(seed)") {
            try bodies(target, behind: test.mark, through: last, hash: hash ^ 1)
        }
    }

    @Test func `while files are kept none is used again, and after it they are`() throws {
        let test = try TestJournal(fileBytes: 16 << 10)
        for group in 1...12 { try test.append([UInt8](repeating: UInt8(group), count: 8_000)) }
        let before = try test.files().map(\.number)
        #expect(before.count > 4)
        try test.journal.keeping { () throws in
            test.release(upTo: 12)
            // Another thread would do it by now.
            Thread.sleep(forTimeInterval: 0.05)
            #expect(try test.files().map(\.number) == before)
        }
        var left = before
        for _ in 0..<200 where left.count > 1 {
            Thread.sleep(forTimeInterval: 0.01)
            left = try test.files().map(\.number)
        }
        #expect(left.count == 1)
    }
}

@Suite struct WriteGateTests {
    @Test func `nobody is inside while it is closed, and everybody gets through`() throws {
        let gate = WriteGate()
        let lock = NSLock()
        nonisolated(unsafe) var inside = 0
        nonisolated(unsafe) var passed = 0
        let threads = (0..<4).map { _ in
            Thread {
                for _ in 0..<500 {
                    gate.enter()
                    lock.withLock { inside += 1 }
                    lock.withLock {
                        inside -= 1
                        passed += 1
                    }
                    gate.leave()
                }
            }
        }
        for thread in threads { thread.start() }
        for _ in 0..<50 {
            gate.closed {
                let before = lock.withLock { (inside, passed) }
                Thread.sleep(forTimeInterval: 0.0005)
                let after = lock.withLock { (inside, passed) }
                #expect(before.0 == 0 && after == before)
            }
        }
        for thread in threads {
            while !thread.isFinished { Thread.sleep(forTimeInterval: 0.001) }
        }
        #expect(passed == 2_000)
    }
}
