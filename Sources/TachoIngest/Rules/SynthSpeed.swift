import TachoGeo

/// SYNTH_SPEED: one speed through bends and corners, as simulators ride.
///
/// A step whose speed is that of the step before within 0.6 % and 0.04 m/s, or within 0.15 %, 0.03 m/s
/// and 0.1 m if that is less, as it is over 2 s and more, counts one, another takes one, but for a corner, where a straight step is shorter than the way. Or the speed the phone
/// reports stays the same to the last digit over 26 steps on the move, where it has been seen to
/// agree: who adds noise to the positions of a simulator leaves the speed it was told to ride at. The
/// longest such run in 40,000 steps of 29 real phones was 12. Below 20 m/s: cars on a ring road and
/// trains hold 1 to 2 %. Delivery order; off on phones that hold positions. State: 10 B.
struct EvenSpeedState: Hashable, Sendable, BitwiseCopyable {
    private var speedMps: Float = -1
    /// Turned while there is a score, radian.
    private(set) var turnedRad: Float = 0
    /// Half a point each, up to 40 points.
    private var halves: UInt8 = 0
    /// Steps in a row over which the reported speed stayed the same.
    private(set) var same: UInt8 = 0

    private static let briefS: Float = 1.9

    var score: Float { Float(halves) * 0.5 }

    @inline(__always)
    mutating func judge(
        _ step: MotionStep, _ channels: ChannelState, _ limits: Thresholds
    ) -> UInt64 {
        let speed = step.paceMps
        let last = speedMps
        speedMps = speed
        let isRiding = speed > 1.2 && speed < 20
        let isSame =
            step.speedMps == step.previousSpeedMps && step.speedMps > 1.2 && isRiding
            && channels.speed >= limits.channelAgreements
        same = isSame ? min(same + 1, 200) : 0
        let code = Code.synthSpeed.bit(if: Float(same) >= limits.evenSpeedStraight)
        let isEven = abs(speed - last) < Self.evenMps(speed, step, limits)
        // Nearly every step of nearly every rider: nothing is even, and nothing was.
        if halves == 0 && !isEven { return code }
        guard last >= 0, step.lastSeconds > 0 else { return code }
        guard isRiding else {
            lose(2)
            return code
        }
        count(step, isEven: isEven, isFaster: speed > last)
        let isSynthetic =
            score >= limits.evenSpeedTurning && turnedRad > 1.05
            || score >= limits.evenSpeedStraight
        return code | Code.synthSpeed.bit(if: isSynthetic)
    }

    /// Longer steps tell a steady rider from a simulator: what rounding adds is less there.
    @inline(__always)
    private static func evenMps(
        _ speed: Float, _ step: MotionStep, _ limits: Thresholds
    ) -> Float {
        min(
            limits.evenSpeedShare * speed + limits.evenSpeedMps,
            0.25 * limits.evenSpeedShare * speed + 0.75 * limits.evenSpeedMps
                + 0.1 * step.perSecond)
    }

    private mutating func count(_ step: MotionStep, isEven: Bool, isFaster: Bool) {
        let turn = Self.turnRad(step)
        if isEven {
            // Receivers that smooth are even from one second to the next.
            halves = min(halves + (step.seconds < Self.briefS ? 1 : 2), 80)
            turnedRad = min(turnedRad + min(turn, 1.6), 10)
        } else if turn > 0.35 || isFaster && turnedRad > 0 {
            // A corner cut short, and the step that follows one.
            turnedRad = min(turnedRad + min(turn, 1.6), 10)
            lose(1)
        } else {
            lose(4)
        }
    }

    private mutating func lose(_ lost: UInt8) {
        halves = halves > lost ? halves - lost : 0
        if halves == 0 { turnedRad = 0 }
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
        visitor.visit(&speedMps)
        visitor.visit(&turnedRad)
        visitor.visit(&halves)
    }

    /// Behind the fields of all other rules: came with version 3 of a slot.
    mutating func visitNewFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&same)
    }
}
