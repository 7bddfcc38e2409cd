import TachoGeo

/// TS_RATE: the phone's clock runs slow while its fixes come as they happen: a ride that is told to
/// have taken less time, or more way, than it did.
///
/// A step that took less than 0.7 of the time between the two receipts counts one, another takes
/// two: a stalled network is one such step, and its burst takes it back. Delivery order. State: 5 B.
struct ClockRateState: Hashable, Sendable, BitwiseCopyable {
    /// Receipt less time of the last fix, ms.
    private var lagMs = unknown
    private(set) var slow: UInt8 = 0

    private static let unknown = Int32.min
    private static let mostLagMs: Int64 = 2_000_000_000

    /// `passedMs` since the last fix; `lagMs` from the time of this one to its receipt.
    @inline(__always)
    mutating func judge(passedMs: Int64, lagMs: Int64, _ limits: Thresholds) -> UInt64 {
        let last = self.lagMs
        self.lagMs = abs(lagMs) <= Self.mostLagMs ? Int32(truncatingIfNeeded: lagMs) : Self.unknown
        guard last != Self.unknown, self.lagMs != Self.unknown else { return 0 }
        let receivedMs = passedMs + lagMs - Int64(last)
        guard receivedMs <= 30_000, receivedMs >= 0 else { return 0 }
        let isSlow =
            receivedMs >= 300 && Float(passedMs) <= limits.clockRateShare * Float(receivedMs)
        slow = isSlow ? min(slow + 1, 30) : slow > 2 ? slow - 2 : 0
        return Code.tsRate.bit(if: Float(slow) >= limits.clockRateCount)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&lagMs)
        visitor.visit(&slow)
    }
}
