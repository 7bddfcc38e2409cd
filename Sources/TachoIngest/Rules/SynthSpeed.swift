import TachoGeo

/// SYNTH_SPEED: one speed through bends and corners, as simulators ride.
///
/// A step whose speed is that of the step before within 0.6 % and 0.04 m/s counts one, another takes
/// one, but for a corner, where a straight step is shorter than the way. Below 20 m/s: cars on a
/// ring road and trains hold 1 to 2 %. Delivery order; off on phones that hold positions. State: 12 B.
struct EvenSpeedState: Hashable, Sendable, BitwiseCopyable {
    private(set) var score: Float = 0
    /// Turned while the score grew, radian.
    private(set) var turnedRad: Float = 0
    private var speedMps: Float = -1

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> Finding {
        let speed = step.distanceM / step.seconds
        defer { speedMps = speed }
        guard speedMps >= 0, step.lastSeconds > 0 else { return .nothing }
        guard speed > 1.2 && speed < 20 else {
            score = max(0, score - 1)
            return .nothing
        }
        let turn = Self.turnRad(step)
        let off = abs(speed - speedMps)
        if off < limits.evenSpeedShare * speed + limits.evenSpeedMps {
            score = min(score + 1, 40)
            turnedRad = min(turnedRad + min(turn, 1.6), 10)
        } else if turn > 0.35 || speed > speedMps && turnedRad > 0 {
            // A corner cut short, and the step that follows one.
            turnedRad = min(turnedRad + min(turn, 1.6), 10)
            score = max(0, score - 0.5)
        } else {
            score = max(0, score - 2)
            if score == 0 { turnedRad = 0 }
        }
        let isEven =
            score >= limits.evenSpeedTurning && turnedRad > 1.05
            || score >= limits.evenSpeedStraight
        return .when(isEven, .synthSpeed, .flag)
    }

    /// About the angle between two steps, 0…π: exact at 0, right angles and π.
    @inline(__always)
    static func turnRad(_ step: MotionStep) -> Float {
        let length =
            step.distanceM
            * (step.lastEastM * step.lastEastM + step.lastNorthM * step.lastNorthM).squareRoot()
        guard length > 0 else { return 0 }
        let cross = abs(step.eastM * step.lastNorthM - step.northM * step.lastEastM) / length
        let dot = step.eastM * step.lastEastM + step.northM * step.lastNorthM
        // x / (1 + 0.36 x²…) would be closer; corners are told apart well enough by this.
        return dot >= 0 ? cross * 1.5708 / (1 + 0.5708 * (1 - cross)) : 3.1416 - cross * 1.5708
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&score)
        visitor.visit(&turnedRad)
        visitor.visit(&speedMps)
    }
}
