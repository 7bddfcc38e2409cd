import Synchronization
import TachoCodec

/// Numbers for runs of rows of family `geo`, ascending and none of them twice in a directory,
/// whatever a crash left of the rows. `format-spec.md` §6.
///
/// Taken in lots: the end of a lot is on the device before its first number is given. Cost: a sync
/// for each start and each 4,096 runs.
package final class GeoRuns: Sendable {
    private struct Lot {
        var next: UInt32
        var end: UInt32
    }

    private let database: Database
    private let lot: Mutex<Lot>

    static let key = "geo_runs"
    private static let lotSize: UInt32 = 4_096

    package init(_ database: Database) throws(StoreError) {
        self.database = database
        var end: UInt32 = 0
        if let bytes = try database.get(.meta, Keys.meta(Self.key)) {
            guard bytes.count == 4 else { throw .damaged("the number of geo runs cannot be read") }
            end = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        }
        lot = Mutex(Lot(next: end, end: end))
    }

    /// Greater than all before.
    package func next() throws(StoreError) -> UInt32 {
        try lot.withLock { lot throws(StoreError) in
            if lot.next == lot.end {
                let (end, isOver) = lot.end.addingReportingOverflow(Self.lotSize)
                // At a run a second, a hundred years from the first.
                if isOver { throw .io("numbers of geo runs are used up") }
                var writer = ByteWriter()
                writer.put(end)
                let rows = RowBatch(database)
                rows.put(.meta, Keys.meta(Self.key), writer.bytes)
                try database.write(rows, sync: true)
                lot.end = end
            }
            defer { lot.next += 1 }
            return lot.next
        }
    }
}
