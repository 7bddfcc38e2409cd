import TachoGeo
import Testing

@testable import TachoFleet

@Suite struct FleetTests {
    static func plan(
        riders: Int = 5, seed: UInt64 = 7, intervalMs: Int64 = 3_000, impossible: Double = 0
    ) -> FleetPlan {
        FleetPlan(
            riders: riders, seed: seed, riderPrefix: "c-", startMs: 1_700_000_000_000,
            intervalMs: intervalMs, impossibleShare: impossible)
    }

    static func fixes(_ plan: FleetPlan, _ count: Int) -> [(rider: Int, fix: Fix)] {
        var fleet = Fleet(plan)
        return (0..<count).map { _ in fleet.next() }
    }

    @Test func `equal seeds give equal fixes and other seeds others`() {
        let first = Self.fixes(Self.plan(), 500).map(\.fix)
        #expect(first == Self.fixes(Self.plan(), 500).map(\.fix))
        #expect(first != Self.fixes(Self.plan(seed: 8), 500).map(\.fix))
    }

    @Test func `riders take turns and time never steps back`() {
        let fixes = Self.fixes(Self.plan(), 200)
        for (index, element) in fixes.enumerated() { #expect(element.rider == index % 5) }
        for (a, b) in zip(fixes, fixes.dropFirst()) { #expect(a.fix.tsMs <= b.fix.tsMs) }
        #expect(fixes[5].fix.tsMs - fixes[0].fix.tsMs == 3_000)
    }

    @Test(arguments: [3_000, 45_000] as [Int64])
    func `a courier moves as a courier can`(intervalMs: Int64) {
        for seed: UInt64 in 1...20 {
            let plan = Self.plan(riders: 1, seed: seed, intervalMs: intervalMs)
            let fixes = Self.fixes(plan, 2_000).map(\.fix)
            for (a, b) in zip(fixes, fixes.dropFirst()) {
                let metres = Distance.onSphere(a.coordinate, b.coordinate)
                // 13 m/s, and a position error that can move by some 20 m.
                #expect(metres < 13 * Double(intervalMs) / 1000 + 25, "seed \(seed)")
            }
            let far = fixes.map { Distance.onSphere(fixes[0].coordinate, $0.coordinate) }.max()!
            #expect(far > 300 && far < 8_000, "seed \(seed): \(far) m")
            #expect(fixes.contains { $0.headingCdeg == Fix.absent }, "seed \(seed)")
        }
    }

    @Test func `fields stay within what a fix can hold`() {
        for element in Self.fixes(Self.plan(riders: 50), 20_000) {
            #expect((0...1_500).contains(element.fix.speedCms))
            #expect(element.fix.headingCdeg < 36_000)
            #expect((40...200).contains(element.fix.accuracyDm))
        }
    }

    @Test func `the asked share of fixes is impossible, and the path goes on without them`() {
        let honest = Self.fixes(Self.plan(), 4_000).map(\.fix)
        let fixes = Self.fixes(Self.plan(impossible: 0.02), 4_000).map(\.fix)
        var jumps = 0
        for (a, b) in zip(honest, fixes) where a != b {
            let metres = Distance.onSphere(a.coordinate, b.coordinate)
            #expect(metres > 4_900 && metres < 10_100)
            jumps += 1
        }
        #expect((40...160).contains(jumps), "\(jumps) of 4,000")
    }

    @Test func `names sort as the riders are numbered`() {
        let fleet = Fleet(Self.plan(riders: 12))
        let names = fleet.riderNames.map { String(decoding: $0, as: UTF8.self) }
        #expect(names.first == "c-00000")
        #expect(names.last == "c-00011")
        #expect(names == names.sorted())
    }
}
