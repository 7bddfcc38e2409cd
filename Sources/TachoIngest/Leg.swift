package import TachoGeo

/// A fix the chain stands on: the anchor A, or the newest fix of the candidate chain B.
package struct Anchor: Hashable, Sendable, BitwiseCopyable {
    package var tsMs: Int64
    package var latE7: Int32
    package var lonE7: Int32
    package var accuracyDm: Int32
    /// How long this very position had been reported when `tsMs` came, ms, at most the credit
    /// limit: some phones re-send the last position under a new time and then jump.
    package var heldMs: Int32
    /// The phone says it stands still: then a held position earns no credit, or a stop of five
    /// minutes would hide a teleport.
    package var isStanding: Bool

    /// In place of an anchor where there is none.
    static let none = Anchor(
        tsMs: 0, latE7: 0, lonE7: 0, accuracyDm: 0, heldMs: 0, isStanding: false)

    @inline(__always)
    init(_ fix: Fix, heldMs: Int64, _ limits: Thresholds) {
        tsMs = fix.tsMs
        latE7 = fix.latE7
        lonE7 = fix.lonE7
        accuracyDm = fix.accuracyDm
        self.heldMs = Int32(min(heldMs, limits.holdCreditMs))
        isStanding = fix.speedCms != Fix.absent && fix.speedCms < limits.standingCms
    }

    package init(
        tsMs: Int64, latE7: Int32, lonE7: Int32, accuracyDm: Int32, heldMs: Int32, isStanding: Bool
    ) {
        self.tsMs = tsMs
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.accuracyDm = accuracyDm
        self.heldMs = heldMs
        self.isStanding = isStanding
    }

    /// How long `fix` has held its position when it follows this anchor in the chain.
    @inline(__always)
    func heldMs(continuedBy fix: Fix) -> Int64 {
        guard latE7 == fix.latE7 && lonE7 == fix.lonE7 else { return 0 }
        return Int64(heldMs) + (fix.tsMs - tsMs)
    }

    package var coordinate: Coordinate { Coordinate(latE7: latE7, lonE7: lonE7) }
}

/// The movement from an anchor to a fix, measured once and used by every kinematic rule.
package struct Leg: Sendable, BitwiseCopyable {
    package var distanceM: Double
    /// Time between the two, ms.
    package var dtMs: Int64
    /// The same, counted from when the anchor's position was first seen (credit limited).
    package var dtStarMs: Int64
    /// R(dt*), m.
    package var reachM: Double
    /// Accuracy radii of both ends together, m, missing ones assumed.
    package var accuracySumM: Double
    /// The chain held the fix as one of the jumps receivers make after a gap (`Glitch`).
    package var isGlitch = false
    /// The chain held the fix in a place whose first fix came after a gap: nothing was heard, trusted
    /// or not.
    package var isAfterGap = false

    /// Cost: one cosine, about 30 ns.
    @inline(__always)
    package init(from anchor: Anchor, to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds) {
        distanceM = Distance.onSphere(anchor.coordinate, fix.coordinate)
        dtMs = fix.tsMs - anchor.tsMs
        let isHold = anchor.latE7 == fix.latE7 && anchor.lonE7 == fix.lonE7
        let credit = isHold || anchor.isStanding ? 0 : Int64(anchor.heldMs)
        dtStarMs = dtMs + credit
        let a = Leg.accuracyM(anchor.accuracyDm, limits)
        let b = Leg.accuracyM(fix.accuracyDm, limits)
        accuracySumM = a + b
        reachM =
            Reach.travelM(dtMs: dtStarMs, vehicle: vehicle, limits)
            + Reach.slackM(accuracyA: a, accuracyB: b)
    }

    /// True only if `isWithinReach` is and GAP_SPEED is not; false says nothing. The leg is taken as
    /// its way along the meridian and then along the equator, which is never shorter.
    @inline(__always)
    static func isSurelyWithinReach(
        from anchor: Anchor, to fix: Fix, vehicle: VehicleClass, _ limits: Thresholds
    ) -> Bool {
        let dLat = abs(Int64(fix.latE7) - Int64(anchor.latE7))
        let dLon = abs(Int64(fix.lonE7) - Int64(anchor.lonE7))
        // Without the credit of a held position, which only adds.
        let reachM =
            Reach.travelM(dtMs: fix.tsMs - anchor.tsMs, vehicle: vehicle, limits)
            + Reach.slackM(
                accuracyA: accuracyM(anchor.accuracyDm, limits),
                accuracyB: accuracyM(fix.accuracyDm, limits))
        let atMostM = Double(dLat + dLon) * metresPerE7
        return atMostM <= reachM
            && GapSpeed.isSurelyNone(
                dtMs: fix.tsMs - anchor.tsMs, atMostM: atMostM, vehicle: vehicle, limits)
    }

    /// Metres in 1e-7° of latitude, and a millionth more so that rounding never tells.
    private static let metresPerE7 = Distance.sphereRadiusM * 1.7453292519943296e-9 * 1.000001

    @inline(__always)
    var isWithinReach: Bool { distanceM <= reachM }

    /// The jump rule shared by SPIKE and the confirmed TELEPORT.
    @inline(__always)
    func isJump(_ limits: Thresholds) -> Bool {
        let seconds = min(Double(dtMs) * 1e-3, limits.jumpSeconds)
        return distanceM
            > limits.jumpBaseM + limits.jumpPerSecondM * seconds + 0.5 * accuracySumM
    }

    @inline(__always)
    static func accuracyM(_ dm: Int32, _ limits: Thresholds) -> Double {
        dm == Fix.absent ? limits.missingAccuracyM : Double(dm) * 0.1
    }
}
