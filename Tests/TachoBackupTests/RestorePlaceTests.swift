import Foundation
import TachoEngine
import Testing

@testable import TachoBackup

#if canImport(Glibc)
    import Glibc
#endif

/// A restore gives a directory its name only when everything in it checked out.
@Suite struct RestorePlaceTests {
    private func backedUp() throws -> TemporaryDirectory {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<400))
        _ = try engine.seal()
        _ = try engine.append(batch("b", 0..<300))
        try backUp(engine, place)
        try engine.close()
        return place
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func make(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    /// `step` is called with each piece that is read or copied.
    private func restore(
        _ place: TemporaryDirectory, step: @escaping () -> Void
    ) throws -> RestoreSummary {
        let options = RestoreOptions(pacer: Pacer(progress: { _ in step() }))
        var run = try RestoreRun(try BackupStore(reading: place.backup), options)
        return try run.restore(to: place.restored)
    }

    private func exit(_ body: () throws -> Void) -> Int32? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BackupFailure)?.exitCode
        }
    }

    @Test(arguments: [false, true])
    func `there is no data directory before everything checked out`(_ isThere: Bool) throws {
        let place = try backedUp()
        if isThere { try make(place.restored) }
        var isEarly = false
        let summary = try restore(place) { [path = place.restored + "/TACHO"] in
            if FileManager.default.fileExists(atPath: path) { isEarly = true }
        }
        #expect(!isEarly)
        #expect(summary.pointsRead == 700)
        #expect(!exists(place.restored + ".restoring") && !exists(place.restored + "/.restoring"))
        #expect(!exists(place.restored + "/RESTORING"))
        let engine = try Engine.open(testOptions(place.restored))
        #expect(engine.lastSequence == 700)
        try engine.close()
    }

    @Test func `what a disk gives back otherwise than it was written is found`() throws {
        let place = try backedUp()
        var isDone = false
        let code = exit {
            _ = try restore(place) { [place] in
                for folder in [place.restored, place.restored + ".restoring"] where !isDone {
                    let url = URL(fileURLWithPath: folder + "/backup-id")
                    guard var bytes = try? Data(contentsOf: url), bytes.count == 33 else {
                        continue
                    }
                    bytes[3] = bytes[3] == 0x30 ? 0x31 : 0x30
                    try? bytes.write(to: url)
                    isDone = true
                }
            }
        }
        #expect(isDone)
        #expect(code == 74)
        #expect(!exists(place.restored) && !exists(place.restored + ".restoring"))
    }

    @Test(arguments: [false, true])
    func `what a kill left of a restore goes with the next`(_ isThere: Bool) throws {
        let place = try backedUp()
        let left = place.restored + (isThere ? "/.restoring" : ".restoring")
        try make(left + "/db")
        for name in ["RESTORING", "TACHO", "db/old"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: left + "/" + name))
        }
        #expect(try restore(place) {}.pointsRead == 700)
        #expect(!exists(left) && !exists(place.restored + "/db/old"))
    }

    @Test func `what no restore left, or is in use, stays, and is named`() throws {
        let place = try backedUp()
        let left = place.restored + ".restoring"
        try make(left)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: left + "/letter"))
        #expect(exit { _ = try restore(place) {} } == 64)
        #expect(files(below: left) == ["letter"])

        // A server that was started on it, of all things.
        for name in ["RESTORING", "LOCK"] {
            try Data().write(to: URL(fileURLWithPath: left + "/" + name))
        }
        let held = open(left + "/LOCK", O_RDWR)
        #expect(flock(held, LOCK_EX) == 0)
        #expect(exit { _ = try restore(place) {} } == 75)
        #expect(files(below: left) == ["LOCK", "RESTORING", "letter"])
        close(held)

        // Another restore.
        let other = open(left, O_RDONLY | O_DIRECTORY)
        #expect(flock(other, LOCK_EX) == 0)
        #expect(exit { _ = try restore(place) {} } == 75)
        close(other)
        #expect(!exists(place.restored))
        #expect(try restore(place) {}.pointsRead == 700)
    }

    @Test func `a directory that came into being meanwhile is left as it is`() throws {
        let place = try backedUp()
        let letter = place.restored + "/letter"
        let code = exit {
            _ = try restore(place) { [place] in
                try? FileManager.default.createDirectory(
                    atPath: place.restored, withIntermediateDirectories: true)
                try? Data("mine".utf8).write(to: URL(fileURLWithPath: letter))
            }
        }
        #expect(code != nil)
        #expect(files(below: place.restored).contains("letter"))
        #expect(!exists(place.restored + "/TACHO") && !exists(place.restored + ".restoring"))
    }
}
