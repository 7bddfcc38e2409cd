import TachoGeo

/// SPIKE: the position left and came back (A-B-A), and the excursion was a jump. Returns of up to
/// 330 m, as street canyons make them, are silent. In time order; see `Chain`.
enum Spike {
    @inline(__always)
    static func givenUp(_ held: HeldFix) -> Finding {
        .when(held.isJump, held.isGlitch ? .glitch : .spike, .hold)
    }
}
