package import TachoGeo
import TachoStore

/// An entry of any stream that can have groups.
package enum StreamEntry: Sendable {
    case alert(Alert)
    case fence(FenceNotice)
    case order(OrderEntry)
    case verdict(VerdictNotice)
    /// It was delivered once and is no more: given up with `--accept-loss`. Redis says so of deleted ones.
    case gone(AlertID)

    package var id: AlertID {
        switch self {
        case .alert(let alert): alert.id
        case .fence(let notice): notice.id
        case .order(let entry): entry.id
        case .verdict(let notice): notice.id
        case .gone(let id): id
        }
    }

    var isGone: Bool { if case .gone = self { true } else { false } }

    /// What it takes in a reply, at most.
    var replyBytes: Int {
        switch self {
        case .alert(let alert): alert.rider.count + alert.evidenceJSON.utf8.count + 1_024
        case .fence(let notice): (notice.rider?.count ?? 0) + 384
        case .order(let entry): entry.event.bytes.count + 384
        case .verdict(let notice): notice.rider.count + 1_024
        case .gone: 64
        }
    }
}

/// The streams as consumer groups read them: entries that are durable, which nobody changes.
/// Used by the thread of the groups alone.
final class StreamSource {
    private let database: Database
    private let alerts: AlertReader
    private let verdicts: VerdictReader
    private let orders: OrderRows
    private let fences: FenceBook
    private let riders: RiderTable
    private let progress: Progress
    /// The first entry of a stream never changes.
    private var firsts: [StreamName: AlertID] = [:]

    /// How often entries were looked for in the database.
    private(set) var lookUps = 0
    private var expectsFenceNews = false

    init(
        database: Database, alerts: AlertReader, verdicts: VerdictReader, fences: FenceBook,
        riders: RiderTable, progress: Progress
    ) {
        self.database = database
        self.alerts = alerts
        self.verdicts = verdicts
        orders = OrderRows(database)
        self.fences = fences
        self.riders = riders
        self.progress = progress
    }

    /// Entries ever, and the id of the last; nil: there is no such stream. Memory only, but for fences
    /// that are gone.
    func extent(_ name: StreamName) throws(StoreError) -> (entries: Int, last: AlertID?)? {
        switch name {
        case .alerts:
            let now = progress.now
            return (now.alerts, now.lastAlert)
        case .orders:
            let now = progress.now
            return (Int(now.orders), now.lastOrder)
        case .verdicts:
            let now = progress.now
            return (Int(now.verdicts), now.lastVerdict)
        case .fence(let id):
            return try FenceReader(database: database, book: fences).stream(id)
                .map { (Int($0.events), $0.lastID) }
        case .other: return nil
        }
    }

    func first(_ name: StreamName) throws(StoreError) -> AlertID? {
        if let first = firsts[name] { return first }
        let first = try entries(name, after: nil, limit: 1).first?.id
        // Bounded by the streams there are; forgotten rather than counted.
        if firsts.count >= 65_536 { firsts = [:] }
        firsts[name] = first
        return first
    }

    func entries(
        _ name: StreamName, after: AlertID?, through: AlertID? = nil, limit: Int
    ) throws(StoreError) -> [StreamEntry] {
        lookUps += 1
        switch name {
        case .alerts:
            return try alerts.entries(after: after, through: through, limit: limit)
                .map { .alert($0) }
        case .orders:
            return try orders.entries(after: after, through: through, limit: limit)
                .map { .order($0) }
        case .verdicts:
            return try verdicts.entries(after: after, through: through, limit: limit)
                .map { .verdict($0) }
        case .fence(let id):
            let reader = FenceReader(database: database, book: fences)
            guard let stream = try reader.stream(id) else { return [] }
            return try reader.events(stream, after: after, through: through, limit: limit)
                .map { .fence(FenceNotice($0, riders)) }
        case .other: return []
        }
    }

    /// The entries of these ids, which ascend: with one cursor. Cost: a seek each.
    func entries(_ name: StreamName, at ids: [AlertID]) throws(StoreError) -> [StreamEntry] {
        if ids.isEmpty { return [] }
        lookUps += 1
        var found: [StreamEntry] = []
        found.reserveCapacity(ids.count)
        switch name {
        case .alerts:
            for (id, alert) in try alerts.entries(at: ids) {
                found.append(alert.map { .alert($0) } ?? .gone(id))
            }
        case .orders:
            for (id, entry) in try orders.entries(at: ids) {
                found.append(entry.map { .order($0) } ?? .gone(id))
            }
        case .verdicts:
            for (id, notice) in try verdicts.entries(at: ids) {
                found.append(notice.map { .verdict($0) } ?? .gone(id))
            }
        case .fence(let fence):
            let reader = FenceReader(database: database, book: fences)
            guard let stream = try reader.stream(fence) else { return ids.map { .gone($0) } }
            for (id, event) in try reader.events(stream, at: ids) {
                found.append(event.map { .fence(FenceNotice($0, riders)) } ?? .gone(id))
            }
        case .other: found = ids.map { .gone($0) }
        }
        return found
    }

    /// Somebody is going to wait.
    func expectFenceNews() {
        if expectsFenceNews { return }
        expectsFenceNews = true
        fences.state.with { $0.wantsGroupNews = true }
    }

    /// Streams of fences on which something can be read that could not at the last call.
    func takeFenceNews() -> Set<[UInt8]> {
        fences.state.with { book in
            if book.groupNews.isEmpty { return [] }
            defer { book.groupNews.removeAll(keepingCapacity: true) }
            return book.groupNews
        }
    }
}

extension AlertReader {
    /// The entries of the stream of these ids, which ascend; nil where there is none.
    func entries(at ids: [AlertID]) throws(StoreError) -> [(id: AlertID, alert: Alert?)] {
        var list: [(id: AlertID, alert: Alert?)] = []
        list.reserveCapacity(ids.count)
        let newer = recent.now().entries
        let cursor = database.cursor(.alerts)
        var next = 0
        for id in ids {
            cursor.seek(Keys.alert(ms: UInt64(id.ms), n: id.n))
            if try cursor.isValid(), Self.id(cursor.key) == id {
                let alert = try AlertRow.read(cursor.value, id: id, name: riders.name(of:)).alert
                list.append((id, alert))
                continue
            }
            while next < newer.count, newer[next].id < id { next += 1 }
            let isNew = next < newer.count && newer[next].id == id
            list.append((id, isNew ? try read(newer[next].row, id).alert : nil))
        }
        return list
    }
}

extension FenceReader {
    /// The same of a fence's stream.
    func events(
        _ stream: FenceStream, at ids: [AlertID]
    ) throws(StoreError) -> [(id: AlertID, event: FenceEvent?)] {
        var list: [(id: AlertID, event: FenceEvent?)] = []
        list.reserveCapacity(ids.count)
        let cursor = database.cursor(.fences)
        for id in ids {
            cursor.seek(Keys.fenceEvent(stream: stream.number, id))
            let place = try cursor.isValid() ? Keys.fenceEventPlace(cursor.key) : nil
            let isThere = place?.stream == stream.number && place?.id == id
            list.append((id, isThere ? try FenceEvent.read(key: cursor.key, cursor.value) : nil))
        }
        return list
    }
}
