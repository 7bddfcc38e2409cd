/// The way from one counted fix of a rider to the next in time, as distances of trips and of
/// settlement take it.
///
/// A distance is the sum of its legs. A leg is rounded to the micrometre and summed as an integer,
/// so that the sum is the same in any order and over any pages.
package struct TrackLeg: Sendable, BitwiseCopyable {
    /// What counts, µm: 0 for an excluded leg, and for one that is only noise.
    package var micrometres: Int64
    /// The later fix has a code that takes the leg out of every distance.
    package var isExcluded: Bool

    /// How distances were computed: WGS84 legs between counted fixes, excluded by code, without the
    /// noise of standing phones.
    package static let alg = "wgs84-legs-1"

    /// Ways padded by ZIGZAG are counted whole, and reviews change nothing: what settlement makes of
    /// those needs another definition.
    ///
    /// Legs to a fix with one of these codes are 0 m: a jump that was believed in the end, a gap
    /// nobody could have crossed, a position that stood still while the phone reported speed.
    package static let excludingCodes = Code.teleport.bit | Code.gapSpeed.bit | Code.frozen.bit

    /// PV_DIVERGE: 0 m while the phone itself reports less than this, 0.01 m/s.
    private static let driftingCms: Int32 = 60
    /// Below this reported speed, 0.01 m/s, small moves are noise.
    private static let standingCms: Int32 = 70
    /// A move is small below this, m, or below half of both accuracy radii together. Error circles
    /// make every measured way too long (P. Ranacher et al., "Why GPS makes distances bigger than
    /// they are", 2016).
    private static let noiseM = 8.0
    private static let missingAccuracyM = 15.0

    /// Cost: about 40 ns; 0.5 µs for legs beyond 10 km or near a pole.
    package init(from a: TrackPoint, to b: TrackPoint) {
        isExcluded = b.codes & Self.excludingCodes != 0
        if b.codes & Code.pvDiverge.bit != 0, b.speedCms != Fix.absent,
            b.speedCms < Self.driftingCms
        {
            isExcluded = true
        }
        if isExcluded || a.position == b.position {
            micrometres = 0
            return
        }
        let metres = Distance.leg(a.position, b.position)
        let isNoise =
            b.speedCms != Fix.absent && b.speedCms < Self.standingCms
            && metres < max(Self.noiseM, 0.5 * (Self.accuracyM(a) + Self.accuracyM(b)))
        micrometres = isNoise ? 0 : Int64((metres * 1e6).rounded())
    }

    private static func accuracyM(_ point: TrackPoint) -> Double {
        point.accuracyDm == Fix.absent ? missingAccuracyM : Double(point.accuracyDm) * 0.1
    }
}

extension Distance {
    /// The length of a leg of a track on WGS84, m: within 1 ppm of the geodesic.
    ///
    /// By the radii of curvature where that is as good, within 0.1° and 70° of latitude, otherwise
    /// along the geodesic. Cost: 30 ns, or 0.5 µs.
    package static func leg(_ a: Coordinate, _ b: Coordinate) -> Double {
        let dLat = abs(Int64(b.latE7) - Int64(a.latE7))
        let dLon = abs(wrappedDeltaLonE7(a.lonE7, b.lonE7))
        if dLat < 1_000_000 && dLon < 1_000_000 && abs(Int64(a.latE7)) < 700_000_000 {
            return shortLegOnEllipsoid(a, b)
        }
        return geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
    }
}
