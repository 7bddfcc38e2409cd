import TachoGeo

/// GLITCH: a jump of some hundred metres right after a gap, as receivers make when they find
/// satellites again. Physics cannot tell it from fraud, so it is kept out of what customers see and
/// pay for, and told for information only. In time order; see `Chain`.
///
/// Nine seconds without a report are a gap: of the jumps of 0.4 to 2 km in 520 hours of GeoLife half came
/// after 10 s and more, with phones that report every 1 to 5 s. Beyond reach by far it is TELEPORT too,
/// as loud as this.
enum Glitch {
    /// `sinceMs`: since the report before, trusted or not: who is held while he reports makes no gap.
    @inline(__always)
    static func isOne(_ leg: Leg, sinceMs: Int64, _ limits: Thresholds) -> Bool {
        sinceMs > limits.glitchGapMs && leg.distanceM <= limits.glitchToM
    }
}
