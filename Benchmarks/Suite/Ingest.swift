import Synchronization
import TachoEngine
import TachoGeo

extension Benchmark {
    /// Points a second that are judged and durable, in process, batches of 1,000, several in
    /// flight as a server with several connections would have.
    static let ingest = Benchmark(
        name: "ingest", about: "durable, judged points a second in process"
    ) { scale in
        var rates: [Double] = []
        var hash = ResultHash()
        for _ in 0..<scale.rounds {
            let scratch = ScratchDirectory(in: scale.directory, "ingest")
            var fleet = BenchmarkFleet(riders: scale.riders)
            let batches = (0..<max(1, scale.points / 1000)).map { _ in
                fleet.batch(min(1000, scale.points))
            }
            var options = EngineOptions(directory: scratch.path + "/data")
            let now = fleet.nowMs
            options.nowMs = { now }
            options.minFreeBytes = 0
            options.rangeSeconds = 0
            let engine = try Engine.open(options)
            let seconds = try Timing.seconds { try send(batches, to: engine, nowMs: now) }
            rates.append(Double(batches.count * batches[0].count) / seconds)
            hash = ResultHash()
            for name in fleet.names.prefix(100) {
                let fix = name.withUnsafeBytes { engine.latest(rider: $0, raw: false) }
                hash.mix(UInt64(bitPattern: fix?.fix.tsMs ?? 0))
                hash.mix(UInt64(bitPattern: Int64(fix?.fix.latE7 ?? 0)))
            }
            try engine.close()
        }
        return [
            Measurement(
                "ingest", Timing.median(rates), "points/s", n: scale.points, hash: hash.value)
        ]
    }

    /// Batches on their way at one time.
    private static let inFlight = 64

    private static func send(_ batches: [FixBatch], to engine: Engine, nowMs: Int64) throws {
        let state = Mutex((open: 0, failure: AppendError?.none))
        for batch in batches {
            while state.withLock({ $0.open }) >= inFlight { Pause.short() }
            state.withLock { $0.open += 1 }
            engine.submit(batch, receivedAtMs: batch.entries[batch.count - 1].fix.tsMs + 500) {
                result in
                state.withLock { state in
                    state.open -= 1
                    if case .failure(let error) = result { state.failure = error }
                }
            }
        }
        while state.withLock({ $0.open }) > 0 { Pause.short() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
