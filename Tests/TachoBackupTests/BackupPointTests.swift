import Foundation
import Synchronization
import TachoEngine
import TachoGeo
import TachoStore
import Testing

@testable import TachoBackup

/// Backups at random moments under writers, cuts, seals and ranges that leave the database.
@Suite struct BackupPointTests {
    private final class Stop: Sendable {
        let isWanted = Atomic<Bool>(false)
    }

    private final class Writer: Sendable {
        let rider: String
        /// Fixes acknowledged, in order, and how many were sent at all.
        let acknowledged = Atomic<Int>(0)
        let sent = Atomic<Int>(0)

        init(_ rider: String) { self.rider = rider }

        func run(_ engine: Engine, seed: UInt64, isStopping: () -> Bool) {
            var random = SeededGenerator(seed: seed)
            var next = 0
            while !isStopping() {
                let count = Int.random(in: 1...200, using: &random)
                sent.store(next + count, ordering: .sequentiallyConsistent)
                guard (try? engine.append(batch(rider, next..<next + count))) != nil else {
                    continue
                }
                next += count
                acknowledged.store(next, ordering: .sequentiallyConsistent)
            }
        }
    }

    @Test(arguments: UInt64(1)...4)
    func `everything acknowledged before is in it, and nothing that was not sent`(
        _ seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let place = TemporaryDirectory()
        var options = testOptions(place.data)
        // Checkpoints and used files come all the time.
        options.journalLimitBytes = Int.random(in: 1...3, using: &random) << 18
        options.journalFileBytes = 1 << 18
        let engine = try Engine.open(options)
        let stop = Stop()
        let writers = (0..<4).map { Writer("w\($0)") }
        let threads = writers.enumerated().map { index, writer in
            Thread {
                writer.run(engine, seed: seed &* 100 &+ UInt64(index)) {
                    stop.isWanted.load(ordering: .sequentiallyConsistent)
                }
            }
        }
        for thread in threads { thread.start() }
        var floors: [[Int]] = []
        var ceilings: [[Int]] = []
        for _ in 0..<4 {
            Thread.sleep(forTimeInterval: Double.random(in: 0...0.05, using: &random))
            if Bool.random(using: &random) { _ = try engine.seal() }
            if Bool.random(using: &random) { _ = try engine.retire(RetireQuery(hotDays: 0)) }
            floors.append(writers.map { $0.acknowledged.load(ordering: .sequentiallyConsistent) })
            try backUp(engine, place)
            ceilings.append(writers.map { $0.sent.load(ordering: .sequentiallyConsistent) })
        }
        stop.isWanted.store(true, ordering: .sequentiallyConsistent)
        for thread in threads {
            while !thread.isFinished { Thread.sleep(forTimeInterval: 0.005) }
        }
        try engine.close()
        for (index, floor) in floors.enumerated() {
            let label = "seed \(seed), generation \(index + 1)"
            let target = place.path + "/\(index)"
            let summary = try restore(place, to: target, generation: UInt64(index + 1))
            let restored = try Engine.open(testOptions(target))
            let found = try tracks(restored)
            try restored.close()
            var sum: UInt64 = 0
            for (writer, number) in zip(writers, writers.indices) {
                let times = found[writer.rider] ?? []
                sum += UInt64(times.count)
                // One writer sends in order: what is there are its first fixes, all of them.
                #expect(times == (0..<times.count).map { fix($0).tsMs }, "\(label)")
                #expect(times.count >= floor[number], "\(label): acknowledged before")
                #expect(times.count <= ceilings[index][number], "\(label): sent")
            }
            #expect(sum == summary.manifest.points, "\(label)")
        }
    }
}
