import TachoEngine
import TachoGeo

extension Benchmark {
    /// Points a second that are judged and durable, in process, several batches in flight.
    ///
    /// At full size every tail becomes a chunk three times and the journal passes its bound: coding,
    /// chunk writes, flushes and a checkpoint are in the measured time.
    static let ingest = Benchmark(
        name: "ingest", about: "durable, judged points a second in process"
    ) { scale in
        [try ingest("ingest", scale)]
    }

    /// With a range cut and sealed after every third of the points, the last one behind the run:
    /// two are written, read back and compared while points come in.
    static let ingestSealing = Benchmark(
        name: "ingest_sealing", about: "the same while two ranges are cut and sealed",
        isSweep: true
    ) { scale in
        let range = UInt64(max(1, scale.points / 3))
        return [try ingest("ingest_sealing", scale.sweep) { $0.rangePoints = range }]
    }

    /// Without the index of who was where: what a profile is compared with.
    static let ingestNoPlaces = Benchmark(
        name: "ingest_no_places", about: "ingest without the index of who was where",
        isSweep: true
    ) { scale in
        [try ingest("ingest_no_places", scale) { $0.notesPlaces = false }]
    }

    /// What the index of who was where costs: with it and without, in turns.
    static let ingestPlaces = Benchmark(
        name: "ingest_places", about: "ingest with and without the index of who was where",
        isSweep: true
    ) { scale in
        var one = scale
        one.rounds = 1
        var (with, without): ([Double], [Double]) = ([], [])
        var hash: UInt64 = 0
        for _ in 0..<scale.rounds {
            let figure = try ingest("ingest_places", one)
            hash = figure.hash
            with.append(figure.value)
            without.append(try ingest("ingest_no_places", one) { $0.notesPlaces = false }.value)
        }
        let shares = zip(with, without).map { $0 / $1 }
        return [
            Measurement(
                "ingest_places", Timing.median(with), "points/s", n: scale.points, hash: hash),
            Measurement(
                "ingest_no_places", Timing.median(without), "points/s", n: scale.points,
                hash: hash),
            Measurement(
                "ingest_places_share", Timing.median(shares), "of without", n: scale.points,
                hash: hash),
        ]
    }

    static func ingest(
        _ name: String, _ scale: Scale, _ adjust: (inout EngineOptions) -> Void = { _ in }
    ) throws -> Measurement {
        let batches = FleetBatches(scale)
        var rates: [Double] = []
        var hash: UInt64 = 0
        var points = 0
        for _ in 0..<scale.rounds {
            let run = try IngestRun(name, batches, scale, adjust)
            rates.append(try run.send(points: scale.points))
            hash = try run.hash()
            points = run.sent
            try run.engine.close()
        }
        return Measurement(name, Timing.median(rates), "points/s", n: points, hash: hash)
    }
}
