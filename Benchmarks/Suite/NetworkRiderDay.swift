import Logging
import TachoEngine
import TachoGeo
import TachoServer

extension Benchmark {
    /// A rider's day as a client gets it: `T.RANGE rider - +` over loopback, from the request to the
    /// last byte of 28,800 fixes. The client shares the cores.
    static let tcpRiderDay = Benchmark(
        name: "tcp_rider_day", about: "ms for a rider's day of 28,800 fixes, T.RANGE over TCP"
    ) { scale in
        let tracks = DayTracks(points: max(1000, scale.points / 10))
        let stored = try StoredFleet("tcp_day", scale)
        try stored.send(Backlog.inOrder.batches(of: tracks, size: scale.batch))
        let server = try RespServer.start(
            engine: stored.engine, address: ListenAddress.parse("127.0.0.1:0"),
            nowMs: { tracks.nowMs }, logger: Logger(label: "benchmark"))
        defer { server.stop() }
        let port = UInt16(server.address.split(separator: ":").last ?? "") ?? 0
        guard let socket = RespSocket(tcp: port) else { throw NetworkLoad.Failure.closed }
        var times: [Double] = []
        for round in 0..<scale.rounds * 10 {
            var request = RespWriter()
            request.command(4)
            request.add("T.RANGE".utf8)
            request.add(tracks.names[round * 7 % tracks.riders])
            request.add("-".utf8)
            request.add("+".utf8)
            times.append(
                try Timing.seconds {
                    try socket.send(request.bytes)
                    try socket.receive(1)
                })
        }
        var hash = ResultHash()
        hash.mix(UInt64(bitPattern: socket.replies.integers))
        server.stop()
        try stored.engine.close()
        return [
            Measurement(
                "tcp_rider_day", Timing.median(times) * 1000, "ms", n: tracks.pointsPerRider,
                hash: hash.value),
            Measurement(
                "tcp_rider_day_p99", Timing.percentile(times, 0.99) * 1000, "ms",
                n: tracks.pointsPerRider, hash: hash.value),
        ]
    }
}
