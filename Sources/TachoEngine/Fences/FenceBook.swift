import TachoGeo
import TachoStore

/// The fences as others see them: what is set, how much was said on each stream, what is to expire.
///
/// Changed by the thread of the fences alone. Fences that are gone stay until their last state is in the
/// database.
final class FenceBook: Sendable {
    struct Entry {
        var stream: FenceStream
        /// Among `counters`; nil: the fence is gone, the stream says all.
        var place: Int32?
    }

    /// What changes with each event, by place.
    struct Counter: BitwiseCopyable {
        var events: UInt64 = 0
        var lastMs: Int64 = -1
        var lastN: UInt32 = 0
        var inside: Int32 = 0
    }

    struct State {
        var entries: [[UInt8]: Entry] = [:]
        var counters: [Counter] = []
        var live = 0
        /// Entries of all streams since the start.
        var told = 0
        /// Streams with news that nobody took yet.
        var news: Set<[UInt8]> = []
        var wantsNews = false
        /// The same for consumer groups, which ask for themselves.
        var groupNews: Set<[UInt8]> = []
        var wantsGroupNews = false
        /// Streams whose newest entries are not in the database yet: who heard of them now would look
        /// in vain, and not be told again.
        var unwritten: Set<[UInt8]> = []
        /// Of what is set, in order; nil: not sorted since the last change.
        var sorted: [[UInt8]]?
        /// A heap by time.
        var expiries: [Expiry] = []
    }

    struct Expiry: Sendable {
        var atMs: Int64
        var id: [UInt8]
    }

    let state = Monitor(State())

    var liveCount: Int { state.with { $0.live } }

    /// Up to `limit` fences whose time has come; each is handed out once.
    func takeDue(nowMs: Int64, limit: Int) -> [Expiry] {
        state.with { state in
            var due: [Expiry] = []
            while due.count < limit, let first = state.expiries.first, first.atMs <= nowMs {
                state.removeFirstExpiry()
                // It may have been set again with another time, or be gone.
                let live = state.entries[first.id]?.stream.live
                if live?.definition.expiresMs == first.atMs { due.append(first) }
            }
            return due
        }
    }
}

extension FenceBook.State {
    mutating func noteNews(_ id: [UInt8]) {
        if wantsNews || wantsGroupNews { unwritten.insert(id) }
    }

    /// All that was told is in the database.
    mutating func newsIsWritten() {
        if unwritten.isEmpty { return }
        if wantsNews { news.formUnion(unwritten) }
        if wantsGroupNews { groupNews.formUnion(unwritten) }
        unwritten.removeAll(keepingCapacity: true)
    }

    /// The stream of an id as of now; nil: it must be looked for in the database.
    func stream(_ id: [UInt8]) -> FenceStream? {
        guard let entry = entries[id] else { return nil }
        guard let place = entry.place else { return entry.stream }
        var stream = entry.stream
        let counter = counters[Int(place)]
        stream.events = counter.events
        stream.lastID =
            counter.lastMs < 0 ? nil : AlertID(ms: counter.lastMs, n: counter.lastN)
        return stream
    }

    func inside(_ id: [UInt8]) -> Int {
        guard let place = entries[id]?.place else { return 0 }
        return Int(counters[Int(place)].inside)
    }

    /// Those that were set again or are gone leave their old times behind: sorted out when they are the
    /// most.
    mutating func addExpiry(_ one: FenceBook.Expiry) {
        if expiries.count > 2 * live + 1_024 {
            let old = expiries
            expiries = []
            for expiry in old
            where entries[expiry.id]?.stream.live?.definition.expiresMs == expiry.atMs {
                push(expiry)
            }
        }
        push(one)
    }

    private mutating func push(_ one: FenceBook.Expiry) {
        expiries.append(one)
        var child = expiries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard expiries[child].atMs < expiries[parent].atMs else { return }
            expiries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirstExpiry() {
        let last = expiries.removeLast()
        guard !expiries.isEmpty else { return }
        expiries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < expiries.count && expiries[child].atMs < expiries[least].atMs {
                least = child
            }
            if least == parent { return }
            expiries.swapAt(parent, least)
            parent = least
        }
    }
}
