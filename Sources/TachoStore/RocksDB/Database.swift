import CRocksDB

#if canImport(Glibc)
    import Glibc
#endif

/// A RocksDB database with all families of `Family`: the only place that holds C handles.
///
/// Safe to call from any thread, as RocksDB is; a handle must not be used after `close`.
/// The first I/O error ends the use of a handle: this build of RocksDB asserts on a further write.
package final class Database: @unchecked Sendable {
    let handle: OpaquePointer
    let families: [OpaquePointer]
    /// Passed by every write; closed for the moment of a checkpoint.
    let gate = WriteGate()
    private let reads: OpaquePointer
    private let syncedWrites: OpaquePointer
    private let plainWrites: OpaquePointer

    /// Opens or creates the database at `path`. The text of a refusal is RocksDB's own.
    static func open(path: String, _ options: DatabaseOptions) throws(StoreError) -> Database {
        let made = try options.make()
        defer { DatabaseOptions.destroy(made) }
        let names = Family.allCases.map { $0.name }
        var cNames = names.map { UnsafePointer(strdup($0)) }
        defer { for name in cNames { free(UnsafeMutableRawPointer(mutating: name)) } }
        var familyOptions: [OpaquePointer?] = made.families
        var handles = [OpaquePointer?](repeating: nil, count: names.count)
        var failure: UnsafeMutablePointer<CChar>?
        let handle = rocksdb_open_column_families(
            made.database, path, Int32(names.count), &cNames, &familyOptions, &handles, &failure)
        if let message = takeMessage(&failure) {
            throw Database.isDamage(message) ? .damaged(message) : .io(message)
        }
        return Database(handle: handle!, families: handles.map { $0! })
    }

    /// RocksDB's status texts: `Corruption: …` means bytes are wrong, `IO error: …` that the
    /// system refused.
    static func isDamage(_ message: String) -> Bool {
        message.hasPrefix("Corruption") || message.hasPrefix("IO error: No such file")
            || message.hasPrefix("Invalid argument")
    }

    init(handle: OpaquePointer, families: [OpaquePointer]) {
        self.handle = handle
        self.families = families
        reads = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(reads, 1)
        rocksdb_readoptions_set_total_order_seek(reads, 1)
        syncedWrites = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(syncedWrites, 1)
        plainWrites = rocksdb_writeoptions_create()
    }

    /// Waits for background work and frees everything. Call once, when no reader is left.
    package func close() {
        rocksdb_cancel_all_background_work(handle, 1)
        for family in Set(families) { rocksdb_column_family_handle_destroy(family) }
        rocksdb_readoptions_destroy(reads)
        rocksdb_writeoptions_destroy(syncedWrites)
        rocksdb_writeoptions_destroy(plainWrites)
        rocksdb_close(handle)
    }

    /// Merges all files of a family, which otherwise happens when there are enough of them. Waits; broken
    /// off by `stopMerging`, it leaves the files as they were.
    package func compact(_ family: Family) {
        rocksdb_compact_range_cf(handle, families[family.rawValue], nil, 0, nil, 0)
    }

    /// Breaks off `compact`, in whatever thread, and makes later calls do nothing. For the end.
    package func stopMerging() { rocksdb_disable_manual_compaction(handle) }

    /// Writes all rows or none. `sync`: returns after the WAL is on the device.
    package func write(_ rows: RowBatch, sync: Bool) throws(StoreError) {
        gate.enter()
        defer { gate.leave() }
        var failure: UnsafeMutablePointer<CChar>?
        rows.withHandle { batch in
            rocksdb_write(handle, sync ? syncedWrites : plainWrites, batch, &failure)
        }
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    package func get(_ family: Family, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        var failure: UnsafeMutablePointer<CChar>?
        let slice = key.withUnsafeBytes { bytes in
            rocksdb_get_pinned_cf(
                handle, reads, families[family.rawValue],
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &failure)
        }
        defer { if let slice { rocksdb_pinnableslice_destroy(slice) } }
        if let message = takeMessage(&failure) { throw .damaged(message) }
        guard let slice else { return nil }
        var length = 0
        guard let value = rocksdb_pinnableslice_value(slice, &length) else { return nil }
        return [UInt8](UnsafeRawBufferPointer(start: value, count: length))
    }

    /// A view of the database as it is now; later writes do not show.
    package func snapshot() -> Snapshot {
        Snapshot(database: self, pointer: rocksdb_create_snapshot(handle))
    }

    /// Leaves the database as a program made it that did not know the family. For tests; the handle
    /// must not be used for that family any more.
    package func drop(_ family: Family) throws(StoreError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_drop_column_family(handle, families[family.rawValue], &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    /// Brings what a family has in memory into a file, and waits for it. For tests of files.
    package func flush(_ family: Family) throws(StoreError) {
        let options = rocksdb_flushoptions_create()
        defer { rocksdb_flushoptions_destroy(options) }
        rocksdb_flushoptions_set_wait(options, 1)
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_flush_cf(handle, options, families[family.rawValue], &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    func release(_ snapshot: OpaquePointer) { rocksdb_release_snapshot(handle, snapshot) }

    /// `readAheadBytes`: for walks over much of a family. Files are read ahead so far, and what is
    /// read does not drive other blocks out of the cache.
    package func cursor(
        _ family: Family, at snapshot: Snapshot? = nil, readAheadBytes: Int? = nil
    ) -> Cursor {
        let options = rocksdb_readoptions_create()!
        rocksdb_readoptions_set_verify_checksums(options, 1)
        rocksdb_readoptions_set_total_order_seek(options, 1)
        if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot.pointer) }
        if let readAheadBytes {
            rocksdb_readoptions_set_readahead_size(options, readAheadBytes)
            rocksdb_readoptions_set_fill_cache(options, 0)
        }
        let iterator = rocksdb_create_iterator_cf(handle, options, families[family.rawValue])!
        return Cursor(database: self, snapshot: snapshot, options: options, iterator: iterator)
    }

    /// Walks only keys that begin like the one it was set to: files whose filter knows nothing of
    /// that beginning are not looked at. For families `seen` and `track`.
    package func cursorWithinPrefix(_ family: Family, at snapshot: Snapshot? = nil) -> Cursor {
        let options = rocksdb_readoptions_create()!
        rocksdb_readoptions_set_verify_checksums(options, 1)
        rocksdb_readoptions_set_prefix_same_as_start(options, 1)
        if let snapshot { rocksdb_readoptions_set_snapshot(options, snapshot.pointer) }
        let iterator = rocksdb_create_iterator_cf(handle, options, families[family.rawValue])!
        return Cursor(database: self, snapshot: snapshot, options: options, iterator: iterator)
    }

    /// Removes files all of whose keys lie in the bounds; keys in other files stay.
    package func removeFiles(
        _ family: Family, from: [UInt8], to: [UInt8]
    ) throws(StoreError) {
        var failure: UnsafeMutablePointer<CChar>?
        from.withUnsafeBytes { from in
            to.withUnsafeBytes { to in
                rocksdb_delete_file_in_range_cf(
                    handle, families[family.rawValue],
                    from.baseAddress?.assumingMemoryBound(to: CChar.self), from.count,
                    to.baseAddress?.assumingMemoryBound(to: CChar.self), to.count, &failure)
            }
        }
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    func put(_ batch: OpaquePointer, _ family: Family, _ key: [UInt8], _ value: [UInt8]) {
        key.withUnsafeBytes { k in value.withUnsafeBytes { v in put(batch, family, k, v) } }
    }

    func put(
        _ batch: OpaquePointer, _ family: Family, _ key: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) {
        rocksdb_writebatch_put_cf(
            batch, families[family.rawValue],
            key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
            value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
    }

    func delete(_ batch: OpaquePointer, _ family: Family, _ key: [UInt8]) {
        key.withUnsafeBytes { k in
            rocksdb_writebatch_delete_cf(
                batch, families[family.rawValue],
                k.baseAddress?.assumingMemoryBound(to: CChar.self), k.count)
        }
    }

    /// Errors of flushes and compactions, which no caller sees; more than 0 ends the use.
    package var backgroundErrors: UInt64 { property("rocksdb.background-errors") }

    /// Bytes of live table files and memtables: what hot data costs.
    package var bytes: UInt64 {
        var sum: UInt64 = 0
        for family in Family.allCases { sum += bytes(of: family) }
        return sum
    }

    /// The same of one family.
    package func bytes(of family: Family) -> UInt64 {
        property("rocksdb.live-sst-files-size", of: families[family.rawValue])
            + property("rocksdb.cur-size-all-mem-tables", of: families[family.rawValue])
    }

    /// Memory in use: memtables, indexes of open tables, and the block cache all families share.
    package var memoryBytes: UInt64 {
        var sum = property("rocksdb.block-cache-usage", of: families[0])
        for family in families {
            sum += property("rocksdb.cur-size-all-mem-tables", of: family)
            sum += property("rocksdb.estimate-table-readers-mem", of: family)
        }
        return sum
    }

    /// A property that is a text, of the whole database; empty where there is none of that name.
    package func text(_ name: String) -> String {
        Self.take(rocksdb_property_value(handle, name))
    }

    package func text(_ name: String, of family: Family) -> String {
        Self.take(rocksdb_property_value_cf(handle, families[family.rawValue], name))
    }

    private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
        guard let text else { return "" }
        defer { rocksdb_free(text) }
        return String(cString: text)
    }

    package func property(_ name: String) -> UInt64 {
        var value: UInt64 = 0
        _ = rocksdb_property_int(handle, name, &value)
        return value
    }

    package func number(_ name: String, _ family: Family) -> UInt64 {
        property(name, of: families[family.rawValue])
    }

    private func property(_ name: String, of family: OpaquePointer) -> UInt64 {
        var value: UInt64 = 0
        _ = rocksdb_property_int_cf(handle, family, name, &value)
        return value
    }
}
