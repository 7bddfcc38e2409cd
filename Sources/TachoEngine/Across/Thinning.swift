/// How many fewer landmarks are chosen while fixes come in faster than they can be compared beside
/// everything else: who compares must not keep fixes waiting. Imports may wait, so they do not count.
///
/// It depends on the clock, so the committer decides it for each group, and the journal says so: a
/// replay chooses the same. What is chosen while few are is chosen while all are, too: a copy that
/// comes in a calm hour meets the landmarks of a source that came in a storm.
struct Thinning {
    /// One landmark of 2^n is chosen: 0, 2 or 4.
    private(set) var exponent: UInt8
    /// Of a quarter of a second: up to so many fixes all are chosen, up to twice as many a quarter,
    /// beyond a sixteenth.
    private let full: Int
    private var quarter: Int64 = 0
    private var fixes = 0

    private static let quarterMs: Int64 = 250

    /// `fullPerSecond`: fixes; below 0, few are chosen always.
    init(fullPerSecond: Int) {
        full = fullPerSecond / 4
        exponent = Self.exponent(0, full)
    }

    /// Takes in a group about to be committed, and says how it is to be read. `nowMs` is of a clock
    /// that nobody sets. It rises at once and falls by a step a quarter: a storm has pauses, while
    /// the device writes.
    mutating func exponent(points: Int, nowMs: Int64) -> UInt8 {
        let now = nowMs / Self.quarterMs
        if now != quarter {
            let calm = now - quarter - 1 + (Self.exponent(fixes, full) < exponent ? 1 : 0)
            let lowest = Int(Self.exponent(0, full))
            exponent = UInt8(max(lowest, Int(exponent) - 2 * Int(min(calm, 2))))
            (quarter, fixes) = (now, 0)
        }
        fixes += points
        exponent = max(exponent, Self.exponent(fixes, full))
        return exponent
    }

    private static func exponent(_ fixes: Int, _ full: Int) -> UInt8 {
        if fixes <= full { return 0 }
        return fixes <= 2 * full ? 2 : 4
    }
}
