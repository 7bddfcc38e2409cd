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
        _ rider: UInt32, _ limits: Thresholds
    ) -> Bool {
        var found = around
        if found?.after == nil && slot.pointee.hasWindow {
            found = fromWindow(stored.fix.tsMs, slot, rider)
        }
        guard let found, let after = found.after else { return false }
        return Rejudge.fitsPlainly(
            stored.fix, stored.vehicle, base: stored.verdict, before: found.before, after: after,
            limits)
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
        let found = pasts.around(tsMs, in: past)
        let elsewhere = pasts[past].elsewhere
        // As a rule the next fix is older than all of the main tail, which then stays untouched.
        if slot.pointee.main.isEmpty
            || found.after.map({ $0.tsMs < slot.pointee.main.firstTsMs }) ?? false
        {
            return Surroundings(
                of: tsMs, before: found.before, after: found.after, elsewhere
            ) { $0.neighbour }
        }
        let main = slot.pointee.main
        let (before, after) = main.around(tsMs)
        return Surroundings(
            of: tsMs,
            before: Beside.nearer(
                found.before?.map(NeighbourPlace.past), before?.map(NeighbourPlace.main), >),
            after: Beside.nearer(
                found.after?.map(NeighbourPlace.past), after?.map(NeighbourPlace.main), <),
            elsewhere
        ) { place in
            switch place {
            case .past(let fix): return fix.neighbour
            case .main(let index):
                let stored = main[index].stored
                return Neighbour(
                    stored.fix, stored.vehicle,
                    pasts.current(stored.fix.tsMs, stored.verdict, in: past))
            }
        }
    }
}

private enum NeighbourPlace: BitwiseCopyable {
    case main(Int)
    case past(PastFix)
}

extension Surroundings {
    /// From the nearest fix before a time and the nearest from it on, among those that are not
    /// `elsewhere`.
    @inline(__always)
    fileprivate init<Place>(
        of tsMs: Int64, before: Beside<Place>?, after: Beside<Place>?, _ elsewhere: TimeSpan,
        _ neighbour: (Place) -> Neighbour
    ) {
        let isTaken = after.map { $0.tsMs == tsMs } ?? false
        isSurelyFree = !isTaken && !elsewhere.contains(tsMs)
        guard let after, !isTaken, !after.isTwice, before.map({ !$0.isTwice }) ?? true else {
            return
        }
        let isCovered =
            elsewhere.isEmpty || after.tsMs < elsewhere.firstMs
            || before.map { $0.tsMs > elsewhere.lastMs } ?? false
        guard isCovered else { return }
        self.before = before.map { neighbour($0.place) }
        self.after = neighbour(after.place)
    }
}

extension Beside {
    fileprivate func map<Other>(_ change: (Place) -> Other) -> Beside<Other> {
        Beside<Other>(tsMs: tsMs, place: change(place), isTwice: isTwice)
    }

    /// Of two sets' nearest fixes the nearer one; at the same time each is the other's second.
    fileprivate static func nearer(
        _ a: Beside?, _ b: Beside?, _ isNearer: (Int64, Int64) -> Bool
    ) -> Beside? {
        guard var a else { return b }
        guard let b else { return a }
        if a.tsMs == b.tsMs { a.isTwice = true }
        return isNearer(b.tsMs, a.tsMs) ? b : a
    }
}

extension Tail {
    /// The rows next to a time, as in `PastAround`, in a tail that is in order of time.
    fileprivate func around(_ ms: Int64) -> (before: Beside<Int>?, after: Beside<Int>?) {
        let at = ms <= firstTsMs ? 0 : firstIndex(atOrAfter: ms)
        var before: Beside<Int>?
        var after: Beside<Int>?
        if at < Int(count) {
            let isTwice = at + 1 < Int(count) && tsMs(at + 1) == tsMs(at)
            after = Beside(tsMs: tsMs(at), place: at, isTwice: isTwice)
        }
        if at > 0 {
            let isTwice = at > 1 && tsMs(at - 2) == tsMs(at - 1)
            before = Beside(tsMs: tsMs(at - 1), place: at - 1, isTwice: isTwice)
        }
        return (before, after)
    }
}

extension HistoryFix {
    /// With its current verdict.
    fileprivate var neighbour: Neighbour { Neighbour(stored.fix, stored.vehicle, current) }
}
