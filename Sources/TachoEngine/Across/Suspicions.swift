import TachoIngest

/// Who was found alike with whom once, by cells.
///
/// Two riders who take one street at one pace for four cells are alike by chance, thousands of times
/// a day in a city; to compare their ways costs 200 µs. Who is alike at another landmark soon after,
/// at the same distance in time, is worth it. Places to the digit are not alike by chance.
///
/// Each of the two remembers the other, so that it does not matter whose landmark is committed
/// first.
struct Suspicions {
    struct Suspect: Hashable, Sendable {
        var rider: UInt32
        /// Of the own fix at which it was found last.
        var tsMs: Int64
        /// How much later the own fix was, ms.
        var offsetMs: Int64
    }

    private var riders: [UInt32: [Suspect]] = [:]

    /// Suspects of one rider; of more the oldest are forgotten.
    static let perRider = 8

    subscript(rider: UInt32) -> [Suspect] {
        get { riders[rider] ?? [] }
        set { riders[rider] = newValue.isEmpty ? nil : newValue }
    }

    /// Two were found alike. Whether they were before, not long ago.
    mutating func find(
        _ rider: UInt32, _ suspect: Suspect, _ limits: Thresholds
    ) -> Bool {
        let back = Suspect(
            rider: rider, tsMs: suspect.tsMs - suspect.offsetMs, offsetMs: -suspect.offsetMs)
        let isKnown = note(suspect, of: rider, limits)
        // Of one rider's two rides both are entries of the same list.
        return note(back, of: suspect.rider, limits) || isKnown
    }

    private mutating func note(
        _ suspect: Suspect, of rider: UInt32, _ limits: Thresholds
    ) -> Bool {
        var all = riders[rider] ?? []
        let known = all.firstIndex {
            $0.rider == suspect.rider
                // Both ends are as exact as the lock in time.
                && abs($0.offsetMs - suspect.offsetMs) <= 2 * limits.lockedWithinMs
                && abs($0.tsMs - suspect.tsMs) <= limits.alikeMs
        }
        if let known { all.remove(at: known) }
        if all.count == Self.perRider { all.removeFirst() }
        all.append(suspect)
        riders[rider] = all
        return known != nil
    }
}
