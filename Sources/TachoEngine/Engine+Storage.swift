import TachoStore

/// What the database wrote to the device since it was opened, by its own count.
package struct StorageFigures: Sendable {
    /// RocksDB's log, rows of the journal included while it is a family. ±5 MB.
    package var logBytes: UInt64
    /// Memtables written as files, by column family. ±0.5 MB each.
    package var flushBytes: [String: UInt64]
    /// What compactions wrote, by column family. ±5 MB each.
    package var compactionBytes: [String: UInt64]
}

extension Engine {
    /// Cost: a few texts of RocksDB are formatted and read. For benchmarks and reports.
    package var storage: StorageFigures {
        let database = store.database
        var figures = StorageFigures(
            logBytes: StatsText.gigabytes(
                database.text("rocksdb.dbstats"), after: ["Cumulative WAL:", "written: "]),
            flushBytes: [:], compactionBytes: [:])
        for family in Family.allCases {
            let text = database.text("rocksdb.cfstats-no-file-histogram", of: family)
            let flushed = StatsText.gigabytes(text, after: ["Flush(GB): cumulative "])
            let written = StatsText.gigabytes(text, after: ["Cumulative compaction: "])
            figures.flushBytes[family.name] = flushed
            // Flushes count as compactions there.
            figures.compactionBytes[family.name] = written > flushed ? written - flushed : 0
        }
        return figures
    }
}
