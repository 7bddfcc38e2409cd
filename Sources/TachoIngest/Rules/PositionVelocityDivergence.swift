import TachoGeo

/// PV_DIVERGE: the position goes where speed and heading do not lead.
///
/// A leaky sum of what each step misses, as a vector: noise cancels, a drift does not. At a stand no
/// heading is needed. Delivery order; off on phones that hold positions. State: 8 B.
struct DivergenceState: Hashable, Sendable, BitwiseCopyable {
    private(set) var eastM: Float = 0
    private(set) var northM: Float = 0

    var lengthM: Float { (eastM * eastM + northM * northM).squareRoot() }

    @inline(__always)
    mutating func judge(
        _ step: MotionStep, _ channels: ChannelState, headingAgreed: Float,
        _ limits: Thresholds
    ) -> UInt64 {
        guard step.hasSpeed, step.isRegular, channels.speed >= limits.channelAgreements
        else { return 0 }
        let isStanding = step.meanSpeedMps < 0.6
        let knows = step.previousHeading.isKnown && step.hasLiveHeading
        guard isStanding || knows && headingAgreed >= limits.channelAgreements else {
            return 0
        }
        let keep = decay(step.seconds, tau: limits.divergenceTauS)
        var east = step.eastM
        var north = step.northM
        if !isStanding {
            let half = 0.5 * step.seconds
            east -=
                half
                * (step.speedMps * step.heading.east
                    + step.previousSpeedMps * step.previousHeading.east)
            north -=
                half
                * (step.speedMps * step.heading.north
                    + step.previousSpeedMps * step.previousHeading.north)
        }
        let miss2 = east * east + north * north
        let most = limits.divergenceStepM
        let scale = miss2 > most * most ? most / miss2.squareRoot() : 1
        eastM = eastM * keep + east * scale
        northM = northM * keep + north * scale
        let limitM = limits.divergenceM + 2 * step.accuracyM
        return Code.pvDiverge.bit(if: eastM * eastM + northM * northM > limitM * limitM)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&eastM)
        visitor.visit(&northM)
    }
}
