import TachoGeo

/// LOWACC: the phone itself says the position is only good to more than 100 m. No alert and no
/// effect; the writer is told, and reach grows with the radius.
enum LowAccuracy {
    @inline(__always)
    static func judge(_ fix: Fix, _ limits: Thresholds) -> Finding {
        .when(
            fix.accuracyDm != Fix.absent && fix.accuracyDm > limits.lowAccuracyDm, .lowAccuracy,
            .accept)
    }
}
