import TachoGeo

/// FLICKER: two places in turn, as two location providers or a phone and a forger give them.
///
/// A leaky count of departures to a far place. Given to the held fix. Delivery order. State: 12 B.
struct FlickerState: Hashable, Sendable, BitwiseCopyable {
    private var lastMs: Int64 = 0
    private(set) var count: Float = 0

    mutating func judge(_ fix: Fix, distanceM: Float, _ limits: Thresholds) -> UInt64 {
        guard distanceM > limits.flickerM else { return 0 }
        let seconds = Float(min(max(0, fix.tsMs - lastMs), 3_600_000)) * 0.001
        count = min(count * decay(seconds, tau: limits.flickerTauS) + 1, 12)
        lastMs = fix.tsMs
        return Code.flicker.bit(if: count >= limits.flickerCount)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&lastMs)
        visitor.visit(&count)
    }
}
