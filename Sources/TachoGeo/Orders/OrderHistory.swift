/// An event of an order with its place on the stream `orders`.
package struct OrderEntry: Hashable, Sendable {
    package var id: AlertID
    package var event: OrderEvent

    package init(id: AlertID, event: OrderEvent) {
        self.id = id
        self.event = event
    }

    /// Order of time, then of arrival.
    package static func precedes(_ a: OrderEntry, _ b: OrderEntry) -> Bool {
        a.event.tsMs != b.event.tsMs ? a.event.tsMs < b.event.tsMs : a.id < b.id
    }
}

/// All that was told of one order. What the order is now follows from the times of its events, not
/// from when they came: any order of delivery ends alike.
package struct OrderHistory: Hashable, Sendable {
    /// By time, then arrival.
    package private(set) var entries: [OrderEntry] = []

    /// Events of one order, at most: it is read whole.
    package static let mostEvents = 10_000

    package init() {}

    /// Takes an entry at its place; one that is there stays.
    /// Cost: an append, unless it is late.
    package mutating func insert(_ entry: OrderEntry) {
        var at = entries.count
        while at > 0, !OrderEntry.precedes(entries[at - 1], entry) {
            if entries[at - 1].id == entry.id { return }
            at -= 1
        }
        entries.insert(entry, at: at)
    }

    /// The first end in time; nil: the order is open.
    package var end: OrderEntry? { entries.first { $0.event.kind == .end } }

    /// What the order is now: the first end, or the newest of all. nil: nothing was told.
    package var present: OrderEntry? { end ?? entries.last }

    package var isOpen: Bool { !entries.isEmpty && end == nil }

    /// Who has it, or had it when it ended; empty: nobody said.
    package var rider: [UInt8] { holders.last?.rider ?? [] }

    /// A rider's time with the order; `toMs` nil: until now.
    package struct Holder: Hashable, Sendable {
        package var rider: [UInt8]
        package var fromMs: Int64
        package var toMs: Int64?
    }

    /// Which rider had it from when to when, up to its end.
    package var holders: [Holder] {
        var list: [Holder] = []
        for entry in entries {
            if entry.event.kind == .end {
                if !list.isEmpty { list[list.count - 1].toMs = entry.event.tsMs }
                break
            }
            if list.last?.rider == entry.event.rider { continue }
            if !list.isEmpty { list[list.count - 1].toMs = entry.event.tsMs }
            list.append(Holder(rider: entry.event.rider, fromMs: entry.event.tsMs))
        }
        return list
    }

    /// Clocks may be so far ahead, ms.
    private static let clockLeadMs: Int64 = 30_000
    /// The year 2000, Unix ms.
    private static let earliestMs: Int64 = 946_684_800_000

    /// What is to be said of an event that comes now.
    package func mask(of event: OrderEvent, nowMs: Int64) -> OrderMask {
        if entries.contains(where: { $0.event.saysTheSame(as: event) }) { return .duplicate }
        var mask: OrderMask = []
        if let newest = entries.last?.event.tsMs, event.tsMs < newest { mask.insert(.late) }
        if entries.contains(where: { $0.event.tsMs == event.tsMs }) { mask.insert(.conflict) }
        if let end, event.tsMs >= end.event.tsMs { mask.insert(.ended) }
        if event.tsMs > nowMs + Self.clockLeadMs || event.tsMs < Self.earliestMs {
            mask.insert(.clock)
        }
        let before = entries.last { $0.event.tsMs <= event.tsMs && $0.event.kind == .set }
        if event.kind == .set, let before, before.event.rider != event.rider {
            mask.insert(.reassigned)
        }
        return mask
    }
}
