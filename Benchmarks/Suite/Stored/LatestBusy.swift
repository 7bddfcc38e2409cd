import Foundation
import Synchronization
import TachoEngine
import TachoGeo

extension Benchmark {
    /// Look-ups of latest positions on one thread while another sends as fast as the engine takes
    /// it: ns a look-up, of runs of 64, and what ingest reaches beside.
    static let latestBusy = Benchmark(
        name: "latest_busy", about: "ns per look-up of a latest position under full ingest"
    ) { scale in
        var one = scale
        one.points = max(1000, scale.points / 5)
        var costs: [Double] = []
        var rates: [Double] = []
        var hash: UInt64 = 0
        let batches = FleetBatches(one)
        for _ in 0..<scale.rounds {
            let run = try IngestRun("busy", batches, one)
            try run.send(points: one.riders)
            let reader = BusyReader(run.engine, riders: one.riders)
            reader.start()
            rates.append(try run.send(points: one.points))
            costs += reader.finish()
            hash = try run.hash()
            try run.engine.close()
        }
        return [
            Measurement("latest_busy", Timing.median(costs), "ns", n: costs.count * 64, hash: 0),
            Measurement(
                "latest_busy_p99", Timing.percentile(costs, 0.99), "ns", n: costs.count * 64,
                hash: 0),
            Measurement(
                "latest_busy_ingest", Timing.median(rates), "points/s", n: one.points, hash: hash),
        ]
    }
}

/// A thread that asks for riders at random, 64 at a time, and then lets others have the core.
private final class BusyReader: Sendable {
    private let engine: Engine
    private let names: [[UInt8]]
    private let isRunning = Atomic<Bool>(true)
    private let costs = Mutex<[Double]>([])
    private let done = DispatchSemaphore(value: 0)

    init(_ engine: Engine, riders: Int) {
        self.engine = engine
        names = (0..<riders).map(BenchmarkFleet.name)
    }

    func start() {
        Thread.detachNewThread { [self] in
            var random = SplitMix(seed: 9)
            var all: [Double] = []
            var found = 0
            repeat {
                let seconds = Timing.seconds {
                    for _ in 0..<64 {
                        let name = names[random.next(names.count)]
                        let fix = name.withUnsafeBytes { engine.latest(rider: $0, raw: false) }
                        if fix != nil { found += 1 }
                    }
                }
                all.append(seconds / 64 * 1e9)
                Pause.short()
            } while isRunning.load(ordering: .relaxed)
            precondition(found == all.count * 64, "a rider that reported has no latest position")
            costs.withLock { $0 = all }
            done.signal()
        }
    }

    func finish() -> [Double] {
        isRunning.store(false, ordering: .relaxed)
        done.wait()
        return costs.withLock { $0 }
    }
}
