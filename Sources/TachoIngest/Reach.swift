import TachoGeo

/// How far a rider can honestly have come: `R(dt) = V(dt) + slack`, in metres.
///
/// Everything kinematic uses it. Speeds by vehicle class; the slack is twice the accuracy radii of
/// both ends (about 95 % of each), between 40 and 200 m.
enum Reach {
    /// V(dt): `vmax` for a minute, 36 m/s up to an hour, 250 m/s (a flight) beyond.
    @inline(__always)
    static func travelM(dtMs: Int64, vehicle: VehicleClass, _ limits: Thresholds) -> Double {
        let seconds = Double(dtMs) * 1e-3
        let vmax = maxSpeedMps(vehicle, limits)
        if dtMs <= 60_000 { return vmax * seconds }
        if dtMs <= 3_600_000 { return vmax * 60 + 36 * (seconds - 60) }
        return 250 * seconds
    }

    @inline(__always)
    static func slackM(accuracyA: Double, accuracyB: Double) -> Double {
        min(max(2 * (accuracyA + accuracyB), 40), 200)
    }

    /// By default foot 12, bicycle 22, scooter 36, car 42 (151 km/h), any 95 m/s.
    @inline(__always)
    static func maxSpeedMps(_ vehicle: VehicleClass, _ limits: Thresholds) -> Double {
        switch vehicle {
        case .foot: limits.footMps
        case .bicycle: limits.bicycleMps
        case .scooter: limits.scooterMps
        case .car: limits.carMps
        case .any: limits.anyMps
        }
    }
}
