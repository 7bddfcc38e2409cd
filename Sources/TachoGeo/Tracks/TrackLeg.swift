/// The way from one counted fix of a rider to the next in time, as trips take it.
///
/// Lengths and what counts 0 m by the later fix are those of settlement (`DistanceV1`): whole
/// millimetres, the same bits everywhere. What settlement decides by more than two fixes is not
/// looked at: where a rider rests is a stop, gaps are the question's, ZIGZAG is counted whole.
package struct TrackLeg: Sendable, BitwiseCopyable {
    /// What counts, µm: 0 for an excluded leg, and for one that is only noise.
    package var micrometres: Int64
    /// The later fix has a code that takes the leg out of every distance.
    package var isExcluded: Bool

    /// Cost: about 50 ns.
    package init(from a: TrackPoint, to b: TrackPoint) {
        isExcluded = LegRules.isExcluded(codes: b.codes, speedCms: b.speedCms)
        micrometres = 0
        if isExcluded || a.position == b.position { return }
        let straightMm = EarthPlace(a.position).millimetres(to: EarthPlace(b.position))
        let radii = (a.accuracyDm, b.accuracyDm)
        if LegRules.isStill(straightMm, speedCms: b.speedCms, accuraciesDm: radii) { return }
        micrometres = straightMm * 1_000
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
