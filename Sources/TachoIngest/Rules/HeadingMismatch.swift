import TachoGeo

/// HEADING_MISMATCH: the phone looks where it does not go, or always to the same side.
///
/// Over stretches of 10 m and more, so that walkers are judged too: six more of them against the
/// heading, by more than 100°, than along it; or the field frozen over ten that go elsewhere. On a
/// phone whose heading has been seen to agree; not where it stays the same at a walk on a phone that
/// has been seen to do so, as one does that takes it from its movement. Delivery order. State: 25 B.
struct HeadingMismatchState: Hashable, Sendable, BitwiseCopyable {
    // The stretch: its movement, the same way along the heading, its length.
    private var eastM: Float = 0
    private var northM: Float = 0
    private var alongEastM: Float = 0
    private var alongNorthM: Float = 0
    private var wayM: Float = 0
    /// Half a point for each: stretches that agreed, up to 40; fewer where they did not.
    private var agreedHalves: UInt8 = 0
    private(set) var against: UInt8 = 0
    private(set) var frozen: UInt8 = 0
    private var hasTurned = false
    /// Slow stretches over which the heading turned, less twice those where it stood still; up to 60.
    private var turnedSlowly: UInt8 = 0

    private static let learnedSlowly: UInt8 = 30

    var agreed: Float { Float(agreedHalves) * 0.5 }

    mutating func restart() {
        against = 0
        clear()
    }

    private mutating func clear() {
        (eastM, northM, alongEastM, alongNorthM, wayM, hasTurned) = (0, 0, 0, 0, 0, false)
    }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> UInt64 {
        guard step.heading.isKnown, !step.isHold, step.impliedMps > 0.8 else { return 0 }
        eastM += step.eastM
        northM += step.northM
        alongEastM += step.distanceM * step.heading.east
        alongNorthM += step.distanceM * step.heading.north
        wayM += step.distanceM
        hasTurned = hasTurned || step.heading != step.previousHeading
        if wayM >= max(10, 0.7 * step.accuracyM) { weigh(isSlow: step.isSlow) }
        let isOff =
            Float(against) >= limits.headingAgainst || Float(frozen) >= limits.headingFrozen
        return Code.headingMismatch.bit(if: isOff && agreed >= limits.channelAgreements)
    }

    /// Angles are compared by squares: no root, no division.
    @inline(__always)
    private mutating func weigh(isSlow: Bool) {
        let moved2 = eastM * eastM + northM * northM
        let along2 = alongEastM * alongEastM + alongNorthM * alongNorthM
        let least2 = 0.49 * wayM * wayM
        let dot = eastM * alongEastM + northM * alongNorthM
        let isFrozen = !hasTurned
        clear()
        if isSlow {
            turnedSlowly = isFrozen ? max(turnedSlowly, 2) - 2 : min(turnedSlowly + 1, 60)
        }
        let isUsual = isFrozen && isSlow && turnedSlowly < Self.learnedSlowly
        // Round a corner neither says much.
        guard moved2 > least2, along2 > least2, !isUsual else { return }
        // Square of the cosine, with its sign, times this.
        let scale = moved2 * along2
        let signed = dot * abs(dot)
        if signed > 0.593 * scale, !isFrozen {
            // The usual stretch: along the heading, which turns.
            agreedHalves = min(agreedHalves + 2, 80)
            against = against > 0 ? against - 1 : 0
            frozen = 0
            return
        }
        if signed < -0.0289 * scale {
            against = min(against + 1, 12)
        } else if signed > 0.25 * scale {
            against = against > 0 ? against - 1 : 0
        }
        if !isFrozen {
            frozen = 0
        } else if signed < 0.504 * scale {
            frozen = min(frozen + 1, 30)
        }
        if signed > 0.593 * scale {
            agreedHalves = min(agreedHalves + 2, 80)
        } else if against == 0 && !isFrozen {
            agreedHalves = agreedHalves > 0 ? agreedHalves - 1 : 0
        }
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&eastM)
        visitor.visit(&northM)
        visitor.visit(&alongEastM)
        visitor.visit(&alongNorthM)
        visitor.visit(&wayM)
        visitor.visit(&agreedHalves)
        visitor.visit(&against)
        visitor.visit(&frozen)
        visitor.visit(&hasTurned)
    }

    /// Behind the fields of all other rules: came with version 4 of a slot.
    mutating func visitNewFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&turnedSlowly)
    }
}
