import TachoGeo

/// STATIC_SYNTH: a stand without the jitter this phone has at every stop.
///
/// Some phones lock their position when they stand, some jitter: learned per phone. Or a jump of
/// more than 150 m and then an exact lock. Delivery order. State: 16 B.
struct LockState: Hashable, Sendable, BitwiseCopyable {
    /// Stops at which the position jittered; at which it was locked.
    private(set) var jittered: UInt8 = 0
    private(set) var locked: UInt8 = 0
    private var isCounted = false
    private var hasJumped = false
    /// Fixes, and seconds, at the very same position.
    private(set) var run: Float = 0
    private(set) var runS: Float = 0
    /// Seconds of slow jitter.
    private(set) var slowS: Float = 0

    /// A window starts anew: what is learned stays.
    mutating func restart() {
        run = 0
        runS = 0
        slowS = 0
        isCounted = false
    }

    mutating func jumped(to fix: Fix, from last: Coordinate) {
        let offset = Distance.offset(from: last, to: fix.coordinate)
        let far = (offset.eastM * offset.eastM + offset.northM * offset.northM).squareRoot()
        hasJumped = far > 150
    }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ fix: Fix, _ limits: Thresholds) -> Finding {
        if step.isHold {
            run += 1
            runS += step.seconds
            slowS = 0
            if !isCounted && run >= 15 && runS > 60 {
                isCounted = true
                let isStrange = jittered >= limits.lockStops && locked == 0
                if !isStrange { locked = min(locked + 1, 250) }
            }
        } else {
            if step.distanceM > 150 && step.impliedMps > 8 {
                hasJumped = true
            } else if step.distanceM > 3 {
                hasJumped = false
            }
            run = 0
            runS = 0
            let isSlow =
                step.hasSpeed
                ? step.meanSpeedMps < 0.7 && step.distanceM < 10
                : step.distanceM < max(1.5, 0.5 * step.seconds)
            if isSlow {
                slowS += step.seconds
                if !isCounted && slowS > 30 {
                    isCounted = true
                    jittered = min(jittered + 1, 250)
                }
            } else {
                slowS = 0
                if step.distanceM > 15 { isCounted = false }
            }
        }
        let isLocked =
            run >= 15 && runS > 60 && jittered >= limits.lockStops && locked == 0
        let isAfterJump = hasJumped && runS >= limits.lockAfterJumpS && run >= 5
        return .when(isLocked || isAfterJump, .staticSynth, .flag)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&jittered)
        visitor.visit(&locked)
        visitor.visit(&isCounted)
        visitor.visit(&hasJumped)
        visitor.visit(&run)
        visitor.visit(&runS)
        visitor.visit(&slowS)
    }
}
