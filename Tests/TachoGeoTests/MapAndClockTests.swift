import TachoGeo
import Testing

struct MapAndClockTests {
    @Test(arguments: [
        (375_000_000, 1_270_000_000, 375_450_000, 1_270_567_000),
        (375_000_000, 1_799_999_000, 375_000_000, -1_799_990_000),
        (899_000_000, 0, 899_000_000, 1_800_000_000),
        (-337_000_000, 1_512_000_000, 514_000_000, -1_000_000),
        (0, 0, 0, 0),
    ])
    func `from the centre of a map distances are true`(
        latA: Int, lonA: Int, latB: Int, lonB: Int
    ) {
        let a = Coordinate(latE7: Int32(latA), lonE7: Int32(lonA))
        let b = Coordinate(latE7: Int32(latB), lonE7: Int32(lonB))
        let (east, north) = Distance.azimuthal(from: a, to: b)
        let length = (east * east + north * north).squareRoot()
        #expect(abs(length - Distance.onSphere(a, b)) < 1e-6 * (1 + length))
        // Nearby it is the one that rules measure on, but for how meridians converge.
        guard length < 10_000, abs(latA) < 800_000_000 else { return }
        let flat = Distance.offset(from: a, to: b)
        #expect(abs(flat.eastM - east) < 0.01 + 5e-4 * length)
        #expect(abs(flat.northM - north) < 0.01 + 5e-4 * length)
    }

    @Test func `a place opposite the centre is drawn, wherever`() {
        let a = Coordinate(latE7: 0, lonE7: 0)
        let b = Coordinate(latE7: 0, lonE7: 1_800_000_000)
        let (east, north) = Distance.azimuthal(from: a, to: b)
        let length = (east * east + north * north).squareRoot()
        #expect(abs(length - Distance.onSphere(a, b)) < 1)
    }

    @Test func `times of one day leave the day out`() {
        let noon: Int64 = 1_767_268_984_000
        #expect(UTCTime.text(ms: noon) == "2026-01-01T12:03:04.000Z")
        #expect(UTCTime.timeOfDay(ms: noon + 7) == "12:03:04.007Z")
        #expect(UTCTime.text(ms: noon, beside: noon + 3_600_000) == "12:03:04.000Z")
        #expect(UTCTime.text(ms: noon, beside: noon + 86_400_000) == "2026-01-01T12:03:04.000Z")
        #expect(UTCTime.timeOfDay(ms: -1) == "23:59:59.999Z")
        #expect(UTCTime.text(ms: -1) == "1969-12-31T23:59:59.999Z")
        #expect(UTCTime.text(ms: 32_503_680_000_000) == "3000-01-01T00:00:00.000Z")
    }
}
