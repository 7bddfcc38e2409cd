import TachoGeo
import TachoStore

/// Every consumer group, in memory: what was delivered to whom, and who waits. A turn takes requests one
/// after another and collects rows and answers; the rows go to the device together, then the answers out.
///
/// In memory, not read from the database by cursor: XACK, the commonest command, is then a search of some
/// 0.3 µs instead of a read, and consumers that keep up have few entries pending. 48 B an entry and as
/// much for room in blocks; `Limits.pending` bounds them. Touched by the thread of the groups alone.
final class GroupBook {
    struct Limits: Sendable {
        /// Entries that were delivered and not acknowledged, of all groups.
        var pending = 1 << 20
        var groups = 65_536
        var consumers = 262_144
        var nameBytes = 1_024
        /// Rows of one XPENDING or XINFO.
        var rows = 65_536
    }

    typealias Reply = @Sendable (GroupAnswer) -> Void

    let limits: Limits
    let source: StreamSource
    let nowMs: () -> Int64
    private let database: Database

    private(set) var groups: [StreamName: [[UInt8]: StreamGroup]] = [:]
    /// Streams that were asked to exist before anything was on them.
    private(set) var streams: Set<[UInt8]> = []
    private var totals = GroupTotals()
    private(set) var groupCount = 0
    private(set) var consumerCount = 0
    private(set) var pendingCount = 0

    // Of the turn.
    private(set) var rows: RowBatch
    private var dirtyGroups: [StreamGroup] = []
    private var dirtyConsumers: [(group: StreamGroup, consumer: GroupConsumer)] = []
    private(set) var mustSync = false
    private(set) var answers: [(reply: Reply, answer: GroupAnswer)] = []
    private(set) var answerBytes = 0

    // Readers that wait.
    var waiting: [UInt64: GroupWaiter] = [:]
    /// Streams whose last entry was known before it could be read.
    var unfinished: Set<StreamName> = []

    init(
        database: Database, source: StreamSource, limits: Limits = Limits(),
        nowMs: @escaping () -> Int64
    ) throws(StoreError) {
        self.database = database
        self.source = source
        self.limits = limits
        self.nowMs = nowMs
        rows = RowBatch(database)
        try load()
    }

    /// About 64 B for what is pending, more for those who have names.
    var bytes: Int {
        pendingCount * 64 + (groupCount + consumerCount) * 256 + waiting.count * 512
    }

    // MARK: Look-ups

    func find(_ place: GroupPlace) -> StreamGroup? { groups[place.key.name]?[place.group] }

    func exists(_ key: StreamKey) throws(StoreError) -> Bool {
        if streams.contains(key.text) { return true }
        return try source.extent(key.name) != nil
    }

    /// Entries ever and the last; 0 and nil of a stream that was only made.
    func extent(_ name: StreamName) throws(StoreError) -> (entries: Int, last: AlertID?) {
        try source.extent(name) ?? (0, nil)
    }

    // MARK: Answers

    func answer(_ reply: @escaping Reply, _ answer: GroupAnswer, bytes: Int = 64) {
        answers.append((reply, answer))
        answerBytes += bytes
    }

    /// What was changed in this turn goes to the device before anybody hears of it.
    func takeTurn() -> (rows: RowBatch?, mustSync: Bool, [(reply: Reply, answer: GroupAnswer)]) {
        for group in dirtyGroups where groups[group.key.name]?[group.name] === group {
            rows.put(.groups, Keys.group(group.number), group.row.bytes)
            group.isDirty = false
        }
        for (group, consumer) in dirtyConsumers
        where group.byNumber[consumer.number] === consumer
            && groups[group.key.name]?[group.name] === group
        {
            let row = ConsumerRow(name: consumer.name, seenMs: consumer.seenMs)
            rows.put(
                .groups, Keys.consumer(group: group.number, consumer.number), row.bytes)
            consumer.isDirty = false
        }
        dirtyGroups.removeAll(keepingCapacity: true)
        dirtyConsumers.removeAll(keepingCapacity: true)
        defer {
            if rows.count > 0 { rows = RowBatch(database) }
            answers = []
            answerBytes = 0
            mustSync = false
        }
        return (rows.count > 0 ? rows : nil, mustSync, answers)
    }

    // MARK: Changes

    /// The row is written at the end of the turn.
    func note(_ group: StreamGroup) {
        mustSync = true
        if group.isDirty { return }
        group.isDirty = true
        dirtyGroups.append(group)
    }

    /// It got or claimed something. That alone need not survive a power cut.
    func touch(_ consumer: GroupConsumer, of group: StreamGroup) {
        consumer.seenMs = nowMs()
        if consumer.isDirty { return }
        consumer.isDirty = true
        dirtyConsumers.append((group, consumer))
    }

    /// The consumer of that name, made if there is none; nil: there are too many.
    func consumer(_ name: [UInt8], of group: StreamGroup) throws(GroupRefusal) -> GroupConsumer {
        if let consumer = group.consumers[name] { return consumer }
        guard name.count <= limits.nameBytes else { throw .name(most: limits.nameBytes) }
        guard consumerCount < limits.consumers else {
            throw .tooMany("consumers", most: limits.consumers)
        }
        let consumer = GroupConsumer(number: group.nextConsumer, name: name, seenMs: nowMs())
        group.add(consumer)
        consumerCount += 1
        touch(consumer, of: group)
        note(group)
        return consumer
    }

    /// An entry is pending of a consumer from here on, whoever had it before.
    func put(
        _ id: AlertID, _ row: PendingRow, of group: StreamGroup, to consumer: GroupConsumer
    ) {
        if let old = group.pending.set(id, row) {
            if old.consumer != consumer.number {
                group.byNumber[old.consumer]?.pending.remove(id)
                consumer.pending.set(id, ())
            }
        } else {
            pendingCount += 1
            consumer.pending.set(id, ())
        }
        rows.put(.groups, Keys.pending(group: group.number, id), row.bytes)
    }

    /// False: it was not pending.
    func settle(_ id: AlertID, of group: StreamGroup) -> Bool {
        guard let row = group.pending.remove(id) else { return false }
        group.byNumber[row.consumer]?.pending.remove(id)
        pendingCount -= 1
        rows.delete(.groups, Keys.pending(group: group.number, id))
        mustSync = true
        return true
    }

    /// The mark of a target of alerts: its row alone, nothing of it is held here.
    func keep(_ mark: DeliveryMark?, of name: [UInt8]) {
        if let mark {
            rows.put(.alerts, Keys.delivery(to: name), mark.bytes)
        } else {
            rows.delete(.alerts, Keys.delivery(to: name))
        }
        mustSync = true
    }

    func make(
        _ place: GroupPlace, last: StreamID, entriesRead: Int64
    ) throws(GroupRefusal) {
        guard place.group.count <= limits.nameBytes else { throw .name(most: limits.nameBytes) }
        guard groupCount < limits.groups else { throw .tooMany("groups", most: limits.groups) }
        let group = StreamGroup(
            number: totals.nextGroup, key: place.key, name: place.group, last: last,
            entriesRead: entriesRead)
        totals.nextGroup += 1
        rows.put(.groups, Keys.groupTotals, totals.bytes)
        if streams.insert(place.key.text).inserted {
            rows.put(.groups, Keys.groupStream(place.key.text), [0])
        }
        groups[place.key.name, default: [:]][place.group] = group
        groupCount += 1
        note(group)
    }

    /// With all it has. Cost: 1 µs for each entry that is pending.
    func remove(_ group: StreamGroup) {
        mustSync = true
        for consumer in group.byNumber.values { dropRows(of: consumer, group) }
        consumerCount -= group.byNumber.count
        pendingCount -= group.pending.count
        group.pending = PendingList()
        rows.delete(.groups, Keys.group(group.number))
        groups[group.key.name]?[group.name] = nil
        if groups[group.key.name]?.isEmpty == true { groups[group.key.name] = nil }
        groupCount -= 1
    }

    func remove(_ consumer: GroupConsumer, of group: StreamGroup) -> Int {
        mustSync = true
        let count = consumer.pending.count
        consumer.pending.forEach { id, _ in
            group.pending.remove(id)
            return true
        }
        pendingCount -= count
        dropRows(of: consumer, group)
        group.remove(consumer)
        consumerCount -= 1
        return count
    }

    private func dropRows(of consumer: GroupConsumer, _ group: StreamGroup) {
        consumer.pending.forEach { id, _ in
            rows.delete(.groups, Keys.pending(group: group.number, id))
            return true
        }
        rows.delete(.groups, Keys.consumer(group: group.number, consumer.number))
    }

    // MARK: Start

    /// Cost: 0.5 µs a row.
    private func load() throws(StoreError) {
        var byNumber: [UInt32: StreamGroup] = [:]
        let cursor = database.cursor(.groups)
        cursor.seekToFirst()
        while try cursor.isValid() {
            guard let key = GroupKey(cursor.key) else {
                throw .damaged("family groups has a row of a kind that is not known here")
            }
            switch key {
            case .group(let number):
                let row = try GroupRow.read(cursor.value)
                let key = row.stream.withUnsafeBytes { StreamKey($0) }
                let group = StreamGroup(
                    number: number, key: key, name: row.name, last: row.last,
                    entriesRead: row.entriesRead)
                group.nextConsumer = row.nextConsumer
                byNumber[number] = group
                groups[key.name, default: [:]][row.name] = group
                groupCount += 1
            case .consumer(let group, let number):
                let row = try ConsumerRow.read(cursor.value)
                guard let group = byNumber[group] else { throw Self.orphan }
                group.add(GroupConsumer(number: number, name: row.name, seenMs: row.seenMs))
                consumerCount += 1
            case .pending(let group, let id):
                let row = try PendingRow.read(cursor.value)
                guard let group = byNumber[group], let owner = group.byNumber[row.consumer] else {
                    throw Self.orphan
                }
                group.pending.set(id, row)
                owner.pending.set(id, ())
                pendingCount += 1
            case .totals: totals = try GroupTotals.read(cursor.value)
            case .stream(let name): streams.insert(name)
            }
            cursor.next()
        }
        guard byNumber.keys.allSatisfy({ $0 < totals.nextGroup }) else { throw Self.orphan }
    }

    private static let orphan = StoreError.damaged(
        "rows of a consumer group are missing from family groups; restore a copy of the database")
}
