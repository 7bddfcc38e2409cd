import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// Reads alerts back: from the database, and those still on their way there.
struct AlertReader {
    let database: Database
    let riders: RiderTable
    let recent: RecentAlerts
    let book: AlertBook

    /// Entries of the stream behind `after`, up to `through`, in order of their ids.
    func entries(
        after: AlertID?, through: AlertID?, limit: Int
    ) throws(StoreError) -> [Alert] {
        var list: [Alert] = []
        let newer = recent.now().entries
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
        try add(newer, after: after, through: through, limit: limit, to: &list)
        return list
    }

    /// Those that the database did not have yet.
    private func add(
        _ newer: [(id: AlertID, row: [UInt8])], after: AlertID?, through: AlertID?, limit: Int,
        to list: inout [Alert]
    ) throws(StoreError) {
        for one in newer where list.count < limit {
            if let last = list.last?.id ?? after, one.id <= last { continue }
            if let through, one.id > through { return }
            list.append(try read(one.row, one.id).alert)
        }
    }

    func read(
        _ row: [UInt8], _ id: AlertID
    ) throws(StoreError) -> (alert: Alert, rider: UInt32) {
        let result = row.withUnsafeBytes { raw in
            Result { () throws(StoreError) in
                try AlertRow.read(raw, id: id, name: riders.name(of:))
            }
        }
        return try result.get()
    }

    /// Takes over the hits of the alert's window; `newer` are those the database may not have.
    func count(
        _ found: inout (alert: Alert, rider: UInt32), _ newer: [[UInt8]: UInt32]
    ) throws(StoreError) {
        let key = Keys.alertWindow(
            rider: found.rider, code: found.alert.code.rawValue, startMs: found.alert.atRecvMs)
        if let bytes = try database.get(.alerts, key) {
            found.alert.count = Int(try Self.count(bytes))
        }
        found.alert.count = max(found.alert.count, Int(newer[key] ?? 0))
    }

    /// Alerts by receipt time, each with the count of its window and its state.
    func byReceipt(_ filter: AlertFilter = AlertFilter()) throws(StoreError) -> [Alert] {
        var list: [Alert] = []
        var last = AlertID(ms: -1, n: 0)
        let newer = recent.now()
        let states = try states()
        func add(_ read: (alert: Alert, rider: UInt32)) throws(StoreError) {
            var found = read
            last = found.alert.id
            found.alert.state = states[found.alert.id] ?? .open
            guard filter.admits(found.alert) else { return }
            try count(&found, newer.windows)
            list.append(found.alert)
        }
        let cursor = database.cursor(.alerts)
        cursor.seek(Keys.alert(ms: 0, n: 0))
        while try cursor.isValid(), let id = Self.id(cursor.key) {
            try add(try AlertRow.read(cursor.value, id: id, name: riders.name(of:)))
            cursor.next()
        }
        for one in newer.entries where one.id > last { try add(try read(one.row, one.id)) }
        return list.sorted { a, b in
            a.atRecvMs != b.atRecvMs ? a.atRecvMs < b.atRecvMs : a.id < b.id
        }
    }

    static func count(_ bytes: [UInt8]) throws(StoreError) -> UInt32 {
        try window(bytes, startMs: 0).count
    }

    /// A row without its last byte is of a program before rule set 5, which opened no second window
    /// for a critical hit: as if this one were critical.
    static func window(_ bytes: [UInt8], startMs: Int64) throws(StoreError) -> AlertWindow {
        let value = bytes.withUnsafeBytes { raw -> AlertWindow? in
            var reader = ByteReader(raw)
            guard let count = try? reader.read(UInt32.self) else { return nil }
            let isCritical = reader.isAtEnd ? 1 : (try? reader.read(UInt8.self)) ?? 1
            return AlertWindow(startMs: startMs, count: count, isCritical: isCritical != 0)
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
