import Foundation
import TachoCodec
import TachoEngine
import TachoGeo

extension Benchmark {
    /// Chunk bytes per point of the real tracks in ../shared/data, where they are: imported as
    /// history, in chunks of 256 fixes of one rider. Nothing where they are not.
    static let bytesPerPoint = Benchmark(
        name: "bytes", about: "bytes a point of real tracks, in chunks of 256"
    ) { scale in
        let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "../shared/data").standardizedFileURL
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: data.path))?
            .filter { $0.hasSuffix(".csv.gz") }.sorted() ?? []
        // A tiny run takes the smallest file: enough to see that the code still works.
        let chosen = scale.points < 10_000 ? names.filter { $0.hasPrefix("scooter") } : names
        return try chosen.map { try measure(data.path + "/" + $0, String($0.dropLast(7))) }
    }

    private static func measure(_ path: String, _ name: String) throws -> Measurement {
        let text = try unzip(path)
        var riders: [[UInt8]: [StoredFix]] = [:]
        var reader = CSVFixReader()
        try text.withUnsafeBytes { bytes in
            try reader.feed(bytes, isLast: true, fallbackRider: nil) { row in
                guard row.defect == nil, case .success(let reading) = row.text.read() else {
                    return
                }
                riders[Array(row.rider), default: []].append(
                    StoredFix(
                        fix: reading.fix, provenance: .history, vehicle: .car,
                        verdict: Verdict(isTrusted: true), recvMs: reading.fix.tsMs,
                        claimedRecvMs: 0))
            }
        }
        var encoder = ChunkEncoder(capacity: 256)
        let arrivals = (0..<UInt32(256)).map { $0 }
        var chunk: [UInt8] = []
        var bytes = 0
        var points = 0
        var hash = ResultHash()
        for rider in riders.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let track = riders[rider]!.sorted { $0.fix.tsMs < $1.fix.tsMs }
            for start in stride(from: 0, to: track.count, by: 256) {
                let slice = Array(track[start..<min(start + 256, track.count)])
                chunk.removeAll(keepingCapacity: true)
                encode(slice, arrivals, &encoder, into: &chunk)
                bytes += chunk.count
                points += slice.count
            }
        }
        hash.mix(UInt64(bytes))
        hash.mix(UInt64(points))
        return Measurement(
            "bytes_\(name)", Double(bytes) / Double(max(1, points)), "B/point", n: points,
            hash: hash.value)
    }

    private static func unzip(_ path: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }
}
