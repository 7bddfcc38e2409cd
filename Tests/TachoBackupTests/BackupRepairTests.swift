import Foundation
import TachoAudit
import TachoEngine
import Testing

@testable import TachoBackup

/// A backup whose own files, or whose source, are not what they were: the next one must neither make it
/// worse nor claim what is not so.
@Suite struct BackupRepairTests {
    private func damage(_ path: String) throws {
        let url = URL(fileURLWithPath: path)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: url)
    }

    /// Three generations, of 30, 60 and 90 points, with the engine open.
    private func generations(_ place: TemporaryDirectory) throws -> Engine {
        let engine = try Engine.open(testOptions(place.data))
        for rider in ["a", "b", "c"] {
            _ = try engine.append(batch(rider, 0..<30))
            try backUp(engine, place)
        }
        return engine
    }

    private func exit(_ body: () throws -> Void) -> Int32? {
        do {
            try body()
            return nil
        } catch {
            return (error as? BackupFailure)?.exitCode
        }
    }

    // MARK: Two at once

    @Test(arguments: UInt64(1)...4)
    func `a backup during which another one began is none, and takes nothing from it`(
        _ seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<2_000))
        _ = try engine.seal()
        _ = try engine.append(batch("b", 0..<300))
        let store = try BackupStore(writing: place.backup, of: place.data)
        let point = try engine.beginBackup()
        let identity = PointIdentity(of: point)
        let after = Int.random(in: 0...3, using: &random)
        var pieces = 0
        let pacer = Pacer(progress: { _ in
            pieces += 1
            guard pieces == after + 1 else { return }
            _ = try? engine.append(batch("c", 0..<50))
            _ = try? engine.beginBackup()
        })
        let options = BackupOptions(data: place.data, pacer: pacer)
        let code = exit { _ = try BackupRun.run(store, point, options) }
        #expect(code == 75, "seed \(seed), after \(after) pieces")
        #expect(try store.manifests() == [], "seed \(seed)")
        #expect(PointIdentity(of: point) != nil && PointIdentity(of: point) != identity)
        withExtendedLifetime(store) {}
        try engine.close()
    }

    @Test func `a point that another one replaced before it was copied is not taken for its own`()
        throws
    {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<30))
        let store = try BackupStore(writing: place.backup, of: place.data)
        let point = try engine.beginBackup()
        _ = try engine.append(batch("b", 0..<30))
        _ = try engine.beginBackup()
        let options = BackupOptions(data: place.data, pacer: Pacer())
        #expect(exit { _ = try BackupRun.run(store, point, options) } == 75)
        try engine.close()
    }

    // MARK: Index and manifests

    @Test func `a missing index is made again from the manifests, and no generation goes`() throws {
        let place = TemporaryDirectory()
        let engine = try generations(place)
        try FileManager.default.removeItem(atPath: place.backup + "/BACKUP")
        #expect(exit { _ = try check(place) } == 64)
        let summary = try backUp(engine, place)
        #expect(summary.manifest.generation == 4)
        #expect(summary.warnings.contains { $0.contains("BACKUP was missing") })
        for number in UInt64(1)...3 {
            #expect(try check(place, generation: number).manifest.points == number * 30)
        }
        // With one that cannot be read nobody knows what the index said.
        try FileManager.default.removeItem(atPath: place.backup + "/BACKUP")
        try damage(place.backup + "/generations/00000002.manifest")
        let before = files(below: place.backup)
        #expect(exit { try backUp(engine, place) } == 65)
        #expect(files(below: place.backup) == before)
        try engine.close()
    }

    @Test func `without the index a generation can be restored by its number`() throws {
        let place = TemporaryDirectory()
        let engine = try generations(place)
        try engine.close()
        try FileManager.default.removeItem(atPath: place.backup + "/BACKUP")
        let store = try BackupStore(reading: place.backup, generation: 2)
        var options = RestoreOptions(pacer: Pacer())
        options.generation = 2
        var run = try RestoreRun(store, options)
        #expect(try run.restore(to: place.restored).pointsRead == 60)
    }

    @Test func `a generation that was cut off before the index is restored by its number`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        _ = try engine.append(batch("a", 0..<30))
        try backUp(engine, place)
        let index = URL(fileURLWithPath: place.backup + "/BACKUP")
        let old = try Data(contentsOf: index)
        _ = try engine.append(batch("b", 0..<30))
        try backUp(engine, place)
        try engine.close()
        try old.write(to: index)
        #expect(exit { try restore(place) } == 65)
        #expect(try restore(place, generation: 2).pointsRead == 60)
        #expect(exit { _ = try check(place, generation: 3) } == 64)
        try damage(place.backup + "/generations/00000002.manifest")
        #expect(exit { _ = try check(place, generation: 2) } == 65)
    }

    @Test(arguments: [1, 3])
    func `a rotten manifest stops no backup, and nothing is removed while it is there`(
        _ rotten: Int
    ) throws {
        let place = TemporaryDirectory()
        let engine = try generations(place)
        let manifest = place.backup + "/generations/0000000\(rotten).manifest"
        let sound = try Data(contentsOf: URL(fileURLWithPath: manifest))
        let before = files(below: place.backup + "/objects")
        try damage(manifest)
        _ = try engine.append(batch("d", 0..<30))
        let fourth = try backUp(engine, place)
        #expect(fourth.manifest.generation == 4)
        #expect(fourth.warnings.contains { $0.contains("cannot be read") }, "\(fourth.warnings)")
        #expect(try check(place).manifest.points == 120)
        let after = files(below: place.backup + "/objects")
        #expect(Set(after).isSuperset(of: before))
        // Put back, it is whole.
        try sound.write(to: URL(fileURLWithPath: manifest))
        #expect(try check(place, generation: UInt64(rotten)).manifest.points == UInt64(rotten) * 30)
        // Given up, it holds up nothing.
        try damage(manifest)
        let fifth = try backUp(engine, place, keep: 1)
        #expect(fifth.warnings == [])
        #expect(files(below: place.backup + "/generations") == ["00000005.manifest"])
        try engine.close()
    }

    @Test func `a rotten manifest behind the index is neither counted nor written over`() throws {
        let place = TemporaryDirectory()
        let engine = try generations(place)
        let rotten = place.backup + "/generations/00000004.manifest"
        try Data("cut off".utf8).write(to: URL(fileURLWithPath: rotten))
        let summary = try backUp(engine, place)
        #expect(summary.manifest.generation == 5)
        #expect(summary.warnings.count == 2, "\(summary.warnings)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: rotten)) == Data("cut off".utf8))
        #expect(try check(place).manifest.generation == 5)
        try engine.close()
    }

    // MARK: Contents

    @Test func `an object that rotted is written anew from the source`() throws {
        let place = TemporaryDirectory()
        let engine = try generations(place)
        var objects: [String] = []
        do {
            let store = try BackupStore(reading: place.backup)
            let kept = try store.manifest(3).files.filter { $0.role == .identity }
            objects = kept.map { store.objectPath($0.sha256) }
        }
        #expect(objects.count == 2)
        for path in objects { try damage(path) }
        #expect(exit { _ = try check(place) } == 65)
        let summary = try backUp(engine, place)
        #expect(summary.warnings.count == 2, "\(summary.warnings)")
        for number in UInt64(1)...4 {
            #expect(try check(place, generation: number).manifest.generation == number)
        }
        try engine.close()
    }

    @Test func `a segment that is only in the mirror must be sound there`() throws {
        let place = TemporaryDirectory()
        let engine = try Engine.open(testOptions(place.data))
        for rider in ["a", "b"] {
            _ = try engine.append(batch(rider, 0..<400))
            _ = try engine.seal()
        }
        try backUp(engine, place)
        try FileManager.default.removeItem(atPath: place.data + "/audit/00000001.seg")
        try backUp(engine, place)
        try damage(place.backup + "/audit/00000001.seg")
        #expect(exit { try backUp(engine, place) } == 65)
        #expect(try BackupStore(reading: place.backup).newest == 2)
        try engine.close()
    }
}
