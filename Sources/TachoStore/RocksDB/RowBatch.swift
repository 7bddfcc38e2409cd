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

    /// Puts rows of family `geo`, in the order of `GeoRow.<`, as pages of a run that has a number of
    /// its own: RocksDB takes a sorted run several times faster than the same rows at random.
    package func put(_ places: [GeoRow], run: UInt32) {
        count += GeoPage.forEach(of: places, run: run) { key, value in
            database.put(batch, .geo, key, value)
        }
    }

    /// Puts rows of family `seen`, best in the order of their keys.
    package func put(_ landmarks: [LandmarkRow]) {
        withUnsafeTemporaryAllocation(
            byteCount: LandmarkRow.keyBytes + LandmarkRow.valueBytes, alignment: 8
        ) { room in
            for landmark in landmarks {
                landmark.write(to: room.baseAddress!)
                database.put(
                    batch, .seen, UnsafeRawBufferPointer(rebasing: room[..<LandmarkRow.keyBytes]),
                    UnsafeRawBufferPointer(rebasing: room[LandmarkRow.keyBytes...]))
            }
        }
        count += landmarks.count
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
