import TachoGeo
import TachoStore

/// XGROUP, XACK, XPENDING.
extension GroupBook {
    func create(
        _ place: GroupPlace, _ start: GroupStart, makesStream: Bool, _ entriesRead: Int64?
    ) throws -> GroupAnswer {
        if try !exists(place.key) {
            guard makesStream else { throw GroupRefusal.noStream }
            guard Self.canBeMade(place.key.name) else { throw GroupRefusal.cannotMake(place.key) }
        }
        guard find(place) == nil else { throw GroupRefusal.isThere }
        try make(
            place, last: try self.start(start, of: place.key.name),
            entriesRead: entriesRead ?? -1)
        return .ok
    }

    /// `alerts`, `orders` and `verdicts` are there always; a fence may be set later.
    private static func canBeMade(_ name: StreamName) -> Bool {
        guard case .fence(let id) = name else { return false }
        return id.withUnsafeBytes { RiderName.defect($0) } == nil
    }

    func setID(
        _ place: GroupPlace, _ start: GroupStart, _ entriesRead: Int64?
    ) throws -> GroupAnswer {
        let group = try named(place)
        group.last = try self.start(start, of: place.key.name)
        group.entriesRead = entriesRead ?? -1
        note(group)
        return .ok
    }

    private func start(_ start: GroupStart, of name: StreamName) throws(StoreError) -> StreamID {
        switch start {
        case .after(let id): id
        case .newest: try extent(name).last.map { StreamID($0) } ?? .zero
        }
    }

    func destroy(_ place: GroupPlace) throws -> GroupAnswer {
        guard try exists(place.key) else { throw GroupRefusal.noStream }
        guard let group = find(place) else { return .integer(0) }
        dismiss(group)
        remove(group)
        return .integer(1)
    }

    func createConsumer(_ place: GroupPlace, _ name: [UInt8]) throws -> GroupAnswer {
        let group = try named(place)
        if group.consumers[name] != nil { return .integer(0) }
        _ = try consumer(name, of: group)
        return .integer(1)
    }

    func deleteConsumer(_ place: GroupPlace, _ name: [UInt8]) throws -> GroupAnswer {
        let group = try named(place)
        guard let consumer = group.consumers[name] else { return .integer(0) }
        return .integer(Int64(remove(consumer, of: group)))
    }

    /// As XGROUP and XINFO CONSUMERS word it where there is none.
    private func named(_ place: GroupPlace) throws -> StreamGroup {
        guard try exists(place.key) else { throw GroupRefusal.noStream }
        guard let group = find(place) else { throw GroupRefusal.noGroupOfKey(place) }
        return group
    }

    func acknowledge(_ place: GroupPlace, _ ids: [StreamID]) -> GroupAnswer {
        guard let group = find(place) else { return .integer(0) }
        var count: Int64 = 0
        for id in ids {
            if let id = AlertID(exactly: id), settle(id, of: group) { count += 1 }
        }
        return .integer(count)
    }

    func summary(_ place: GroupPlace) throws -> GroupAnswer {
        guard let group = find(place) else { throw GroupRefusal.noGroup(place) }
        return .summary(
            PendingSummary(
                count: group.pending.count, first: group.pending.first, last: group.pending.last,
                consumers: group.sortedConsumers.compactMap { consumer in
                    consumer.pending.isEmpty
                        ? nil : (name: consumer.name, count: consumer.pending.count)
                }))
    }

    /// Cost: 0.1 µs for each entry that is passed over for being idle too short.
    func pending(_ place: GroupPlace, _ query: PendingQuery) throws -> GroupAnswer {
        guard let group = find(place) else { throw GroupRefusal.noGroup(place) }
        var shown: [PendingShown] = []
        guard query.count > 0, query.start <= query.end else { return .pending([]) }
        let (nowMs, most) = (nowMs(), limits.rows)
        var isTooLong = false
        /// False: enough.
        func look(_ id: AlertID, _ row: PendingRow) -> Bool {
            if StreamID(id) > query.end || shown.count == query.count { return false }
            let one = self.shown(id, row, of: group, nowMs)
            if one.idleMs < query.minIdleMs { return true }
            isTooLong = shown.count == most
            if isTooLong { return false }
            shown.append(one)
            return true
        }
        // An id that no entry can have stands before the next one that can.
        guard let start = AlertID(from: query.start) else { return .pending([]) }
        if let name = query.consumer {
            guard let consumer = group.consumers[name] else { return .pending([]) }
            consumer.pending.forEach(from: start) { id, _ in
                group.pending[id].map { look(id, $0) } ?? true
            }
        } else {
            group.pending.forEach(from: start, look)
        }
        if isTooLong { throw GroupRefusal.tooLong }
        return .pending(shown)
    }

    func shown(
        _ id: AlertID, _ row: PendingRow, of group: StreamGroup, _ nowMs: Int64
    ) -> PendingShown {
        PendingShown(
            id: id, consumer: group.byNumber[row.consumer]?.name ?? [],
            deliveredMs: row.deliveredMs, idleMs: max(0, nowMs - row.deliveredMs),
            count: Int(row.count))
    }
}

extension AlertID {
    /// The first id of an entry that is not below `id`; nil: none can be.
    init?(from id: StreamID) {
        if let exact = AlertID(exactly: id) {
            self = exact
        } else if id.ms < Int64.max {
            self.init(ms: id.ms + 1, n: 0)
        } else {
            return nil
        }
    }
}
