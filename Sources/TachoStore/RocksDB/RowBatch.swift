import CRocksDB

/// Rows to be written together. Used by one thread at a time.
package final class RowBatch {
    private let database: Database
    private let batch: OpaquePointer
    package private(set) var count = 0

    package init(_ database: Database) {
        self.database = database
        batch = rocksdb_writebatch_create()
    }

    deinit { rocksdb_writebatch_destroy(batch) }

    package func put(_ family: Family, _ key: [UInt8], _ value: [UInt8]) {
        database.put(batch, family, key, value)
        count += 1
    }

    package func delete(_ family: Family, _ key: [UInt8]) {
        database.delete(batch, family, key)
        count += 1
    }

    package func clear() {
        rocksdb_writebatch_clear(batch)
        count = 0
    }

    func withHandle(_ body: (OpaquePointer) -> Void) { body(batch) }
}
