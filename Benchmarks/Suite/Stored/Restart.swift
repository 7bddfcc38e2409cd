import TachoEngine

extension Benchmark {
    /// Seconds from the start of opening until the engine takes writes, with 10 and 67 times the
    /// riders (150,000 and a million at full size): after a kill with the journal just below its
    /// bound, and after a clean stop.
    static let restart = Benchmark(
        name: "restart", about: "seconds to open after a kill and after a clean stop",
        isSweep: true
    ) { scale in
        try [scale.riders * 10, scale.riders * 200 / 3].flatMap { riders in
            var one = scale
            one.riders = riders
            return try restart(one, FleetBatches(one))
        }
    }

    private static func restart(_ scale: Scale, _ batches: FleetBatches) throws -> [Measurement] {
        let run = try IngestRun("restart", batches, scale)
        // Every rider once at least, then up to nine tenths of the journal's bound.
        try run.send(points: scale.riders)
        let bound = EngineOptions(directory: "").journalLimitBytes / 10 * 9
        var previous = run.engine.figure("journal_bytes")
        while previous < bound && run.sent < scale.points * 3 {
            try run.send(points: max(1000, scale.points / 100))
            let now = run.engine.figure("journal_bytes")
            // A checkpoint came in between: the journal fills again.
            previous = now
        }
        let journal = run.engine.figure("journal_bytes")
        run.engine.abandon()
        var hash = ResultHash()
        var killed: Engine?
        let afterKill = try Timing.seconds { killed = try run.reopen() }
        hash.mix(UInt64(killed!.figure("points")))
        guard killed!.figure("points") == run.sent else {
            throw IngestError.pointsMissing(sent: run.sent, stored: killed!.figure("points"))
        }
        try killed!.close()
        var clean: Engine?
        let afterClose = try Timing.seconds { clean = try run.reopen() }
        hash.mix(UInt64(clean!.figure("points")))
        try clean!.close()
        return [
            Measurement(
                "restart_kill_\(scale.riders)", afterKill, "s", n: run.sent, hash: hash.value),
            Measurement(
                "restart_clean_\(scale.riders)", afterClose, "s", n: run.sent, hash: hash.value),
            Measurement(
                "restart_journal_\(scale.riders)", Double(journal) / 1048576, "MiB", n: run.sent,
                hash: 0),
        ]
    }
}
