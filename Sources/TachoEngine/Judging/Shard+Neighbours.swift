import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// The fixes next to a late one in time, as they are now.
private struct Neighbours {
    /// nil: there is nothing earlier.
    var before: StoredFix?
    var after: StoredFix
}

extension Shard {
    /// Whether a late fix fits between its neighbours so plainly that it is trusted and changes
    /// nothing. False says nothing: `judgeLate` decides.
    ///
    /// Looks only at what is in memory: the recent past, or a window at hand.
    /// Cost: 0.3 µs where `judgeLate` takes 5 and more.
    func fitsPlainly(
        _ stored: StoredFix, _ slot: UnsafeMutablePointer<Slot>, _ rider: UInt32
    ) -> Bool {
        let tsMs = stored.fix.tsMs
        var found: Neighbours?
        if slot.pointee.past != 0 { found = fromPast(tsMs, slot) }
        if found == nil && slot.pointee.hasWindow { found = fromWindow(tsMs, slot, rider) }
        guard let found else { return false }
        return Rejudge.fitsPlainly(
            stored, before: found.before, after: found.after, rules.thresholds)
    }

    /// Several fixes at a neighbour's time, or none where the window ends, are not decided here.
    private func fromWindow(
        _ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>, _ rider: UInt32
    ) -> Neighbours? {
        windows.read(rider) { window in
            guard window.covers(tsMs, tsMs) else { return nil }
            let fixes = window.fixes
            let at = HistorySource.firstIndex(fixes, atOrAfter: tsMs)
            guard at < fixes.count, fixes[at].tsMs > tsMs,
                at + 1 == fixes.count || fixes[at + 1].tsMs != fixes[at].tsMs,
                // The last fix of a window may have others at its time only if it ends there.
                fixes[at].tsMs < window.toMs
            else { return nil }
            let after = fixes[at].asItIs
            if at == 0 {
                return tsMs < slot.pointee.oldestMs ? Neighbours(before: nil, after: after) : nil
            }
            guard at == 1 || fixes[at - 2].tsMs != fixes[at - 1].tsMs,
                fixes[at - 1].tsMs > window.fromMs
            else { return nil }
            return Neighbours(before: fixes[at - 1].asItIs, after: after)
        }
    }

    /// The neighbours among the recent past and the open main tail, which together hold all fixes
    /// outside of `elsewhere`.
    private func fromPast(
        _ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>
    ) -> Neighbours? {
        guard !slot.pointee.hasClockSpans else { return nil }
        let main = slot.pointee.main
        var scan = NeighbourScan(tsMs: tsMs)
        pasts.around(tsMs, in: slot.pointee.past) { scan.offer($0.tsMs, .past($0)) }
        if !main.isEmpty {
            let at = tsMs <= main.firstTsMs ? 0 : main.firstIndex(atOrAfter: tsMs)
            // One more on each side, to see whether a time is taken twice.
            for index in max(0, at - 2)..<min(Int(main.count), at + 2) {
                scan.offer(main.tsMs(index), .main(index))
            }
        }
        guard let after = scan.after, !scan.isAmbiguous else { return nil }
        let past = pasts[slot.pointee.past]
        let elsewhere = past.elsewhere
        let isCovered =
            elsewhere.isEmpty || after.tsMs < elsewhere.firstMs
            || scan.before.map { $0.tsMs > elsewhere.lastMs } ?? false
        guard isCovered else { return nil }
        func stored(_ found: NeighbourScan.Found) -> StoredFix {
            switch found.place {
            case .past(let row):
                return row.stored
            case .main(let index):
                var fix = main[index].stored
                fix.verdict = past.current(found.tsMs, fix.verdict)
                return fix
            }
        }
        return Neighbours(before: scan.before.map(stored), after: stored(after))
    }
}

/// Finds the nearest times on both sides of one.
private struct NeighbourScan {
    enum Place: BitwiseCopyable {
        case main(Int)
        case past(PastRow)
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
    private var isTaken = false

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
    fileprivate var asItIs: StoredFix {
        var fix = stored
        fix.verdict = current
        return fix
    }
}
