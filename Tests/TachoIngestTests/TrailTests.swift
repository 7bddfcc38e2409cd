import TachoGeo
import Testing

@testable import TachoIngest

/// Landmarks: the same in source and copy, few, and none where nothing moves.
struct TrailTests {
    private let limits = Thresholds()

    private func landmarks(_ ride: [WayPoint], rider: UInt32 = 0) -> [Landmark] {
        let slab = TrailSlab()
        var found: [Landmark] = []
        slab.advance(
            ride.map {
                WayFix(rider: rider, latE7: $0.latE7, lonE7: $0.lonE7, tsMs: $0.tsMs)
            }, limits, into: &found)
        return found
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a copy has the landmarks of its source, but for its first 600 m`(seed: UInt64) {
        var rides = Rides(seed: seed)
        let ride = rides.ride(count: 900)
        let source = landmarks(ride)
        // It begins in the middle, after a ride of its own.
        let own = rides.ride(count: 200, fromMs: ride[0].tsMs + 86_400_000 - 400_000)
        let copy = landmarks(own + rides.copy(Array(ride[300...]), laterMs: 86_400_000), rider: 1)
        let expected = source.filter { $0.tsMs >= ride[375].tsMs }
        let found = copy.filter { $0.tsMs >= ride[375].tsMs + 86_400_000 }
        #expect(found.map(\.hash) == expected.map(\.hash), "seed \(seed)")
        #expect(found.map { $0.tsMs - 86_400_000 } == expected.map(\.tsMs), "seed \(seed)")
        #expect(expected.contains { $0.isOfCells } && expected.contains { !$0.isOfCells })
    }

    @Test func `one fix in ten or fewer is a landmark`() {
        var rides = Rides(seed: 3)
        let ride = rides.ride(count: 20_000)
        let found = landmarks(ride)
        // One of 16 places, and one of 8 cells of 50 m.
        #expect((900...1_700).contains(found.filter { !$0.isOfCells }.count))
        #expect((200...600).contains(found.filter { $0.isOfCells }.count))
        // A way comes back to where it was, but hardly ever at the same pace.
        #expect(Set(found.map(\.hash)).count > found.count - 20)
    }

    @Test func `who stands, or sends coarse positions, leaves no landmarks of places`() {
        var rides = Rides(seed: 4)
        #expect(landmarks(rides.ride(count: 4_000, mps: 0.02)).isEmpty)
        for unit in [1_000, 10_000] as [Int32] {
            let ride = Rides.onGrid(rides.ride(count: 4_000), unit)
            #expect(landmarks(ride).allSatisfy { $0.isOfCells }, "grid of \(unit)e-7°")
        }
    }

    @Test func `a position that is sent again changes nothing`() {
        var rides = Rides(seed: 5)
        let ride = rides.ride(count: 2_000)
        var held: [WayPoint] = []
        for point in ride {
            held.append(point)
            held.append(
                WayPoint(tsMs: point.tsMs + 400, latE7: point.latE7, lonE7: point.lonE7))
        }
        #expect(landmarks(held) == landmarks(ride))
    }

    @Test func `poles and the antimeridian do no harm`() {
        for (lat, lon) in [
            (899_999_000, 0), (-899_999_000, 1_799_999_000), (0, 1_799_990_000), (849_990_000, 5),
        ] as [(Int32, Int32)] {
            var points: [WayPoint] = []
            for index in 0..<500 as Range<Int32> {
                let far = Int64(lon) + Int64(index) * 900
                let wrapped = far > 1_800_000_000 ? far - 3_600_000_000 : far
                points.append(
                    WayPoint(
                        tsMs: Int64(index) * 1000, latE7: min(lat + index, 900_000_000),
                        lonE7: Int32(wrapped)))
            }
            _ = landmarks(points)
            _ = AcrossRules.judge(
                WayPair(
                    own: points.map {
                        WayPoint(tsMs: $0.tsMs + 3_600_000, latE7: $0.latE7, lonE7: $0.lonE7)
                    }, other: points, isSameRider: false), limits)
        }
    }

    @Test func `cells are about 50 m wide everywhere`() {
        for degrees in 0..<85 as Range<Int32> {
            let lat = degrees * 10_000_000
            let width = GridCell.widthE7(at: lat)
            let metres = Distance.onSphere(
                Coordinate(latE7: lat, lonE7: 0), Coordinate(latE7: lat, lonE7: width))
            #expect(abs(metres - 50) < 0.5, "\(degrees)°: \(metres)")
            // The lower 16 bits of two places in one cell tell how far they are apart.
            #expect(width < 65_536)
        }
        let a = GridCell(latE7: -1, lonE7: -1)
        #expect(a.row == -1 && a.column == -1)
        #expect(GridCell(latE7: 0, lonE7: 0) != a)
    }
}
