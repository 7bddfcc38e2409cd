import TachoGeo
import TachoIngest
import Testing

/// The order-of-delivery promise: once all fixes are stored, verdicts are those of time order.
struct DeliveryOrderTests {
    /// A store of one rider that knows only what `Rejudge` may ask for.
    private struct Rider {
        let rules = RuleSet()
        var chain = Chain()
        var entries: [ChainEntry] = []
        /// The largest window ever needed, to see that partial windows are really used.
        var partialWindows = 0
        /// Late fixes that plainly fit are settled without a run, as the engine does.
        var takesShortCut = false
        var shortCuts = (held: 0, moving: 0)

        mutating func deliver(_ fix: Fix, _ random: inout SeededGenerator) {
            let base = rules.point(fix, recvMs: fix.tsMs)
            var verdict = Verdict(codes: base.codes, effect: base.effect)
            if fix.tsMs > chain.newestTsMs {
                let step = chain.advance(fix, vehicle: .car, base: base, rules.thresholds)
                verdict.codes |= step.finding.codes
                verdict.effect = max(verdict.effect, step.finding.effect)
                verdict.isTrusted = step.isTrusted
                entries.append(ChainEntry(fix: fix, vehicle: .car, verdict: verdict))
                if step.decidedCount > 0 { set(step.decided.0.tsMs, step.decidedVerdicts.0) }
                if step.decidedCount > 1 { set(step.decided.1.tsMs, step.decidedVerdicts.1) }
                return
            }
            let at = entries.firstIndex { $0.fix.tsMs > fix.tsMs } ?? entries.count
            if takesShortCut && fitsPlainly(fix, verdict, at) {
                verdict.isTrusted = true
                entries.insert(ChainEntry(fix: fix, vehicle: .car, verdict: verdict), at: at)
                return
            }
            entries.insert(ChainEntry(fix: fix, vehicle: .car, verdict: verdict), at: at)
            var low = max(0, at - Int.random(in: 0...3, using: &random))
            var high = min(entries.count, at + 1 + Int.random(in: 0...3, using: &random))
            while true {
                if low > 0 || high < entries.count { partialWindows += 1 }
                let outcome = Rejudge.run(
                    window: Array(entries[low..<high]), lateIndex: at - low,
                    reachesFirst: low == 0, reachesNewest: high == entries.count,
                    rules.thresholds)
                switch outcome {
                case .needsEarlierHistory: low = max(0, low - 2)
                case .needsLaterHistory: high = min(entries.count, high + 2)
                case .met(let changes):
                    for change in changes { set(change.tsMs, change.verdict) }
                    return
                case .reachedEnd(let changes, let end):
                    for change in changes { set(change.tsMs, change.verdict) }
                    chain = end
                    return
                }
            }
        }

        /// A mark hides whether the chain held or confirmed a jump: the one case in which it may
        /// change what comes later (`RuleSet.isShownByChain`).
        private(set) var hidesAFate = false

        /// Some fixes turn out to be in another track.
        mutating func markReplays(_ random: inout SeededGenerator) {
            let jumps = Code.teleport.bit | Code.gapSpeed.bit
            defer {
                hidesAFate =
                    hidesAFate
                    || entries.contains {
                        $0.verdict.codes & Code.replay.bit != 0 && !$0.verdict.isTrusted
                            && $0.verdict.codes & jumps != 0
                    }
            }
            for index in entries.indices where Int.random(in: 0..<12, using: &random) == 0 {
                entries[index].verdict.codes |= Code.replay.bit
                entries[index].verdict.effect = .quarantine
                _ = chain.addAcross(
                    AcrossRules.finding(.replay), to: entries[index].fix.tsMs)
            }
        }

        private mutating func fitsPlainly(_ fix: Fix, _ base: Verdict, _ at: Int) -> Bool {
            guard at < entries.count else { return false }
            func neighbour(_ index: Int) -> Neighbour {
                Neighbour(entries[index].fix, entries[index].vehicle, entries[index].verdict)
            }
            let before = at > 0 ? neighbour(at - 1) : nil
            guard
                Rejudge.fitsPlainly(
                    fix, .car, base: base, before: before, after: neighbour(at), rules.thresholds)
            else { return false }
            let isHeld = before?.latE7 == fix.latE7 && before?.lonE7 == fix.lonE7
            if isHeld { shortCuts.held += 1 } else { shortCuts.moving += 1 }
            return true
        }

        private mutating func set(_ tsMs: Int64, _ verdict: Verdict) {
            entries[entries.firstIndex { $0.fix.tsMs == tsMs }!].verdict = verdict
        }
    }

    /// Tracks that walk, hold still, jump, come back and jump again: the chain's whole repertoire.
    private func track(_ random: inout SeededGenerator) -> [Fix] {
        var fixes: [Fix] = []
        var seconds = 0.0
        var (north, east) = (0.0, 0.0)
        for _ in 0..<Int.random(in: 2...40, using: &random) {
            seconds += Double([1, 1, 3, 3, 10, 70].randomElement(using: &random)!)
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                north += Double.random(in: -40...40, using: &random)
            case 4, 5:
                break  // the same position again
            case 6:
                north += 400
            case 7:
                east += 6000
            case 8:
                east = 0
            default:
                (north, east) = (0, 0)
            }
            let accuracy: Int32 = [Fix.absent, 50, 900].randomElement(using: &random)!
            let speed: Int32 = [Fix.absent, 0, 700].randomElement(using: &random)!
            fixes.append(
                fix(seconds, north: north, east: east, accuracyDm: accuracy, speedCms: speed))
        }
        return fixes
    }

    @Test(arguments: 0..<40, [false, true])
    func `any order of delivery ends in the verdicts of time order`(
        round: Int, takesShortCut: Bool
    ) {
        var partial = 0
        var shortCuts = (held: 0, moving: 0)
        for seed in UInt64(round * 100)..<UInt64(round * 100 + 100) {
            var random = SeededGenerator(seed: seed)
            let fixes = track(&random)
            let expected = verdictsInOrder(fixes)
            var rider = Rider()
            rider.takesShortCut = takesShortCut
            let order =
                seed % 4 == 0 ? fixes.reversed() : Array(fixes.shuffled(using: &random))
            for fix in order { rider.deliver(fix, &random) }
            #expect(rider.entries.map(\.verdict) == expected, "seed \(seed)")
            var inOrder = Chain()
            for fix in fixes {
                _ = inOrder.advance(
                    fix, vehicle: .car, base: RuleSet().point(fix, recvMs: fix.tsMs),
                    Thresholds())
            }
            #expect(rider.chain == inOrder, "seed \(seed): the live chain differs")
            partial += rider.partialWindows
            shortCuts.held += rider.shortCuts.held
            shortCuts.moving += rider.shortCuts.moving
        }
        #expect((shortCuts.held > 50 && shortCuts.moving > 50) == takesShortCut)
        #expect(partial > 0, "the property was only tried with whole histories")
    }

    @Test(arguments: 0..<40)
    func `a mark of another track changes no verdict of the chain, whenever it comes`(round: Int) {
        let replay = Code.replay.bit
        var compared = 0
        for seed in UInt64(round * 100)..<UInt64(round * 100 + 100) {
            var random = SeededGenerator(seed: seed)
            let fixes = track(&random)
            let expected = verdictsInOrder(fixes)
            var rider = Rider()
            rider.takesShortCut = seed % 2 == 0
            for fix in fixes.shuffled(using: &random) {
                rider.deliver(fix, &random)
                rider.markReplays(&random)
            }
            if rider.hidesAFate { continue }
            compared += 1
            for (entry, plain) in zip(rider.entries, expected) {
                let isMarked = entry.verdict.codes & replay != 0
                #expect(entry.verdict.codes & ~replay == plain.codes, "seed \(seed)")
                #expect(entry.verdict.isTrusted == plain.isTrusted, "seed \(seed)")
                #expect(
                    entry.verdict.effect == (isMarked ? .quarantine : plain.effect),
                    "seed \(seed)")
            }
        }
        #expect(compared >= 15, "only \(compared) tracks have nothing hidden")
    }

    @Test func `a late upload is compared with its neighbours in time`() {
        // traccar#3640: compared with the last received fix it would be a teleport.
        var random = SeededGenerator(seed: 7)
        var rider = Rider()
        for second in [0, 3, 6, 600, 603] {
            rider.deliver(fix(Double(second), north: Double(second) * 20), &random)
        }
        rider.deliver(fix(9, north: 180), &random)
        #expect(rider.entries.allSatisfy { $0.verdict.text == "ok" })
    }
}
