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
        return .when(
            far > limitM(first, fix, limits) || others >= limits.conflicts, .tsConflict,
            .quarantine)
    }

    /// How far both accuracies explain, m.
    package static func limitM(_ first: Fix, _ fix: Fix, _ limits: Thresholds) -> Double {
        limits.conflictM
            + 2 * (Leg.accuracyM(first.accuracyDm, limits) + Leg.accuracyM(fix.accuracyDm, limits))
    }
}
