import TachoGeo
import TachoStore

/// A reader that waits for new entries of its group.
struct GroupWaiter {
    var read: GroupRead
    var groups: [StreamGroup]
    var limits: GroupReplyLimits
    var reply: GroupBook.Reply

    /// Without COUNT a reader that waited gets no more at once: as Redis.
    static let usualCount = 1_000
    var count: Int { min(read.count ?? Self.usualCount, limits.entries) }
}

/// XREADGROUP.
extension GroupBook {
    func read(
        _ read: GroupRead, limits: GroupReplyLimits, token: UInt64, reply: @escaping Reply
    ) throws {
        var groups: [StreamGroup] = []
        for stream in read.streams {
            let place = GroupPlace(key: stream.key, group: read.group)
            guard let group = find(place) else { throw GroupRefusal.noGroupToRead(place) }
            groups.append(group)
        }
        var served: [(key: [UInt8], entries: [StreamEntry])] = []
        var room = limits
        // Before the look: what is told from here on is news.
        if read.blockMs != nil { source.expectFenceNews() }
        for (stream, group) in zip(read.streams, groups) {
            let entries: [StreamEntry]
            if let own = stream.own {
                entries = try history(of: group, read, after: own, &room)
            } else {
                do {
                    entries = try newEntries(of: group, read, &room)
                } catch is GroupRefusal where !served.isEmpty {
                    // What was delivered before must be told; this comes with the next call.
                    break
                }
                if entries.isEmpty { continue }
            }
            served.append((stream.key.text, entries))
        }
        if !served.isEmpty {
            return answer(reply, .read(served), bytes: limits.bytes - room.bytes)
        }
        guard read.blockMs != nil else { return answer(reply, .nothing) }
        waiting[token] = GroupWaiter(read: read, groups: groups, limits: limits, reply: reply)
        for group in groups {
            group.queue.append(token)
            // The last entry may be known and not readable yet: nobody would tell of it again.
            let last = try extent(group.key.name).last
            if let last, StreamID(last) > group.last { unfinished.insert(group.key.name) }
        }
    }

    /// Entries that were never delivered to the group.
    private func newEntries(
        of group: StreamGroup, _ read: GroupRead, _ room: inout GroupReplyLimits
    ) throws -> [StreamEntry] {
        // Most who ask wait behind the last one: no look at the database.
        guard let last = try extent(group.key.name).last, StreamID(last) > group.last,
            room.entries > 0
        else { return [] }
        let most = try roomForPending(read.noAck)
        let found = try source.entries(
            group.key.name, after: AlertID(group.last),
            limit: min(read.count ?? .max, room.entries, most))
        let fitting = Self.fitting(found[...], &room)
        if fitting.isEmpty { return [] }
        try deliver(fitting, of: group, to: read.consumer, noAck: read.noAck)
        return Array(fitting)
    }

    private func roomForPending(_ noAck: Bool) throws(GroupRefusal) -> Int {
        if noAck { return .max }
        guard pendingCount < limits.pending else {
            throw .tryAgain(
                afterMs: 1_000,
                reason: "\(pendingCount) entries are pending, no more can be: acknowledge them"
                    + " (XACK), or claim them of consumers that are gone (XAUTOCLAIM)")
        }
        return limits.pending - pendingCount
    }

    /// As many as the reply has room for: a single entry always fits.
    private static func fitting(
        _ entries: ArraySlice<StreamEntry>, _ room: inout GroupReplyLimits
    ) -> ArraySlice<StreamEntry> {
        var end = entries.startIndex
        while end < entries.endIndex, room.entries > 0 {
            let bytes = entries[end].replyBytes
            if bytes > room.bytes { break }
            room.bytes -= bytes
            room.entries -= 1
            end += 1
        }
        return entries[..<end]
    }

    private func deliver(
        _ entries: ArraySlice<StreamEntry>, of group: StreamGroup, to name: [UInt8], noAck: Bool
    ) throws {
        let consumer = try consumer(name, of: group)
        touch(consumer, of: group)
        let nowMs = nowMs()
        let extent = try extent(group.key.name)
        for entry in entries {
            let place = StreamID(entry.id)
            if place > group.last {
                if group.entriesRead >= 0 {
                    group.entriesRead += 1
                } else {
                    group.entriesRead =
                        try entriesRead(upTo: place, group.key.name, extent) ?? -1
                }
                group.last = place
            }
            if noAck { continue }
            put(
                entry.id, PendingRow(consumer: consumer.number, count: 1, deliveredMs: nowMs),
                of: group, to: consumer)
        }
        note(group)
    }

    /// What the consumer has pending behind an id, told once more.
    private func history(
        of group: StreamGroup, _ read: GroupRead, after own: StreamID,
        _ room: inout GroupReplyLimits
    ) throws -> [StreamEntry] {
        let consumer = try consumer(read.consumer, of: group)
        touch(consumer, of: group)
        guard let next = own.successor, let start = AlertID(from: next) else { return [] }
        let most = min(read.count ?? .max, room.entries)
        var ids: [AlertID] = []
        consumer.pending.forEach(from: start) { id, _ in
            if ids.count == most { return false }
            ids.append(id)
            return true
        }
        let found = try source.entries(group.key.name, at: ids)
        let entries = Self.fitting(found[...], &room)
        let nowMs = nowMs()
        for entry in entries where !entry.isGone {
            guard var row = group.pending[entry.id] else { continue }
            row.deliveredMs = nowMs
            row.count &+= 1
            // Not synced for its own sake: as a delivery that a power cut forgets, it is made again.
            put(entry.id, row, of: group, to: consumer)
        }
        return Array(entries)
    }

    // MARK: Waiting

    /// The waiter is there no more; with `answering` it hears that there is nothing.
    func cancel(_ token: UInt64, answering: Bool) {
        guard let waiter = leave(token) else { return }
        if answering { answer(waiter.reply, .nothing) }
    }

    private func leave(_ token: UInt64, served: StreamGroup? = nil) -> GroupWaiter? {
        guard let waiter = waiting.removeValue(forKey: token) else { return nil }
        // A group may be named twice, and stands in line twice.
        var isServed = served == nil
        for group in waiter.groups {
            if !isServed && group === served {
                isServed = true
                continue
            }
            group.queue.leave { waiting[$0] != nil }
        }
        return waiter
    }

    /// The group is destroyed: who waits for it hears of it.
    func dismiss(_ group: StreamGroup) {
        while let token = group.queue.next({ waiting[$0] != nil }) {
            if let waiter = leave(token, served: group) {
                answer(waiter.reply, .refused(.isGone))
            }
        }
    }

    /// All who wait are let go.
    func dismissAll(_ refusal: GroupRefusal) {
        for (_, waiter) in waiting { answer(waiter.reply, .refused(refusal)) }
        waiting = [:]
    }

    /// Something may be new. Cost: one look at the database for each group that has readers waiting on a
    /// stream with news, however many wait.
    func serveNews() throws {
        let fences = source.takeFenceNews()
        var names = unfinished
        unfinished = []
        names.formUnion([.alerts, .orders, .verdicts])
        for id in fences { names.insert(.fence(id: id)) }
        for name in names {
            guard let groups = groups[name] else { continue }
            for group in groups.values where group.queue.living > 0 { try serve(group) }
        }
    }

    /// New entries go to those who wait, each to one, in the order in which they came.
    private func serve(_ group: StreamGroup) throws {
        while group.queue.living > 0 {
            guard let last = try extent(group.key.name).last, StreamID(last) > group.last else {
                return
            }
            let (wanted, isCut) = wanted(of: group)
            let found = try source.entries(
                group.key.name, after: AlertID(group.last), limit: wanted)
            if found.isEmpty {
                unfinished.insert(group.key.name)
                return
            }
            var left = found[...]
            while !left.isEmpty, try serveOne(of: group, &left) {}
            if !isCut || found.count < wanted {
                // Told of, but not readable yet.
                if StreamID(last) > group.last, group.queue.living > 0 {
                    unfinished.insert(group.key.name)
                }
                return
            }
        }
    }

    /// How many entries those who wait could take together, and whether that is all a look-up may get.
    private func wanted(of group: StreamGroup) -> (Int, isCut: Bool) {
        var sum = 0
        var most = 1
        group.queue.forEach { token in
            guard let waiter = waiting[token] else { return true }
            most = waiter.limits.entries
            sum += waiter.count
            return sum < most
        }
        return (max(1, min(sum, most)), sum >= most)
    }

    /// The next reader in line gets what it asks for of `entries`. False: nobody waits.
    private func serveOne(
        of group: StreamGroup, _ entries: inout ArraySlice<StreamEntry>
    ) throws -> Bool {
        guard let token = group.queue.next({ waiting[$0] != nil }),
            let waiter = leave(token, served: group)
        else { return false }
        do {
            let most = try roomForPending(waiter.read.noAck)
            var room = waiter.limits
            let fitting = Self.fitting(entries.prefix(min(waiter.count, most)), &room)
            try deliver(
                fitting, of: group, to: waiter.read.consumer, noAck: waiter.read.noAck)
            entries = entries[fitting.endIndex...]
            answer(
                waiter.reply, .read([(group.key.text, Array(fitting))]),
                bytes: waiter.limits.bytes - room.bytes)
        } catch let refusal as GroupRefusal {
            answer(waiter.reply, .refused(refusal))
        }
        return true
    }
}
