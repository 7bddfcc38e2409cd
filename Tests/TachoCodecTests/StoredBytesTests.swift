import Foundation
import TachoGeo
import Testing

@testable import TachoCodec

/// What is on disks already. If a test here fails, the format has changed: that needs a version.
@Suite struct StoredBytesTests {
    static let directory = RealTracks.repository.appending(path: "Tests/Fixtures/chunks/v0")

    enum Kind { case ride, wild, courier }

    /// Files of format 0 and the tracks they hold. Files are added, never edited: with
    /// TACHO_ADD_FIXTURES set, missing ones are written. Those of encoders that knew fewer codecs
    /// are read for ever, but no longer written.
    struct File {
        var name: String
        var seed: UInt64
        var count: Int
        var kind: Kind
        var isWritten = true
    }

    static let files = [
        File(name: "ride-256", seed: 2_026, count: 256, kind: .ride, isWritten: false),
        File(name: "ride-1", seed: 7, count: 1, kind: .ride),
        File(name: "wild-40", seed: 11, count: 40, kind: .wild, isWritten: false),
        File(name: "ride-256-rice", seed: 2_026, count: 256, kind: .ride),
        File(name: "wild-40-rice", seed: 11, count: 40, kind: .wild),
        File(name: "courier-256", seed: 2_027, count: 256, kind: .courier),
    ]

    private static func track(_ seed: UInt64, _ count: Int, _ kind: Kind) -> Track {
        var random = Seeded(seed)
        switch kind {
        case .ride: return Track.ride(&random, count: count)
        case .wild: return Track.wild(&random, count: count).sorted
        case .courier: return Track.courier(&random, count: count)
        }
    }

    private static func bytes(_ name: String, orWrite new: [UInt8]) throws -> [UInt8] {
        let url = directory.appending(path: name + ".bin")
        if ProcessInfo.processInfo.environment["TACHO_ADD_FIXTURES"] != nil,
            !FileManager.default.fileExists(atPath: url.path)
        {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
            try Data(new).write(to: url)
        }
        return Array(try Data(contentsOf: url))
    }

    @Test(arguments: files.indices)
    func `chunks of format 0 are read for ever and written the same`(index: Int) throws {
        let file = Self.files[index]
        let track = Self.track(file.seed, file.count, file.kind)
        let stored = try Self.bytes(file.name, orWrite: track.chunk())
        #expect(try Track.read(chunk: stored).0 == track)
        #expect((track.chunk() == stored) == file.isWritten)
    }

    @Test func `the damaged twins are refused`() throws {
        let good = try Self.bytes("ride-256", orWrite: [])
        var flipped = good
        flipped[700] ^= 0x10
        let damaged = try Self.bytes("ride-256-damaged", orWrite: flipped)
        #expect(zip(damaged, good).filter { $0 != $1 }.count == 1 && damaged.count == good.count)
        #expect(throws: ChunkError.checksumMismatch) { try Track.read(chunk: damaged) }
        let cut = try Self.bytes("ride-256-cut", orWrite: good.dropLast(1))
        #expect(throws: ChunkError.badLength) { try Track.read(chunk: cut) }
    }

    @Test func `the encoder's bytes have not changed`() {
        var hash: UInt32 = 0
        var size = 0
        for seed in UInt64(0)..<64 {
            let count = [1, 2, 17, 32, 64, 256, 300, 1_000][Int(seed % 8)]
            let kinds: [Kind] = [.ride, .courier, .ride, .courier, .wild]
            let chunk = Self.track(seed, count, kinds[Int(seed % 5)]).chunk()
            hash = chunk.withUnsafeBytes { CRC32C.checksum($0, seed: hash) }
            size += chunk.count
        }
        #expect(size == 154_488)
        #expect(hash == 2_005_488_706)
    }
}
