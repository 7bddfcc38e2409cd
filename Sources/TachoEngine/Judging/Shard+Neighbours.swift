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
    /// Looks only at what is in memory: a window at hand, or the open tails where no chunk reaches.
    /// Cost: 0.3 µs where `judgeLate` takes 5 and more.
    func fitsPlainly(
        _ stored: StoredFix, _ slot: UnsafeMutablePointer<Slot>, _ rider: UInt32
    ) -> Bool {
        let found =
            slot.pointee.hasWindow
            ? fromWindow(stored.fix.tsMs, slot, rider) : fromTails(stored.fix.tsMs, slot)
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

    private func fromTails(
        _ tsMs: Int64, _ slot: UnsafeMutablePointer<Slot>
    ) -> Neighbours? {
        // Amended verdicts are in the database.
        guard slot.pointee.amendments == 0, !slot.pointee.hasClockSpans else { return nil }
        var scan = NeighbourScan(tsMs: tsMs)
        let (main, late) = (slot.pointee.main, slot.pointee.late)
        let at = main.firstIndex(atOrAfter: tsMs)
        // One more on each side, to see whether a time is taken twice.
        for index in max(0, at - 2)..<min(Int(main.count), at + 2) {
            scan.offer(main.tsMs(index), index, isLate: false)
        }
        late.scan(fromMs: Int64.min, toMs: Int64.max) {
            scan.offer(late.tsMs($0), $0, isLate: true)
        }
        guard let after = scan.after, !scan.isAmbiguous else { return nil }
        let oldest = slot.pointee.closedOldestMs
        let isBeyondChunks =
            scan.before.map { $0.tsMs > slot.pointee.closedNewestMs || after.tsMs < oldest }
            ?? (after.tsMs < oldest)
        guard isBeyondChunks else { return nil }
        func stored(_ found: NeighbourScan.Found) -> StoredFix {
            (found.isLate ? late : main)[found.index].stored
        }
        return Neighbours(before: scan.before.map(stored), after: stored(after))
    }
}

/// Finds the nearest times on both sides of one.
private struct NeighbourScan {
    struct Found {
        var tsMs: Int64
        var index: Int
        var isLate: Bool
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
    mutating func offer(_ ms: Int64, _ index: Int, isLate: Bool) {
        if ms < tsMs {
            let best = before?.tsMs ?? Int64.min
            if ms > best {
                before = Found(tsMs: ms, index: index, isLate: isLate)
                isBeforeTwice = false
            } else if ms == best {
                isBeforeTwice = true
            }
        } else if ms > tsMs {
            let best = after?.tsMs ?? Int64.max
            if ms < best {
                after = Found(tsMs: ms, index: index, isLate: isLate)
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
