import Foundation
import TachoAudit
import TachoEngine
import TachoStore
import Testing

@testable import TachoBackup

@Suite struct BackupRunTests {
    @Test func `a restored directory has all, goes on with its numbers, and backs up as the same`()
        throws
    {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<500))
        _ = try engine.seal()
        _ = try engine.append(batch("b", 0..<300))
        let first = try backUp(engine, place)
        #expect(first.manifest.points == 800 && first.manifest.segments == 1)
        #expect(first.manifest.generation == 1 && first.manifest.nextSequence == 801)
        let before = try tracks(engine)
        _ = try engine.append(batch("c", 0..<100))
        try engine.close()

        let summary = try restore(place)
        #expect(summary.pointsRead == 800)
        let again = try Engine.open(testOptions(place.restored))
        #expect(try tracks(again) == before)
        #expect(again.lastSequence == 800)
        _ = try again.append(batch("d", 0..<10))
        #expect(again.lastSequence == 810)
        try again.close()
        let id = try String(contentsOfFile: place.restored + "/backup-id", encoding: .utf8)
        #expect(id == first.manifest.engine + "\n")
    }

    @Test func `a second backup copies what is new, and each is whole`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        for rider in 0..<20 { _ = try engine.append(batch("r\(rider)", 0..<2_000)) }
        _ = try engine.seal()
        let first = try backUp(engine, place)
        _ = try engine.append(batch("late", 0..<10))
        let second = try backUp(engine, place)
        #expect(second.manifest.generation == 2)
        #expect(second.copiedBytes < first.copiedBytes / 4)
        #expect(second.copiedFiles < first.copiedFiles)
        // Segments are there once, as a mirror that a verifier takes as it is.
        let mirrored = files(below: place.backup + "/audit").filter { $0.hasSuffix(".seg") }
        #expect(mirrored == ["00000001.seg"])
        let verified = Verifier.run(directory: place.backup + "/audit", deep: true) { _ in }
        #expect(verified.exit == .verified)
        try engine.close()
        #expect(try restore(place, to: place.path + "/one", generation: 1).pointsRead == 40_000)
        #expect(try restore(place, to: place.path + "/two").pointsRead == 40_010)
    }

    @Test func `generations beyond --keep go, with what only they had`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        for round in 0..<4 {
            _ = try engine.append(batch("r\(round)", 0..<300))
            try backUp(engine, place, keep: 2)
        }
        try engine.close()
        let store = try BackupStore(reading: place.backup)
        #expect(store.index?.generations.map(\.number) == [3, 4])
        #expect(try store.manifests() == [3, 4])
        var named: Set<String> = []
        for number in UInt64(3)...4 {
            for file in try store.manifest(number).files where file.role != .segment {
                named.insert(Digest.hex(file.sha256))
            }
        }
        let there = files(below: place.backup + "/objects").map { String($0.suffix(64)) }
        #expect(Set(there) == named)
        #expect(try check(place, generation: 3).manifest.points == 900)
        #expect(throws: BackupFailure.self) { try check(place, generation: 2) }
    }

    @Test func `what an interrupted backup left goes with the next, and earlier ones stay whole`()
        throws
    {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<300))
        try backUp(engine, place)
        _ = try engine.append(batch("b", 0..<5_000))
        // Stopped at a random piece, several times.
        for after in [0, 2, 5, 9] {
            var pieces = 0
            var options = BackupOptions(
                data: place.data,
                pacer: Pacer(progress: { _ in pieces += 1 }, isStopping: { pieces > after }))
            options.keep = nil
            let store = try BackupStore(writing: place.backup, of: place.data)
            let point = try engine.beginBackup()
            #expect(throws: BackupFailure.interrupted) {
                try BackupRun.run(store, point, options)
            }
        }
        #expect(try check(place).manifest.points == 300)
        try FileManager.default.createDirectory(
            atPath: place.backup + "/objects/ff", withIntermediateDirectories: true)
        try Data("left".utf8).write(to: URL(fileURLWithPath: place.backup + "/objects/ff/left"))
        try backUp(engine, place)
        try engine.close()
        #expect(!files(below: place.backup + "/objects").contains("ff/left"))
        #expect(files(below: place.backup + "/tmp") == [])
        #expect(try check(place, generation: 1).manifest.points == 300)
        #expect(try restore(place).pointsRead == 5_300)
    }

    @Test func `a manifest that a kill kept out of the index is taken into it`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<30))
        try backUp(engine, place)
        let index = URL(fileURLWithPath: place.backup + "/BACKUP")
        let old = try Data(contentsOf: index)
        _ = try engine.append(batch("b", 0..<30))
        try backUp(engine, place)
        try old.write(to: index)
        // It may be an older index as well: nobody restores an older generation unawares.
        #expect(throws: BackupFailure.self) { try check(place) }
        #expect(try check(place, generation: 1).manifest.points == 30)
        let third = try backUp(engine, place)
        try engine.close()
        #expect(third.manifest.generation == 3)
        #expect(try check(place, generation: 2).manifest.points == 60)
    }

    @Test func `directories that do not fit are refused, and nothing is written`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<3))
        func refusal(_ directory: String) -> BackupFailure? {
            do throws(BackupFailure) {
                _ = try BackupStore(writing: directory, of: place.data)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(place.data + "/backups")?.exitCode == 64)
        #expect(refusal(place.data)?.exitCode == 64)
        #expect(refusal(place.path)?.exitCode == 64)
        #expect(refusal(place.path + "/none/backups")?.exitCode == 64)
        let other = place.path + "/other"
        try FileManager.default.createDirectory(
            atPath: other, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: other + "/letter"))
        #expect(refusal(other)?.exitCode == 64)
        #expect(files(below: other) == ["letter"])
        try backUp(engine, place)
        #expect(throws: BackupFailure.self) { try restore(place, to: other) }
        #expect(throws: BackupFailure.self) { try restore(place, to: place.backup + "/data") }
        #expect(files(below: other) == ["letter"])
        try engine.close()

        let strangers = TemporaryDirectory()
        let stranger = try Engine.open(testOptions(strangers.data))
        _ = try stranger.append(batch("a", 0..<3))
        let store = try BackupStore(writing: place.backup, of: strangers.data)
        let point = try stranger.beginBackup()
        #expect(throws: BackupFailure.self) {
            try BackupRun.run(store, point, BackupOptions(data: strangers.data, pacer: Pacer()))
        }
        try stranger.close()
    }

    @Test func `a backup in use is not written by another`() throws {
        let place = TemporaryDirectory()
        let first = try BackupStore(writing: place.backup, of: place.data)
        #expect(throws: BackupFailure.self) {
            try BackupStore(writing: place.backup, of: place.data)
        }
        withExtendedLifetime(first) {}
    }

    @Test func `a backup without its journal does not pass`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        let writer = Thread {
            for round in 0..<2_000 { _ = try? engine.append(batch("w", round..<round + 1)) }
        }
        writer.start()
        var isFound = false
        // There is a group behind the checkpoint in nearly every one.
        for number in 0..<20 where !isFound {
            Thread.sleep(forTimeInterval: 0.01)
            let summary = try backUp(engine, place, forgetsJournal: true)
            do {
                try restore(place, to: place.path + "/no-\(number)")
                #expect(!summary.manifest.files.contains { $0.role == .journal })
            } catch {
                isFound = true
            }
        }
        #expect(isFound)
        while !writer.isFinished { Thread.sleep(forTimeInterval: 0.01) }
        try engine.close()
    }
}
