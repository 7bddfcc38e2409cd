import TachoEngine
import TachoGeo

extension Benchmark {
    /// How far riders went on a day, riders in turn: the sum alone, and with the hash over every leg;
    /// through the engine, snapshot, chunks and merge included.
    static let distance = Benchmark(
        name: "distance", about: "points a second through distance v1; the same with legs' hash"
    ) { scale in
        let riders = max(1, scale.points / 10 / DayTracks.pointsPerDay)
        let perRider = min(max(100, scale.points / 10), DayTracks.pointsPerDay)
        let stored = try StoredFleet("distance", scale)
        var names: [[UInt8]] = []
        for rider in 0..<riders {
            names.append(BenchmarkFleet.name(rider))
            try stored.send(dayWithStops(names[rider], rider, perRider, scale.batch))
        }
        let wanted: [DistanceQuery.Wanted] = [.totals, .digest]
        var seconds: [[Double]] = [[], []]
        var hashes = [ResultHash(), ResultHash()]
        for _ in 0..<scale.rounds {
            hashes = [ResultHash(), ResultHash()]
            for (index, wanted) in wanted.enumerated() {
                seconds[index].append(
                    try Timing.seconds {
                        for name in names {
                            let page = try stored.engine.distance(
                                DistanceQuery(rider: name, wanted: wanted))
                            hashes[index].mix(UInt64(bitPattern: page.totals.mm))
                            hashes[index].mix(UInt64(page.totals.points))
                            for byte in page.legsSHA256 { hashes[index].mix(UInt64(byte)) }
                        }
                    })
            }
        }
        try stored.engine.close()
        let count = riders * perRider
        return zip(["distance", "distance_legs"], zip(seconds, hashes)).map { name, found in
            Measurement(
                name, Double(count) / Timing.median(found.0), "points/s", n: count,
                hash: found.1.value)
        }
    }
}
