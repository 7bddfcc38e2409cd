import Foundation
import TachoCodec
import TachoEngine
import TachoGeo

extension Benchmark {
    /// A rider's latest position in process, riders at random: what a request costs before any
    /// socket.
    static let latest = Benchmark(
        name: "latest", about: "ns per look-up of a latest position in process"
    ) { scale in
        let scratch = ScratchDirectory(in: scale.directory, "latest")
        var fleet = BenchmarkFleet(riders: scale.riders)
        let now = fleet.nowMs
        var options = EngineOptions(directory: scratch.path + "/data")
        options.nowMs = { now }
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        _ = try engine.append(fleet.batch(scale.riders))
        var hash = ResultHash()
        var costs: [Double] = []
        for _ in 0..<scale.rounds {
            hash = ResultHash()
            var at = 12345
            let seconds = Timing.seconds {
                for _ in 0..<scale.points {
                    at = (at &* 1_103_515_245 &+ 12345) & 0x7FFF_FFFF
                    let name = fleet.names[at % scale.riders]
                    let fix = name.withUnsafeBytes { engine.latest(rider: $0, raw: false) }
                    hash.mix(UInt64(bitPattern: Int64(fix?.fix.lonE7 ?? 0)))
                }
            }
            costs.append(seconds / Double(scale.points) * 1e9)
        }
        try engine.close()
        return [
            Measurement("latest", Timing.median(costs), "ns", n: scale.points, hash: hash.value)
        ]
    }

    /// Coding and decoding chunks of 256 fixes of one rider, with memory made once. CPU time.
    static let decode = Benchmark(
        name: "decode", about: "points a second coded into and decoded from chunks, one core"
    ) { scale in
        let riders = max(1, scale.points / 256 / 8)
        var fleet = BenchmarkFleet(riders: riders)
        var tracks = [[StoredFix]](repeating: [], count: riders)
        for _ in 0..<riders * 256 {
            let (rider, fix) = fleet.step()
            tracks[rider].append(
                StoredFix(
                    fix: fix, provenance: .live, vehicle: .car, verdict: Verdict(isTrusted: true),
                    recvMs: fix.tsMs + 128, claimedRecvMs: 0))
        }
        let arrivals = (0..<UInt32(256)).map { $0 }
        var encoder = ChunkEncoder(capacity: 256)
        var columns = ChunkColumns(capacity: 256)
        var chunks: [[UInt8]] = []
        var room: [UInt8] = []
        room.reserveCapacity(8_192)
        var codes: [Double] = []
        var decodes: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            var bytes = 0
            codes.append(
                Timing.cpuSeconds {
                    for track in tracks {
                        room.removeAll(keepingCapacity: true)
                        encode(track, arrivals, &encoder, into: &room)
                        bytes += room.count
                    }
                })
            chunks = tracks.map { track in
                var chunk: [UInt8] = []
                encode(track, arrivals, &encoder, into: &chunk)
                return chunk
            }
            decodes.append(
                try Timing.cpuSeconds {
                    for chunk in chunks {
                        try chunk.withUnsafeBytes { _ = try Chunk.decode($0, into: &columns) }
                    }
                })
            hash = ResultHash()
            hash.mix(UInt64(bitPattern: columns.at.tsMs[255]))
            hash.mix(UInt64(bytes))
        }
        let points = Double(riders * 256)
        let bytes = Double(chunks.reduce(0) { $0 + $1.count }) / points
        return [
            Measurement(
                "encode", points / Timing.median(codes), "points/s", n: riders * 256,
                hash: hash.value),
            Measurement(
                "decode", points / Timing.median(decodes), "points/s", n: riders * 256,
                hash: hash.value),
            Measurement("bytes_synthetic", bytes, "B/point", n: riders * 256, hash: hash.value),
        ]
    }

    static func encode(
        _ track: [StoredFix], _ arrivals: [UInt32], _ encoder: inout ChunkEncoder,
        into out: inout [UInt8]
    ) {
        track.withUnsafeBufferPointer { fixes in
            arrivals.withUnsafeBufferPointer { order in
                encoder.encode(
                    fixes, arrivals: UnsafeBufferPointer(rebasing: order[..<fixes.count]),
                    rangeID: 1, kind: .main, firstSequence: 1, lastSequence: 2, into: &out)
            }
        }
    }
}

extension Timing {
    /// What the calling thread used of a processor: other work on the machine counts little.
    fileprivate static func cpuSeconds(_ body: () throws -> Void) rethrows -> Double {
        let start = seconds(of: CLOCK_THREAD_CPUTIME_ID)
        try body()
        return seconds(of: CLOCK_THREAD_CPUTIME_ID) - start
    }
}
