import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// What memory alone tells of a time among a rider's fixes.
struct Surroundings {
    /// No fix of that time is stored.
    var isSurelyFree: Bool
    /// The fixes next to it in time, as they are now. Without one after it nothing is told; with
    /// one and none before, the time is before all others.
    var before: Neighbour?
    var after: Neighbour?
}

extension Shard {
    /// Whether a late fix fits between its neighbours so plainly that it is trusted and changes
    /// nothing. False says nothing: `judgeLate` decides.
    ///
    /// Looks only at what is in memory: `around`, or a window at hand.
    /// Cost: 20 ns where `judgeLate` takes 30 µs and more.
    func fitsPlainly(
        _ stored: StoredFix, _ around: Surroundings?, _ slot: UnsafeMutablePointer<Slot>,
        _ rider: UInt32
    ) -> Bool {
        var found = around
        if found?.after == nil && slot.pointee.hasWindow {
            found = fromWindow(stored.fix.tsMs, slot, rider)
        }
        guard let found, let after = found.after else { return false }
        return Rejudge.fitsPlainly(
            stored.fix, stored.vehicle, base: stored.verdict, before: found.before, after: after,
            rules.thresholds)
    }

    /// Several fixes at a neighbour's time, or none where the window ends, are not decided here.
    private func fromWindow(
        _ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>, _ rider: UInt32
    ) -> Surroundings? {
        windows.read(rider) { window in
            guard window.covers(tsMs, tsMs) else { return nil }
            let fixes = window.fixes
            let at = HistorySource.firstIndex(fixes, atOrAfter: tsMs)
            guard at < fixes.count, fixes[at].tsMs > tsMs,
                at + 1 == fixes.count || fixes[at + 1].tsMs != fixes[at].tsMs,
                // The last fix of a window may have others at its time only if it ends there.
                fixes[at].tsMs < window.toMs
            else { return nil }
            let after = fixes[at].neighbour
            if at == 0 {
                return tsMs < slot.pointee.oldestMs
                    ? Surroundings(isSurelyFree: true, before: nil, after: after) : nil
            }
            guard at == 1 || fixes[at - 2].tsMs != fixes[at - 1].tsMs,
                fixes[at - 1].tsMs > window.fromMs
            else { return nil }
            return Surroundings(
                isSurelyFree: true, before: fixes[at - 1].neighbour, after: after)
        }
    }

    /// What the recent past and the open main tail, which together hold all fixes outside of
    /// `elsewhere`, tell of a time.
    mutating func surroundings(
        of tsMs: Int64, _ rider: UInt32, _ slot: UnsafeMutablePointer<Slot>
    ) throws(StoreError) -> Surroundings {
        try rememberPast(rider, slot)
        let past = slot.pointee.past
        var scan = NeighbourScan(tsMs: tsMs)
        pasts.around(tsMs, in: past) { scan.offer($0.tsMs, .past($0)) }
        let main = slot.pointee.main
        // As a rule the next fix is older than all of the main tail, which then stays untouched.
        if !main.isEmpty, scan.after.map({ $0.tsMs >= main.firstTsMs }) ?? true {
            let at = tsMs <= main.firstTsMs ? 0 : main.firstIndex(atOrAfter: tsMs)
            // One more on each side, to see whether a time is taken twice.
            for index in max(0, at - 2)..<min(Int(main.count), at + 2) {
                scan.offer(main.tsMs(index), .main(index))
            }
        }
        let elsewhere = pasts[past].elsewhere
        var told = Surroundings(
            isSurelyFree: !scan.isTaken && !elsewhere.contains(tsMs), before: nil, after: nil)
        guard let after = scan.after, !scan.isAmbiguous else { return told }
        let isCovered =
            elsewhere.isEmpty || after.tsMs < elsewhere.firstMs
            || scan.before.map { $0.tsMs > elsewhere.lastMs } ?? false
        guard isCovered else { return told }
        told.before = scan.before.map { neighbour($0, main, past) }
        told.after = neighbour(after, main, past)
        return told
    }

    @inline(__always)
    private func neighbour(
        _ found: NeighbourScan.Found, _ main: Tail, _ past: UInt32
    ) -> Neighbour {
        switch found.place {
        case .past(let fix):
            return fix.neighbour
        case .main(let index):
            let stored = main[index].stored
            return Neighbour(
                stored.fix, stored.vehicle,
                pasts.current(found.tsMs, stored.verdict, in: past))
        }
    }
}

/// Finds the nearest times on both sides of one.
private struct NeighbourScan {
    enum Place: BitwiseCopyable {
        case main(Int)
        case past(PastFix)
    }

    struct Found {
        var tsMs: Int64
        var place: Place
    }

    let tsMs: Int64
    var before: Found?
    var after: Found?
    private var isBeforeTwice = false
    private var isAfterTwice = false
    private(set) var isTaken = false

    init(tsMs: Int64) { self.tsMs = tsMs }

    /// A neighbour's time, or the time itself, holds several fixes: who counts is not told here.
    var isAmbiguous: Bool { isBeforeTwice || isAfterTwice || isTaken }

    @inline(__always)
    mutating func offer(_ ms: Int64, _ place: Place) {
        if ms < tsMs {
            let best = before?.tsMs ?? Int64.min
            if ms > best {
                before = Found(tsMs: ms, place: place)
                isBeforeTwice = false
            } else if ms == best {
                isBeforeTwice = true
            }
        } else if ms > tsMs {
            let best = after?.tsMs ?? Int64.max
            if ms < best {
                after = Found(tsMs: ms, place: place)
                isAfterTwice = false
            } else if ms == best {
                isAfterTwice = true
            }
        } else {
            isTaken = true
        }
    }
}

extension HistoryFix {
    /// With its current verdict.
    fileprivate var neighbour: Neighbour { Neighbour(stored.fix, stored.vehicle, current) }
}
