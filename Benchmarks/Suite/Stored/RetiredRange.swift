import TachoEngine
import TachoGeo

extension Benchmark {
    /// The same day of a rider by a range read: from the database, from sealed segments after its
    /// points left it, and once more from the blocks that this read kept. What leaving costs, and what
    /// stays.
    static let retiredRange = Benchmark(
        name: "retired_range", about: "ms for a rider's day, hot and from sealed segments"
    ) { scale in
        let tracks = DayTracks(points: max(1000, scale.points / 10))
        let stored = try StoredFleet("retired", scale)
        let batches = Backlog.inOrder.batches(of: tracks, size: scale.batch)
        // Several ranges, as a server cuts them.
        let share = max(1, batches.count / 8)
        for start in stride(from: 0, to: batches.count, by: share) {
            try stored.send(Array(batches[start..<min(start + share, batches.count)]))
            _ = try stored.engine.seal()
        }
        var hash = ResultHash()
        func read(_ rider: Int) throws -> Double {
            var fixes = 0
            let seconds = try Timing.seconds {
                fixes = try stored.engine.track(TrackQuery(rider: tracks.names[rider])).fixes.count
            }
            hash.mix(UInt64(fixes))
            return seconds
        }
        func readAll() throws -> (first: [Double], again: [Double]) {
            var times: (first: [Double], again: [Double]) = ([], [])
            for round in 0..<scale.rounds * 10 {
                // In turn, so that none is asked for while its blocks are still kept.
                let rider = round * 7 % tracks.riders
                times.first.append(try read(rider))
                times.again.append(try read(rider))
            }
            return times
        }
        let hot = try readAll()
        let seconds = try Timing.seconds {
            let report = try stored.engine.retire(RetireQuery(hotDays: 0))
            for range in report.retired { hash.mix(range.points) }
            precondition(report.kept.isEmpty, "nothing speaks against it here")
        }
        let retired = try readAll()
        let bytes = stored.engine.hotTrackBytes
        try stored.engine.close()
        func figure(_ name: String, _ value: Double, _ unit: String) -> Measurement {
            Measurement(name, value, unit, n: tracks.pointsPerRider, hash: hash.value)
        }
        return [
            figure("retired_range_hot", Timing.median(hot.first) * 1000, "ms"),
            figure("retired_range", Timing.median(retired.first) * 1000, "ms"),
            figure("retired_range_p99", Timing.percentile(retired.first, 0.99) * 1000, "ms"),
            figure("retired_range_again", Timing.median(retired.again) * 1000, "ms"),
            figure("retire", Double(tracks.count) / seconds, "points/s"),
            figure("retired_bytes", Double(bytes) / Double(tracks.count), "B/point"),
        ]
    }
}
