import TachoGeo

/// TS_RATE: the phone's clock runs slow while its fixes come as they happen: a ride that is told to
/// have taken less time, or more way, than it did.
///
/// A step that took less than 0.7 of the time between the two receipts counts one, another takes
/// two: a stalled network is one such step, and its burst takes it back. Delivery order. State: 12 B.
struct ClockRateState: Hashable, Sendable, BitwiseCopyable {
    private var recvMs: Int64 = .min
    private(set) var slow: Float = 0

    @inline(__always)
    mutating func judge(passedMs: Int64, recvMs: Int64, _ limits: Thresholds) -> Finding {
        let received = recvMs &- self.recvMs
        let isKnown = self.recvMs != .min
        self.recvMs = recvMs
        guard isKnown, received <= 30_000, received >= 0 else { return .nothing }
        let isSlow =
            received >= 300 && Float(passedMs) <= limits.clockRateShare * Float(received)
        slow = isSlow ? min(slow + 1, 30) : max(0, slow - 2)
        return .when(slow >= limits.clockRateCount, .tsRate, .flag)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&recvMs)
        visitor.visit(&slow)
    }
}
