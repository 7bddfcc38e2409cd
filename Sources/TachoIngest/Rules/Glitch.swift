import TachoGeo

/// GLITCH: a jump of some hundred metres right after a gap, as receivers make when they find
/// satellites again. Physics cannot tell it from fraud, so it is kept out of what customers see and
/// pay for, and told for information only. In time order; see `Chain`.
enum Glitch {
    /// Jumps beyond reach by far are TELEPORT.
    @inline(__always)
    static func isOne(_ leg: Leg, _ limits: Thresholds) -> Bool {
        leg.dtMs > limits.glitchGapMs && leg.distanceM <= limits.glitchToM
            && !Teleport.isImmediate(leg, limits)
    }
}
