import TachoGeo
import TachoIngest
import Testing

/// Rules with numbers at the ends of what may be set: nothing may break, and short cuts still come to
/// the same.
struct AnySettingsTests {
    /// Each number as it is, at one of its ends, or between.
    private func limits(_ random: inout SeededGenerator) throws -> Thresholds {
        var limits = Thresholds()
        for row in ThresholdTable.rows {
            let value: Double
            switch Int.random(in: 0..<4, using: &random) {
            case 0: value = row.range.lowerBound
            case 1: value = row.range.upperBound
            case 2: value = Double.random(in: row.range, using: &random)
            default: continue
            }
            let isWhole = row.allowed.hasPrefix("a whole")
            try row.set(isWhole ? "\(Int64(value))" : "\(value)", in: &limits)
        }
        limits.off =
            Bool.random(using: &random)
            ? 0
            : UInt64.random(in: 0...UInt64.max, using: &random)
                & RuleSet.switchable
        return limits
    }

    private func fixes(_ random: inout SeededGenerator) -> [Fix] {
        var ms: Int64 = 0
        var north = 0.0
        return (0..<300).map { _ in
            ms += [1, 1_000, 1_000, 3_000, 3_000, 10_000, 70_000, 4_000_000]
                .randomElement(using: &random)!
            north += [0, 0, 3, 25, 25, 400, 6_000, -6_000].randomElement(using: &random)!
            var one = fix(
                0, north: north, east: Double.random(in: -3...3, using: &random),
                accuracyDm: [Fix.absent, 0, 50, 9_000].randomElement(using: &random)!,
                speedCms: [Fix.absent, 0, 800, 100_000].randomElement(using: &random)!)
            one.tsMs += ms
            one.headingCdeg = [Fix.absent, 0, 9_000].randomElement(using: &random)!
            one.altitudeDm = [Fix.absent, 0, 300, 900_000].randomElement(using: &random)!
            return one
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `no permitted set breaks a rule`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rules = RuleSet(thresholds: try limits(&random))
        var chain = Chain()
        var motion = Motion()
        for fix in fixes(&random) {
            let vehicle = VehicleClass.allCases.randomElement(using: &random)!
            let base = rules.point(fix, recvMs: fix.tsMs)
            #expect(base.codes & rules.thresholds.off == 0, "seed \(seed)")
            guard base.codes == 0 || RuleSet.isChained(codes: base.codes) else { continue }
            var long = chain
            let isShort = chain.follow(fix, vehicle: vehicle, rules.thresholds)
            let step = long.advance(fix, vehicle: vehicle, base: base, rules.thresholds)
            if isShort {
                #expect(chain == long && step.finding.codes == 0, "seed \(seed)")
            }
            chain = long
            let moved = motion.judge(
                fix, recvMs: fix.tsMs, vehicle: vehicle, isJump: step.leg?.distanceM ?? 0 > 5_000,
                rules.thresholds)
            if var leg = step.leg {
                leg.distanceM = 5_000
                _ = motion.hold(fix, leg, vehicle: vehicle, rules.thresholds)
            }
            #expect(moved & ~RuleSet.motionCodes == 0, "seed \(seed)")
            #expect(chain.heldCount <= 2, "seed \(seed)")
        }
        #expect(Motion(image: motion.image) == motion, "seed \(seed): a state that is no number")
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `no permitted set breaks a rule across riders`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed + 900)
        let limits = try limits(&random)
        let way = fixes(&random).map { WayPoint($0) }
        for laterMs in [0, 20_000, 4_000_000, 90_000_000] as [Int64] {
            let own = way.map {
                WayPoint(tsMs: $0.tsMs + laterMs, latE7: $0.latE7, lonE7: $0.lonE7)
            }
            let pair = WayPair(own: own, other: way, isSameRider: Bool.random(using: &random))
            guard let found = AcrossRules.judge(pair, limits) else { continue }
            #expect(AcrossRules.isOn(found.code, limits), "seed \(seed)")
            #expect(found.hits <= found.of && found.firstMs >= own[0].tsMs, "seed \(seed)")
        }
    }

    @Test func `a class's believed speed decides what it can reach`() {
        func verdict(_ limits: Thresholds) -> [String] {
            let rules = RuleSet(thresholds: limits)
            var chain = Chain()
            return [fix(0), fix(10, north: 1_000)].map { fix in
                let base = rules.point(fix, recvMs: fix.tsMs)
                let step = chain.advance(fix, vehicle: .foot, base: base, limits)
                return Verdict(codes: step.finding.codes, effect: step.finding.effect).text
            }
        }
        var limits = Thresholds()
        #expect(verdict(limits) == ["ok", "hold:TELEPORT"])
        limits.footMps = 100
        #expect(verdict(limits) == ["ok", "ok"])
    }

    @Test func `a rule that is off gives no code`() {
        var limits = Thresholds()
        var mocked = fix(0)
        mocked.source = .mock
        #expect(
            RuleSet(thresholds: limits).point(mocked, recvMs: mocked.tsMs).effect == .quarantine)
        limits.off |= Code.mockFlag.bit
        let finding = RuleSet(thresholds: limits).point(mocked, recvMs: mocked.tsMs)
        #expect(finding.codes == 0 && finding.effect == .accept)
    }
}
