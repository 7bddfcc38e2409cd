import TachoGeo

/// OVERSPEED: more way than the rider's class can make, again and again.
///
/// A bucket of metres beyond the limit: one glitch adds 80 m at most, so it cannot trip the rule by
/// itself. Delivery order. State: 4 B.
struct OverspeedState: Hashable, Sendable, BitwiseCopyable {
    private(set) var debtM: Float = 0

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        add(step.distanceM, seconds: step.moveSeconds, vehicle: step.vehicle, limits)
        return code(limits)
    }

    /// The chain moved to a new place: who is out of reach again and again, step by step, is fast too.
    mutating func jumped(
        _ distanceM: Float, seconds: Float, vehicle: VehicleClass, _ limits: Thresholds
    ) {
        add(distanceM, seconds: seconds, vehicle: vehicle, limits)
    }

    @inline(__always)
    private mutating func add(
        _ distanceM: Float, seconds: Float, vehicle: VehicleClass, _ limits: Thresholds
    ) {
        let limitMps = Float(Reach.maxSpeedMps(vehicle, limits)) * limits.overspeedShare
        let more = min(distanceM - limitMps * seconds, limits.overspeedStepM)
        debtM = min(max(0, debtM + more), 2 * limits.overspeedDebtM)
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
