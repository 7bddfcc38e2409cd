import TachoGeo

/// The movement from the rider's last fix to a new one, measured once and used by every rule that
/// looks at motion. Metres, seconds, in single precision: rules decide at a decimetre at the finest.
struct MotionStep: BitwiseCopyable {
    /// Between the two fixes, s.
    var seconds: Float
    /// 1 / seconds.
    var perSecond: Float
    /// The same, counted from when the old position was first seen (hold-aware, credit limited): the
    /// time in which the distance was covered.
    var moveSeconds: Float
    /// How long the old position had been held until the new fix, s: `seconds` if it was new.
    var heldSeconds: Float
    /// The step before this one; 0 s: there is none.
    var lastEastM: Float
    var lastNorthM: Float
    var lastSeconds: Float
    var eastM: Float
    var northM: Float
    var distanceM: Float
    /// The position is the same bit for bit.
    var isHold: Bool
    /// The windows began long enough ago for the position to have settled.
    var isSettled: Bool
    /// What the phone reports, m/s; below 0: nothing.
    var speedMps: Float
    var previousSpeedMps: Float
    /// Reported heading.
    var heading: Direction
    var previousHeading: Direction
    /// Radius of 68 %, m; 15 where the phone says nothing.
    var accuracyM: Float
    var accuracyDm: Int32
    var previousAccuracyDm: Int32
    var altitudeDm: Int32
    var previousAltitudeDm: Int32
    var vehicle: VehicleClass

    /// Of the movement, over the time it had.
    var impliedMps: Float
    /// Of the movement, over the time between the two fixes.
    var paceMps: Float { distanceM * perSecond }
    var hasSpeed: Bool { speedMps >= 0 && previousSpeedMps >= 0 }
    /// Mean of the reported speeds at both ends.
    var meanSpeedMps: Float { 0.5 * (speedMps + previousSpeedMps) }
    /// Below 3 m/s: many phones do not turn the heading then.
    var isSlow: Bool { (hasSpeed ? meanSpeedMps : impliedMps) < 3 }
    var hasLiveHeading: Bool { heading.isKnown && !(isSlow && heading == previousHeading) }
    /// Not one of the first steps after a gap, while a receiver finds its place again; and not so
    /// long, beside the step before, that the speeds at its ends say nothing of it.
    var isRegular: Bool { isSettled && (seconds <= 10 || seconds <= 1.6 * lastSeconds) }
    /// The velocity is another than in the step before: by how many metres this one leads elsewhere.
    var bendEastM: Float { eastM - lastEastM }
    var bendNorthM: Float { northM - lastNorthM }
}

/// What is left of 1 after some seconds of decay: `1 / (1 + x + x²/2)` with x = seconds / tau, which
/// is within 6 % of e^−x up to x = 1 and, unlike it, the same on every machine. One division.
@inline(__always)
func decay(_ seconds: Float, tau: Float) -> Float {
    let tau2 = tau * tau
    return tau2 / (tau2 + seconds * (tau + 0.5 * seconds))
}
