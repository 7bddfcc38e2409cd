package import TachoGeo

/// TS_CONFLICT: another place at a time that was told before.
///
/// Further from the first fix of that time than both accuracies explain; or the fifth fix of one
/// time, however near. Below that a conflict is stored without an alert: clocks of whole seconds
/// make them. Given to the later fix, by order of arrival.
package enum ClockConflict {
    package static func judge(
        _ fix: Fix, first: Fix, others: Int, _ limits: Thresholds
    ) -> Finding {
        let far = Distance.onSphere(first.coordinate, fix.coordinate)
        let limit =
            limits.conflictM
            + 2 * (Leg.accuracyM(first.accuracyDm, limits) + Leg.accuracyM(fix.accuracyDm, limits))
        return .when(far > limit || others >= limits.conflicts, .tsConflict, .quarantine)
    }
}
