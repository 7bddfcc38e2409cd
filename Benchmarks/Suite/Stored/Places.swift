import Foundation
import Logging
import TachoEngine
import TachoGeo
import TachoServer

extension Benchmark {
    /// The ten nearest of 150,000 riders in a town, in process and over loopback, beside Redis's
    /// GEOSEARCH of the same set with the same load; the client shares the cores.
    static let nearby = Benchmark(
        name: "nearby", about: "the ten nearest riders: in process, over TCP, and Redis GEOSEARCH"
    ) { scale in
        // The mission's fleet; more with --riders.
        let riders =
            scale.riders > 150_000 ? scale.riders : min(150_000, scale.points / 10)
        var fleet = BenchmarkFleet(riders: riders)
        let places = (0..<riders).map { _ in fleet.step().fix.coordinate }
        let town = try LiveTown(scale, places, nowMs: fleet.nowMs)
        defer { town.stop() }
        var figures = try town.inProcess(
            queries: max(100, min(20_000, scale.points / 500)), rounds: scale.rounds)
        let pipelines = PipelinedReads(riders: riders) { rider, request in
            let (lat, lon) = LiveTown.text(places[rider])
            request.command(6)
            request.add("T.NEARBY".utf8)
            request.add(lat)
            request.add(lon)
            request.add("3000".utf8)
            request.add("COUNT".utf8)
            request.add("10".utf8)
        }
        let requests = max(256, min(100_000, scale.points / 100))
        var rates: [Double] = []
        var peer: [Double] = []
        let redis = try RedisTown(scale, places)
        for _ in 0..<scale.rounds {
            rates.append(try town.rate(pipelines, requests))
            // It looks at every rider inside and sorts them: some ms each.
            if let redis { peer.append(try redis.rate(places, max(256, requests / 50))) }
        }
        figures.append(
            Measurement(
                "tcp_nearby", Timing.median(rates), "requests/s", n: requests, hash: 0))
        if redis != nil {
            figures.append(
                Measurement(
                    "redis_geosearch", Timing.median(peer), "requests/s",
                    n: max(256, requests / 50), hash: 0))
        }
        return figures
    }

    /// Who was within 100 m of a place during 20 minutes, places and times at random, of all that was
    /// ingested.
    static let who = Benchmark(
        name: "who", about: "ms to tell who was within 100 m of a place during 20 minutes"
    ) { scale in
        let batches = FleetBatches(scale)
        // Not sealed meanwhile: of a day's points that would be as much work and disk once more.
        let run = try IngestRun("who", batches, scale) { options in
            options.rangeSeconds = 0
            options.rangePoints = .max
        }
        try run.sendUnlessKept(points: scale.points)
        // All rows in table files, as they are after a while.
        try run.engine.close()
        let engine = try run.reopen()
        let perPoint = Double(engine.figure("geo_bytes")) / Double(run.sent)
        var places = WhoPlaces(engine, riders: scale.riders, points: scale.points)
        // A server has its tables open; the first questions behind a start pay for that.
        let first = try places.ask(max(3, min(100, scale.points / 20)))
        let asked = try places.ask(max(3, min(300, scale.points / 20)))
        try engine.close()
        return [
            Measurement("who_index", perPoint, "B/point", n: run.sent, hash: 0),
            Measurement(
                "who_after_start", Timing.median(first), "ms", n: first.count, hash: 0),
            Measurement("who", Timing.median(asked), "ms", n: asked.count, hash: places.hash),
            Measurement(
                "who_p99", Timing.percentile(asked, 0.99), "ms", n: asked.count,
                hash: places.hash),
        ]
    }
}

/// Questions who was within 100 m of where a rider was, ten minutes before to ten minutes after, riders
/// and times at random: no two alike.
private struct WhoPlaces {
    private let engine: Engine
    private let names: [[UInt8]]
    private let rounds: Int
    private var random = SplitMix(seed: 11)
    private var found = ResultHash()

    init(_ engine: Engine, riders: Int, points: Int) {
        self.engine = engine
        names = (0..<riders).map(BenchmarkFleet.name)
        rounds = max(1, points / riders)
    }

    var hash: UInt64 { found.value }

    /// What each answer took, ms.
    mutating func ask(_ count: Int) throws -> [Double] {
        var costs: [Double] = []
        for _ in 0..<count {
            let name = names[random.next(names.count)]
            let middleMs =
                FleetBatches.firstMs + Int64(random.next(rounds)) * FleetBatches.intervalMs
            let there = try engine.track(
                TrackQuery(rider: name, fromMs: middleMs - 10_000, toMs: middleMs, limit: 1)
            ).fixes.first
            guard let place = there?.fix.coordinate else { continue }
            let circle = try Circle(lat: place.lat, lon: place.lon, radiusM: 100)
            var visits: [AreaVisit] = []
            costs.append(
                try Timing.seconds {
                    visits = try engine.who(
                        in: .circle(circle), fromMs: middleMs - 600_000,
                        toMs: middleMs + 600_000)
                } * 1e3)
            found.mix(UInt64(visits.count))
            for visit in visits { found.mix(UInt64(visit.points)) }
        }
        return costs
    }
}

/// A fleet that reported once, in an engine with a server on it.
private final class LiveTown {
    private let scratch: ScratchDirectory
    private let engine: Engine
    private let server: RespServer
    private let places: [Coordinate]
    private let nowMs: Int64

    init(_ scale: Scale, _ places: [Coordinate], nowMs: Int64) throws {
        scratch = ScratchDirectory(in: scale.directory, "nearby")
        self.places = places
        self.nowMs = nowMs
        var options = EngineOptions(directory: scratch.path + "/data")
        options.nowMs = { nowMs }
        options.minFreeBytes = 0
        engine = try Engine.open(options)
        for first in stride(from: 0, to: places.count, by: 1000) {
            var batch = FixBatch(capacity: 1000)
            for rider in first..<min(first + 1000, places.count) {
                let fix = Fix(
                    tsMs: nowMs - 3_000, latE7: places[rider].latE7, lonE7: places[rider].lonE7)
                BenchmarkFleet.name(rider).withUnsafeBytes {
                    _ = batch.append(rider: $0, fix: fix)
                }
            }
            _ = try engine.append(batch)
        }
        server = try RespServer.start(
            engine: engine, address: ListenAddress.parse("127.0.0.1:0"), nowMs: options.nowMs,
            logger: Logger(label: "benchmark"))
    }

    func stop() {
        server.stop()
        try? engine.close()
    }

    static func text(_ place: Coordinate) -> (lat: [UInt8], lon: [UInt8]) {
        var lat: [UInt8] = []
        var lon: [UInt8] = []
        Decimal.append(Int64(place.latE7), decimals: 7, trimmed: false, to: &lat)
        Decimal.append(Int64(place.lonE7), decimals: 7, trimmed: false, to: &lon)
        return (lat, lon)
    }

    /// One question after the other, µs each, the way to the engine's thread and back included.
    func inProcess(queries: Int, rounds: Int) throws -> [Measurement] {
        var (medians, highest): ([Double], [Double]) = ([], [])
        var hash = ResultHash()
        for _ in 0..<rounds {
            var random = SplitMix(seed: 7)
            var costs: [Double] = []
            hash = ResultHash()
            for _ in 0..<queries {
                let place = places[random.next(places.count)]
                let circle = try Circle(lat: place.lat, lon: place.lon, radiusM: 3_000)
                var found: [PlacedRider] = []
                costs.append(
                    try Timing.seconds {
                        found = try engine.nearest(circle, count: 10, nowMs: nowMs)
                    } * 1e6)
                for rider in found { hash.mix(UInt64(rider.number)) }
            }
            medians.append(Timing.median(costs))
            highest.append(Timing.percentile(costs, 0.99))
        }
        return [
            Measurement(
                "nearby_10", Timing.median(medians), "us", n: queries, hash: hash.value),
            Measurement(
                "nearby_10_p99", Timing.median(highest), "us", n: queries, hash: hash.value),
        ]
    }

    func rate(_ reads: PipelinedReads, _ requests: Int) throws -> Double {
        let port = UInt16(server.address.split(separator: ":").last ?? "") ?? 0
        let sockets = try (0..<PipelinedReads.connections).map { _ in
            guard let one = RespSocket(tcp: port) else { throw NetworkLoad.Failure.closed }
            return one
        }
        let (count, seconds) = try reads.run(requests, on: sockets)
        return Double(count) / seconds
    }
}

/// The same places in a sorted set of Redis. nil: it is not installed.
private final class RedisTown {
    private let scratch: ScratchDirectory
    private let process: PeerProcess
    private let port: UInt16

    init?(_ scale: Scale, _ places: [Coordinate]) throws {
        guard PeerCommand.isThere(Peer.server) else { return nil }
        scratch = ScratchDirectory(in: scale.directory, "redis-places")
        port = try LoopbackPort.free()
        let port = port
        process = try PeerProcess(
            [
                Peer.server, "--bind", "127.0.0.1", "--port", "\(port)", "--dir", scratch.path,
                "--save", "", "--appendonly", "no", "--daemonize", "no",
            ], log: scratch.path + "/log")
        try process.wait { RespSocket(tcp: port) != nil }
        guard let socket = RespSocket(tcp: port) else { throw PeerError("redis is silent") }
        for first in stride(from: 0, to: places.count, by: 1000) {
            var writer = RespWriter()
            let end = min(first + 1000, places.count)
            for rider in first..<end {
                let (lat, lon) = LiveTown.text(places[rider])
                writer.command(5)
                writer.add("GEOADD".utf8)
                writer.add("fleet".utf8)
                writer.add(lon)
                writer.add(lat)
                writer.add(BenchmarkFleet.name(rider))
            }
            try socket.send(writer.bytes)
            try socket.receive(end - first)
        }
    }

    deinit { process.stop(SIGKILL) }

    func rate(_ places: [Coordinate], _ requests: Int) throws -> Double {
        let reads = PipelinedReads(riders: places.count) { rider, request in
            let (lat, lon) = LiveTown.text(places[rider])
            request.command(11)
            for word in ["GEOSEARCH", "fleet", "FROMLONLAT"] { request.add(word.utf8) }
            request.add(lon)
            request.add(lat)
            for word in ["BYRADIUS", "3000", "m", "ASC", "COUNT", "10"] { request.add(word.utf8) }
        }
        let sockets = try (0..<PipelinedReads.connections).map { _ in
            guard let one = RespSocket(tcp: port) else { throw PeerError("redis is silent") }
            return one
        }
        let (count, seconds) = try reads.run(requests, on: sockets)
        return Double(count) / seconds
    }
}
