import Logging
import TachoEngine
import TachoGeo
import TachoServer
import TachoWire

extension Benchmark {
    /// Durable, judged and answered points a second through the server on loopback, in batches of
    /// 1,000. The client shares the cores, its requests are made before the clock starts.
    static let tcpPacked = Benchmark(
        name: "tcp_packed", about: "durable points a second over TCP, as T.PUT of 1,000"
    ) { scale in
        [try network("tcp_packed", scale, points: scale.points, packed)]
    }

    /// The same fleet as text.
    static let tcpText = Benchmark(
        name: "tcp_text", about: "durable points a second over TCP, as T.ADD and T.MADDX text"
    ) { scale in
        // Text is five times the bytes, all made ahead.
        let points = max(1_000, scale.points / 4)
        return [
            try network("tcp_text_add", scale, points: points, single),
            try network("tcp_text_maddx", scale, points: points, extended),
        ]
    }

    private static let connections = 2
    /// Fixes of one request, or of one piece of pipelined T.ADDs.
    private static let batch = 1_000
    /// Pieces on their way on each connection.
    private static let inFlight = 32

    private typealias Reports = [(rider: [UInt8], fix: Fix)]

    private static func network(
        _ name: String, _ scale: Scale, points: Int, _ encode: (Reports) -> Load.Piece
    ) throws -> Measurement {
        var rates: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            var fleet = BenchmarkFleet(riders: scale.riders)
            let loads = split(&fleet, points: points, encode)
            let scratch = ScratchDirectory(in: scale.directory, name)
            var options = EngineOptions(directory: scratch.path + "/data")
            let now = fleet.nowMs
            options.nowMs = { now }
            options.minFreeBytes = 0
            options.rangeSeconds = 0
            let engine = try Engine.open(options)
            let server = try RespServer.start(
                engine: engine, address: ListenAddress.parse("127.0.0.1:0"),
                nowMs: options.nowMs, logger: Logger(label: "benchmark"))
            let sum = try NetworkLoad.send(loads, to: server.address, inFlight: inFlight)
            rates.append(Double(sum.stored) / sum.seconds)
            guard sum.stored == points else { throw NetworkLoad.Failure.notStored(sum.stored) }
            hash = ResultHash()
            for name in fleet.names.prefix(100) {
                let fix = name.withUnsafeBytes { engine.latest(rider: $0, raw: false) }
                hash.mix(UInt64(bitPattern: fix?.fix.tsMs ?? 0))
                hash.mix(UInt64(bitPattern: Int64(fix?.fix.latE7 ?? 0)))
            }
            server.stop()
            try engine.close()
        }
        return Measurement(
            name, Timing.median(rates), "points/s", n: points, hash: hash.value)
    }

    /// A rider keeps to one connection, so that its fixes stay in order.
    private static func split(
        _ fleet: inout BenchmarkFleet, points: Int, _ encode: (Reports) -> Load.Piece
    ) -> [Load] {
        var loads = [Load](repeating: Load(), count: connections)
        var open = [Reports](repeating: [], count: connections)
        for _ in 0..<points {
            let (rider, fix) = fleet.step()
            let place = rider % connections
            open[place].append((fleet.names[rider], fix))
            if open[place].count == batch {
                loads[place].pieces.append(encode(open[place]))
                open[place].removeAll(keepingCapacity: true)
            }
        }
        for place in 0..<connections where !open[place].isEmpty {
            loads[place].pieces.append(encode(open[place]))
        }
        return loads
    }

    private static func packed(_ reports: Reports) -> Load.Piece {
        var batch = PackedBatchWriter()
        for (rider, fix) in reports { batch.append(rider: rider, fix: fix) }
        var writer = RequestWriter()
        writer.put(batch)
        return Load.Piece(bytes: writer.bytes, replies: 1)
    }

    private static func single(_ reports: Reports) -> Load.Piece {
        var writer = RequestWriter()
        for (rider, fix) in reports {
            writer.begin(arguments: 11)
            writer.argument("T.ADD")
            writer.argument(rider)
            writer.argument(integer: fix.tsMs)
            writer.argument(Int64(fix.latE7), decimals: 7)
            writer.argument(Int64(fix.lonE7), decimals: 7)
            writer.argument("SPEED")
            writer.argument(Int64(fix.speedCms), decimals: 2)
            writer.argument("HEADING")
            writer.argument(Int64(fix.headingCdeg), decimals: 2)
            writer.argument("ACC")
            writer.argument(Int64(fix.accuracyDm), decimals: 1)
        }
        return Load.Piece(bytes: writer.bytes, replies: reports.count)
    }

    private static func extended(_ reports: Reports) -> Load.Piece {
        var writer = RequestWriter()
        writer.begin(arguments: 1 + reports.count * FixTuples.Form.extended.width)
        writer.argument("T.MADDX")
        for (rider, fix) in reports {
            rider.withUnsafeBytes { writer.tuple(rider: $0, fix: fix, form: .extended) }
        }
        return Load.Piece(bytes: writer.bytes, replies: 1)
    }
}
