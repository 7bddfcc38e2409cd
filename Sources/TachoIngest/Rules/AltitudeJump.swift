import TachoGeo

/// ALT_JUMP: another altitude all at once, three times, after twenty steady ones.
///
/// More than 120 m and 10 m/s; an elevator stays below. Warns above 400 m, else for information:
/// receivers without a barometer are off by more. Delivery order. State: 10 B.
struct AltitudeState: Hashable, Sendable, BitwiseCopyable {
    /// The steady one, 0.1 m.
    private(set) var steadyDm = Fix.absent
    private(set) var jumpM: Float = 0
    private(set) var steady: UInt8 = 0
    private(set) var away: UInt8 = 0

    mutating func restart() { away = 0 }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard step.altitudeDm != Fix.absent else { return 0 }
        guard steadyDm != Fix.absent else {
            steadyDm = step.altitudeDm
            return 0
        }
        let off = abs(Float(step.altitudeDm) - Float(steadyDm)) * 0.1
        if off <= limits.altitudeJumpM + 10 * step.seconds {
            steadyDm = step.altitudeDm
            steady = min(steady + 1, 200)
            away = 0
            return 0
        }
        away += 1
        jumpM = off
        guard away >= 3 else { return 0 }
        let isJump = steady >= 20
        steadyDm = step.altitudeDm
        steady = 0
        away = 0
        return Code.altJump.bit(if: isJump)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&steadyDm)
        visitor.visit(&jumpM)
        visitor.visit(&steady)
        visitor.visit(&away)
    }
}
