import TachoGeo

/// ZIGZAG: to and fro across the way, further and faster than a vehicle turns: padding of distance.
///
/// Second differences above 7 m/s² and 25 m beyond noise that reverse, four times; or above 2 m/s²,
/// eight times in a row: a phone that reports every 5 s shows a wide zigzag no other way, and no
/// vehicle sways like that for 40 s. Settlement takes the smoothed length. Delivery order. State: 9 B.
struct ZigzagState: Hashable, Sendable, BitwiseCopyable {
    private var eastM: Float = 0
    private var northM: Float = 0
    /// A quarter of a reversal each, up to 12 reversals.
    private var quarters: UInt8 = 0

    var count: Float { Float(quarters) * 0.25 }

    /// 2 of 7 m/s².
    private static let slowShare: Float = 0.29

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard step.lastSeconds > 0 else { return 0 }
        // Twice as far as the middle fix lies from where an even pace between its neighbours would
        // have it: fixes of a backlog come with seconds missing between them.
        let share = 2 * step.moveSeconds / (step.moveSeconds + step.lastSeconds)
        let east = (2 - share) * step.eastM - share * step.lastEastM
        let north = (2 - share) * step.northM - share * step.lastNorthM
        let off2 = east * east + north * north
        let seconds = 0.5 * (step.seconds + step.lastSeconds)
        let accuracyM =
            step.accuracyDm == Fix.absent ? 8 : min(step.accuracyM, limits.zigzagAccuracyM)
        let noiseM = 2 * limits.zigzagM + 3 * accuracyM
        let seconds2 = seconds * seconds
        let leastM = max(noiseM, Self.slowShare * limits.zigzagMps2 * seconds2)
        guard off2 > leastM * leastM else {
            quarters = quarters > 0 ? quarters - 1 : 0
            return 0
        }
        if east * eastM + north * northM < 0 {
            let limitM = max(noiseM, limits.zigzagMps2 * seconds2)
            quarters = min(quarters + (off2 > limitM * limitM ? 4 : 2), 48)
        } else {
            quarters = quarters > 0 ? quarters - 1 : 0
        }
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
