/// Distance `v1`: how far a rider went, by a function that anybody can compute again to the
/// millimetre. `format-spec.md` §19 is its definition; this is the list of its numbers.
///
/// Published numbers never change. Another definition is another name beside this one.
package enum DistanceV1 {
    /// What replies call it.
    package static let alg = "v1"

    // MARK: The ellipsoid (WGS84), in millimetres

    static let radiansPerE7 = 1.7453292519943295e-09
    static let semiMajorMm = 6_378_137_000.0
    static let semiMinorMm = 6_356_752_314.245179
    /// f (2 − f) with f = 1 / 298.257223563.
    static let eccentricity2 = 0.006694379990141317
    /// (1 − f)².
    static let axes2 = 0.9933056200098587
    /// 1 / (24 R²) with R = 6,371,008,800 mm: by how much an arc is longer than its chord.
    static let curvature = 1.0265316601840042e-21
    /// Longer chords are divided.
    static let longestChordMm = 20_000_000.0
    /// Places so nearly opposite have no middle of their own.
    static let noMiddle = 1e-09

    // MARK: What counts

    /// More than this between two counted fixes is a gap, ms.
    package static let gapMs: Int64 = 180_000
    /// A span at rest lasts at least so long, ms.
    package static let restMs: Int64 = 60_000
    /// So long fixes of a span may lie outside in one piece, ms.
    package static let excursionMs: Int64 = 10_000
    /// Fixes of a span behind its first, at most.
    package static let restFixes = 4_096
    /// The radius of a span, mm: at least, at most, and for each 0.1 m of its first fix's accuracy.
    static let restLeastMm: Int64 = 15_000
    static let restMostMm: Int64 = 50_000
    static let restPerAccuracyDm: Int64 = 200
    /// Below this reported speed, 0.01 m/s, small moves are noise.
    static let standingCms: Int32 = 70
    /// PV_DIVERGE takes a leg out below this reported speed, 0.01 m/s.
    static let driftingCms: Int32 = 60
    /// A move is small below this, mm, or below so much for each 0.1 m of both accuracies.
    static let noiseLeastMm: Int64 = 8_000
    static let noisePerAccuracyDm: Int64 = 50
    static let missingAccuracyDm: Int32 = 150

    /// Legs to a fix with one of these codes are 0 m: a jump that was believed in the end, a gap
    /// nobody could have crossed, a position that stood still while the phone reported speed.
    static let excludingCodes = Code.teleport.bit | Code.gapSpeed.bit | Code.frozen.bit

    /// Fixes so far before and behind the times asked for decide what the legs between are, ms.
    package static let contextMs = restMs + gapMs
}
