import Dispatch
import Glibc
import Synchronization
import TachoEngine
import TachoGeo

extension Benchmark {
    /// Ingest with 100,000 geofences and without, in turns: circles of 50 m, as of kitchens and doors,
    /// spread over a metropolis of 100 × 107 km with the fleet's town in its middle; then all of them in the
    /// town of 33 × 35 km alone, where every fifth fix of the moving fleet enters one.
    static let fences = Benchmark(
        name: "fences", about: "ingest with 100,000 geofences and without", isSweep: true
    ) { scale in
        let batches = FleetBatches(scale)
        let count = min(100_000, scale.points / 10)
        var rates: [[Double]] = [[], [], []]
        var told = [0, 0, 0]
        for _ in 0..<scale.rounds {
            for (kind, share) in [nil, 1, 1.0 / 3].enumerated() {
                let run = try IngestRun("fences", batches, scale)
                if let share { try run.setFences(count, share: share) }
                rates[kind].append(try run.sendAndTell(points: scale.points))
                told[kind] = run.engine.figure("fence_events")
                try run.engine.close()
            }
        }
        let plain = Timing.median(rates[0])
        return [
            Measurement("fences_none", plain, "points/s", n: scale.points, hash: 0),
            Measurement(
                "fences_metropolis", Timing.median(rates[1]), "points/s", n: count,
                hash: UInt64(told[1])),
            Measurement(
                "fences_town", Timing.median(rates[2]), "points/s", n: count,
                hash: UInt64(told[2])),
            Measurement(
                "fences_metropolis_share", Timing.median(rates[1]) / plain, "of none", n: count,
                hash: UInt64(told[1])),
            Measurement(
                "fences_town_share", Timing.median(rates[2]) / plain, "of none", n: count,
                hash: UInt64(told[2])),
        ]
    }
}

extension IngestRun {
    /// Until the fences have looked at all of it, too.
    fileprivate func sendAndTell(points: Int) throws -> Double {
        let seconds = try Timing.seconds {
            try send(points: points)
            while engine.figure("fences_waiting") > 0 { usleep(200) }
        }
        return Double(points) / seconds
    }

    /// At random in a rectangle round the fleet's town: `share` 1 is the metropolis.
    fileprivate func setFences(_ count: Int, share: Double) throws {
        var random = SplitMix(seed: 5)
        func spread(_ middle: Double, _ width: Double) -> Double {
            middle + (Double(random.next(1_000_000)) / 1e6 - 0.5) * width * share
        }
        let pending = DispatchGroup()
        let refusal = Mutex<FenceRefusal?>(nil)
        for n in 0..<count {
            let fence = FenceDefinition(
                id: Array("door-\(n)".utf8),
                areaText: "CIRCLE \(spread(37.55, 0.9)) \(spread(127, 1.2)) 50",
                detection: FenceDetection(enter: true, exit: true, dwellSeconds: nil))
            pending.enter()
            engine.setFence(fence) { result in
                if case .failure(let error) = result { refusal.withLock { $0 = error } }
                pending.leave()
            }
        }
        pending.wait()
        if let error = refusal.withLock({ $0 }) { throw error }
    }
}
