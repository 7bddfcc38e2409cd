import TachoGeo

/// OVERSPEED: more way than the rider's class can make, again and again.
///
/// A bucket of metres beyond the limit: one glitch adds 80 m at most, so it cannot trip the rule by
/// itself; nor can two. Where the phone reports such a speed itself it is no glitch, and counts twice. Critical
/// where it came from one step to the next; who got so fast by and by, as trains do, is a warning, and
/// for information at up to 1.25 of the class's speed. Delivery order. State: 5 B.
struct OverspeedState: Hashable, Sendable, BitwiseCopyable {
    private(set) var debtM: Float = 0

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        add(
            step.distanceM, seconds: step.moveSeconds, vehicle: step.vehicle,
            reportedMps: step.hasSpeed ? step.meanSpeedMps : -1, limits)
        return code(limits)
    }

    /// The chain moved to a new place: who is out of reach again and again, step by step, is fast too.
    mutating func jumped(
        _ distanceM: Float, seconds: Float, vehicle: VehicleClass, _ limits: Thresholds
    ) {
        add(distanceM, seconds: seconds, vehicle: vehicle, reportedMps: -1, limits)
    }

    /// The third fix in a row is held further out than the one before it: what the whole way from the last trusted one
    /// is beyond the limit, twice, where the phone reports such a speed itself. Who is so fast that no
    /// two of his fixes are within reach of each other is never confirmed, and seen here only. Without
    /// such a report it is how receivers wander off.
    mutating func held(
        _ distanceM: Float, seconds: Float, vehicle: VehicleClass, reportedMps: Float,
        _ limits: Thresholds
    ) {
        let limitMps = Float(Reach.maxSpeedMps(vehicle, limits)) * limits.overspeedShare
        guard reportedMps > limitMps else { return }
        debtM = min(max(debtM, 2 * (distanceM - limitMps * seconds)), 2 * limits.overspeedDebtM)
    }

    @inline(__always)
    private mutating func add(
        _ distanceM: Float, seconds: Float, vehicle: VehicleClass, reportedMps: Float,
        _ limits: Thresholds
    ) {
        let limitMps = Float(Reach.maxSpeedMps(vehicle, limits)) * limits.overspeedShare
        var more = min(distanceM - limitMps * seconds, limits.overspeedStepM)
        if more > 0 && reportedMps > limitMps { more *= 2 }
        debtM = min(max(0, debtM + more), 2 * limits.overspeedDebtM)
    }

    /// The step before was well below the limit, so this one, beyond it, is sudden.
    @inline(__always)
    static func isSudden(
        after distanceM: Float, seconds: Float, vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        let limitMps = Float(Reach.maxSpeedMps(vehicle, limits)) * limits.overspeedShare
        return seconds > 0 && distanceM < 0.7 * limitMps * seconds
    }

    @inline(__always)
    func code(_ limits: Thresholds) -> UInt64 {
        Code.overspeed.bit(if: debtM > limits.overspeedDebtM)
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&debtM)
    }
}
