import Synchronization
package import TachoGeo
import TachoStore

/// An entry of the stream `verdicts` as it is shown.
package struct VerdictNotice: Hashable, Sendable {
    package var id: AlertID
    package var rider: [UInt8]
    package var tsMs: Int64
    /// The fix's place among those of its rider and time.
    package var ordinal: Int
    package var verdict: Verdict
    /// nil: it was decided, and not changed.
    package var previous: Verdict?
    package var cause: String
    /// Of the rule set that was in force.
    package var revision: UInt64
}

/// Rows that are durable in the journal and not in the database yet: who reads looks here first.
final class RecentVerdicts: Sendable {
    private let state = Mutex<[(row: VerdictRow, group: UInt64)]>([])

    func add(_ rows: [VerdictRow], group: UInt64) {
        if rows.isEmpty { return }
        state.withLock { state in for row in rows { state.append((row, group)) } }
    }

    /// The database has all rows of groups up to that one.
    func forget(upTo group: UInt64) {
        state.withLock { state in
            let written = state.prefix { $0.group <= group }.count
            if written > 0 { state.removeFirst(written) }
        }
    }

    /// Taken before the database is read, as `RecentAlerts.now`.
    func now() -> [VerdictRow] { state.withLock { $0.map(\.row) } }
}

/// Reads the stream `verdicts`.
struct VerdictReader: Sendable {
    let database: Database
    let riders: RiderTable
    let recent: RecentVerdicts

    /// Entries behind `after`, up to `through`, in order. Cost: a seek, up to a row of a thousand entries
    /// that is read for the first one, 0.1 µs an entry.
    func entries(
        after: AlertID?, through: AlertID?, limit: Int
    ) throws(StoreError) -> [VerdictNotice] {
        var list: [VerdictNotice] = []
        let newer = recent.now()
        var seen: AlertID?
        let cursor = database.cursor(.verdicts)
        cursor.seekBack(Keys.verdicts(after ?? AlertID(ms: 0, n: 0)))
        if try !cursor.isValid() { cursor.seekToFirst() }
        while list.count < limit, try cursor.isValid() {
            let first = try Keys.verdictsFirst(cursor.key)
            if let through, first > through { return list }
            seen = first
            try add(cursor.value, first, after: after, through: through, limit, to: &list)
            cursor.next()
        }
        for row in newer where list.count < limit {
            if let seen, row.first <= seen { continue }
            if let through, row.first > through { break }
            try add(row, after: after, through: through, limit, to: &list)
        }
        return list
    }

    /// Those of these ids, which ascend; nil where there is none. Cost: a seek for each row.
    func entries(at ids: [AlertID]) throws(StoreError) -> [(AlertID, VerdictNotice?)] {
        var list: [(AlertID, VerdictNotice?)] = []
        list.reserveCapacity(ids.count)
        var page: [VerdictNotice] = []
        var at = 0
        for id in ids {
            if page.last.map({ $0.id < id }) ?? true {
                // What follows is asked for as a rule.
                let before = StreamID(id).predecessor.map { AlertID($0) }
                page = try entries(after: before, through: ids.last, limit: Self.pageLength)
                at = 0
            }
            while at < page.count, page[at].id < id { at += 1 }
            list.append((id, at < page.count && page[at].id == id ? page[at] : nil))
        }
        return list
    }

    private static let pageLength = 256

    /// The last row up to `id`.
    static func last(
        upTo id: AlertID, _ database: Database
    ) throws(StoreError) -> (first: AlertID, head: VerdictRow.Head)? {
        let cursor = database.cursor(.verdicts)
        cursor.seekBack(Keys.verdicts(id))
        guard try cursor.isValid() else { return nil }
        return (try Keys.verdictsFirst(cursor.key), try VerdictRow.head(cursor.value))
    }

    private func add(
        _ row: VerdictRow, after: AlertID?, through: AlertID?, _ limit: Int,
        to list: inout [VerdictNotice]
    ) throws(StoreError) {
        let room = limit - list.count
        let result = row.value.withUnsafeBytes { raw in
            Result { () throws(StoreError) in
                var found: [VerdictNotice] = []
                try add(raw, row.first, after: after, through: through, room, to: &found)
                return found
            }
        }
        list += try result.get()
    }

    private func add(
        _ value: UnsafeRawBufferPointer, _ first: AlertID, after: AlertID?, through: AlertID?,
        _ limit: Int, to list: inout [VerdictNotice]
    ) throws(StoreError) {
        var skipping = 0
        if let after, after >= first {
            // Of another ms all lie before it.
            guard after.ms == first.ms else { return }
            skipping = Int(after.n - first.n) + 1
        }
        let (head, entries) = try VerdictRow.entries(
            value, skipping: skipping, limit: limit - list.count)
        for (index, entry) in entries.enumerated() {
            let id = AlertID(ms: first.ms, n: first.n + UInt32(skipping + index))
            if let through, id > through { return }
            list.append(
                VerdictNotice(
                    id: id, rider: riders.name(of: entry.rider), tsMs: entry.tsMs,
                    ordinal: Int(entry.ordinal), verdict: entry.verdict, previous: entry.previous,
                    cause: entry.cause.name, revision: head.revision))
        }
    }
}
