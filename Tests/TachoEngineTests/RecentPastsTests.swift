import TachoCodec
import TachoGeo
import TachoIngest
import Testing

@testable import TachoEngine

/// Recent pasts against a sorted list.
struct RecentPastsTests {
    private struct Model {
        var fixes: [(tsMs: Int64, told: Neighbour)] = []

        mutating func insert(_ fix: Fix, _ vehicle: VehicleClass, _ verdict: Verdict) {
            let at = fixes.firstIndex { $0.tsMs > fix.tsMs } ?? fixes.count
            var kept = fix
            kept.accuracyDm = min(fix.accuracyDm, 65_534)
            fixes.insert((fix.tsMs, Neighbour(kept, vehicle, verdict)), at: at)
        }

        mutating func amend(_ tsMs: Int64, _ verdict: Verdict) {
            let at = fixes.firstIndex { $0.tsMs == tsMs }!
            let told = Neighbour(Fix(tsMs: 0, latE7: 0, lonE7: 0), .any, verdict)
            fixes[at].told.isTrusted = told.isTrusted
            fixes[at].told.isMarked = told.isMarked
        }

        func around(_ tsMs: Int64) -> Around {
            let at = fixes.firstIndex { $0.tsMs >= tsMs } ?? fixes.count
            func isTwice(_ index: Int) -> Bool { fixes.count { $0.tsMs == fixes[index].tsMs } > 1 }
            return Around(
                before: at == 0 ? nil : fixes[at - 1].told,
                isBeforeTwice: at > 0 && isTwice(at - 1),
                after: at == fixes.count ? nil : fixes[at].told,
                isAfterTwice: at < fixes.count && isTwice(at))
        }
    }

    private struct Around: Equatable {
        var before: Neighbour?
        var isBeforeTwice: Bool
        var after: Neighbour?
        var isAfterTwice: Bool
    }

    private static func around(
        _ pasts: inout RecentPasts, _ tsMs: Int64, _ past: UInt32
    ) -> Around {
        let found = pasts.around(tsMs, in: past)
        return Around(
            before: found.before?.place.neighbour, isBeforeTwice: found.before?.isTwice ?? false,
            after: found.after?.place.neighbour, isAfterTwice: found.after?.isTwice ?? false)
    }

    /// Runs on and back, pages newest first, times taken twice, years apart.
    private struct Times {
        var random: SeededGenerator
        var nowMs: Int64 = 1_767_225_600_000

        mutating func next(_ seen: [Int64]) -> Int64 {
            switch random.number(0...19) {
            case 0: nowMs += random.number(0...10_000_000)
            case 1: nowMs -= random.number(0...10_000_000)
            case 2 where random.chance(20):
                nowMs = random.number(-Fix.timeLimitMs + 1...Fix.timeLimitMs - 1)
            case 3 where !seen.isEmpty: nowMs = random.one(seen)
            case 4 where !seen.isEmpty: return random.one(seen)
            case 5...8: nowMs -= random.number(1...3_000)
            default: nowMs += random.number(1...3_000)
            }
            nowMs = max(-Fix.timeLimitMs + 1, min(Fix.timeLimitMs - 1, nowMs))
            return nowMs
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `what is put in is found around any time`(seed: UInt64) async {
        await #expect(processExitsWith: .success) { [seed] in
            var pasts = RecentPasts(limitBytes: 8 << 20)
            var random = SeededGenerator(seed: seed)
            let riders: [UInt32] = [70, 71, 90]
            var models = [Model](repeating: Model(), count: riders.count)
            var times = riders.map { Times(random: SeededGenerator(seed: seed * 10 + UInt64($0))) }
            let places = riders.map { pasts.begin(PastHead(rider: $0), amended: [:]) }
            for step in 0..<3_000 {
                let which = random.number(0...riders.count - 1)
                let tsMs = times[which].next(models[which].fixes.map(\.tsMs))
                var stored = random.stored(tsMs, extras: 20)
                stored.fix.accuracyDm = random.one([Fix.absent, 50, 65_534, 65_535, 900_000])
                pasts.insert(stored.fix, stored.vehicle, stored.verdict, to: places[which])
                models[which].insert(stored.fix, stored.vehicle, stored.verdict)
                if random.chance(1) {
                    var tail = Tail()
                    for index in 0..<random.number(1...256) {
                        let tsMs = times[which].nowMs + Int64(index) * random.number(900...1_000)
                        guard index == 0 || tsMs >= tail.tsMs(index - 1) else { break }
                        let stored = random.stored(tsMs, extras: 10)
                        tail.append(
                            FixRow.pack(stored, route: 0).row, FixRow.extra(stored),
                            arrival: UInt32(index), .known(1))
                        models[which].insert(stored.fix, stored.vehicle, stored.verdict)
                    }
                    pasts.merge(tail, to: places[which])
                    tail.free()
                }
                if random.chance(10), let at = models[which].fixes.randomElement(using: &random) {
                    pasts.amend(at.tsMs, stored.verdict, in: places[which])
                    models[which].amend(at.tsMs, stored.verdict)
                }
                let asked = random.chance(50) ? tsMs : times[which].next([])
                for ms in [asked, tsMs + 1] {
                    let found = Self.around(&pasts, ms, places[which])
                    #expect(
                        found == models[which].around(ms),
                        "seed \(seed), step \(step), time \(ms)")
                }
            }
            let forgotten = pasts.removeAll()
            #expect(forgotten == riders)
            pasts.free()
            #expect(TailPool.shared.bytes.used == 0)
        }
    }

    @Test func `beyond its bound older rows go, and it says for which times`() async {
        await #expect(processExitsWith: .success) {
            var pasts = RecentPasts(limitBytes: 20 * PastBlocks.byteCount)
            var random = SeededGenerator(seed: 5)
            var models = [Model](repeating: Model(), count: 5)
            let places = (0..<5).map {
                pasts.begin(PastHead(rider: UInt32($0)), amended: [:])
            }
            for step in 0..<4_000 {
                let which = random.number(0...4)
                let late = random.chance(30) ? random.number(0...2_000) : 0
                let stored = random.stored(Int64(step - late) * 1_000, extras: 0)
                pasts.insert(stored.fix, stored.vehicle, stored.verdict, to: places[which])
                models[which].insert(stored.fix, stored.vehicle, stored.verdict)
            }
            var kept = 0
            for (which, model) in models.enumerated() {
                let head = pasts[places[which]]
                for (tsMs, _) in model.fixes where head.covers(tsMs) {
                    let all = model.fixes.filter { $0.tsMs == tsMs }.map(\.told)
                    let found = Self.around(&pasts, tsMs, places[which])
                    #expect(found.after == all[0], "rider \(which), \(tsMs)")
                    #expect(found.isAfterTwice == (all.count > 1), "rider \(which), \(tsMs)")
                    kept += 1
                }
                #expect(!head.covers(model.fixes[0].tsMs), "nothing of rider \(which) went")
            }
            #expect(kept > 300)
            pasts.free()
        }
    }

    @Test func `verdicts of fixes in the open tail are remembered until it is closed`() async {
        await #expect(processExitsWith: .success) {
            var pasts = RecentPasts(limitBytes: 1 << 20)
            let early = Verdict(codes: Code.spike.bit, effect: .hold)
            let past = pasts.begin(PastHead(rider: 1), amended: [5: early])
            let plain = Verdict(isTrusted: true)
            #expect(pasts.current(5, plain, in: past) == early)
            #expect(pasts.current(6, plain, in: past) == plain)
            pasts.amend(6, early, in: past)
            #expect(pasts.current(6, plain, in: past) == early)
            pasts.forgetAmended(in: past)
            #expect(pasts.current(5, plain, in: past) == plain)
            pasts.free()
        }
    }
}
