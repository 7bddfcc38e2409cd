import TachoEngine
import TachoGeo

extension Benchmark {
    /// A rider's day divided into trips and stops, simplified, and asked for moments, riders in turn:
    /// through the engine, snapshot, chunks and merge included. Every 20 minutes of the day ends in
    /// five that stand.
    static let trips = Benchmark(
        name: "trips", about: "points a second through trips and stops, and through SIMPLIFY; T.AT"
    ) { scale in
        let riders = max(1, scale.points / 10 / DayTracks.pointsPerDay)
        let perRider = min(max(100, scale.points / 10), DayTracks.pointsPerDay)
        let stored = try StoredFleet("trips", scale)
        var names: [[UInt8]] = []
        for rider in 0..<riders {
            names.append(BenchmarkFleet.name(rider))
            try stored.send(dayWithStops(names[rider], rider, perRider, scale.batch))
        }
        var (trips, lines, moments): ([Double], [Double], [Double]) = ([], [], [])
        var hashes = [ResultHash(), ResultHash(), ResultHash()]
        for _ in 0..<scale.rounds {
            hashes = [ResultHash(), ResultHash(), ResultHash()]
            trips.append(
                try Timing.seconds {
                    for name in names {
                        for item in try stored.engine.trips(
                            TripQuery(rider: name, wanted: .trips)
                        ).items {
                            hashes[0].mix(item)
                        }
                    }
                })
            lines.append(
                try Timing.seconds {
                    for name in names {
                        let query = TrackQuery(rider: name, simplifyMm: 10_000)
                        let line = try stored.engine.track(query).fixes
                        hashes[1].mix(UInt64(line.count))
                        for fix in line { hashes[1].mix(UInt64(bitPattern: fix.fix.tsMs)) }
                    }
                })
            var random = SplitMix(seed: 5)
            let asked = max(100, min(20_000, scale.points / 500))
            moments.append(
                try Timing.seconds {
                    for _ in 0..<asked {
                        let atMs =
                            FleetBatches.firstMs + Int64(random.next(perRider)) * stepMs + 1_500
                        let found = try stored.engine.position(
                            of: names[random.next(riders)], atMs: atMs, maxGapMs: 60_000)
                        hashes[2].mix(UInt64(bitPattern: Int64(found?.position.latE7 ?? 0)))
                    }
                } * 1e6 / Double(asked))
        }
        try stored.engine.close()
        let points = Double(riders * perRider)
        let count = riders * perRider
        return [
            Measurement(
                "trips", points / Timing.median(trips), "points/s", n: count,
                hash: hashes[0].value),
            Measurement(
                "simplify", points / Timing.median(lines), "points/s", n: count,
                hash: hashes[1].value),
            Measurement(
                "at", Timing.median(moments), "us", n: scale.rounds, hash: hashes[2].value),
        ]
    }

    private static let stepMs: Int64 = 3_000

    static func dayWithStops(
        _ name: [UInt8], _ rider: Int, _ points: Int, _ size: Int
    ) -> [FixBatch] {
        var random = SplitMix(seed: UInt64(rider))
        var batches: [FixBatch] = []
        var batch = FixBatch(capacity: size)
        var (north, east): (Int32, Int32) = (0, 0)
        for index in 0..<points {
            // Metres in 1e-7°, nearly: 8 m/s, turning now and then.
            if index % 500 < 400 {
                if index / 40 % 2 == 0 { north += 2_160 } else { east += 2_700 }
            }
            let (noise, more) = (Int32(random.next(600)), Int32(random.next(600)))
            let fix = Fix(
                tsMs: FleetBatches.firstMs + Int64(index) * stepMs,
                latE7: 370_000_000 + Int32(rider % 1_000) * 1_000 + north + noise,
                lonE7: 1_270_000_000 + east + more,
                speedCms: index % 500 < 400 ? 800 : 10)
            name.withUnsafeBytes { _ = batch.append(rider: $0, fix: fix) }
            if batch.count == size {
                batches.append(batch)
                batch = FixBatch(capacity: size)
            }
        }
        if batch.count > 0 { batches.append(batch) }
        return batches
    }
}

extension ResultHash {
    fileprivate mutating func mix(_ item: TripItem) {
        switch item {
        case .trip(let trip):
            mix(UInt64(bitPattern: trip.toMs))
            mix(UInt64(bitPattern: trip.millimetres))
            mix(UInt64(trip.points))
        case .stop(let stop): mix(UInt64(bitPattern: stop.toMs))
        case .gap(let gap): mix(UInt64(bitPattern: gap.toMs))
        }
    }
}
