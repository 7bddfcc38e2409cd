import TachoGeo

/// ZIGZAG: to and fro across the way, further and faster than a vehicle turns: padding of distance.
///
/// Second differences above 7 m/s² and 25 m beyond noise that reverse, four times. Settlement
/// takes the smoothed length. Delivery order. State: 9 B.
struct ZigzagState: Hashable, Sendable, BitwiseCopyable {
    private var eastM: Float = 0
    private var northM: Float = 0
    /// A quarter of a reversal each, up to 12 reversals.
    private var quarters: UInt8 = 0

    var count: Float { Float(quarters) * 0.25 }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard step.lastSeconds > 0 else { return 0 }
        let (east, north) = (step.bendEastM, step.bendNorthM)
        // Twice as far as the middle fix lies off the line between its neighbours.
        let off2 = east * east + north * north
        let seconds = 0.5 * (step.seconds + step.lastSeconds)
        let accuracyM =
            step.accuracyDm == Fix.absent ? 8 : min(step.accuracyM, limits.zigzagAccuracyM)
        let limitM = max(
            2 * limits.zigzagM + 3 * accuracyM, limits.zigzagMps2 * seconds * seconds)
        guard off2 > limitM * limitM else {
            quarters = quarters > 0 ? quarters - 1 : 0
            return 0
        }
        if east * eastM + north * northM < 0 { quarters = min(quarters + 4, 48) }
        (eastM, northM) = (east, north)
        return Code.zigzag.bit(if: count >= limits.zigzagCount)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&eastM)
        visitor.visit(&northM)
        visitor.visit(&quarters)
    }
}
