import TachoGeo
import TachoStore

/// XCLAIM, XAUTOCLAIM.
extension GroupBook {
    func claim(_ place: GroupPlace, _ claim: GroupClaim) throws -> GroupAnswer {
        guard let group = find(place) else { throw GroupRefusal.noGroup(place) }
        if let last = claim.lastID, last > group.last {
            group.last = last
            note(group)
        }
        let nowMs = nowMs()
        let deliveredMs = Self.deliveredMs(claim.delivered, nowMs)
        var claimed: [StreamEntry] = []
        let entries = try entries(of: claim, group)
        for id in claim.ids {
            guard let id = AlertID(exactly: id) else { continue }
            guard let entry = entries[id] else {
                // It is no more: nobody needs to acknowledge it.
                _ = settle(id, of: group)
                continue
            }
            let old = group.pending[id]
            if old == nil && !claim.forces { continue }
            if let old, claim.minIdleMs > 0, nowMs - old.deliveredMs < claim.minIdleMs { continue }
            if old == nil, pendingCount >= limits.pending { throw full() }
            let consumer = try consumer(claim.consumer, of: group)
            touch(consumer, of: group)
            var row = old ?? PendingRow(consumer: consumer.number, count: 1, deliveredMs: nowMs)
            row.consumer = consumer.number
            row.deliveredMs = deliveredMs
            if let retries = claim.retries {
                row.count = UInt32(clamping: retries)
            } else if !claim.idsOnly {
                row.count &+= 1
            }
            put(id, row, of: group, to: consumer)
            note(group)
            claimed.append(entry)
        }
        if claim.idsOnly { return .claimedIDs(claimed.map(\.id)) }
        return .claimed(claimed)
    }

    private func full() -> GroupRefusal {
        .tryAgain(
            afterMs: 1_000,
            reason: "\(pendingCount) entries are pending, no more can be: acknowledge them (XACK)")
    }

    /// Those of the ids that are there and may be claimed.
    private func entries(
        of claim: GroupClaim, _ group: StreamGroup
    ) throws(StoreError) -> [AlertID: StreamEntry] {
        var wanted = Set<AlertID>()
        for id in claim.ids {
            guard let id = AlertID(exactly: id) else { continue }
            if claim.forces || group.pending[id] != nil { wanted.insert(id) }
        }
        var entries: [AlertID: StreamEntry] = [:]
        for entry in try source.entries(group.key.name, at: wanted.sorted()) where !entry.isGone {
            entries[entry.id] = entry
        }
        return entries
    }

    /// Clients compute with clocks of their own: what cannot be is now.
    private static func deliveredMs(_ delivered: GroupClaim.Delivered?, _ nowMs: Int64) -> Int64 {
        let ms: Int64
        switch delivered {
        case nil: return nowMs
        case .idleMs(let idle):
            let (difference, overflow) = nowMs.subtractingReportingOverflow(idle)
            ms = overflow ? -1 : difference
        case .atMs(let at): ms = at
        }
        return ms < 0 || ms > nowMs ? nowMs : ms
    }

    func autoClaim(
        _ place: GroupPlace, _ claim: GroupAutoClaim, _ limits: GroupReplyLimits
    ) throws -> GroupAnswer {
        guard let group = find(place) else { throw GroupRefusal.noGroup(place) }
        let nowMs = nowMs()
        let most = min(claim.count, limits.entries)
        // So many are looked at, at most: who calls again goes on from the cursor.
        var looks = most * 10
        var wanted: [AlertID] = []
        var next: AlertID?
        if let start = AlertID(from: claim.start) {
            group.pending.forEach(from: start) { id, row in
                if looks == 0 || wanted.count == most {
                    next = id
                    return false
                }
                looks -= 1
                let isIdle = claim.minIdleMs <= 0 || nowMs - row.deliveredMs >= claim.minIdleMs
                if isIdle { wanted.append(id) }
                return true
            }
        }
        var claimed: [StreamEntry] = []
        var deleted: [AlertID] = []
        var bytes = limits.bytes
        for entry in try source.entries(group.key.name, at: wanted) {
            if entry.isGone {
                deleted.append(entry.id)
                _ = settle(entry.id, of: group)
                continue
            }
            bytes -= claim.idsOnly ? 64 : entry.replyBytes
            if bytes < 0 {
                next = entry.id
                break
            }
            let consumer = try consumer(claim.consumer, of: group)
            touch(consumer, of: group)
            guard var row = group.pending[entry.id] else { continue }
            row.consumer = consumer.number
            row.deliveredMs = nowMs
            if !claim.idsOnly { row.count &+= 1 }
            put(entry.id, row, of: group, to: consumer)
            note(group)
            claimed.append(entry)
        }
        if claim.idsOnly {
            return .autoClaimedIDs(next: next, claimed.map(\.id), deleted: deleted)
        }
        return .autoClaimed(next: next, claimed, deleted: deleted)
    }
}
