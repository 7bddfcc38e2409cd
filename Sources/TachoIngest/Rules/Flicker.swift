import TachoGeo

/// FLICKER: two places in turn, as two location providers or a phone and a forger give them.
///
/// A leaky count of departures to a far place. Nearer ones, which a receiver between high houses
/// makes now and then, count less, and only where every second fix is one: a zigzag too wide to be
/// believed. So do those long after the last trusted fix: who is ever further out of reach, as a train
/// is that is faster than its rider's class, goes away and does not come and go. Given to the held fix.
/// A held fix that is further out than the one before it, with no trusted one between, is such a one.
/// Delivery order. State: 16 B.
struct FlickerState: Hashable, Sendable, BitwiseCopyable {
    private var lastMs: Int64 = 0
    private(set) var count: Float = 0
    /// How far out the last held fix was.
    private var lastM: Float = 0

    /// Two reports at the slowest usual pace, ms.
    private static let soonMs: Int64 = 12_000
    private static let further: Float = 1.2

    /// Whether no trusted fix lies between the last held one and this: `stepMs` is since the last
    /// trusted one.
    func follows(_ fix: Fix, stepMs: Int64) -> Bool { fix.tsMs - lastMs < stepMs }

    func isFurther(_ distanceM: Float) -> Bool { distanceM > Self.further * lastM }

    mutating func judge(
        _ fix: Fix, distanceM: Float, stepMs: Int64, goesOn: Bool, _ limits: Thresholds
    ) -> UInt64 {
        guard distanceM > 0.5 * limits.flickerM else { return 0 }
        let sinceMs = min(max(0, fix.tsMs - lastMs), 3_600_000)
        let isFar = distanceM > limits.flickerM && stepMs <= Self.soonMs && !goesOn
        let isSecond = sinceMs * 2 <= stepMs * 5
        let weight: Float = isFar ? 1 : isSecond && !goesOn ? 0.4 : 0
        let seconds = Float(sinceMs) * 0.001
        count = min(count * decay(seconds, tau: limits.flickerTauS) + weight, 12)
        lastMs = fix.tsMs
        lastM = distanceM
        return Code.flicker.bit(if: count >= limits.flickerCount)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&lastMs)
        visitor.visit(&count)
    }

    /// Behind the fields of all other rules: came with version 4 of a slot.
    mutating func visitNewFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&lastM)
    }
}
