import TachoCodec
import TachoGeo
import TachoStore

/// Reads alerts back from the database.
struct AlertReader {
    let database: Database
    let riders: RiderTable

    /// Entries of the stream behind `after`, up to `through`, in order of their ids.
    func entries(
        after: AlertID?, through: AlertID?, limit: Int
    ) throws(StoreError) -> [Alert] {
        var list: [Alert] = []
        let cursor = database.cursor(.alerts)
        cursor.seek(after.map { Keys.alert(ms: UInt64($0.ms), n: $0.n) } ?? Keys.alert(ms: 0, n: 0))
        while list.count < limit, try cursor.isValid() {
            guard let id = Self.id(cursor.key) else { break }
            if let through, id > through { break }
            if after == nil || id > after! {
                list.append(
                    try AlertRow.read(cursor.value, id: id, name: riders.name(of:)).alert)
            }
            cursor.next()
        }
        return list
    }

    /// All alerts by receipt time, each with the count of its window.
    func byReceipt() throws(StoreError) -> [Alert] {
        var list: [Alert] = []
        let cursor = database.cursor(.alerts)
        cursor.seek(Keys.alert(ms: 0, n: 0))
        while try cursor.isValid(), let id = Self.id(cursor.key) {
            var (alert, rider) = try AlertRow.read(
                cursor.value, id: id, name: riders.name(of:))
            let key = Keys.alertWindow(
                rider: rider, code: alert.code.rawValue, startMs: alert.atRecvMs)
            if let bytes = try database.get(.alerts, key) {
                alert.count = Int(try Self.count(bytes))
            }
            list.append(alert)
            cursor.next()
        }
        return list.sorted { a, b in
            a.atRecvMs != b.atRecvMs ? a.atRecvMs < b.atRecvMs : a.id < b.id
        }
    }

    static func count(_ bytes: [UInt8]) throws(StoreError) -> UInt32 {
        let value = bytes.withUnsafeBytes { raw -> UInt32? in
            var reader = ByteReader(raw)
            return try? reader.read(UInt32.self)
        }
        guard let value else { throw .damaged("an alert's count cannot be read") }
        return value
    }

    /// The id in a key of family `alerts`; nil for other kinds of rows.
    static func id(_ key: UnsafeRawBufferPointer) -> AlertID? {
        guard key.count == 13, key[0] == 0 else { return nil }
        return AlertID(ms: Int64(KeyReader.u64(key, at: 1)), n: KeyReader.u32(key, at: 9))
    }
}

/// A registration for news of alerts.
package final class AlertObserver: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
