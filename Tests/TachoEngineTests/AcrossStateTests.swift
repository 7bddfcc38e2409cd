import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore
import Testing

@testable import TachoEngine

/// Which ways are proposed to be compared: few by chance, and not without bound.
struct AcrossStateTests {
    private let limits = Thresholds()

    private func withState(
        maxOpen: Int = AcrossState.maxOpen, _ body: (AcrossState) throws -> Void
    ) throws {
        let directory = TemporaryDirectory()
        let store = try Store.open(StoreOptions(path: directory.path + "/data"))
        defer { store.close() }
        try body(
            AcrossState(
                database: store.database, target: store.database, keepDays: 7, limits: limits,
                maxOpen: maxOpen))
    }

    /// Fixes as the judge puts them into a group.
    private func events(_ rider: UInt32, _ fixes: [Fix]) -> Part {
        let part = Part(work: nil)
        for fix in fixes {
            let stored = StoredFix(
                fix: fix, provenance: .live, vehicle: .car, verdict: Verdict(isTrusted: true),
                recvMs: fix.tsMs, claimedRecvMs: 0)
            let route = FixRoute(toLateTail: false, entersChain: true)
            let (row, _) = FixRow.pack(stored, route: route.bits)
            part.events.putFix(rider: rider, row, FixRow.extra(stored))
        }
        return part
    }

    private func send(
        _ state: AcrossState, _ rider: UInt32, _ fixes: [Fix]
    ) throws -> [AcrossProposal] {
        try apply(events(rider, fixes), to: state)
        return state.takeFresh()
    }

    /// The events lie in the part's memory.
    private func apply(_ part: Part, to state: AcrossState) throws {
        try withExtendedLifetime(part) {
            try state.apply(part.events.raw, commitMs: testNowMs, thinning: 0)
        }
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `who shares four cells by chance is not compared, who goes on is`(seed: UInt64) throws {
        try withState { state in
            var random = SeededGenerator(seed: seed)
            let ride = random.ride(count: 900, from: 0, step: 3)
            _ = try send(state, 1, ride)
            // The same way for a landmark or less, with a metre of noise: 300 m.
            var made = 0
            for rider in 2..<40 as Range<UInt32> {
                let first = random.number(0...860)
                let piece = random.copy(Array(ride[first..<first + 12]), later: 5_000, noiseM: 1)
                made += try send(state, rider, piece).count
            }
            // Some ride near each other by chance, too.
            #expect(made <= 6, "seed \(seed)")
            let whole = try send(state, 99, random.copy(ride, later: 9_000, noiseM: 0.2))
            #expect(whole.count > 3, "seed \(seed)")
            #expect(whole.allSatisfy { $0.rider == 99 }, "seed \(seed)")
        }
    }

    @Test func `over the bound nothing is proposed, and a replay leaves out the same`() throws {
        var random = SeededGenerator(seed: 7)
        let ride = random.ride(count: 400, from: 0)
        func run(_ state: AcrossState) throws -> ([AcrossProposal], Int) {
            var all = try send(state, 1, ride)
            for rider in 2..<12 as Range<UInt32> {
                all += try send(
                    state, rider, random.copy(ride, later: Double(rider) * 1_000))
                if rider == 6, let first = all.first {
                    let part = Part(work: nil)
                    part.events.putEvent(.compared(proposal: first.number))
                    try apply(part, to: state)
                    #expect(state.openCount == 4)
                }
            }
            #expect(state.openCount == 5)
            return (all, state.dropped)
        }
        var runs: [([AcrossProposal], Int)] = []
        for _ in 0..<2 { try withState(maxOpen: 5) { runs.append(try run($0)) } }
        #expect(runs[0].0.count == 6)
        #expect(runs[0].1 > 20)
        #expect(runs[0].0 == runs[1].0)
        #expect(runs[0].1 == runs[1].1)
    }

    @Test func `two are suspects when they are alike again at the same distance in time`() {
        func isKnown(_ rider: UInt32, _ tsMs: Int64, _ offsetMs: Int64, of own: UInt32 = 1) -> Bool
        {
            var all = Suspicions()
            let first = Suspicions.Suspect(rider: 3, tsMs: 1_000_000, offsetMs: 700_000)
            let isFirstKnown = all.find(1, first, limits)
            #expect(!isFirstKnown)
            return all.find(own, .init(rider: rider, tsMs: tsMs, offsetMs: offsetMs), limits)
        }
        #expect(isKnown(3, 1_060_000, 700_000))
        #expect(isKnown(3, 1_060_000, 699_300) && isKnown(3, 1_060_000, 700_700))
        #expect(!isKnown(3, 1_060_000, 699_299) && !isKnown(3, 1_060_000, 700_701))
        #expect(!isKnown(4, 1_060_000, 700_000))
        #expect(!isKnown(3, 1_000_001 + limits.alikeMs, 700_000))
        // Told by the other's landmark.
        #expect(isKnown(1, 360_000, -700_000, of: 3))
    }

    @Test func `of many suspects the oldest are forgotten`() {
        var all = Suspicions()
        for rider in 2..<20 as Range<UInt32> {
            let isKnown = all.find(
                1, .init(rider: rider, tsMs: Int64(rider), offsetMs: 5), limits)
            #expect(!isKnown)
        }
        #expect(all[1].map(\.rider) == Array(12..<20))
        #expect(all[19] == [.init(rider: 1, tsMs: 14, offsetMs: -5)])
    }
}
