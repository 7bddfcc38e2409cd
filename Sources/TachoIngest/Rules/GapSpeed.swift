import TachoGeo

/// GAP_SPEED: over a gap, faster in a straight line than roads allow.
///
/// More than 60 s and 1.5 km at more than 31 m/s on average (112 km/h: motorway only), or 350 m
/// beyond reach. Flagged; settlement counts 0 m for the leg until it is reviewed. In time order;
/// see `Chain`.
enum GapSpeed {
    @inline(__always)
    static func isOne(_ leg: Leg, vehicle: VehicleClass, _ limits: Thresholds) -> Bool {
        guard leg.dtMs > limits.gapMs else { return false }
        if leg.distanceM > leg.reachM + limits.teleportBeyondM { return true }
        let limitMps = limits.gapMps * Reach.maxSpeedMps(vehicle, limits) / limits.carMps
        return leg.distanceM > limits.gapM && leg.distanceM * 1_000 > limitMps * Double(leg.dtMs)
    }

    /// True only if `isOne` is not; false says nothing. Without trigonometry.
    @inline(__always)
    static func isSurelyNone(
        fromMs: Int64, toMs: Int64, atMostM: Double, _ limits: Thresholds
    ) -> Bool {
        toMs - fromMs <= limits.gapMs || atMostM <= limits.gapM
    }
}
