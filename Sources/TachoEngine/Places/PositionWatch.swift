import Synchronization
package import TachoGeo

/// Who of the riders somebody looks at has moved, newest only: however often one moves before `take`, it
/// is there once, and what is to be told is where it is then.
///
/// Belongs to one listener. The committer notes moves; everything is one bit a rider.
package final class PositionWatch: Sendable {
    private struct State {
        var watched: [UInt64] = []
        var isAll = false
        /// Riders from this number on are new to the listener; nil: it does not care.
        var newFrom: UInt32?
        var dirty: [UInt64] = []
        var moved: [UInt32] = []
        /// The listener was woken and has not looked yet.
        var isTold = false
    }

    private let state = Mutex(State())
    /// Nothing is watched: the committer passes by.
    private let isOn = Atomic(false)
    private let wake: @Sendable () -> Void

    /// `wake` is called on the committer's thread, once until `take`.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    package func watch(_ rider: UInt32, isWanted: Bool) {
        change { state in
            Self.set(rider, to: isWanted, &state.watched)
        }
    }

    package func watchAll(_ isWanted: Bool) { change { $0.isAll = isWanted } }

    /// nil: no longer.
    package func watchNew(from rider: UInt32?) { change { $0.newFrom = rider } }

    private func change(_ body: (inout State) -> Void) {
        let isWanted = state.withLock { state in
            body(&state)
            return state.isAll || state.newFrom != nil || state.watched.contains { $0 != 0 }
        }
        isOn.store(isWanted, ordering: .relaxed)
    }

    /// Replaces `moved` by the riders that moved since the last call.
    package func take(into moved: inout [UInt32]) {
        moved.removeAll(keepingCapacity: true)
        state.withLock { state in
            swap(&moved, &state.moved)
            for rider in moved { Self.set(rider, to: false, &state.dirty) }
            state.isTold = false
        }
    }

    /// What a part shows anew. Cost: 2 ns a rider while somebody looks, otherwise nothing.
    func note(_ part: Part) {
        guard isOn.load(ordering: .relaxed) else { return }
        let tells = state.withLock { state in
            for row in part.latestRows { Self.note(row.rider, &state) }
            for one in part.latest { Self.note(one.rider, &state) }
            let tells = !state.moved.isEmpty && !state.isTold
            if tells { state.isTold = true }
            return tells
        }
        if tells { wake() }
    }

    private static func note(_ rider: UInt32, _ state: inout State) {
        guard state.isAll || rider >= state.newFrom ?? .max || isSet(rider, state.watched) else {
            return
        }
        if isSet(rider, state.dirty) { return }
        set(rider, to: true, &state.dirty)
        state.moved.append(rider)
    }

    private static func isSet(_ rider: UInt32, _ bits: [UInt64]) -> Bool {
        let word = Int(rider >> 6)
        return word < bits.count && bits[word] & 1 << UInt64(rider & 63) != 0
    }

    private static func set(_ rider: UInt32, to value: Bool, _ bits: inout [UInt64]) {
        let word = Int(rider >> 6)
        if word >= bits.count {
            guard value else { return }
            bits += repeatElement(0, count: max(word + 1, 2 * bits.count) - bits.count)
        }
        let bit = UInt64(1) << UInt64(rider & 63)
        if value { bits[word] |= bit } else { bits[word] &= ~bit }
    }
}

/// All who look.
final class PositionWatches: Sendable {
    private let all = Mutex<[PositionWatch]>([])
    private let isAny = Atomic(false)

    func add(_ watch: PositionWatch) {
        all.withLock { $0.append(watch) }
        isAny.store(true, ordering: .relaxed)
    }

    func remove(_ watch: PositionWatch) {
        all.withLock { all in
            all.removeAll { $0 === watch }
            isAny.store(!all.isEmpty, ordering: .relaxed)
        }
    }

    func note(_ parts: [Part]) {
        guard isAny.load(ordering: .relaxed) else { return }
        for watch in all.withLock({ $0 }) {
            for part in parts { watch.note(part) }
        }
    }
}

extension Engine {
    /// Somebody wants to hear where riders are as it changes; `wake` says that `take` has something. What
    /// it has is durable and shown by then.
    package func watchPositions(wake: @escaping @Sendable () -> Void) -> PositionWatch {
        let watch = PositionWatch(wake: wake)
        watches.add(watch)
        return watch
    }

    package func cancel(_ watch: PositionWatch) { watches.remove(watch) }

    /// Riders there are; their numbers are below it.
    package var riderCount: Int { riders.count }

    package func riderNumber(of name: [UInt8]) -> UInt32? {
        name.withUnsafeBytes { riders.number(of: $0) }
    }

    package func riderName(of number: UInt32) -> [UInt8] { riders.name(of: number) }

    /// What latest shows of a rider, by its number. Cost: 50 ns.
    package func shown(_ rider: UInt32) -> StoredFix? { latest.read(rider)?.shown }
}
