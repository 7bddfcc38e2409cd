import Foundation
import TachoGeo
import TachoStore
import Testing

/// Table files made beside the database and taken in whole.
final class SortedRunTests {
    private let path = NSTemporaryDirectory() + "tacho-run-" + UUID().uuidString

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func landmark(_ hash: UInt64, _ number: UInt32) -> LandmarkRow {
        LandmarkRow(
            day: 20_000,
            landmark: Landmark(hash: hash, rider: 7, number: number, tsMs: 5, place: 9))
    }

    private func found(_ store: Store) throws -> [LandmarkRow] {
        let cursor = store.database.cursor(.seen)
        cursor.seekToFirst()
        var rows: [LandmarkRow] = []
        while try cursor.isValid() {
            rows.append(try LandmarkRow(key: cursor.key, value: cursor.value))
            cursor.next()
        }
        return rows
    }

    /// Table files that were made and not taken in.
    private func leftOver() throws -> [String] {
        try FileSystem.list(path).flatMap { name in
            (try? FileSystem.list(path + "/" + name)) ?? []
        }.filter { $0.hasSuffix(".run") }
    }

    @Test func `rows of runs, of batches and of both again are all found, also after a restart`()
        throws
    {
        var store = try Store.open(StoreOptions(path: path))
        let all = (0..<3_000 as Range<UInt64>).map { landmark($0 << 20, UInt32($0)) }
        // Every third one in a run, then in a batch, then in runs that overlap both, twice.
        let run = try SortedRun(store.database, .seen)
        try run.put(all.indices.filter { $0 % 3 == 0 }.map { all[$0] })
        #expect(try found(store).isEmpty, "nothing is there before it is taken in")
        try store.database.add(run)
        let batch = RowBatch(store.database)
        batch.put(all.indices.filter { $0 % 3 == 1 }.map { all[$0] })
        try store.database.write(batch, sync: false)
        for _ in 0..<2 {
            let rest = try SortedRun(store.database, .seen)
            try rest.put(all.indices.filter { $0 % 3 == 2 || $0 % 5 == 0 }.map { all[$0] })
            try store.database.add(rest)
        }
        #expect(try found(store) == all)
        store.close()
        store = try Store.open(StoreOptions(path: path))
        #expect(try found(store) == all)
        #expect(try leftOver().isEmpty)
        store.close()
    }

    @Test func `places of a run are read as those of a batch, and the run's bytes are counted`()
        throws
    {
        let store = try Store.open(StoreOptions(path: path))
        defer { store.close() }
        var places = (0..<4_000 as Range<UInt32>).map { number in
            GeoRow(
                bucket: 2_147_490_000 + number % 7,
                cell: 0x8930_e1c0_0000_0000 + UInt64(number % 64),
                rider: number, range: 1, generation: UInt16(number % 3), count: 65_535,
                firstMs: number, lastMs: 299_999, isAnyFlagged: number % 2 == 0)
        }
        GeoRow.sort(&places)
        func rows() throws -> [[UInt8]] {
            let cursor = store.database.cursor(.geo)
            cursor.seekToFirst()
            var rows: [[UInt8]] = []
            while try cursor.isValid() {
                rows.append([UInt8](cursor.key) + [UInt8](cursor.value))
                cursor.next()
            }
            return rows
        }
        let run = try SortedRun(store.database, .geo)
        try run.put(places)
        #expect(store.database.runBytes(of: .geo) == 0)
        try store.database.add(run)
        let ofRun = try rows()
        #expect(ofRun.count == places.count)
        #expect(store.database.runBytes(of: .geo) > UInt64(places.count))
        #expect(store.database.runBytes(of: .seen) == 0)
        // The same keys again the other way: nothing may differ.
        let batch = RowBatch(store.database)
        batch.put(places)
        try store.database.write(batch, sync: false)
        #expect(try rows() == ofRun)
    }

    @Test func `rows out of order are refused, and the file is gone`() throws {
        let store = try Store.open(StoreOptions(path: path))
        defer { store.close() }
        do {
            let run = try SortedRun(store.database, .seen)
            #expect(throws: StoreError.self) { try run.put([landmark(5, 1), landmark(4, 1)]) }
        }
        #expect(try leftOver().isEmpty)
        #expect(try found(store).isEmpty)
    }
}
