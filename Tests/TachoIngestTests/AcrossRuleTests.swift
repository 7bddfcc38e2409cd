import TachoGeo
import Testing

@testable import TachoIngest

/// What the rules across riders say of two stretches of way.
struct AcrossRuleTests {
    private let limits = Thresholds()
    private let later: Int64 = 3 * 3_600_000

    private func judge(
        _ own: [WayPoint], _ other: [WayPoint], sameRider: Bool = false
    ) -> AcrossFinding? {
        AcrossRules.judge(
            WayPair(own: own, other: other, isSameRider: sameRider), limits)
    }

    @Test(arguments: [true, false])
    func `a ride sent again hours later is a replay from its first fix on`(sameRider: Bool) throws {
        var rides = Rides(seed: 1)
        let ride = rides.ride(count: 60)
        let copy = rides.copy(ride, laterMs: later)
        let found = try #require(judge(copy, ride, sameRider: sameRider))
        #expect(found.code == .replay)
        #expect(found.firstMs == copy[0].tsMs)
        #expect(found.hits == 60)
        #expect(found.offsetMs == later)
        #expect(found.wayM > 350)
    }

    @Test func `where a rule is off the next one is asked`() throws {
        var rides = Rides(seed: 1)
        let ride = rides.ride(count: 400)
        let pair = WayPair(
            own: rides.copy(ride, laterMs: later), other: ride, isSameRider: false)
        var limits = Thresholds()
        var found: [Code] = []
        while let one = AcrossRules.judge(pair, limits) {
            found.append(one.code)
            limits.off |= one.code.bit
        }
        #expect(found == [.replay, .replayFuzzy])
    }

    @Test func `the source is no replay of its copy`() {
        var rides = Rides(seed: 2)
        let ride = rides.ride(count: 60)
        #expect(judge(ride, rides.copy(ride, laterMs: later)) == nil)
    }

    @Test func `a replay begins where the own ride ends`() throws {
        var rides = Rides(seed: 3)
        let ride = rides.ride(count: 100)
        let own = rides.ride(count: 40, fromMs: ride[0].tsMs + later)
        let copy = Array(rides.copy(ride, laterMs: later)[40...])
        let found = try #require(judge(own + copy, ride))
        #expect(found.firstMs == copy[0].tsMs)
    }

    @Test func `a fix missing here and there does not end a replay`() throws {
        var rides = Rides(seed: 4)
        let ride = rides.ride(count: 80)
        var source = ride
        for index in [70, 51, 33, 20] { source.remove(at: index) }
        let copy = rides.copy(ride, laterMs: later)
        let found = try #require(judge(copy, source))
        #expect(found.firstMs == copy[0].tsMs)
        #expect(found.hits == 76)
    }

    @Test func `two fixes alike are no replay, three are`() throws {
        var rides = Rides(seed: 5)
        let ride = rides.ride(count: 30)
        let own = rides.ride(count: 30, fromMs: ride[0].tsMs + later)
        let copy = rides.copy(ride, laterMs: later)
        #expect(judge(Array(own[..<28] + copy[28...]), ride) == nil)
        #expect(try #require(judge(Array(own[..<27] + copy[27...]), ride)).hits == 3)
    }

    @Test func `a replay at another pace is none`() {
        var rides = Rides(seed: 6)
        let ride = rides.ride(count: 60)
        let end = ride[59].tsMs + later
        let slow = ride.map { point in
            WayPoint(
                tsMs: end - (ride[59].tsMs - point.tsMs) * 12, latE7: point.latE7,
                lonE7: point.lonE7)
        }
        #expect(judge(slow, ride) == nil)
    }

    @Test(arguments: [1, 4, 9] as [Int64])
    func `a ride sent again within ten minutes is no replay`(minutes: Int64) {
        var rides = Rides(seed: 7)
        let ride = rides.ride(count: 60)
        let copy = rides.copy(ride, laterMs: minutes * 60_000)
        #expect(judge(copy, ride, sameRider: true) == nil)
        #expect(judge(copy, ride)?.code != .replay)
    }

    @Test(arguments: [1_000, 10_000] as [Int32])
    func `phones with coarse positions are not compared fix by fix`(unitE7: Int32) {
        var rides = Rides(seed: 8)
        let ride = Rides.onGrid(rides.ride(count: 40), unitE7)
        #expect(judge(rides.copy(ride, laterMs: later), ride)?.code != .replay)
        #expect(judge(rides.copy(ride, laterMs: 5_000), ride)?.code != .colocated)
    }

    @Test
    func `of positions with five decimals or in single precision eight in a row are a replay`() {
        var rides = Rides(seed: 9)
        let ride = rides.ride(count: 40)
        let other = rides.ride(count: 40, fromMs: ride[0].tsMs + later)
        for coarsen in [{ Rides.onGrid($0, 100) }, { Rides.single($0) }]
            as [([WayPoint]) -> [WayPoint]]
        {
            let coarse = coarsen(ride)
            let copy = rides.copy(coarse, laterMs: later)
            #expect(judge(copy, coarse)?.code == .replay)
            // The way there was another.
            #expect(judge(coarsen(other).prefix(33) + copy.suffix(7), coarse)?.code != .replay)
            #expect(judge(coarsen(other).prefix(32) + copy.suffix(8), coarse)?.code == .replay)
            // Together it takes thirty.
            let near = rides.copy(coarse, laterMs: 5_000)
            let beside = rides.copy(other, laterMs: 5_000 - later)
            #expect(judge(near, coarse)?.code == .colocated)
            #expect(judge(coarsen(beside).prefix(10) + near.suffix(30), coarse)?.code == .colocated)
            #expect(judge(coarsen(beside).prefix(11) + near.suffix(29), coarse)?.code != .colocated)
        }
    }

    @Test func `a copy with noise is locked by time where its entries into cells are not`() {
        var found = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            var rides = Rides(seed: seed)
            let ride = rides.ride(count: 240, mps: 6)
            let pair = WayPair(
                own: rides.copy(ride, laterMs: later, noiseM: 2), other: ride, isSameRider: true)
            #expect(
                LockedRun(pair, limits, by: .times).finding(.replayFuzzy, pair, limits) != nil,
                "seed \(seed)")
            found += LockedRun(pair, limits).finding(.replayFuzzy, pair, limits) == nil ? 0 : 1
            // At one place a lap earlier, within the noise of two receivers, is no copy.
            let lap = WayPair(
                own: rides.copy(ride, laterMs: later, noiseM: 4), other: ride, isSameRider: true)
            #expect(LockedRun(lap, limits, by: .times).finding(.replayFuzzy, lap, limits) == nil)
        }
        #expect(found < 20)
    }

    @Test func `who stands is not compared`() {
        var rides = Rides(seed: 10)
        let ride = rides.ride(count: 60, mps: 0.02)
        #expect(judge(rides.copy(ride, laterMs: later), ride) == nil)
        #expect(judge(rides.copy(ride, laterMs: 5_000), ride) == nil)
    }

    @Test func `a replay with noise is fuzzy after 600 m`() throws {
        for seed in 20..<40 {
            var rides = Rides(seed: UInt64(seed))
            let ride = rides.ride(count: 200, step: 3)
            let copy = rides.copy(ride, laterMs: later, noiseM: 1.5)
            let found = try #require(judge(copy, ride), "seed \(seed)")
            #expect(found.code == .replayFuzzy, "seed \(seed)")
            #expect(found.wayM >= 600 && found.hits >= 8, "seed \(seed)")
            #expect(Double(found.hits) >= 0.6 * Double(found.of), "seed \(seed)")
            #expect(judge(Array(copy[180...]), Array(ride[180...])) == nil, "seed \(seed)")
        }
    }

    @Test func `the same streets every day are no replay`() {
        for seed in 40..<60 {
            // The same turns, each day at a pace of its own.
            var rides = Rides(seed: UInt64(seed))
            let ride = rides.ride(count: 300)
            let slower = rides.copy(ride, laterMs: 0, noiseM: 2).enumerated().map { index, point in
                WayPoint(
                    tsMs: point.tsMs + 86_400_000 + Int64(index) * 40, latE7: point.latE7,
                    lonE7: point.lonE7)
            }
            #expect(judge(slower, ride) == nil, "seed \(seed)")
        }
    }

    @Test(arguments: [2_000, 40_000, -40_000, 0] as [Int64])
    func `an account that sends another's ride at once is co-located`(behindMs: Int64) throws {
        var rides = Rides(seed: 61)
        let ride = rides.ride(count: 60)
        let copy = rides.copy(ride, laterMs: behindMs)
        #expect(try #require(judge(copy, ride)).code == .colocated)
        #expect(try #require(judge(ride, copy)).code == .colocated)
        #expect(judge(copy, ride, sameRider: true) == nil)
    }

    @Test func `friends who ride together are in lockstep`() throws {
        var rides = Rides(seed: 62)
        let ride = rides.ride(count: 200, step: 3)
        let friend = rides.copy(ride, laterMs: 0, noiseM: 1)
        #expect(try #require(judge(friend, ride)).code == .lockstep)
        #expect(try #require(judge(ride, friend)).code == .lockstep)
    }

    @Test func `only replays take a fix out, and lockstep changes nothing`() {
        #expect(AcrossRules.finding(.replay).effect == .quarantine)
        #expect(AcrossRules.finding(.replayFuzzy).effect == .flag)
        #expect(AcrossRules.finding(.colocated).effect == .flag)
        #expect(AcrossRules.finding(.lockstep).effect == .accept)
        #expect(Severity.of(.replay, effect: .quarantine) == .crit)
        #expect(Severity.of(.replayFuzzy, effect: .flag) == .warn)
        #expect(Severity.of(.colocated, effect: .flag) == .crit)
        #expect(Severity.of(.lockstep, effect: .accept) == .info)
    }

    @Test func `network and inaccurate positions are left out`() {
        var fix = Fix(tsMs: 0, latE7: 1, lonE7: 1)
        #expect(WayPair.takes(fix, limits))
        fix.source = .net
        #expect(!WayPair.takes(fix, limits))
        fix.source = .gps
        fix.accuracyDm = 1_001
        #expect(!WayPair.takes(fix, limits))
    }

    @Test func `the chain goes on over a replayed fix as if it had not been`() {
        func shows(_ codes: UInt64, _ effect: Effect, trusted: Bool = false) -> Bool {
            RuleSet.isShownByChain(Verdict(codes: codes, effect: effect, isTrusted: trusted))
        }
        let replay = Code.replay.bit
        #expect(shows(replay, .quarantine, trusted: true))
        #expect(shows(replay, .quarantine))
        #expect(!shows(replay | Code.candidate.bit, .quarantine))
        #expect(!shows(replay | Code.flicker.bit, .quarantine, trusted: true))
        #expect(!shows(replay | Code.tsFuture.bit, .quarantine))
        #expect(!shows(Code.tsFuture.bit, .quarantine))
        #expect(shows(Code.replayFuzzy.bit, .flag))
        #expect(RuleSet.isChained(codes: replay))
    }
}
