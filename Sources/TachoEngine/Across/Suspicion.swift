import TachoIngest

/// Tracks that a rider's way was found alike once, by cells: the last landmark's.
///
/// Two riders who take one street at one pace for four cells are alike by chance, thousands of times
/// a day in a city; to compare their ways costs 200 µs. Who is alike at the next landmark too, at
/// the same distance in time, is worth it. Places to the digit are not alike by chance.
struct Suspicion: Hashable, Sendable {
    struct Suspect: Hashable, Sendable {
        var rider: UInt32
        /// How much later the own fix was, ms.
        var offsetMs: Int64
    }

    /// Of the fix at which they were found.
    var tsMs: Int64
    /// At most `AcrossState.perLandmark`.
    var suspects: [Suspect]

    /// Whether the same track was found at a landmark not long before.
    func confirms(_ suspect: Suspect, atMs: Int64, _ limits: Thresholds) -> Bool {
        guard abs(atMs - tsMs) <= limits.alikeMs else { return false }
        // Both ends are as exact as the lock in time.
        return suspects.contains {
            $0.rider == suspect.rider
                && abs($0.offsetMs - suspect.offsetMs) <= 2 * limits.lockedWithinMs
        }
    }
}
