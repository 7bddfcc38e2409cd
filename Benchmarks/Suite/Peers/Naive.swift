import CRocksDB
import Glibc
import TachoGeo

extension Benchmark {
    /// The fixed peer: what one would write first on RocksDB. Three column families (points by
    /// rider and time, points by place and time, latest by rider), a row per point in each,
    /// WriteBatch of 1,000, one sync a batch, one thread, bloom filters, 256 MB cache.
    static let naive = Benchmark(
        name: "naive", about: "the naive RocksDB layout, durable points a second"
    ) { scale in
        // A tenth of the points: it is that much slower.
        let points = PeerPoints(count: max(1000, scale.points / 10), riders: scale.riders)
        var rates: [Double] = []
        for _ in 0..<scale.rounds { rates.append(try naiveRate(points, scale.directory)) }
        return [
            Measurement(
                "naive", Timing.median(rates), "points/s", n: points.count, hash: points.hash)
        ]
    }

    /// Points a second of one run; throws if they are not all there afterwards.
    static func naiveRate(_ points: PeerPoints, _ directory: String) throws -> Double {
        let scratch = ScratchDirectory(in: directory, "naive")
        let store = try NaiveStore(scratch.path)
        defer { store.close() }
        let batches = points.batches(of: 1000)
        let seconds = try Timing.seconds { for batch in batches { try store.write(batch) } }
        try points.check("naive", rows: store.count())
        return Double(points.count) / seconds
    }
}

struct NaiveStoreError: Error {
    var message: String
}

/// RocksDB used the obvious way.
final class NaiveStore {
    private let handle: OpaquePointer
    private let families: [OpaquePointer]
    private let sync: OpaquePointer
    private let batch: OpaquePointer

    init(_ path: String) throws {
        let options = rocksdb_options_create()!
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_create_missing_column_families(options, 1)
        let table = rocksdb_block_based_options_create()!
        let cache = rocksdb_cache_create_lru(256 << 20)
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_options_set_block_based_table_factory(options, table)
        let names = ["default", "points", "places", "latest"]
        var cNames = names.map { UnsafePointer(strdup($0)) }
        defer { for name in cNames { free(UnsafeMutableRawPointer(mutating: name)) } }
        var each: [OpaquePointer?] = names.map { _ in options }
        var handles = [OpaquePointer?](repeating: nil, count: names.count)
        var failure: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open_column_families(
            options, path, Int32(names.count), &cNames, &each, &handles, &failure)
        if let failure { throw NaiveStoreError(message: String(cString: failure)) }
        rocksdb_options_destroy(options)
        rocksdb_block_based_options_destroy(table)
        rocksdb_cache_destroy(cache)
        handle = opened!
        families = handles.map { $0! }
        sync = rocksdb_writeoptions_create()
        rocksdb_writeoptions_set_sync(sync, 1)
        batch = rocksdb_writebatch_create()
    }

    func write(_ points: [(rider: Int, fix: Fix)]) throws {
        rocksdb_writebatch_clear(batch)
        for (rider, fix) in points {
            var value: [UInt8] = []
            for word in [fix.latE7, fix.lonE7, fix.speedCms, fix.headingCdeg, fix.accuracyDm] {
                withUnsafeBytes(of: word) { value.append(contentsOf: $0) }
            }
            let byRider = key(UInt64(rider), UInt64(bitPattern: fix.tsMs))
            // A square of about 0.005° stands for a cell.
            let cell =
                UInt64(UInt32(bitPattern: fix.latE7 / 50_000)) << 32
                | UInt64(UInt32(bitPattern: fix.lonE7 / 50_000))
            let byPlace = key(cell, UInt64(bitPattern: fix.tsMs)) + key(UInt64(rider), nil)
            put(families[1], byRider, value)
            put(families[2], byPlace, [])
            put(families[3], key(UInt64(rider), nil), byRider + value)
        }
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_write(handle, sync, batch, &failure)
        if let failure { throw NaiveStoreError(message: String(cString: failure)) }
    }

    private func key(_ a: UInt64, _ b: UInt64?) -> [UInt8] {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: a.bigEndian) { bytes.append(contentsOf: $0) }
        if let b { withUnsafeBytes(of: b.bigEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    private func put(_ family: OpaquePointer, _ key: [UInt8], _ value: [UInt8]) {
        key.withUnsafeBytes { k in
            value.withUnsafeBytes { v in
                rocksdb_writebatch_put_cf(
                    batch, family, k.baseAddress?.assumingMemoryBound(to: CChar.self), k.count,
                    v.baseAddress?.assumingMemoryBound(to: CChar.self), v.count)
            }
        }
    }

    /// Rows in the family of points, each read.
    func count() -> Int {
        let options = rocksdb_readoptions_create()
        defer { rocksdb_readoptions_destroy(options) }
        let iterator = rocksdb_create_iterator_cf(handle, options, families[1])
        defer { rocksdb_iter_destroy(iterator) }
        rocksdb_iter_seek_to_first(iterator)
        var rows = 0
        while rocksdb_iter_valid(iterator) != 0 {
            rows += 1
            rocksdb_iter_next(iterator)
        }
        return rows
    }

    func close() {
        rocksdb_writebatch_destroy(batch)
        rocksdb_writeoptions_destroy(sync)
        for family in families { rocksdb_column_family_handle_destroy(family) }
        rocksdb_close(handle)
    }
}
