import TachoGeo
import TachoIngest
import Testing

struct ChainTests {
    @Test func `five kilometres in one second are a teleport at once`() {
        #expect(texts([fix(0), fix(1, north: 5000)]) == ["ok", "hold:TELEPORT"])
    }

    @Test func `the first fix is trusted without a test`() {
        let verdicts = verdictsInOrder([fix(0, north: 90_000)])
        #expect(verdicts == [Verdict(isTrusted: true)])
    }

    @Test func `a jump that returns is a spike and the way goes on from before`() {
        let track = [fix(0), fix(3, north: 5000), fix(6, north: 60)]
        #expect(texts(track) == ["ok", "hold:TELEPORT+SPIKE", "ok"])
    }

    @Test func `a small excursion that returns stays a candidate without a further code`() {
        // 250 m in 1 s: out of reach (42 + 60), but below the jump rule (330 + 15 + 15).
        #expect(texts([fix(0), fix(1, north: 250), fix(2)]) == ["ok", "hold:CANDIDATE", "ok"])
    }

    @Test func `a candidate between reach and teleport becomes a spike by the jump rule alone`() {
        // 440 m in 1 s: reach + 350 is 452 m, the jump rule asks for 360 m.
        #expect(texts([fix(0), fix(1, north: 440), fix(2)]) == ["ok", "hold:SPIKE", "ok"])
    }

    @Test func `three fixes that agree move the anchor and only the first is flagged`() {
        let track = [fix(0)] + (1...5).map { fix(Double($0), north: 5000 + 10 * Double($0)) }
        #expect(texts(track) == ["ok", "flag:TELEPORT", "ok", "ok", "ok", "ok"])
    }

    @Test func `a confirmed move below the jump rule is ok`() {
        let track = [fix(0)] + (1...3).map { fix(Double($0), north: 300 + Double($0)) }
        #expect(texts(track) == ["ok", "ok", "ok", "ok"])
    }

    @Test func `the chain never latches on a stale place`() {
        // traccar#4640: one rejected jump must not reject every true position after it.
        let away = (1...20).map { fix(Double($0) * 3, north: 20_000 + 20 * Double($0)) }
        let verdicts = texts([fix(0)] + away)
        #expect(verdicts[1] == "flag:TELEPORT")
        #expect(verdicts[2...].allSatisfy { $0 == "ok" })
    }

    @Test func `a candidate replaced by another keeps the code it had`() {
        let track = [
            fix(0), fix(1, north: 5000), fix(2, north: 20_000), fix(3, north: 100),
        ]
        #expect(texts(track) == ["ok", "hold:TELEPORT", "hold:TELEPORT+SPIKE", "ok"])
    }

    @Test func `a re-sent position does not shorten the time a movement had`() {
        // A phone repeats its last fix for 8 s and then shows 100 m of movement at 12 m/s.
        let held = (0...8).map { fix(Double($0)) }
        #expect(texts(held + [fix(9, north: 108)]).allSatisfy { $0 == "ok" })
    }

    @Test func `a phone that says it stands still earns no credit for holding`() {
        let standing = (0...15).map { fix(Double($0), speedCms: 0) }
        let moving = (0...15).map { fix(Double($0)) }
        #expect(texts(standing + [fix(16, north: 300)]).last == "hold:CANDIDATE")
        #expect(texts(moving + [fix(16, north: 300)]).last == "ok")
    }

    @Test(arguments: [
        (VehicleClass.foot, "hold:CANDIDATE"), (.bicycle, "hold:CANDIDATE"), (.scooter, "ok"),
        (.car, "ok"), (.any, "ok"),
    ])
    func `reach follows the vehicle class`(vehicle: VehicleClass, expected: String) {
        // 400 m in 10 s: 120 + 60, 220 + 60, 360 + 60, 420 + 60, 950 + 60 m.
        let track = [fix(0), fix(10, north: 400)]
        #expect(texts(track, vehicle: vehicle) == ["ok", expected])
    }

    @Test func `accuracy widens the reach up to 200 metres`() {
        // 3 s at 42 m/s, and 2 · (50 + 50) m of slack.
        let near = [fix(0, accuracyDm: 500), fix(3, north: 320, accuracyDm: 500)]
        let far = [fix(0, accuracyDm: 5000), fix(3, north: 330, accuracyDm: 5000)]
        #expect(texts(near) == ["ok", "ok"])
        #expect(texts(far) == ["accept:LOWACC", "hold:LOWACC+CANDIDATE"])
    }

    @Test func `a tunnel of three minutes and two kilometres is no jump`() {
        #expect(
            texts([fix(0), fix(180, north: 2000), fix(183, north: 2030)]) == ["ok", "ok", "ok"])
    }

    @Test func `a flight of an hour is reached at 250 metres a second, and flagged`() {
        #expect(texts([fix(0), fix(3700, north: 400_000)]) == ["ok", "flag:GAP_SPEED"])
    }

    @Test func `held fixes keep the codes they had for themselves`() {
        let track = [fix(0), fix(1, north: 5000, accuracyDm: 2000), fix(4, north: 30)]
        #expect(texts(track)[1] == "hold:LOWACC+TELEPORT+SPIKE")
    }

    @Test func `crossing the antimeridian is a short leg`() {
        let west = Fix(tsMs: 1_767_225_600_000, latE7: 0, lonE7: 1_799_999_900)
        let east = Fix(tsMs: 1_767_225_601_000, latE7: 0, lonE7: -1_799_999_900)
        #expect(texts([west, east]) == ["ok", "ok"])
    }

    @Test func `walking over the pole is a short leg`() {
        let near = Fix(tsMs: 1_767_225_600_000, latE7: 899_999_000, lonE7: 0)
        let over = Fix(tsMs: 1_767_225_603_000, latE7: 899_999_000, lonE7: 1_800_000_000)
        #expect(texts([near, over]) == ["ok", "ok"])
    }
}
