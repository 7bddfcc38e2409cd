import TachoStore

/// What RocksDB says of its own work, for who operates it. Sums are since the database was opened.
package struct DatabaseFigures: Sendable, Equatable {
    /// How long writes were held back because flushes or compactions were behind.
    package var stallSeconds = 0.0
    /// How often writes were slowed, and stopped.
    package var slowdowns: UInt64 = 0
    package var stops: UInt64 = 0
    /// Writes stand still now.
    package var isWriteStopped = false
    /// To how many bytes a second writes are held now; 0: they are not.
    package var delayedBytesPerSecond: UInt64 = 0
    package var runningCompactions: UInt64 = 0
    package var runningFlushes: UInt64 = 0
    /// What compactions are behind, by RocksDB's estimate.
    package var pendingCompactionBytes: UInt64 = 0
    /// Files that no compaction has looked at, of the family that has the most.
    package var level0Files: UInt64 = 0
    package var logBytes: UInt64 = 0
    package var flushBytes: UInt64 = 0
    /// Of each family, as the difference of two rounded texts: it may fall by some MB.
    var compactionBytesOfFamilies: [UInt64] = []
    package var compactionBytes: UInt64 { compactionBytesOfFamilies.reduce(0, +) }
    package var backgroundErrors: UInt64 = 0
}

/// What counters have shown: they may not fall, and what is read of RocksDB's texts may.
package struct ShownDatabaseBytes: Sendable {
    private var compaction: [UInt64] = []

    package init() {}

    /// Raises figures to the greatest that were shown of each family.
    package mutating func keep(_ figures: inout DatabaseFigures) {
        let found = figures.compactionBytesOfFamilies
        compaction += Array(repeating: 0, count: max(0, found.count - compaction.count))
        for (index, bytes) in found.enumerated() {
            compaction[index] = max(compaction[index], bytes)
        }
        figures.compactionBytesOfFamilies = compaction
    }
}

extension Database {
    /// Cost: two texts a family are formatted and read, some 0.3 ms. Numbers that RocksDB says only in
    /// texts have the exactness of those: ms of stalls, some MB of bytes.
    package var figures: DatabaseFigures {
        var figures = DatabaseFigures()
        let text = text("rocksdb.dbstats")
        figures.stallSeconds = StatsText.seconds(text, after: ["Cumulative stall: "])
        figures.logBytes = StatsText.gigabytes(text, after: ["Cumulative WAL:", "written: "])
        figures.backgroundErrors = backgroundErrors
        figures.isWriteStopped = property("rocksdb.is-write-stopped") != 0
        figures.delayedBytesPerSecond = property("rocksdb.actual-delayed-write-rate")
        figures.runningCompactions = property("rocksdb.num-running-compactions")
        figures.runningFlushes = property("rocksdb.num-running-flushes")
        for family in Family.allCases { add(family, to: &figures) }
        return figures
    }

    private func add(_ family: Family, to figures: inout DatabaseFigures) {
        let text = text("rocksdb.cfstats-no-file-histogram", of: family)
        let stalls = StatsText.stalls(text)
        figures.slowdowns += stalls.slowdowns
        figures.stops += stalls.stops
        let flushed = StatsText.gigabytes(text, after: ["Flush(GB): cumulative "])
        let written = StatsText.gigabytes(text, after: ["Cumulative compaction: "])
        figures.flushBytes += flushed
        // Flushes count as compactions there.
        figures.compactionBytesOfFamilies.append(written > flushed ? written - flushed : 0)
        figures.pendingCompactionBytes += number(
            "rocksdb.estimate-pending-compaction-bytes", family)
        let files = UInt64(self.text("rocksdb.num-files-at-level0", of: family)) ?? 0
        figures.level0Files = max(figures.level0Files, files)
    }
}

/// Reads what RocksDB 7.8 writes into its texts. What it says otherwise counts as 0.
enum StatsText {
    /// The text behind the marks, each looked for behind the one before.
    static func rest(_ text: String, after marks: [String]) -> Substring? {
        var rest = Substring(text)
        for mark in marks {
            guard let found = rest.firstRange(of: mark) else { return nil }
            rest = rest[found.upperBound...]
        }
        return rest
    }

    /// The number behind the marks, of GB, in bytes.
    static func gigabytes(_ text: String, after marks: [String]) -> UInt64 {
        guard let rest = rest(text, after: marks) else { return 0 }
        return UInt64((number(rest) ?? 0) * Double(1 << 30))
    }

    /// `HH:MM:SS.mmm` behind the marks.
    static func seconds(_ text: String, after marks: [String]) -> Double {
        guard let rest = rest(text, after: marks) else { return 0 }
        let parts = rest.prefix { $0 != " " }.split(separator: ":").map { Double($0) }
        guard parts.count == 3, let hours = parts[0], let minutes = parts[1], let rest = parts[2]
        else { return 0 }
        return hours * 3_600 + minutes * 60 + rest
    }

    /// Of a family: how often its writes were slowed and stopped.
    static func stalls(_ text: String) -> (slowdowns: UInt64, stops: UInt64) {
        guard let rest = rest(text, after: ["Stalls(count): "]) else { return (0, 0) }
        var sums: (slowdowns: UInt64, stops: UInt64) = (0, 0)
        for entry in rest.prefix(while: { $0 != "\n" }).split(separator: ",") {
            let words = entry.split(separator: " ", maxSplits: 1)
            guard words.count == 2, let count = UInt64(words[0]) else { continue }
            switch words[1] {
            case "level0_slowdown", "slowdown for pending_compaction_bytes", "memtable_slowdown":
                sums.slowdowns += count
            case "level0_numfiles", "stop for pending_compaction_bytes", "memtable_compaction":
                sums.stops += count
            // Those "with compaction" are among the others.
            default: break
            }
        }
        return sums
    }

    private static func number(_ text: Substring) -> Double? {
        Double(text.prefix { $0.isNumber || $0 == "." })
    }
}
