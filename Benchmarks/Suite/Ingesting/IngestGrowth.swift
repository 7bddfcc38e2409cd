import TachoEngine
import TachoGeo

// How the cost of a point grows: with riders, with the share of late points and the order of a
// backlog, with the size of a batch. One figure a setting; the plots are made of them.

extension Benchmark {
    /// 1, 10 and 100 times the riders: from what fits into the caches to what does not.
    static let ingestRiders = Benchmark(
        name: "ingest_riders", about: "ingest with 1, 10 and 100 times the riders", isSweep: true
    ) { scale in
        try [1, 10, 100].map { factor in
            var one = scale.sweep
            one.riders = scale.riders * factor
            return try ingest("ingest_riders_\(one.riders)", one)
        }
    }

    /// Ten times the points in one run, a figure for each tenth, and the last against the first:
    /// what a growing database takes from ingest. `--points 100000000` makes it a billion.
    static let ingestLong = Benchmark(
        name: "ingest_long", about: "ten times the points: the last tenth against the first",
        isSweep: true
    ) { scale in
        let run = try IngestRun("long", FleetBatches(scale), scale)
        var figures: [Measurement] = []
        for _ in 0..<10 {
            let rate = try run.send(points: scale.points)
            figures.append(
                Measurement(
                    "ingest_long_\(run.sent / 1000)k", rate, "points/s", n: scale.points,
                    hash: try run.hash()))
        }
        figures.append(
            Measurement(
                "ingest_long_kept", figures[9].value / figures[0].value * 100, "%", n: run.sent,
                hash: try run.hash()))
        try run.engine.close()
        return figures
    }

    static let ingestBatch = Benchmark(
        name: "ingest_batch", about: "ingest in batches of 1, 10, 100, 1,000 and 10,000 points",
        isSweep: true
    ) { scale in
        try [1, 10, 100, 1000, 10_000].map { batch in
            var one = scale.sweep
            one.batch = batch
            // Whole batches only, and a bearable time for the small ones.
            one.riders = max(1, scale.riders / batch) * batch
            one.points = max(100, min(scale.points, scale.points / 1000 * batch))
            return try ingest("ingest_batch_\(batch)", one)
        }
    }

    /// Late points, a minute to three days.
    static let ingestLate = Benchmark(
        name: "ingest_late", about: "ingest with 0, 5, 30 and 100 % late points", isSweep: true
    ) { scale in
        try [0, 5, 30, 100].map { percent in
            var one = scale.sweep
            one.latePercent = percent
            return try ingest("ingest_late_\(percent)", one)
        }
    }

    /// Backlogs: phones that were offline for a day.
    static let ingestBacklog = Benchmark(
        name: "ingest_backlog", about: "a day kept back: in order, newest first, reversed",
        isSweep: true
    ) { scale in
        let scale = scale.sweep
        let tracks = DayTracks(points: scale.points)
        var rates = Backlog.allCases.map { _ in [Double]() }
        var hashes = Backlog.allCases.map { _ in ResultHash() }
        var points = 0
        // They take turns: the machine is another one after a minute.
        for _ in 0..<scale.rounds {
            for (index, order) in Backlog.allCases.enumerated() {
                let batches = order.batches(of: tracks, size: scale.batch)
                points = batches.reduce(0) { $0 + $1.count }
                let stored = try StoredFleet("backlog", scale)
                let seconds = try Timing.seconds { try stored.send(batches) }
                rates[index].append(Double(points) / seconds)
                hashes[index] = ResultHash()
                hashes[index].mix(UInt64(stored.engine.figure("points")))
                try stored.engine.close()
            }
        }
        return Backlog.allCases.indices.map { index in
            Measurement(
                "ingest_\(Backlog.allCases[index].rawValue)", Timing.median(rates[index]),
                "points/s", n: points, hash: hashes[index].value)
        }
    }
}

/// In which order a day of points that were kept back comes.
enum Backlog: String, CaseIterable {
    /// As it was recorded: what the others are to be seen against.
    case inOrder = "backlog_in_order"
    /// Pages of 100 points as phones upload them, the newest page first, each in order.
    case newestFirst = "backlog_newest_first"
    /// Every point before the one that was recorded before it.
    case reversed = "backlog_reversed"

    private static let pagePoints = 100

    /// Riders take turns, a page each.
    func batches(of tracks: DayTracks, size: Int) -> [FixBatch] {
        let points = tracks.pointsPerRider
        var pages = stride(from: 0, to: points, by: Self.pagePoints).map {
            Array($0..<min($0 + Self.pagePoints, points))
        }
        if self != .inOrder { pages.reverse() }
        if self == .reversed { pages = pages.map { $0.reversed() } }
        var batches: [FixBatch] = []
        var batch = FixBatch(capacity: size)
        for page in pages {
            for rider in 0..<tracks.riders {
                for index in page {
                    tracks.append(rider, index, to: &batch)
                    if batch.count == size {
                        batches.append(batch)
                        batch.removeAll()
                    }
                }
            }
        }
        if batch.count > 0 { batches.append(batch) }
        return batches
    }
}
