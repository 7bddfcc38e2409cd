import CRocksDB

#if canImport(Glibc)
    import Glibc
#endif

/// Rows of one family in the order of their keys, written as a table file that the database takes in
/// whole: no log, no memtable, no flush, which is a fifth of the cost of writing them as a batch.
///
/// All of them are on the device once `add` returned; before, none is there for a reader. A file
/// that a crash left behind is removed at the next start.
package final class SortedRun {
    private let writer: OpaquePointer
    private let environment: OpaquePointer
    private let path: String
    private let family: Family
    private var isTaken = false
    package private(set) var count = 0

    static let suffix = ".run"

    /// Keys of one run must ascend, none twice.
    package init(_ database: Database, _ family: Family) throws(StoreError) {
        self.family = family
        path = database.nextRunPath()
        environment = rocksdb_envoptions_create()
        writer = rocksdb_sstfilewriter_create(environment, database.options(of: family))
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_open(writer, path, &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
    }

    deinit {
        rocksdb_sstfilewriter_destroy(writer)
        rocksdb_envoptions_destroy(environment)
        if !isTaken { unlink(path) }
    }

    package func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(StoreError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_put(
            writer, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
            value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count, &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
        count += 1
    }

    /// Rows of family `geo`.
    package func put(_ places: [GeoRow]) throws(StoreError) {
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: GeoRow.keyBytes + GeoRow.maxValueBytes, alignment: 8)
        defer { room.deallocate() }
        for place in places {
            let count = place.write(to: room.baseAddress!)
            try put(
                UnsafeRawBufferPointer(rebasing: room[..<GeoRow.keyBytes]),
                UnsafeRawBufferPointer(rebasing: room[GeoRow.keyBytes..<GeoRow.keyBytes + count]))
        }
    }

    /// Rows of family `seen`.
    package func put(_ landmarks: [LandmarkRow]) throws(StoreError) {
        let size = LandmarkRow.keyBytes + LandmarkRow.valueBytes
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { room.deallocate() }
        for landmark in landmarks {
            landmark.write(to: room.baseAddress!)
            try put(
                UnsafeRawBufferPointer(rebasing: room[..<LandmarkRow.keyBytes]),
                UnsafeRawBufferPointer(rebasing: room[LandmarkRow.keyBytes...]))
        }
    }

    /// Ends the file and hands it over. Call once, with at least one row.
    fileprivate func finish(
        _ take: (String, Family, _ bytes: UInt64) throws(StoreError) -> Void
    ) throws(StoreError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_finish(writer, &failure)
        if let message = takeMessage(&failure) { throw .io(message) }
        var bytes: UInt64 = 0
        rocksdb_sstfilewriter_file_size(writer, &bytes)
        try take(path, family, bytes)
        // Its name was moved into the database.
        isTaken = true
    }
}

extension Database {
    /// Takes a run in: all of its rows or none, on the device on return.
    package func add(_ run: SortedRun) throws(StoreError) {
        try run.finish { path, family, bytes throws(StoreError) in
            try takeFile(path, family, bytes: bytes)
        }
    }
}
