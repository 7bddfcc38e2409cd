import TachoGeo

/// TELEPORT: a jump no vehicle of the rider's class can make.
///
/// *At once*: within a minute, 350 m beyond reach; canyon jumps of 50–300 m stay below. Critical
/// beyond 2 km, a warning below, for information where a receiver may do it after a gap (`Glitch`).
/// *Confirmed* (warning): three fixes agree on the new place, and the first of them was further
/// from the anchor than the jump rule allows. In time order; see `Chain`.
enum Teleport {
    /// "5 km in 1 s" is 5,000 > 42 + 40 + 350.
    @inline(__always)
    static func isImmediate(_ leg: Leg, _ limits: Thresholds) -> Bool {
        leg.dtMs <= limits.teleportWithinMs && leg.distanceM > leg.reachM + limits.teleportBeyondM
    }

    /// What the first fix of a confirmed chain becomes.
    @inline(__always)
    static func confirmed(_ held: HeldFix) -> Finding {
        if held.isGlitch && !held.isTeleport { return .when(held.isJump, .glitch, .hold) }
        var finding = Finding.when(held.isJump, .teleport, .flag)
        finding.merge(held.gap)
        return finding
    }
}
