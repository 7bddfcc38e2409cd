import TachoStore

/// What operators look at beside `Engine.stats()`.
package struct OperationsFigures: Sendable {
    package var commits: CommitFigures
    package var verdicts: VerdictFigures
    package var refusals: WriteRefusals
    /// Why writes are not taken now, a line each; none: they are.
    package var obstacles: [String]
    package var amendments: UInt64
    package var alerts: Int
    /// Entries of the streams.
    package var orders: UInt64
    package var verdictEntries: UInt64
    package var sealLagSeconds: Double
    package var disk: (free: UInt64, total: UInt64)?
    /// Below so many free bytes writes are refused.
    package var keptFreeBytes: UInt64
    /// nil: the engine is closing.
    package var database: DatabaseFigures?
}

extension Engine {
    /// Cost: a few texts of RocksDB are formatted and read, less than a millisecond. Never waits for the
    /// device.
    package func operations() -> OperationsFigures {
        let now = progress.now
        let disk = FileSystem.space(options.directory)
        return OperationsFigures(
            commits: commitTimes.figures, verdicts: verdictFigures(),
            refusals: control.refusals, obstacles: control.obstacles,
            amendments: now.amendments, alerts: now.alerts, orders: now.orders,
            verdictEntries: now.verdicts,
            sealLagSeconds: Double(control.sealLagMs) / 1_000, disk: disk,
            keptFreeBytes: disk.map { control.keptFreeBytes(of: $0.total) } ?? 0,
            database: control.isClosing ? nil : store.database.figures)
    }

    /// How long writers waited, for INFO.
    package var commitFigures: CommitFigures { commitTimes.figures }

    /// Why writes are not taken now, a line each; none: they are.
    package var obstacles: [String] { control.obstacles }

    /// Why nothing is acknowledged any more; nil: it is.
    package var failure: String? { control.failure }

    private func verdictFigures() -> VerdictFigures {
        var figures = VerdictFigures()
        for tally in tallies { tally.add(to: &figures) }
        return figures
    }
}
