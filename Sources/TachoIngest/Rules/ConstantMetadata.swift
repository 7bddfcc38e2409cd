import TachoGeo

/// CONST_META: accuracy and altitude that never change on a phone where they do.
///
/// Over at least 12 moving fixes and 100 m, with a log-likelihood below −25 under this phone's own
/// rates of change. Delivery order. State: 20 B.
struct MetadataState: Hashable, Sendable, BitwiseCopyable {
    /// Share of moving fixes at which the field changed, learned; steps it was learned from.
    private(set) var accuracyRate: Float = 0
    private(set) var altitudeRate: Float = 0
    private(set) var wayM: Float = 0
    private(set) var logLikelihood: Float = 0
    private(set) var run: UInt16 = 0
    private(set) var accuracySteps: UInt8 = 0
    private(set) var altitudeSteps: UInt8 = 0

    mutating func restart() { clear() }

    private mutating func clear() {
        run = 0
        wayM = 0
        logLikelihood = 0
    }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard !step.isHold, step.distanceM > 1.5, step.accuracyDm != Fix.absent,
            step.previousAccuracyDm != Fix.absent
        else { return 0 }
        let hasAltitude = step.altitudeDm != Fix.absent && step.previousAltitudeDm != Fix.absent
        let isOther = step.accuracyDm != step.previousAccuracyDm
        let isElsewhere = hasAltitude && step.altitudeDm != step.previousAltitudeDm
        if isOther || isElsewhere {
            clear()
        } else {
            stay(step, hasAltitude: hasAltitude)
        }
        // A run so long that it is no habit any more teaches nothing.
        if Float(run) < limits.metadataRun {
            Self.learn(&accuracyRate, &accuracySteps, isOther)
            if hasAltitude { Self.learn(&altitudeRate, &altitudeSteps, isElsewhere) }
            return 0
        }
        return Code.constMeta.bit(
            if: wayM > 100 && accuracySteps >= 40
                && logLikelihood < limits.metadataLogLikelihood)
    }

    private mutating func stay(_ step: MotionStep, hasAltitude: Bool) {
        run = min(run + 1, 1_000)
        wayM += step.distanceM
        logLikelihood += Self.logOfStaying(accuracyRate)
        if hasAltitude { logLikelihood += Self.logOfStaying(altitudeRate) }
    }

    @inline(__always)
    private static func learn(_ rate: inout Float, _ steps: inout UInt8, _ changed: Bool) {
        steps = min(steps + 1, 200)
        // From 200 steps on a two-hundredth, as a product.
        let share: Float = steps < 200 ? 1 / Float(steps) : 0.005
        rate += ((changed ? 1 : 0) - rate) * share
    }

    /// Natural logarithm of 1 − rate, by its series up to x³, at most −4.
    @inline(__always)
    private static func logOfStaying(_ rate: Float) -> Float {
        let x = min(rate, 0.95)
        // ln(1 − x) = −2 artanh(x / (2 − x)).
        let y = x / (2 - x)
        let y2 = y * y
        return -2 * y * (1 + y2 * (0.333333 + y2 * (0.2 + y2 * 0.142857)))
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&accuracyRate)
        visitor.visit(&altitudeRate)
        visitor.visit(&wayM)
        visitor.visit(&logLikelihood)
        visitor.visit(&run)
        visitor.visit(&accuracySteps)
        visitor.visit(&altitudeSteps)
    }
}
