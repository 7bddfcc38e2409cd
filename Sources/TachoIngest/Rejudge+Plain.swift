package import TachoGeo

/// A stored fix next to a late one in time, with what tells whether the late one fits: 32 B.
package struct Neighbour: Hashable, Sendable, BitwiseCopyable {
    package var tsMs: Int64
    package var latE7: Int32
    package var lonE7: Int32
    package var accuracyDm: Int32
    package var vehicle: VehicleClass
    /// Trusted, and shown.
    package var isTrusted: Bool
    /// The chain gave it a code.
    package var isMarked: Bool

    @inlinable
    package init(
        tsMs: Int64, latE7: Int32, lonE7: Int32, accuracyDm: Int32, vehicle: VehicleClass,
        isTrusted: Bool, isMarked: Bool
    ) {
        self.tsMs = tsMs
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.accuracyDm = accuracyDm
        self.vehicle = vehicle
        self.isTrusted = isTrusted
        self.isMarked = isMarked
    }

    /// `verdict`: the current one.
    package init(_ fix: Fix, _ vehicle: VehicleClass, _ verdict: Verdict) {
        self.init(
            tsMs: fix.tsMs, latE7: fix.latE7, lonE7: fix.lonE7, accuracyDm: fix.accuracyDm,
            vehicle: vehicle, isTrusted: verdict.isTrusted && verdict.isShown,
            isMarked: verdict.codes & Chain.codes != 0)
    }

    fileprivate func isAt(_ other: Neighbour) -> Bool {
        latE7 == other.latE7 && lonE7 == other.lonE7
    }

    @inline(__always)
    fileprivate func surelyReaches(_ to: Neighbour, _ limits: Thresholds) -> Bool {
        Leg.isSurelyWithinReach(
            from: Anchor(
                tsMs: tsMs, latE7: latE7, lonE7: lonE7, accuracyDm: accuracyDm, heldMs: 0,
                isStanding: false),
            to: Fix(
                tsMs: to.tsMs, latE7: to.latE7, lonE7: to.lonE7, accuracyDm: to.accuracyDm),
            vehicle: to.vehicle, limits)
    }
}

extension Rejudge {
    /// Whether a late fix fits between its neighbours so plainly that nothing needs a run: it is
    /// trusted, and no other verdict changes. `base`: the verdict of the point rules on it.
    ///
    /// `before` and `after` are the rider's next shown fixes in time, both trusted; nil before: it is
    /// the rider's first. Each of the three is within reach of the one before it without credit for
    /// a held position, and too near for GAP_SPEED, and for how long `after`'s position was held the late fix changes nothing:
    /// the run would stand on `after` as the old one did.
    /// False says nothing. Cost: two legs without trigonometry, 10 ns.
    package static func fitsPlainly(
        _ fix: Fix, _ vehicle: VehicleClass, base: Verdict, before: Neighbour?, after: Neighbour,
        _ limits: Thresholds
    ) -> Bool {
        let late = Neighbour(fix, vehicle, base)
        guard base.codes == 0, after.isTrusted, !after.isMarked,
            late.surelyReaches(after, limits)
        else { return false }
        guard let before else { return !late.isAt(after) }
        // A hold begins or ends with the late fix only where it is at one of two different places.
        let keepsHold = before.isAt(after) ? late.isAt(after) : !late.isAt(after)
        return keepsHold && before.isTrusted && before.surelyReaches(late, limits)
    }
}
