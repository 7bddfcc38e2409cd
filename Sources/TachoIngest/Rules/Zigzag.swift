import TachoGeo

/// ZIGZAG: to and fro across the way, further and faster than a vehicle turns: padding of distance.
///
/// Second differences above 7 m/s² and 25 m beyond noise that reverse, four times. Settlement
/// takes the smoothed length. Delivery order. State: 12 B.
struct ZigzagState: Hashable, Sendable, BitwiseCopyable {
    private(set) var count: Float = 0
    private var eastM: Float = 0
    private var northM: Float = 0

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> Finding {
        guard step.lastSeconds > 0 else { return .nothing }
        let east = step.eastM - step.lastEastM
        let north = step.northM - step.lastNorthM
        // How far the middle fix lies off the line between its neighbours.
        let off = 0.5 * (east * east + north * north).squareRoot()
        let seconds = 0.5 * (step.seconds + step.lastSeconds)
        let accuracyM =
            step.accuracyDm == Fix.absent ? 8 : min(step.accuracyM, limits.zigzagAccuracyM)
        let isSharp =
            off > limits.zigzagM + 1.5 * accuracyM
            && 2 * off > limits.zigzagMps2 * seconds * seconds
        let reverses = east * eastM + north * northM < 0
        if isSharp && reverses {
            count = min(count + 1, 12)
        } else if !isSharp {
            count = max(0, count - 0.25)
        }
        if isSharp { (eastM, northM) = (east, north) }
        return .when(count >= limits.zigzagCount && isSharp, .zigzag, .flag)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&count)
        visitor.visit(&eastM)
        visitor.visit(&northM)
    }
}
