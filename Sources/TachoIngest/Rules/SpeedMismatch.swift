import TachoGeo

/// SPEED_MISMATCH: the speed the phone reports is not the speed it moves at.
///
/// Both smoothed over 25 s and apart for more than 15 s, on a phone whose speed has been seen to
/// agree; one step counts 6 s at most, as a phone that reports every 15 s turns between two reports.
/// Delivery order. State: 12 B.
struct SpeedMismatchState: Hashable, Sendable, BitwiseCopyable {
    private(set) var impliedMps: Float = -1
    private(set) var reportedMps: Float = 0
    /// Seconds they have been apart.
    private(set) var apartS: Float = 0

    private static let mostAboveMps: Float = 8
    private static let mostS: Float = 6

    mutating func restart() { self = SpeedMismatchState() }

    @inline(__always)
    mutating func judge(
        _ step: MotionStep, _ channels: ChannelState, _ limits: Thresholds
    ) -> UInt64 {
        guard step.hasSpeed, step.isRegular, channels.speed >= limits.channelAgreements
        else { return 0 }
        if impliedMps < 0 {
            // From agreement on: a first step may be a receiver's excursion.
            impliedMps = step.meanSpeedMps
            reportedMps = step.meanSpeedMps
        }
        let keep = decay(step.seconds, tau: limits.speedMismatchTauS)
        // One step that is more than so much faster is a receiver's excursion, not a vehicle.
        let reported = step.meanSpeedMps
        let implied = min(step.paceMps, reported + max(Self.mostAboveMps, reported))
        impliedMps = impliedMps * keep + implied * (1 - keep)
        reportedMps = reportedMps * keep + step.meanSpeedMps * (1 - keep)
        let apart = abs(impliedMps - reportedMps)
        let limit = max(
            limits.speedMismatchMps, limits.speedMismatchShare * max(impliedMps, reportedMps))
        apartS =
            apart > limit
            ? min(apartS + min(step.seconds, Self.mostS), 120)
            : max(0, apartS - 3 * step.seconds)
        return Code.speedMismatch.bit(if: apart > limit && apartS > limits.speedMismatchS)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&impliedMps)
        visitor.visit(&reportedMps)
        visitor.visit(&apartS)
    }
}
