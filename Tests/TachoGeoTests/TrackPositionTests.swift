import Testing

@testable import TachoGeo

struct TrackPositionTests {
    private func stored(_ tsMs: Int64, _ position: Coordinate) -> StoredFix {
        StoredFix(
            fix: Fix(tsMs: tsMs, latE7: position.latE7, lonE7: position.lonE7),
            provenance: .live, vehicle: .car, verdict: Verdict(), recvMs: tsMs, claimedRecvMs: 0)
    }

    private func metres(_ a: Coordinate, _ b: Coordinate) -> Double {
        Distance.geodesic(lat1: a.lat, lon1: a.lon, lat2: b.lat, lon2: b.lon)
    }

    @Test func `a place between two lies on the way at its share of the time`() {
        var random = TrackRandom(seed: 5)
        for round in 0..<4_000 {
            let middles = [(37.5, 127.0), (-16, 179.999), (89.9, 10), (-89.99, 180), (0, 0)]
            let (lat, lon) = middles.randomElement(using: &random)!
            let reach = [3.0, 500, 20_000, 200_000].randomElement(using: &random)!
            func place() -> Coordinate {
                RandomTrack.place(
                    lat, lon, north: Double.random(in: -reach...reach, using: &random),
                    east: Double.random(in: -reach...reach, using: &random))
            }
            let (a, b) = (place(), place())
            let tsMs = Int64.random(in: 1...999, using: &random)
            let found = TrackPosition(between: stored(0, a), and: stored(1_000, b), atMs: tsMs)
            let whole = metres(a, b)
            // The sphere is up to 0.6 % off, so its way is not quite the ellipsoid's.
            let slack = 0.03 + whole * 0.003
            let share = Double(tsMs) / 1_000
            #expect(abs(metres(a, found.position) - whole * share) <= slack, "round \(round)")
            #expect(abs(metres(found.position, b) - whole * (1 - share)) <= slack, "\(round)")
            #expect(
                metres(a, found.position) + metres(found.position, b) - whole <= 0.05 + whole
                    * 1e-4,
                "round \(round)")
            #expect(found.beforeMs == 0 && found.afterMs == 1_000 && !found.isExact)
            if let speed = found.speedCms { #expect(abs(Double(speed) - whole * 100) <= 1) }
        }
    }

    @Test func `headings are those of the way`() {
        let a = RandomTrack.place(0, 179.999, north: 0, east: 0)
        for (north, east, heading) in [
            (100.0, 0.0, 0), (0, 400, 9_000), (-100, 0, 18_000), (0, -400, 27_000),
        ] {
            let b = RandomTrack.place(0, 179.999, north: north, east: east)
            let found = TrackPosition(between: stored(0, a), and: stored(10, b), atMs: 5)
            #expect(abs(Int(found.headingCdeg ?? -1) - heading) <= 1, "\(heading)")
        }
        let still = TrackPosition(between: stored(0, a), and: stored(10, a), atMs: 5)
        #expect(still.position == a && still.speedCms == 0 && still.headingCdeg == nil)
    }

    @Test func `over the antimeridian and over the pole the way is the short one`() {
        let west = Coordinate(latE7: 0, lonE7: 1_799_990_000)
        let east = Coordinate(latE7: 0, lonE7: -1_799_970_000)
        let crossed = TrackPosition(between: stored(0, west), and: stored(4, east), atMs: 2)
        #expect(crossed.position == Coordinate(latE7: 0, lonE7: -1_799_990_000))
        let here = Coordinate(latE7: 899_990_000, lonE7: 0)
        let there = Coordinate(latE7: 899_990_000, lonE7: -1_800_000_000)
        let pole = TrackPosition(between: stored(0, here), and: stored(4, there), atMs: 2)
        #expect(pole.position.latE7 == 900_000_000)
        let beyond = TrackPosition(between: stored(0, here), and: stored(4, there), atMs: 3)
        #expect(beyond.position.latE7 == 899_995_000)
        #expect(abs(beyond.position.lonE7) == 1_800_000_000)
        #expect(beyond.headingCdeg == 18_000)
        // Opposite each other: one of the two, and no crash.
        let opposite = Coordinate(latE7: -100, lonE7: -1_800_000_000 + 50)
        let start = Coordinate(latE7: 100, lonE7: 50)
        let far = TrackPosition(between: stored(0, start), and: stored(4, opposite), atMs: 1)
        #expect(far.position == start)
    }
}
