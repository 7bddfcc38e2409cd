import TachoGeo
import TachoIngest
import Testing

/// `follow` is a short cut of `advance`: it may say no, but never anything else.
struct ChainFollowTests {
    private let limits = Thresholds()

    /// Takes a fix both ways; true if the short cut was taken.
    private func take(
        _ fix: Fix, _ vehicle: VehicleClass, _ chain: inout Chain, _ what: String
    ) -> Bool {
        let base = RuleSet().point(fix, recvMs: fix.tsMs)
        var short = chain
        let isTaken = short.follow(fix, vehicle: vehicle, limits)
        var long = chain
        let step = long.advance(fix, vehicle: vehicle, base: base, limits)
        if isTaken {
            #expect(short == long, "\(what)")
            #expect(step.isTrusted, "\(what)")
            #expect(step.finding.codes == 0 && step.finding.effect == .accept, "\(what)")
            #expect(step.decidedCount == 0, "\(what)")
        } else {
            #expect(short == chain, "\(what): changed without being taken")
        }
        chain = long
        return isTaken
    }

    private func clamped(_ value: Int64, _ limit: Int64) -> Int32 {
        Int32(min(max(value, -limit), limit))
    }

    /// Walks at a place, with steps around what each vehicle can reach: held positions, standing
    /// phones, missing accuracies, jumps and returns.
    private func walk(
        _ random: inout SeededGenerator, latE7: Int64, lonE7: Int64, _ what: String
    ) -> (taken: Int, refused: Int) {
        var chain = Chain()
        var (taken, refused) = (0, 0)
        var (lat, lon) = (latE7, lonE7)
        var ms: Int64 = 1_767_225_600_000
        for round in 0..<120 {
            ms += [1, 500, 1_000, 3_000, 60_000, 60_001, 300_000, 3_600_001]
                .randomElement(using: &random)!
            let reach: Int64 = [0, 200, 5_000, 60_000, 2_000_000].randomElement(using: &random)!
            lat += Int64.random(in: -reach...reach, using: &random)
            lon += Int64.random(in: -reach...reach, using: &random)
            if Int.random(in: 0..<20, using: &random) == 0 { (lat, lon) = (latE7, lonE7) }
            // Over the antimeridian the numbers start again; over a pole they turn back.
            if lon > 1_800_000_000 { lon -= 3_600_000_000 }
            if lon < -1_800_000_000 { lon += 3_600_000_000 }
            if abs(lat) > 900_000_000 {
                lat = lat > 0 ? 1_800_000_000 - lat : -1_800_000_000 - lat
                lon += lon > 0 ? -1_800_000_000 : 1_800_000_000
            }
            let fix = Fix(
                tsMs: ms, latE7: clamped(lat, 900_000_000), lonE7: clamped(lon, 1_800_000_000),
                speedCms: [Fix.absent, 0, 59, 60, 900].randomElement(using: &random)!,
                accuracyDm: [Fix.absent, 0, 30, 200, 5_000].randomElement(using: &random)!)
            let vehicle = VehicleClass.allCases.randomElement(using: &random)!
            if take(fix, vehicle, &chain, "\(what), round \(round)") {
                taken += 1
            } else {
                refused += 1
            }
        }
        return (taken, refused)
    }

    @Test(
        arguments: [
            (375_000_000, 1_270_000_000), (0, 1_799_999_900), (0, -1_799_999_000),
            (899_999_000, 0), (-899_999_900, 1_799_999_000), (849_999_000, 100_000_000),
            (850_001_000, -100_000_000), (-650_000_000, 1_799_990_000),
        ] as [(Int64, Int64)])
    func `what follow takes, advance takes alike`(latE7: Int64, lonE7: Int64) {
        var (taken, refused) = (0, 0)
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = walk(
                &random, latE7: latE7, lonE7: lonE7, "seed \(seed) at \(latE7), \(lonE7)")
            taken += count.taken
            refused += count.refused
        }
        #expect(taken > 500 && refused > 500, "\(taken) taken, \(refused) refused")
    }

    @Test func `steps at the very rim of reach are taken alike`() {
        var rims = 0
        for seed in 0..<4_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let lat = Int32.random(in: -899_000_000...899_000_000, using: &random)
            let from = Fix(
                tsMs: 1_767_225_600_000, latE7: lat, lonE7: 0,
                accuracyDm: [Fix.absent, 30, 300].randomElement(using: &random)!)
            let vehicle = VehicleClass.allCases.randomElement(using: &random)!
            let dtMs = Int64.random(in: 1...70_000, using: &random)
            var to = from
            to.tsMs += dtMs
            // Along the meridian, where the short cut's leg is the true one: first, whether the
            // rule lets it through; then the last step the short cut lets through.
            var (low, high) = (Int32(0), Int32(900_000))
            let sign: Int32 = lat > 0 ? -1 : 1
            func isTaken(_ step: Int32) -> Bool {
                var chain = Chain()
                _ = chain.advance(from, vehicle: vehicle, base: .nothing, limits)
                to.latE7 = lat + sign * step
                return chain.follow(to, vehicle: vehicle, limits)
            }
            while high - low > 1 {
                let middle = (low + high) / 2
                if isTaken(middle) { low = middle } else { high = middle }
            }
            for step in max(0, low - 1)...(low + 1) {
                var chain = Chain()
                _ = chain.advance(from, vehicle: vehicle, base: .nothing, limits)
                to.latE7 = lat + sign * step
                if take(to, vehicle, &chain, "seed \(seed), step \(step)") { rims += 1 }
            }
        }
        #expect(rims > 4_000)
    }

    @Test(arguments: [
        (VehicleClass.foot, 1.4, 3.0), (.bicycle, 6, 1), (.bicycle, 6, 3), (.scooter, 14, 3),
        (.car, 25, 1), (.car, 12, 10), (.any, 30, 3),
        // Over gaps, as late fixes find them: neighbours kilometres and hours away.
        (.car, 12, 300), (.bicycle, 5, 600), (.foot, 1.4, 1_800), (.car, 8, 5_000),
    ])
    func `usual motion follows, fix by fix`(
        vehicle: VehicleClass, speedMps: Double, seconds: Double
    ) {
        var random = SeededGenerator(seed: 1)
        var chain = Chain()
        var (north, east) = (0.0, 0.0)
        for round in 0..<(seconds < 60 ? 500 : 40) {
            // Street by street: north-east, then south-east.
            north += speedMps * seconds * (round / 50 % 2 == 0 ? 0.8 : -0.8)
            east += speedMps * seconds * 0.6
            let one = fix(
                Double(round) * seconds, north: north + Double.random(in: -5...5, using: &random),
                east: east + Double.random(in: -5...5, using: &random),
                accuracyDm: [Fix.absent, 50, 120].randomElement(using: &random)!,
                speedCms: Int32(speedMps * 100))
            let isTaken = take(one, vehicle, &chain, "round \(round)")
            #expect(isTaken == (round > 0), "round \(round)")
        }
    }

    @Test func `without an anchor or with a candidate open follow leaves the chain alone`() {
        var chain = Chain()
        let isFirstTaken = chain.follow(fix(0), vehicle: .car, limits)
        #expect(!isFirstTaken)
        #expect(chain == Chain())
        for one in [fix(0), fix(1, north: 5_000)] {
            _ = chain.advance(one, vehicle: .car, base: .nothing, limits)
        }
        let held = chain
        let isNextTaken = chain.follow(fix(2), vehicle: .car, limits)
        #expect(!isNextTaken)
        #expect(chain == held)
    }
}
