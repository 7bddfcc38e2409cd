import TachoGeo

/// FROZEN: the phone says it moved, and the position did not change in one bit.
///
/// Critical on a phone that never re-sends a position; on one that is known to, only for runs well
/// beyond its habit, and for information. A phone that repeats the whole fix, speed and all, claims
/// nothing. Delivery order. State: 4 B.
struct FrozenState: Hashable, Sendable, BitwiseCopyable {
    /// Way by the reported speed since the position was first seen.
    private(set) var wayM: Float = 0

    private static let leastMps: Float = 2
    private static let slowMps: Float = 0.8

    @inline(__always)
    mutating func judge(
        _ step: MotionStep, holdMaxS: Float, moves: UInt16, _ limits: Thresholds
    ) -> UInt64 {
        guard step.isHold, step.hasSpeed else {
            wayM = 0
            return 0
        }
        // A phone that repeats its last fix whole says nothing new: only speeds that change count;
        // and at a walk, where receivers hold the position while the speed dies away, speeds that rise.
        let isRising = step.speedMps > step.previousSpeedMps && step.meanSpeedMps >= Self.slowMps
        let isFast = step.speedMps != step.previousSpeedMps && step.meanSpeedMps >= Self.leastMps
        if isRising || isFast { wayM += step.meanSpeedMps * step.seconds }
        let limitM = limits.frozenM + step.accuracyM + limits.frozenPerHoldMps * holdMaxS
        return Code.frozen.bit(
            if: moves >= limits.learnedMoves && wayM > limitM
                && step.heldSeconds > limits.frozenHolds * holdMaxS)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&wayM)
    }
}
