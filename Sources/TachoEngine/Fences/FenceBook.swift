import TachoGeo
import TachoStore

/// The fences as others see them: what is set, how much was said on each stream, what is to expire.
///
/// Changed by the thread of the fences alone. Fences that are gone stay until their last state is in the
/// database.
final class FenceBook: Sendable {
    struct State {
        var streams: [[UInt8]: FenceStream] = [:]
        /// Riders inside, by serial.
        var inside: [UInt32: Int] = [:]
        var live = 0
        /// Entries of all streams since the start.
        var told = 0
        /// Not sorted but for its first: a heap by time.
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
                let live = state.streams[first.id]?.live
                if live?.definition.expiresMs == first.atMs { due.append(first) }
            }
            return due
        }
    }
}

extension FenceBook.State {
    mutating func addExpiry(_ one: FenceBook.Expiry) {
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
