/// What trips, distances and interpolation need of a fix that counts: the first accepted or flagged
/// one of its rider and time.
package struct TrackPoint: Hashable, Sendable, BitwiseCopyable {
    package var tsMs: Int64
    package var position: Coordinate
    /// Reported speed in 0.01 m/s, or `Fix.absent`.
    package var speedCms: Int32
    /// Reported accuracy radius in 0.1 m, or `Fix.absent`.
    package var accuracyDm: Int32
    /// One bit per `Code` of the current verdict.
    package var codes: UInt64

    package init(
        tsMs: Int64, position: Coordinate, speedCms: Int32 = Fix.absent,
        accuracyDm: Int32 = Fix.absent, codes: UInt64 = 0
    ) {
        self.tsMs = tsMs
        self.position = position
        self.speedCms = speedCms
        self.accuracyDm = accuracyDm
        self.codes = codes
    }

    package init(_ stored: StoredFix) {
        self.init(
            tsMs: stored.fix.tsMs, position: stored.fix.coordinate, speedCms: stored.fix.speedCms,
            accuracyDm: stored.fix.accuracyDm, codes: stored.verdict.codes)
    }
}
