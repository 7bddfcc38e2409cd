import TachoGeo

/// Whether a phone's speed is known to tell the truth: phones that always send 0 teach nothing and
/// are never judged by it.
///
/// Points for steps where field and movement agree, up to 40; fewer where they do not. State: 4 B.
struct ChannelState: Hashable, Sendable, BitwiseCopyable {
    private(set) var speed: Float = 0

    private static let most: Float = 40

    @inline(__always)
    mutating func learn(_ step: MotionStep) {
        guard !step.isHold, step.hasSpeed else { return }
        let implied = step.impliedMps
        guard implied > 0.8, step.distanceM > 2 else { return }
        let agrees = abs(implied - step.meanSpeedMps) < max(0.7, 0.25 * implied)
        speed = min(Self.most, max(0, speed + (agrees ? 1 : -0.25)))
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&speed)
    }
}
