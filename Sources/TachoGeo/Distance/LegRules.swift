/// Which ways count 0 m by the later fix alone, in distances and in trips alike.
enum LegRules {
    /// Codes take the leg to a fix out.
    @inline(__always)
    static func isExcluded(codes: UInt64, speedCms: Int32) -> Bool {
        if codes & DistanceV1.excludingCodes != 0 { return true }
        return codes & Code.pvDiverge.bit != 0 && speedCms != Fix.absent
            && speedCms < DistanceV1.driftingCms
    }

    /// The phone says that it stands, and the move is no more than error circles make: they make
    /// every measured way too long (P. Ranacher et al., "Why GPS makes distances bigger than they
    /// are", 2016). Accuracies in 0.1 m, `Fix.absent` where unknown.
    @inline(__always)
    static func isStill(
        _ straightMm: Int64, speedCms: Int32, accuraciesDm: (Int32, Int32)
    ) -> Bool {
        guard speedCms != Fix.absent, speedCms < DistanceV1.standingCms else { return false }
        let radii = Int64(radiusDm(accuraciesDm.0)) + Int64(radiusDm(accuraciesDm.1))
        return straightMm < max(DistanceV1.noiseLeastMm, DistanceV1.noisePerAccuracyDm * radii)
    }

    @inline(__always)
    private static func radiusDm(_ accuracyDm: Int32) -> Int32 {
        accuracyDm == Fix.absent ? DistanceV1.missingAccuracyDm : accuracyDm
    }
}
