import TachoGeo

/// HEADING_MISMATCH: the phone looks where it does not go, or always to the same side.
///
/// Over stretches of 10 m and more, so that walkers are judged too: six more of them against the
/// heading, by more than 100°, than along it; or the field frozen over ten that go elsewhere. On a
/// phone whose heading has been seen to agree. Delivery order. State: 36 B.
struct HeadingMismatchState: Hashable, Sendable, BitwiseCopyable {
    /// Stretches that agreed, up to 40: fewer where they did not.
    private(set) var agreed: Float = 0
    private(set) var against: Float = 0
    private(set) var frozen: Float = 0
    // The stretch: its movement, the same way along the heading, its length.
    private var eastM: Float = 0
    private var northM: Float = 0
    private var alongEastM: Float = 0
    private var alongNorthM: Float = 0
    private var wayM: Float = 0
    private var isFrozen: Float = 1

    mutating func restart() {
        against = 0
        clear()
    }

    private mutating func clear() {
        (eastM, northM, alongEastM, alongNorthM, wayM, isFrozen) = (0, 0, 0, 0, 0, 1)
    }

    @inline(__always)
    mutating func judge(_ step: MotionStep, _ limits: Thresholds) -> Finding {
        guard step.heading.isKnown, !step.isHold, step.impliedMps > 0.8 else { return .nothing }
        eastM += step.eastM
        northM += step.northM
        alongEastM += step.distanceM * step.heading.east
        alongNorthM += step.distanceM * step.heading.north
        wayM += step.distanceM
        if step.headingCdeg != step.previousHeadingCdeg { isFrozen = 0 }
        if wayM >= max(10, 0.7 * step.accuracyM) { weigh() }
        return .when(
            agreed >= limits.channelAgreements
                && (against >= limits.headingAgainst || frozen >= limits.headingFrozen),
            .headingMismatch, .flag)
    }

    private mutating func weigh() {
        defer { clear() }
        let moved = (eastM * eastM + northM * northM).squareRoot()
        let along = (alongEastM * alongEastM + alongNorthM * alongNorthM).squareRoot()
        // Round a corner neither says much.
        guard moved > 0.7 * wayM, along > 0.7 * wayM else { return }
        let cosine = (eastM * alongEastM + northM * alongNorthM) / (moved * along)
        if cosine < -0.17 {
            against = min(against + 1, 12)
        } else if cosine > 0.5 {
            against = max(0, against - 1)
        }
        if isFrozen == 0 {
            frozen = 0
        } else if cosine < 0.71 {
            frozen = min(frozen + 1, 30)
        }
        if cosine > 0.77 {
            agreed = min(agreed + 1, 40)
        } else if against == 0 && isFrozen == 0 {
            agreed = max(0, agreed - 0.5)
        }
    }

    /// For checkpoints, in the order of the page.
    mutating func visitFields(_ visitor: inout some StateVisitor) {
        visitor.visit(&agreed)
        visitor.visit(&against)
        visitor.visit(&frozen)
        visitor.visit(&eastM)
        visitor.visit(&northM)
        visitor.visit(&alongEastM)
        visitor.visit(&alongNorthM)
        visitor.visit(&wayM)
        visitor.visit(&isFrozen)
    }
}
