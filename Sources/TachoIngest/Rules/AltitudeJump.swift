import TachoGeo

/// ALT_JUMP: another altitude all at once, three times, after twenty steady ones.
///
/// More than 120 m and 10 m/s; an elevator stays below. Warns above 400 m, else for information:
/// receivers without a barometer are off by more. So are those that find satellites again, and their
/// position jumps as well: eight of ten false warnings in 520 hours of GeoLife were such, and are for
/// information whatever their height. Delivery order. State: 11 B.
struct AltitudeState: Hashable, Sendable, BitwiseCopyable {
    /// The steady one, 0.1 m.
    private(set) var steadyDm = Fix.absent
    private(set) var jumpM: Float = 0
    private(set) var steady: UInt8 = 0
    private(set) var away: UInt8 = 0
    /// The position jumped too since the altitude was steady, or was not there.
    private(set) var isLost = false

    mutating func restart() {
        away = 0
        isLost = true
    }

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
            isLost = Self.isJump(step)
            return 0
        }
        away += 1
        isLost = isLost || Self.isJump(step)
        jumpM = off
        guard away >= 3 else { return 0 }
        let isJump = steady >= 20
        steadyDm = step.altitudeDm
        steady = 0
        away = 0
        return Code.altJump.bit(if: isJump)
    }

    /// Twice as fast as the last step, 20 m more, and 4 m/s²: no vehicle.
    @inline(__always)
    private static func isJump(_ step: MotionStep) -> Bool {
        guard step.distanceM > 60 else { return false }
        let lastM = (step.lastEastM * step.lastEastM + step.lastNorthM * step.lastNorthM)
            .squareRoot()
        let beyondM = step.distanceM - 20 - 2 * step.moveSeconds * step.moveSeconds
        return beyondM * step.lastSeconds > 2 * lastM * step.moveSeconds
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&steadyDm)
        visitor.visit(&jumpM)
        visitor.visit(&steady)
        visitor.visit(&away)
    }

    /// Behind the fields of all other rules: came with version 4 of a slot.
    mutating func visitNewFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&isLost)
    }
}
