import Logging
import TachoEngine
import TachoGeo
import TachoServer

extension Benchmark {
    /// Latest positions asked for over loopback, beside `redis_get_pipelined_64` of the peers, who
    /// gets the same load. The client shares the cores.
    static let tcpLatest = Benchmark(
        name: "tcp_latest", about: "T.GETs answered a second over TCP, in pipelines of 64"
    ) { scale in
        let scratch = ScratchDirectory(in: scale.directory, "tcp_latest")
        var fleet = BenchmarkFleet(riders: scale.riders)
        let now = fleet.nowMs
        var options = EngineOptions(directory: scratch.path + "/data")
        options.nowMs = { now }
        options.minFreeBytes = 0
        let engine = try Engine.open(options)
        _ = try engine.append(fleet.batch(scale.riders))
        let server = try RespServer.start(
            engine: engine, address: ListenAddress.parse("127.0.0.1:0"), nowMs: options.nowMs,
            logger: Logger(label: "benchmark"))
        defer { server.stop() }
        let reads = PipelinedReads(riders: scale.riders) { rider, request in
            request.command(2)
            request.add("T.GET".utf8)
            request.add(fleet.names[rider])
        }
        let port = UInt16(server.address.split(separator: ":").last ?? "") ?? 0
        let sockets = try (0..<PipelinedReads.connections).map { _ in
            guard let one = RespSocket(tcp: port) else { throw NetworkLoad.Failure.closed }
            return one
        }
        var rates: [Double] = []
        var count = 0
        for _ in 0..<scale.rounds {
            let (requests, seconds) = try reads.run(scale.points / 5, on: sockets)
            rates.append(Double(requests) / seconds)
            count = requests
        }
        // Times in ms of all fixes shown and of their receipt.
        var hash = ResultHash()
        for socket in sockets { hash.mix(UInt64(bitPattern: socket.replies.integers)) }
        server.stop()
        try engine.close()
        return [
            Measurement(
                "tcp_latest", Timing.median(rates), "requests/s", n: count, hash: hash.value)
        ]
    }
}
