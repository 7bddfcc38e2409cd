import Foundation
import TachoGeo
import Testing

@testable import TachoCodec

/// What is on disks already. If a test here fails, the format has changed: that needs a version.
@Suite struct StoredBytesTests {
    static let directory = RealTracks.repository.appending(path: "Tests/Fixtures/chunks/v0")

    /// Files of format 0 and the tracks they hold. Files are added, never edited: with
    /// TACHO_ADD_FIXTURES set, missing ones are written.
    static let files: [(name: String, seed: UInt64, count: Int, isWild: Bool)] = [
        ("ride-256", 2_026, 256, false), ("ride-1", 7, 1, false), ("wild-40", 11, 40, true),
    ]

    private static func track(_ seed: UInt64, _ count: Int, _ isWild: Bool) -> Track {
        var random = Seeded(seed)
        return isWild
            ? Track.wild(&random, count: count).sorted : Track.ride(&random, count: count)
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
        let track = Self.track(file.seed, file.count, file.isWild)
        let stored = try Self.bytes(file.name, orWrite: track.chunk())
        #expect(try Track.read(chunk: stored).0 == track)
        #expect(track.chunk() == stored)
    }

    @Test func `the damaged twins are refused`() throws {
        let good = Self.track(2_026, 256, false).chunk()
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
            let chunk = Self.track(seed, count, seed % 5 == 4).chunk()
            hash = chunk.withUnsafeBytes { CRC32C.checksum($0, seed: hash) }
            size += chunk.count
        }
        #expect(size == 154_768)
        #expect(hash == 1_908_309_544)
    }
}
