import TachoGeo
import TachoStore

/// XINFO.
extension GroupBook {
    func stream(_ key: StreamKey) throws -> GroupAnswer {
        guard try exists(key) else { throw GroupRefusal.noKey }
        return .stream(try shown(key))
    }

    private func shown(_ key: StreamKey) throws(StoreError) -> StreamShown {
        let extent = try extent(key.name)
        let first = extent.entries == 0 ? nil : try source.first(key.name)
        let firstEntry = try first.flatMap { id throws(StoreError) in
            try source.entries(key.name, at: [id]).first
        }
        let lastEntry = try extent.last.flatMap { id throws(StoreError) in
            try source.entries(key.name, at: [id]).first
        }
        return StreamShown(
            length: extent.entries, last: extent.last, firstID: first,
            groupCount: groups[key.name]?.count ?? 0, firstEntry: firstEntry, lastEntry: lastEntry)
    }

    func streamInFull(
        _ key: StreamKey, count: Int, _ limits: GroupReplyLimits
    ) throws -> GroupAnswer {
        guard try exists(key) else { throw GroupRefusal.noKey }
        let count = count == 0 ? Int.max : count
        var stream = try shown(key)
        var left = self.limits.rows
        let entries = try source.entries(
            key.name, after: nil, limit: min(count, limits.entries + 1))
        if entries.count > limits.entries { throw GroupRefusal.tooLong }
        var groups: [GroupShown] = []
        for group in sortedGroups(key.name) {
            groups.append(try inFull(group, count: count, &left))
        }
        stream.full = (entries, groups)
        return .stream(stream)
    }

    private func inFull(
        _ group: StreamGroup, count: Int, _ left: inout Int
    ) throws -> GroupShown {
        let nowMs = nowMs()
        var pending: [PendingShown] = []
        var consumers: [ConsumerShown] = []
        let all = min(count, group.pending.count)
        left -= all + group.consumers.count
        guard left >= 0 else { throw GroupRefusal.tooLong }
        group.pending.forEach { id, row in
            if pending.count == all { return false }
            pending.append(shown(id, row, of: group, nowMs))
            return true
        }
        for consumer in group.sortedConsumers {
            var one = shown(consumer, nowMs)
            left -= min(count, consumer.pending.count)
            guard left >= 0 else { throw GroupRefusal.tooLong }
            consumer.pending.forEach { id, _ in
                if one.own.count == count { return false }
                if let row = group.pending[id] { one.own.append(shown(id, row, of: group, nowMs)) }
                return true
            }
            consumers.append(one)
        }
        var result = try shown(group)
        result.full = (pending, consumers)
        return result
    }

    func groupsShown(_ key: StreamKey) throws -> GroupAnswer {
        guard try exists(key) else { throw GroupRefusal.noKey }
        let groups = sortedGroups(key.name)
        if groups.count > limits.rows { throw GroupRefusal.tooLong }
        return .groups(try groups.map { try shown($0) })
    }

    func consumersShown(_ place: GroupPlace) throws -> GroupAnswer {
        guard try exists(place.key) else { throw GroupRefusal.noKey }
        guard let group = find(place) else { throw GroupRefusal.noGroupOfKey(place) }
        if group.consumers.count > limits.rows { throw GroupRefusal.tooLong }
        let nowMs = nowMs()
        return .consumers(group.sortedConsumers.map { shown($0, nowMs) })
    }

    private func shown(_ consumer: GroupConsumer, _ nowMs: Int64) -> ConsumerShown {
        ConsumerShown(
            name: consumer.name, pending: consumer.pending.count, seenMs: consumer.seenMs,
            idleMs: max(0, nowMs - consumer.seenMs))
    }

    private func shown(_ group: StreamGroup) throws(StoreError) -> GroupShown {
        GroupShown(
            name: group.name, consumers: group.consumers.count, pending: group.pending.count,
            last: group.last, entriesRead: group.entriesRead < 0 ? nil : group.entriesRead,
            lag: try lag(group))
    }

    private func sortedGroups(_ name: StreamName) -> [StreamGroup] {
        (groups[name] ?? [:]).values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private func lag(_ group: StreamGroup) throws(StoreError) -> Int64? {
        let extent = try extent(group.key.name)
        if extent.entries == 0 { return 0 }
        if group.entriesRead >= 0 { return Int64(extent.entries) - group.entriesRead }
        return try entriesRead(upTo: group.last, group.key.name, extent)
            .map { Int64(extent.entries) - $0 }
    }

    /// How many entries there are up to `id`, as far as that is known without counting: as in Redis.
    func entriesRead(
        upTo id: StreamID, _ name: StreamName, _ extent: (entries: Int, last: AlertID?)
    ) throws(StoreError) -> Int64? {
        guard extent.entries > 0, let last = extent.last else { return 0 }
        if id == StreamID(last) { return Int64(extent.entries) }
        if id > StreamID(last) { return nil }
        guard let first = try source.first(name) else { return nil }
        if id < StreamID(first) { return 0 }
        return id == StreamID(first) ? 1 : nil
    }
}
