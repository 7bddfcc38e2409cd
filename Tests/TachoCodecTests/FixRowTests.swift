import TachoGeo
import Testing

@testable import TachoCodec

@Suite struct FixRowTests {
    /// Any legal fixes whatever; half of them so plain that they need no extra, delays on both
    /// sides of what a row can say.
    static func fixes(_ seed: UInt64, count: Int = 400) -> [StoredFix] {
        var random = Seeded(seed)
        return Track.wild(&random, count: count).fixes.map { wild in
            var stored = wild
            // A receipt is a time too.
            if stored.recvMs >= Fix.timeLimitMs { stored.recvMs -= StoredFix.receiptStepMs }
            if random.chance(70) { stored.verdict.codes = 0 }
            if random.chance(70) { stored.fix.altitudeDm = Fix.absent }
            if random.chance(70) {
                let edges: [Int64] = [-257, -256, 0, 1, 1_790, 1_791, 1_792]
                let steps = random.chance(50) ? random.one(of: edges) : random.pick(-300...2_100)
                stored.recvMs = stored.fix.tsMs + steps * StoredFix.receiptStepMs
            }
            if stored.provenance == .claimed && random.chance(50) {
                stored.provenance = .live
                stored.claimedRecvMs = 0
            }
            return stored
        }
    }

    private static let routes: [UInt64] = [
        0, FixRow.lateTailBit, FixRow.entersChainBit, FixRow.lateTailBit | FixRow.entersChainBit,
    ]

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `any legal fix comes back from its row as it was`(seed: UInt64) {
        var plain = 0
        for (index, stored) in Self.fixes(seed).enumerated() {
            let route = Self.routes[index % 4]
            let (row, needsExtra) = FixRow.pack(stored, route: route)
            let extra = FixRow.extra(stored)
            #expect(row.stored(extra) == stored, "seed \(seed), \(stored)")
            #expect(row.isLegal, "seed \(seed), \(stored)")
            #expect(row.hasExtra == needsExtra, "seed \(seed), \(stored)")
            #expect(row.toLateTail == (route & FixRow.lateTailBit != 0))
            #expect(row.entersChain == (route & FixRow.entersChainBit != 0))
            #expect(row.isClaimed == (stored.provenance == .claimed))
            #expect(row.tsMs == stored.fix.tsMs)
            #expect(row.latE7 == stored.fix.latE7 && row.lonE7 == stored.fix.lonE7)
            if !needsExtra {
                plain += 1
                #expect(row.stored(.none) == stored, "seed \(seed), \(stored)")
                let other = FixExtra(
                    codes: .max, claimedRecvMs: 7, altitudeDm: 8, delaySteps: 9)
                #expect(row.stored(other) == stored, "seed \(seed): an extra was looked at")
            }
        }
        #expect(plain > 20 && plain < 380, "seed \(seed): \(plain) of 400 fixes are plain")
    }

    @Test func `a row needs an extra exactly for what it cannot say`() {
        let base = StoredFix(
            fix: Fix(tsMs: 5, latE7: 1, lonE7: 2), provenance: .live, vehicle: .car,
            verdict: Verdict(), recvMs: 5, claimedRecvMs: 0)
        func needs(_ change: (inout StoredFix) -> Void) -> Bool {
            var stored = base
            change(&stored)
            return FixRow.pack(stored, route: 0).needsExtra
        }
        #expect(!needs { _ in })
        #expect(needs { $0.verdict.codes = 1 })
        #expect(needs { $0.fix.altitudeDm = 0 })
        #expect(needs { $0.provenance = .claimed })
        #expect(!needs { $0.provenance = .history })
        for (steps, isNear) in [(-257, false), (-256, true), (1_790, true), (1_791, false)] {
            #expect(needs { $0.recvMs = 5 + Int64(steps) * 64 } == !isNear, "\(steps) steps")
        }
    }

    /// A field of a row, and values of it that no fix can have.
    private let illegal: [(WritableKeyPath<FixRow, UInt64>, UInt64, UInt64, [UInt64])] = [
        (\.clock, 0, 48, [0]),
        (\.clock, 48, 3, [5, 6, 7]),
        (\.clock, 51, 2, [3]),
        (\.clock, 53, 3, [5, 6, 7]),
        (\.clock, 62, 2, [1, 2, 3]),
        (\.place, 0, 32, [900_000_001, 0x7FFF_FFFF, 0x8000_0000, 1 << 32 - 900_000_001]),
        (\.place, 32, 32, [1_800_000_001, 0x7FFF_FFFF, 0x8000_0000, 1 << 32 - 1_800_000_001]),
        (\.motion, 0, 17, [100_001, 131_070]),
        (\.motion, 17, 16, [36_000, 65_534]),
        (\.motion, 33, 20, [1_000_001, 1_048_574]),
    ]

    private let legal: [(WritableKeyPath<FixRow, UInt64>, UInt64, UInt64, [UInt64])] = [
        (\.clock, 0, 48, [1, 1 << 48 - 1]),
        (\.clock, 48, 3, [0, 4]),
        (\.clock, 53, 3, [0, 4]),
        (\.clock, 56, 2, [0, 1, 2, 3]),
        (\.place, 0, 32, [0, 900_000_000, 1 << 32 - 900_000_000]),
        (\.place, 32, 32, [0, 1_800_000_000, 1 << 32 - 1_800_000_000]),
        (\.motion, 0, 17, [0, 100_000, 131_071]),
        (\.motion, 17, 16, [0, 35_999, 65_535]),
        (\.motion, 33, 20, [0, 1_000_000, 1_048_575]),
    ]

    private func put(
        _ value: UInt64, _ low: UInt64, _ width: UInt64, in word: inout UInt64
    ) {
        word = word & ~((1 << width - 1) << low) | value << low
    }

    @Test func `a row with any field out of its limits is not legal`() {
        for stored in Self.fixes(101, count: 60) {
            let row = FixRow.pack(stored, route: 0).row
            for (word, low, width, values) in illegal {
                for value in values {
                    var bad = row
                    put(value, low, width, in: &bad[keyPath: word])
                    #expect(!bad.isLegal, "\(value) at bit \(low) of \(stored)")
                }
            }
            for (word, low, width, values) in legal {
                for value in values {
                    var good = row
                    put(value, low, width, in: &good[keyPath: word])
                    #expect(good.isLegal, "\(value) at bit \(low) of \(stored)")
                }
            }
        }
    }

    @Test func `a row that lacks the extra it speaks of is not legal`() {
        var claimed = 0
        for stored in Self.fixes(102) {
            var row = FixRow.pack(stored, route: 0).row
            guard row.hasExtra else { continue }
            row.clock &= ~FixRow.extraBit
            let must = row.hasDelayElsewhere || stored.provenance == .claimed
            #expect(row.isLegal == !must, "\(stored)")
            if stored.provenance == .claimed { claimed += 1 }
        }
        #expect(claimed > 0)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `columns filled from rows are those filled from fixes`(seed: UInt64) {
        let fixes = Self.fixes(seed)
        var columns = ChunkColumns(capacity: fixes.count)
        columns.count = fixes.count
        let at = columns.at
        for (index, stored) in fixes.enumerated() {
            let row = FixRow.pack(stored, route: FixRow.lateTailBit).row
            let arrival = UInt32(truncatingIfNeeded: UInt64(index) &* 0x9E37_79B9)
            at.set(index, row, row.hasExtra ? FixRow.extra(stored) : .none, arrival: arrival)
            #expect(at.fix(index) == stored, "seed \(seed)")
            #expect(at.arrival[index] == arrival)
            // Raw too: reading a fix forgives bytes that mean nothing.
            #expect(at.source[index] == stored.fix.source.rawValue)
            #expect(at.origin[index] == ColumnPointers.origin(stored.provenance, stored.vehicle))
            #expect(at.flags[index] == ColumnPointers.flags(stored.verdict))
        }
    }

    @Test func `columns filled from many plain rows at once are the same`() {
        let fixes = Self.fixes(7).filter { !FixRow.pack($0, route: 0).needsExtra }
        let rows = fixes.map { FixRow.pack($0, route: FixRow.entersChainBit).row }
        var columns = ChunkColumns(capacity: fixes.count + 3)
        columns.count = fixes.count + 3
        let at = columns.at
        rows.withUnsafeBufferPointer {
            at.set($0.baseAddress!, count: $0.count, at: 3, firstArrival: 1_000)
        }
        for index in fixes.indices {
            #expect(at.fix(index + 3) == fixes[index])
            #expect(at.arrival[index + 3] == UInt32(1_000 + index))
        }
        #expect(fixes.count > 50)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `an image of a fix is that fix`(seed: UInt64) {
        for stored in Self.fixes(seed, count: 200) {
            #expect(FixImage(stored).stored == stored, "seed \(seed)")
            let (row, needsExtra) = FixRow.pack(stored, route: 0)
            let image = FixImage(row: row, extra: needsExtra ? FixRow.extra(stored) : .none)
            #expect(image.stored == stored, "seed \(seed)")
        }
    }

    @Test func `an extra's altitude and delay do not touch each other`() {
        let top: Int64 = 1 << 42
        for delay in [-top + 1, -1, 0, 1, top - 1] {
            for altitude in [Fix.absent, -200_000, -1, 0, 1_000_000] {
                var extra = FixExtra(
                    codes: 3, claimedRecvMs: -9, altitudeDm: 77, delaySteps: delay)
                extra.altitudeDm = altitude
                #expect(extra.altitudeDm == altitude)
                #expect(extra.delaySteps == delay)
                #expect(extra.codes == 3 && extra.claimedRecvMs == -9)
                let same = FixExtra(
                    codes: 3, claimedRecvMs: -9, altitudeDm: altitude, delaySteps: delay)
                #expect(extra == same)
            }
        }
        #expect(FixExtra.none.altitudeDm == Fix.absent && FixExtra.none.delaySteps == 0)
    }
}
