import TachoEngine
package import TachoGeo

/// What makes alerts one: Alertmanager's labels, so that it and webhooks tell of the same.
package struct EpisodeKey: Hashable, Sendable {
    package var rider: [UInt8]
    package var code: Code
    /// A rule may warn first and call it critical later: two episodes, as they are two alerts to
    /// Alertmanager.
    package var severity: String

    package init(rider: [UInt8], code: Code, severity: String) {
        self.rider = rider
        self.code = code
        self.severity = severity
    }

    init(_ alert: Alert) {
        self.init(rider: alert.rider, code: alert.code, severity: alert.severity)
    }
}

/// Alerts of one rider, rule and severity with no pause between them that is as long as an episode needs
/// to end.
package struct Episode: Hashable, Sendable {
    package var key: EpisodeKey
    package var first: AlertID
    /// The newest that was sent.
    package var last: AlertID
    /// When it ends if nothing comes, Unix ms.
    package var dueMs: Int64
    /// When it is told again, Unix ms.
    package var againMs: Int64
    /// Somebody decided about its newest alert: it ends at `dueMs` whatever else.
    package var isDecided = false

    /// Of Alertmanager: the moment its first alert became durable.
    package var startsAtMs: Int64 { first.ms }
}

/// The open episodes of a target, bounded, with what is due next at hand.
///
/// Some 200 B each. Touched by the notifying loop alone.
struct EpisodeBook: Sendable {
    private struct Slot {
        var episode: Episode
        var generation: UInt32
        var isOpen: Bool
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var byKey: [EpisodeKey: Int] = [:]
    private var due = DueHeap()
    private var again = DueHeap()

    init() {}

    var count: Int { byKey.count }

    func find(_ key: EpisodeKey) -> Episode? { byKey[key].map { slots[$0].episode } }

    /// The first alert of all open ones. Cost: 5 ns an episode; for whoever notes marks.
    var firstOfAll: AlertID? {
        slots.lazy.filter(\.isOpen).map(\.episode.first).min()
    }

    mutating func open(_ episode: Episode, isTold: Bool) {
        precondition(byKey[episode.key] == nil, "an episode is opened once")
        let index = free.popLast() ?? slots.count
        if index == slots.count {
            slots.append(Slot(episode: episode, generation: 0, isOpen: true))
        } else {
            slots[index].episode = episode
            slots[index].isOpen = true
        }
        byKey[episode.key] = index
        due.push(.init(atMs: episode.dueMs, index: index, generation: slots[index].generation))
        if isTold {
            again.push(
                .init(atMs: episode.againMs, index: index, generation: slots[index].generation))
        }
    }

    /// Ends it, if it is open.
    @discardableResult
    mutating func close(_ key: EpisodeKey) -> Episode? {
        guard let index = byKey.removeValue(forKey: key) else { return nil }
        slots[index].isOpen = false
        slots[index].generation &+= 1
        free.append(index)
        return slots[index].episode
    }

    /// Its times may only become later.
    mutating func change(_ key: EpisodeKey, _ body: (inout Episode) -> Void) {
        guard let index = byKey[key] else { return }
        body(&slots[index].episode)
    }

    /// The open episode whose newest alert that is. Cost: 10 ns an episode; people decide seldom.
    func holding(_ id: AlertID) -> Episode? {
        slots.first { $0.isOpen && $0.episode.last == id }?.episode
    }

    // MARK: What is due

    /// When the next one ends; nil: none is open.
    mutating func nextDueMs() -> Int64? { Self.settle(&due, slots, \.dueMs)?.atMs }

    /// When the next one is to be told again.
    mutating func nextAgainMs() -> Int64? { Self.settle(&again, slots, \.againMs)?.atMs }

    /// The one that ends first, if it does up to `ms`; it stays open.
    mutating func firstDue(upTo ms: Int64) -> Episode? {
        guard let entry = Self.settle(&due, slots, \.dueMs), entry.atMs <= ms else { return nil }
        return slots[entry.index].episode
    }

    /// One that is to be told again up to `ms`; its next time is `nextMs`.
    mutating func takeAgain(upTo ms: Int64, nextMs: Int64) -> Episode? {
        guard let entry = Self.settle(&again, slots, \.againMs), entry.atMs <= ms else {
            return nil
        }
        slots[entry.index].episode.againMs = nextMs
        again.replaceFirst(with: nextMs)
        return slots[entry.index].episode
    }

    /// All are to be told again, now.
    mutating func retellAll(atMs ms: Int64) {
        again = DueHeap()
        for index in slots.indices where slots[index].isOpen && !slots[index].episode.isDecided {
            slots[index].episode.againMs = ms
            again.push(.init(atMs: ms, index: index, generation: slots[index].generation))
        }
    }

    /// The first entry of a heap that tells the truth. Entries of closed episodes go; those whose
    /// episode has a later time by now move there, so each episode has one entry, however often it was
    /// put off.
    private static func settle(
        _ heap: inout DueHeap, _ slots: [Slot], _ time: KeyPath<Episode, Int64>
    ) -> DueHeap.Entry? {
        while let entry = heap.first {
            let slot = slots[entry.index]
            guard slot.isOpen, slot.generation == entry.generation else {
                heap.removeFirst()
                continue
            }
            let atMs = slot.episode[keyPath: time]
            if atMs <= entry.atMs { return entry }
            heap.replaceFirst(with: atMs)
        }
        return nil
    }
}

/// Moments with what they are for, the earliest first.
struct DueHeap: Sendable {
    struct Entry: Sendable {
        var atMs: Int64
        var index: Int
        var generation: UInt32
    }

    private var entries: [Entry] = []

    var first: Entry? { entries.first }

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].atMs <= entries[child].atMs { return }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    mutating func removeFirst() {
        let last = entries.removeLast()
        if entries.isEmpty { return }
        entries[0] = last
        sink()
    }

    /// The first one gets a later time.
    mutating func replaceFirst(with atMs: Int64) {
        entries[0].atMs = atMs
        sink()
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            if child >= entries.count { return }
            if child + 1 < entries.count, entries[child + 1].atMs < entries[child].atMs {
                child += 1
            }
            if entries[parent].atMs <= entries[child].atMs { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}
