import TachoGeo

/// GAP_SPEED: over a gap, faster in a straight line than roads allow.
///
/// More than 60 s and 1.5 km at more than 31 m/s on average (112 km/h: motorway only), or 350 m
/// beyond reach; not where the phone itself reports that speed. Flagged; settlement counts 0 m for
/// the leg until it is reviewed. In time order; see `Chain`.
enum GapSpeed {
    @inline(__always)
    static func isOne(
        _ leg: Leg, to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        guard leg.dtMs > limits.gapMs else { return false }
        if leg.distanceM > leg.reachM + limits.teleportBeyondM { return true }
        // On a motorway, and says so: the speed at the end of the gap is that of the leg.
        let meanMps = leg.distanceM * 1_000 / Double(leg.dtMs)
        if leg.isWithinReach && Double(fix.speedCms) * 0.01 >= 0.8 * meanMps { return false }
        return leg.distanceM > limits.gapM
            && isFast(leg.distanceM, dtMs: leg.dtMs, vehicle, limits)
    }

    /// True only if `isOne` is not for a leg of at most that length, within reach; false says
    /// nothing. Without trigonometry: late fixes lie minutes and kilometres from their neighbours
    /// as often as not, and are to be settled by this.
    @inline(__always)
    static func isSurelyNone(
        dtMs: Int64, atMostM: Double, vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        dtMs <= limits.gapMs || atMostM <= limits.gapM
            || !isFast(atMostM, dtMs: dtMs, vehicle, limits)
    }

    @inline(__always)
    private static func isFast(
        _ metres: Double, dtMs: Int64, _ vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        let limitMps = limits.gapMps * Reach.maxSpeedMps(vehicle, limits) / limits.carMps
        return metres * 1_000 > limitMps * Double(dtMs)
    }
}
