import TachoGeo

/// WHITE_JITTER: noise without memory, as added by a generator; a receiver's error wanders.
///
/// Lag-1 correlation of second differences below −0.60 over 45 samples (Otago 2020 found real error
/// to be Ornstein-Uhlenbeck). Too weak alone: for information, it feeds the risk score, and is told
/// once until the windows start anew. Delivery order; off on phones that hold positions. State: 19 B.
struct JitterState: Hashable, Sendable, BitwiseCopyable {
    private var lastEastM: Float = 0
    private var lastNorthM: Float = 0
    private(set) var product: Float = 0
    private(set) var square: Float = 0
    private(set) var samples: UInt8 = 0
    private var hasLast = false
    private var isTold = false

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard step.lastSeconds > 0, !step.isHold,
            abs(step.seconds - step.lastSeconds) < 0.2 * step.seconds
        else {
            hasLast = false
            return 0
        }
        let (east, north) = (step.bendEastM, step.bendNorthM)
        if hasLast {
            product = product * 0.98 + east * lastEastM + north * lastNorthM
            square = square * 0.98 + east * east + north * north
            samples = min(samples + 1, 200)
        }
        (lastEastM, lastNorthM, hasLast) = (east, north, true)
        let isWhite =
            product < limits.jitterCorrelation * square && square > 4
            && Float(samples) >= limits.jitterSamples && !isTold
        if isWhite { isTold = true }
        return Code.whiteJitter.bit(if: isWhite)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&lastEastM)
        visitor.visit(&lastNorthM)
        visitor.visit(&product)
        visitor.visit(&square)
        visitor.visit(&samples)
        visitor.visit(&hasLast)
        visitor.visit(&isTold)
    }
}
