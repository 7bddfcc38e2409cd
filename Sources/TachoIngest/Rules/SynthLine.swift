import TachoGeo

/// SYNTH_LINE: movement at a constant velocity, more exactly than any vehicle and any receiver.
///
/// Fixes at least 2.9 s apart; each that lies within 0.25 m of where the two before lead counts one,
/// any other takes two. Delivery order; off on phones that hold positions. State: 21 B.
struct LineState: Hashable, Sendable, BitwiseCopyable {
    /// Since the fix the rule looked at last.
    private var eastM: Float = 0
    private var northM: Float = 0
    private var seconds: Float = 0
    /// Velocity before that, m/s; −10,000: none.
    private var eastMps: Float = -10_000
    private var northMps: Float = 0
    private(set) var score: UInt8 = 0

    private static let most: UInt8 = 20

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        eastM += step.eastM
        northM += step.northM
        seconds += step.seconds
        guard seconds >= limits.lineStepS else {
            return Code.synthLine.bit(if: Float(score) >= limits.lineScore && !step.isHold)
        }
        // Without a velocity before it, it is 10 km/s: never even, and the score is 0 then.
        let missEast = eastM - eastMps * seconds
        let missNorth = northM - northMps * seconds
        let least = 1.2 * seconds
        let isEven =
            missEast * missEast + missNorth * missNorth < limits.lineMissM * limits.lineMissM
            && eastM * eastM + northM * northM > least * least
        score = isEven ? min(score + 1, Self.most) : score > 2 ? score - 2 : 0
        let perSecond = 1 / seconds
        eastMps = eastM * perSecond
        northMps = northM * perSecond
        (eastM, northM, seconds) = (0, 0, 0)
        return Code.synthLine.bit(if: Float(score) >= limits.lineScore)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&eastM)
        visitor.visit(&northM)
        visitor.visit(&seconds)
        visitor.visit(&eastMps)
        visitor.visit(&northMps)
        visitor.visit(&score)
    }
}
