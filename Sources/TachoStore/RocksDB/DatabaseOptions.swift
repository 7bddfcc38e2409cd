import CRocksDB

/// How RocksDB 7.8.3 is opened; every setting has its reason in the measurements of the design.
///
/// Settings are given at open only: changing them later has reverted them silently. Left out on
/// purpose: WAL recycling and compression, `SyncWAL`, atomic flush, auto-resume, mmap.
struct DatabaseOptions {
    /// A database is made only in a directory that never had one: in place of a damaged one an
    /// empty one would delete what is left.
    var creates = false
    /// Flush and compaction bypass the page cache where the file system can.
    var directIO = false

    static let blockCacheBytes = 64 << 20
    static let maxTotalWALBytes = 256 << 20

    /// One option set per family and one for the database. The caller frees them with `destroy`.
    func make() throws(StoreError) -> (database: OpaquePointer, families: [OpaquePointer]) {
        let cache = rocksdb_cache_create_lru(Self.blockCacheBytes)
        defer { rocksdb_cache_destroy(cache) }
        let database = try options(
            "create_if_missing=\(creates);"
                // A family that the manifest does not name is one that an older program did not
                // know; it begins empty. None can be lost this way: the manifest has checksums.
                + "create_missing_column_families=true;"
                + "paranoid_checks=true;wal_recovery_mode=kPointInTimeRecovery;"
                + "track_and_verify_wals_in_manifest=true;"
                + "verify_sst_unique_id_in_manifest=true;flush_verify_memtable_count=true;"
                + "max_bgerror_resume_count=0;recycle_log_file_num=0;"
                // Otherwise a failed sync of the directory is only logged while opening.
                + "fail_if_options_file_error=true;"
                + "max_total_wal_size=\(Self.maxTotalWALBytes);"
                + "max_background_flushes=1;max_background_compactions=1;"
                + "use_direct_io_for_flush_and_compaction=\(directIO);"
                // Whoever syncs the log waits for what lies unwritten of it, and committers for him.
                + "bytes_per_sync=1048576;wal_bytes_per_sync=1048576;"
                + "max_open_files=512;keep_log_file_num=4;"
                + "max_log_file_size=4194304;info_log_level=WARN_LEVEL;stats_dump_period_sec=0")
        var families: [OpaquePointer] = []
        for family in Family.allCases {
            // Rows come in the order of their keys, hundreds to many thousands at a time: where
            // the last one went is where the search for the next one's place begins.
            let one = try options(
                "write_buffer_size=\(family.writeBufferMiB << 20);max_write_buffer_number=3;"
                    + "force_consistency_checks=true;compression=\(compression(of: family));"
                    + "memtable_insert_with_hint_prefix_extractor=fixed:1;"
                    + compaction(of: family))
            let table = rocksdb_block_based_options_create()
            rocksdb_block_based_options_set_checksum(table, 4)  // kXXH3
            rocksdb_block_based_options_set_format_version(table, 5)
            rocksdb_block_based_options_set_block_cache(table, cache)
            if family == .latest || family == .riders || family == .tails || family == .seen {
                rocksdb_block_based_options_set_filter_policy(
                    table, rocksdb_filterpolicy_create_bloom_full(10))
            }
            if family == .track {
                // By rider and stretch of time alone, not by chunk: a bit or two for a hundred fixes.
                rocksdb_block_based_options_set_filter_policy(
                    table, rocksdb_filterpolicy_create_bloom_full(10))
                rocksdb_block_based_options_set_whole_key_filtering(table, 0)
                rocksdb_options_set_prefix_extractor(
                    one, rocksdb_slicetransform_create_fixed_prefix(Keys.trackPrefixBytes))
            }
            if family == .seen {
                // Days of rows: of their filters and indexes only the parts that are asked for may
                // take room in the cache. Whole, a filter is larger than a shard of the cache, and
                // was read from its file for every seek.
                rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
                rocksdb_block_based_options_set_index_type(
                    table, Int32(rocksdb_block_based_table_index_type_two_level_index_search))
                rocksdb_block_based_options_set_partition_filters(table, 1)
                rocksdb_options_set_prefix_extractor(
                    one, rocksdb_slicetransform_create_fixed_prefix(LandmarkRow.prefixBytes))
            }
            rocksdb_options_set_block_based_table_factory(one, table)
            rocksdb_block_based_options_destroy(table)
            families.append(one)
        }
        return (database, families)
    }

    static func destroy(_ options: (database: OpaquePointer, families: [OpaquePointer])) {
        rocksdb_options_destroy(options.database)
        for one in options.families { rocksdb_options_destroy(one) }
    }

    /// Chunks are written once, never again and never deleted: by levels each would be rewritten
    /// ten times as the database grows. Tiers of like size rewrite it once for every eightfold; the
    /// price is that a rider's track lies in up to a dozen places instead of five. Landmarks are
    /// written once too, and go by whole files.
    private func compaction(of family: Family) -> String {
        guard family == .track || family == .seen else {
            return "level_compaction_dynamic_level_bytes=true"
        }
        let runs = family == .seen ? 16 : 8
        return "compaction_style=kCompactionStyleUniversal;"
            + "level0_file_num_compaction_trigger=\(runs);"
            + "compaction_options_universal={size_ratio=50;min_merge_width=6;max_merge_width=16;"
            + "max_size_amplification_percent=10000;stop_style=kCompactionStopStyleTotalSize;}"
    }

    /// Chunks are coded already; small rows repeat their key's neighbours.
    private func compression(of family: Family) -> String {
        switch family {
        case .track, .tails: "kNoCompression"
        default: "kLZ4Compression"
        }
    }

    private func options(_ text: String) throws(StoreError) -> OpaquePointer {
        let base = rocksdb_options_create()
        defer { rocksdb_options_destroy(base) }
        let made = rocksdb_options_create()!
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_get_options_from_string(base, text, made, &failure)
        if let message = takeMessage(&failure) {
            rocksdb_options_destroy(made)
            throw .io("RocksDB refuses its options: \(message)")
        }
        return made
    }
}

/// The message RocksDB left in `failure`, freed; nil when there was none.
func takeMessage(_ failure: inout UnsafeMutablePointer<CChar>?) -> String? {
    guard let text = failure else { return nil }
    defer {
        rocksdb_free(text)
        failure = nil
    }
    return String(cString: text)
}
