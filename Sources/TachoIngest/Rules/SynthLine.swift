import TachoGeo

/// SYNTH_LINE: movement at a constant velocity, more exactly than any vehicle and any receiver.
///
/// Fixes at least 2.9 s apart; each that lies within 0.25 m of where the two before lead counts one,
/// any other takes two. Delivery order; off on phones that hold positions. State: 24 B.
struct LineState: Hashable, Sendable, BitwiseCopyable {
    /// Since the fix the rule looked at last.
    private var eastM: Float = 0
    private var northM: Float = 0
    private var seconds: Float = 0
    /// Velocity before that, m/s; below -1,000: none.
    private var eastMps: Float = -10_000
    private var northMps: Float = 0
    private(set) var score: Float = 0

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> Finding {
        eastM += step.eastM
        northM += step.northM
        seconds += step.seconds
        guard seconds >= limits.lineStepS else {
            return .when(score >= limits.lineScore && !step.isHold, .synthLine, .flag)
        }
        let length = (eastM * eastM + northM * northM).squareRoot()
        if eastMps > -1_000 {
            let missEast = eastM - eastMps * seconds
            let missNorth = northM - northMps * seconds
            let miss = (missEast * missEast + missNorth * missNorth).squareRoot()
            let isEven = miss < limits.lineMissM && length > 1.2 * seconds
            score = isEven ? min(score + 1, 2 * limits.lineScore) : max(0, score - 2)
        }
        eastMps = eastM / seconds
        northMps = northM / seconds
        (eastM, northM, seconds) = (0, 0, 0)
        return .when(score >= limits.lineScore, .synthLine, .flag)
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
