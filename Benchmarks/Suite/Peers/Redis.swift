import Foundation
import Glibc
import TachoGeo

/// How durable Redis's log is.
enum RedisLog: String, Sendable {
    case off
    case everysec
    case always

    var arguments: [String] {
        self == .off ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", rawValue]
    }
}

/// Requests for Redis: per point GEOADD (where riders are), XADD (the track) and HSET (latest), in
/// pipelines of 1,000 points.
struct RedisPipelines {
    static let pointsPerPipeline = 1000
    static let repliesPerPoint = 3
    private(set) var pipelines: [(bytes: [UInt8], points: Int)] = []
    let riders: Int

    init(_ points: PeerPoints) {
        riders = points.riders
        var writer = RespWriter()
        var count = 0
        func end() {
            pipelines.append((writer.bytes, count))
            writer.bytes.removeAll(keepingCapacity: true)
            count = 0
        }
        points.forEach { rider, fix in
            Self.put(rider, fix, to: &writer)
            count += 1
            if count == Self.pointsPerPipeline { end() }
        }
        if count > 0 { end() }
    }

    private static func put(_ rider: Int, _ fix: Fix, to writer: inout RespWriter) {
        let name = BenchmarkFleet.name(rider)
        var lat: [UInt8] = []
        var lon: [UInt8] = []
        Decimal.append(Int64(fix.latE7), decimals: 7, trimmed: false, to: &lat)
        Decimal.append(Int64(fix.lonE7), decimals: 7, trimmed: false, to: &lon)
        writer.command(5)
        writer.add("GEOADD".utf8)
        writer.add("fleet".utf8)
        writer.add(lon)
        writer.add(lat)
        writer.add(name)
        writer.command(13)
        writer.add("XADD".utf8)
        writer.add("t:".utf8 + name)
        writer.add("\(fix.tsMs)-0".utf8)
        putFields(lat, lon, fix, to: &writer)
        writer.command(14)
        writer.add("HSET".utf8)
        writer.add("l:".utf8 + name)
        writer.add("ts".utf8)
        writer.add(fix.tsMs)
        putFields(lat, lon, fix, to: &writer)
    }

    private static func putFields(
        _ lat: [UInt8], _ lon: [UInt8], _ fix: Fix, to writer: inout RespWriter
    ) {
        writer.add("lat".utf8)
        writer.add(lat)
        writer.add("lon".utf8)
        writer.add(lon)
        writer.add("speed".utf8)
        writer.add(Int64(fix.speedCms))
        writer.add("heading".utf8)
        writer.add(Int64(fix.headingCdeg))
        writer.add("acc".utf8)
        writer.add(Int64(fix.accuracyDm))
    }

    /// How many points may be on their way on different connections without two of one rider.
    var safeConnections: Int { max(1, min(8, riders / Self.pointsPerPipeline / 2)) }
}

extension Peer {
    static func redis(_ log: RedisLog) -> Peer {
        Peer(
            name: "redis_\(log.rawValue)",
            missing: { PeerCommand.isThere(server) ? nil : "redis-server" }
        ) { work in
            let scratch = ScratchDirectory(in: work.directory, "redis")
            let socket = scratch.path + "/socket"
            let port = try LoopbackPort.free()
            let process = try PeerProcess(
                [
                    server, "--bind", "127.0.0.1", "--port", "\(port)", "--unixsocket", socket,
                    "--dir", scratch.path,
                    "--save", "", "--auto-aof-rewrite-percentage", "0", "--daemonize", "no",
                ] + log.arguments, log: scratch.path + "/log")
            // Nothing of it is kept.
            defer { process.stop(SIGKILL) }
            try process.wait { RespSocket(unix: socket) != nil }
            let run = RedisRun(
                work: work, log: log, socket: socket, port: port, path: scratch.path)
            return try run.run()
        }
    }

    static let server = "/usr/bin/redis-server"
}

private struct RedisRun {
    let work: PeerWork
    let log: RedisLog
    let socket: String
    let port: UInt16
    let path: String

    func run() throws -> PeerResult {
        let name = "redis_\(log.rawValue)"
        let pipelines = work.pipelines
        let points = work.points
        var sockets: [RespSocket] = []
        for _ in 0..<pipelines.safeConnections { sockets.append(try connect()) }
        let seconds = try Timing.seconds { try send(pipelines, on: sockets) }
        let memory = try used(sockets[0])
        try check(sockets[0], name)
        var figures = [
            Measurement(
                name, Double(points.count) / seconds, "points/s", n: points.count,
                hash: points.hash),
            Measurement(
                "\(name)_memory", memory / Double(points.count), "B/point", n: points.count,
                hash: points.hash),
        ]
        if log == .off { figures.append(try reads(sockets[0])) }
        return PeerResult(figures: figures, settings: try settings(sockets))
    }

    private func connect() throws -> RespSocket {
        guard let one = RespSocket(unix: socket) else {
            throw PeerError("redis-server does not listen")
        }
        return one
    }

    /// A pipeline on every connection, then the replies of all: the server reads from all of them
    /// between two syncs.
    private func send(_ pipelines: RedisPipelines, on sockets: [RespSocket]) throws {
        var next = 0
        while next < pipelines.pipelines.count {
            let some = pipelines.pipelines[
                next..<min(next + sockets.count, pipelines.pipelines.count)]
            for (socket, pipeline) in zip(sockets, some) { try socket.send(pipeline.bytes) }
            for (socket, pipeline) in zip(sockets, some) {
                try socket.receive(pipeline.points * RedisPipelines.repliesPerPoint)
            }
            next += some.count
        }
    }

    /// Every stream's length, and every rider's place.
    private func check(_ socket: RespSocket, _ name: String) throws {
        let before = socket.replies.integers
        var request = RespWriter()
        for rider in 0..<work.points.activeRiders {
            request.command(2)
            request.add("XLEN".utf8)
            request.add("t:".utf8 + BenchmarkFleet.name(rider))
        }
        try socket.send(request.bytes)
        try socket.receive(work.points.activeRiders)
        try work.points.check(name, rows: Int(socket.replies.integers - before))
        let places = socket.replies.integers
        _ = try socket.ask("ZCARD", "fleet")
        guard Int(socket.replies.integers - places) == work.points.activeRiders else {
            throw PeerError("\(name) misses places of riders")
        }
    }

    private func used(_ socket: RespSocket) throws -> Double {
        let text = try socket.ask("INFO", "memory")
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("used_memory:") {
            return Double(line.dropFirst(12)) ?? 0
        }
        return 0
    }

    /// GET of a string as long as a latest position, over TCP as ours.
    private func reads(_ socket: RespSocket) throws -> Measurement {
        let riders = work.points.activeRiders
        var fill = RespWriter()
        let value = [UInt8](repeating: UInt8(ascii: "x"), count: 80)
        for rider in 0..<riders {
            fill.command(3)
            fill.add("SET".utf8)
            fill.add("g:".utf8 + BenchmarkFleet.name(rider))
            fill.add(value)
        }
        try socket.send(fill.bytes)
        try socket.receive(riders)
        let reads = PipelinedReads(riders: riders) { rider, request in
            request.command(2)
            request.add("GET".utf8)
            request.add("g:".utf8 + BenchmarkFleet.name(rider))
        }
        let sockets = try (0..<PipelinedReads.connections).map { _ in
            guard let one = RespSocket(tcp: port) else {
                throw PeerError("redis-server does not listen on port \(port)")
            }
            return one
        }
        let (requests, seconds) = try reads.run(work.points.count, on: sockets)
        return Measurement(
            "redis_get_pipelined_64", Double(requests) / seconds, "requests/s", n: requests,
            hash: UInt64(requests))
    }

    private func settings(_ sockets: [RespSocket]) throws -> [String] {
        let text = try sockets[0].ask("INFO", "server")
        let version =
            text.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("redis_version:") }.map(String.init) ?? "?"
        return [
            "redis_\(log.rawValue): \(version), \(log.arguments.joined(separator: " ")), "
                + "save off, AOF rewrite off, Unix socket, \(sockets.count) connections, "
                + "pipelines of \(RedisPipelines.pointsPerPipeline) points, "
                + "GEOADD + XADD + HSET a point"
        ]
    }
}
