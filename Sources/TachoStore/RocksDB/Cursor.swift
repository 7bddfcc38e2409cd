import CRocksDB

/// The database as it was at one moment. Freed with its last user.
package final class Snapshot: @unchecked Sendable {
    private let database: Database
    let pointer: OpaquePointer

    init(database: Database, pointer: OpaquePointer) {
        self.database = database
        self.pointer = pointer
    }

    deinit { database.release(pointer) }
}

/// Walks one family in key order. Used by one thread at a time.
package final class Cursor {
    private let database: Database
    private let snapshot: Snapshot?
    private let options: OpaquePointer
    private let iterator: OpaquePointer

    init(
        database: Database, snapshot: Snapshot?, options: OpaquePointer, iterator: OpaquePointer
    ) {
        self.database = database
        self.snapshot = snapshot
        self.options = options
        self.iterator = iterator
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(options)
    }

    /// To the first key that is not below `key`.
    package func seek(_ key: [UInt8]) {
        key.withUnsafeBytes {
            rocksdb_iter_seek(
                iterator, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }

    /// The same for a key that is no array.
    package func seek(_ key: UnsafeRawBufferPointer) {
        rocksdb_iter_seek(
            iterator, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count)
    }

    /// To the last key that is not above `key`.
    package func seekBack(_ key: [UInt8]) {
        key.withUnsafeBytes {
            rocksdb_iter_seek_for_prev(
                iterator, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }

    package func seekToFirst() { rocksdb_iter_seek_to_first(iterator) }
    package func seekToLast() { rocksdb_iter_seek_to_last(iterator) }
    package func next() { rocksdb_iter_next(iterator) }
    package func previous() { rocksdb_iter_prev(iterator) }

    /// False past either end. Throws when it ended because bytes are damaged.
    package func isValid() throws(StoreError) -> Bool {
        if rocksdb_iter_valid(iterator) != 0 { return true }
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &failure)
        if let message = takeMessage(&failure) { throw .damaged(message) }
        return false
    }

    /// Valid until the cursor moves.
    package var key: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_key(iterator, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }

    /// Valid until the cursor moves.
    package var value: UnsafeRawBufferPointer {
        var length = 0
        let start = rocksdb_iter_value(iterator, &length)
        return UnsafeRawBufferPointer(start: start, count: length)
    }
}
