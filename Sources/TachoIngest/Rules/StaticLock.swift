import TachoGeo

/// STATIC_SYNTH: a stand without the jitter this phone has at every stop.
///
/// Some phones lock their position when they stand, some jitter: learned per phone. Or a jump of
/// more than 150 m and then an exact lock. Delivery order. State: 13 B.
struct LockState: Hashable, Sendable, BitwiseCopyable {
    /// Seconds at the very same position; of slow jitter.
    private(set) var runS: Float = 0
    private(set) var slowS: Float = 0
    /// Fixes at the very same position, at most 250.
    private(set) var run: UInt8 = 0
    /// Stops at which the position jittered; at which it was locked.
    private(set) var jittered: UInt8 = 0
    private(set) var locked: UInt8 = 0
    private var isCounted = false
    private var hasJumped = false

    /// A window starts anew: what is learned stays.
    mutating func restart() {
        run = 0
        runS = 0
        slowS = 0
        isCounted = false
    }

    /// A jump away from where the phone had shown that it moves: the very first position is often
    /// one from a cache.
    mutating func jumped(eastM: Float, northM: Float, moves: UInt16) {
        hasJumped = moves >= Self.cachedMoves && eastM * eastM + northM * northM > 150 * 150
    }

    private static let cachedMoves: UInt16 = 3

    @inline(__always)
    mutating func judge(_ step: MotionStep, moves: UInt16, _ limits: Thresholds) -> UInt64 {
        guard step.isHold else {
            move(step, isKnown: moves >= Self.cachedMoves)
            return 0
        }
        return stay(step, limits)
    }

    private mutating func stay(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        run = min(run + 1, 250)
        runS += step.seconds
        slowS = 0
        if !isCounted && run >= 15 && runS > 60 {
            isCounted = true
            let isStrange = jittered >= limits.lockStops && locked == 0
            if !isStrange { locked = min(locked + 1, 250) }
        }
        let isLocked =
            run >= 15 && runS > 60 && jittered >= limits.lockStops && locked == 0
        let isAfterJump = hasJumped && runS >= limits.lockAfterJumpS && run >= 5
        return Code.staticSynth.bit(if: isLocked || isAfterJump)
    }

    @inline(__always)
    private mutating func move(_ step: MotionStep, isKnown: Bool) {
        run = 0
        runS = 0
        hasJumped =
            isKnown && step.distanceM > 150 && step.impliedMps > 8
            || hasJumped && step.distanceM <= 3
        let isSlow =
            step.hasSpeed
            ? step.meanSpeedMps < 0.7 && step.distanceM < 10
            : step.distanceM < max(1.5, 0.5 * step.seconds)
        slowS = isSlow ? slowS + step.seconds : 0
        isCounted = isCounted && (isSlow || step.distanceM <= 15)
        if slowS > 30 && !isCounted {
            isCounted = true
            jittered = min(jittered + 1, 250)
        }
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&runS)
        visitor.visit(&slowS)
        visitor.visit(&run)
        visitor.visit(&jittered)
        visitor.visit(&locked)
        visitor.visit(&isCounted)
        visitor.visit(&hasJumped)
    }
}
