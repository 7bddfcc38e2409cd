import Testing

@testable import TachoGeo

struct TrackSimplifierTests {
    private typealias Place = (tsMs: Int64, position: Coordinate)

    private func chosen(_ points: [Place], _ withinMm: Int64) -> [Int] {
        var simplifier = TrackSimplifier(withinMm: withinMm)
        var chosen: [Int] = []
        var isPending = false
        for (index, point) in points.enumerated() {
            let choice = simplifier.add(
                tsMs: point.tsMs, at: point.position, previous: points[max(0, index - 1)])
            if choice.takesPrevious { chosen.append(index - 1) }
            if choice.takesThis { chosen.append(index) }
            isPending = !choice.takesThis
        }
        if isPending { chosen.append(points.count - 1) }
        return chosen
    }

    private func stored(_ place: Place) -> StoredFix {
        StoredFix(
            fix: Fix(
                tsMs: place.tsMs, latE7: place.position.latE7, lonE7: place.position.lonE7),
            provenance: .live, vehicle: .car, verdict: Verdict(), recvMs: place.tsMs,
            claimedRecvMs: 0)
    }

    /// How far a fix that was left out lies from the line at its time, m.
    private func error(_ points: [Place], _ chosen: [Int], _ index: Int) -> Double {
        let place = points[index]
        let before = points[chosen.last { $0 < index }!]
        let after = points[chosen.first { $0 > index }!]
        func metres(_ other: Coordinate) -> Double {
            Distance.geodesic(
                lat1: place.position.lat, lon1: place.position.lon, lat2: other.lat,
                lon2: other.lon)
        }
        if place.tsMs == before.tsMs || place.tsMs == after.tsMs {
            return min(
                place.tsMs == before.tsMs ? metres(before.position) : .infinity,
                place.tsMs == after.tsMs ? metres(after.position) : .infinity)
        }
        return metres(
            TrackPosition(between: stored(before), and: stored(after), atMs: place.tsMs).position)
    }

    private func check(_ points: [Place], _ withinMm: Int64, _ what: String) -> Int {
        let chosen = chosen(points, withinMm)
        #expect(chosen.first == 0 && chosen.last == points.count - 1, "\(what)")
        #expect(zip(chosen, chosen.dropFirst()).allSatisfy { $0 < $1 }, "\(what)")
        let kept = Set(chosen)
        for index in points.indices where !kept.contains(index) {
            // Half a stored step of the place between, 8 mm.
            let error = error(points, chosen, index)
            #expect(error <= Double(withinMm) * 1e-3 + 0.009, "\(what): fix \(index)")
        }
        return chosen.count
    }

    @Test func `every fix left out lies within the distance of the line at its time`() {
        var (kept, all) = (0, 0)
        for seed in 0..<80 {
            var track = RandomTrack(seed: seed)
            var random = TrackRandom(seed: UInt64(seed + 9))
            var points = track.points(400).map { (tsMs: $0.tsMs, position: $0.position) }
            // Several fixes of one time, beside each other and far apart.
            for index in points.indices.dropFirst()
            where Int.random(in: 0..<12, using: &random) == 0 {
                points[index].tsMs = points[index - 1].tsMs
                if Bool.random(using: &random) {
                    points[index].position = points[index - 1].position
                }
            }
            let within: Int64 = [500, 5_000, 30_000, 500_000].randomElement(using: &random)!
            kept += check(points, within, "seed \(seed), \(within) mm")
            all += points.count
        }
        #expect(kept < all * 3 / 4)
    }

    @Test func `long straight legs and flights hold the bound too`() {
        for seed in 0..<40 {
            var random = TrackRandom(seed: UInt64(seed))
            var lat = Double.random(in: -80...80, using: &random)
            var lon = Double.random(in: -180...180, using: &random)
            var points: [Place] = []
            let (north, east) = (
                Double.random(in: -0.05...0.05, using: &random),
                Double.random(in: -0.05...0.05, using: &random)
            )
            for step in 0..<300 {
                points.append(
                    (Int64(step) * 10_000, RandomTrack.place(lat, lon, north: 0, east: 0)))
                lat = max(-90, min(90, lat + north))
                lon += east
            }
            _ = check(points, 20_000, "seed \(seed)")
        }
    }

    @Test func `steady ways and stops become their ends`() {
        var points: [Place] = []
        for second in 0..<600 {
            let metres = second < 200 ? Double(second) * 10 : second < 400 ? 2_000 : 0
            let north = second < 400 ? metres : 2_000 + Double(second - 400) * 10
            points.append(
                (Int64(second) * 1_000, RandomTrack.place(37.5, 127, north: north, east: 0)))
        }
        #expect(check(points, 1_000, "ways and a stop") <= 6)
        #expect(chosen(points, 100_000_000) == [0, points.count - 1])
    }

    @Test func `a piece stands for a bounded number of fixes`() {
        let place = Coordinate(latE7: 5, lonE7: 5)
        let points = (0..<TrackSimplifier.longestPiece + 10).map { (Int64($0), place) }
        #expect(chosen(points, 1_000) == [0, TrackSimplifier.longestPiece, points.count - 1])
    }

    @Test func `places opposite each other are not taken for one`() {
        let points: [Place] = [
            (0, Coordinate(latE7: 0, lonE7: 0)),
            (1, Coordinate(latE7: 0, lonE7: 1_800_000_000)), (2, Coordinate(latE7: 0, lonE7: 0)),
        ]
        #expect(chosen(points, 1_000) == [0, 1, 2])
    }
}
