import TachoEngine

/// What is on disk and in memory: journal, database, sealed segments.
extension Metric {
    static let storage: [Metric] = [
        .stat(
            "tacho_journal_groups_total", .counter, of: "journal_group",
            "Commit groups that were written."),
        .stat(
            "tacho_journal_bytes", of: "journal_bytes",
            "Of the journal, what a start would have to replay."),
        .stat("tacho_journal_disk_bytes", of: "journal_disk_bytes", "Files of the journal."),
        .stat("tacho_database_bytes", of: "bytes_hot", "The database, memtables included."),
        .stat("tacho_places_bytes", of: "geo_bytes", "Of it, the index of who was where."),
        .gauge("tacho_disk_free_bytes", "Free on the data directory's file system.") {
            $0.operations.disk.map { Int(clamping: $0.free) }
        },
        .gauge("tacho_disk_bytes", "Size of the data directory's file system.") {
            $0.operations.disk.map { Int(clamping: $0.total) }
        },
        .gauge("tacho_disk_kept_bytes", "Below so much free disk writes are refused.") {
            Int(clamping: $0.operations.keptFreeBytes)
        },
        .labelled("tacho_memory_bytes", by: "part", "Memory of the engine by what holds it.") {
            memory($0)
        },
        .stat(
            "tacho_memory_limit_bytes", of: "memory_limit",
            "Above it memory is freed, and a quarter above it writes are refused."),
    ]

    static let database: [Metric] = [
        .real(
            "tacho_rocksdb_stall_seconds_total", .counter,
            "How long the database held writes back."
        ) { $0.operations.database?.stallSeconds },
        .labelled(
            "tacho_rocksdb_stalls_total", .counter, by: "kind",
            "How often the database slowed writes, or stopped them."
        ) { sources in
            sources.operations.database.map {
                [("slowdown", Int($0.slowdowns)), ("stop", Int($0.stops))]
            } ?? []
        },
        .gauge("tacho_rocksdb_write_stopped", "1 while the database takes no writes.") {
            $0.operations.database.map { $0.isWriteStopped ? 1 : 0 }
        },
        .gauge(
            "tacho_rocksdb_delayed_write_bytes_per_second",
            "To what the database slows writes now; 0: it does not."
        ) { $0.operations.database.map { Int(clamping: $0.delayedBytesPerSecond) } },
        .gauge("tacho_rocksdb_running_compactions", "Compactions under way.") {
            $0.operations.database.map { Int($0.runningCompactions) }
        },
        .gauge("tacho_rocksdb_running_flushes", "Flushes under way.") {
            $0.operations.database.map { Int($0.runningFlushes) }
        },
        .gauge(
            "tacho_rocksdb_pending_compaction_bytes",
            "What compactions are behind, by the database's estimate."
        ) { $0.operations.database.map { Int(clamping: $0.pendingCompactionBytes) } },
        .gauge(
            "tacho_rocksdb_level0_files", "Uncompacted files of the family that has the most."
        ) { $0.operations.database.map { Int($0.level0Files) } },
        .labelled(
            "tacho_rocksdb_written_bytes_total", .counter, by: "kind",
            "What the database wrote, to some MB."
        ) { sources in
            sources.operations.database.map {
                [
                    ("log", Int(clamping: $0.logBytes)), ("flush", Int(clamping: $0.flushBytes)),
                    ("compaction", Int(clamping: $0.compactionBytes)),
                ]
            } ?? []
        },
        .counter(
            "tacho_rocksdb_background_errors_total",
            "Errors of flushes and compactions; after the first the server ends."
        ) { $0.operations.database.map { Int($0.backgroundErrors) } },
    ]

    static let sealing: [Metric] = [
        .stat(
            "tacho_segments_sealed_total", .counter, of: "ranges_sealed",
            "Sealed segments of the directory."),
        .stat("tacho_sealed_bytes", of: "bytes_sealed", "Size of all sealed segments."),
        .gauge("tacho_unsealed_points", "Points that are in no sealed segment.") { sources in
            guard let last = sources.integer("last_sequence"),
                let through = sources.integer("sealed_through")
            else { return nil }
            return max(0, last - through)
        },
        .real(
            "tacho_seal_lag_seconds",
            "How long the oldest point that is not sealed has been waiting, or since the start."
        ) { $0.operations.sealLagSeconds },
        .real("tacho_seal_last_seconds", "How long the last seal took.") {
            $0.integer("seal_last_ms").map { Double($0) / 1_000 }
        },
        .stat(
            "tacho_seal_refusals_total", .counter, of: "seal_refusals",
            "Attempts to seal that were refused, since the start."),
        .stat("tacho_log_entries", of: "log_entries", "Entries in the log of segments."),
        .stat("tacho_log_signed_entries", of: "log_signed", "Of them, under its signed head."),
        .stat(
            "tacho_segments_damaged", of: "segments_damaged",
            "Sealed segments that are damaged or missing."),
        .stat(
            "tacho_segments_unread", of: "segments_unread",
            "Sealed segments that could not be looked through."),
        .real(
            "tacho_scrub_day_timestamp_seconds",
            "When the newest day's segments were last looked through, Unix time."
        ) { $0.integer("scrub_day_ms").map { Double($0) / 1_000 } },
        .real(
            "tacho_scrub_all_timestamp_seconds",
            "When all segments were last looked through, Unix time."
        ) { $0.integer("scrub_all_ms").map { Double($0) / 1_000 } },
        .stat(
            "tacho_ranges_retired_total", .counter, of: "ranges_retired",
            "Sealed ranges whose points left the database."),
        .stat(
            "tacho_points_retired_total", .counter, of: "points_retired",
            "Points that left the database and are read from segments."),
        .stat(
            "tacho_ranges_kept_hot", of: "ranges_kept_hot",
            "Ranges that are old enough to leave the database and could not."),
    ]

    /// Whatever stats call `memory_…`, but for the limit.
    private static func memory(_ sources: MetricSources) -> [(String, Int)] {
        sources.names(withPrefix: "memory_").filter { $0 != "limit" }.compactMap { part in
            sources.integer("memory_" + part).map { (part, $0) }
        }
    }
}
