import TachoGeo

/// What is remembered of a rider's last fixes to tell landmarks: 64 B.
///
/// Landmarks are chosen by content, so that source and copy choose the same. Of *places*: one of 16
/// positions while the rider moves (8 or 4 where steps are long), named after it and the four before, to 1e-6 degree. Of *cells*:
/// the first fix in one of 8 cells of 50 m, named after it, the three cells before, and the seconds
/// between. Both name a piece of way, not a point: on a road thousands pass every day a point is
/// found again thousands of times.
package struct Trail: Hashable, Sendable, BitwiseCopyable {
    /// The last four different places, newest first.
    package var place0: UInt64 = 0
    package var place1: UInt64 = 0
    package var place2: UInt64 = 0
    package var place3: UInt64 = 0
    /// The last entry into a new cell.
    package var entryMs: Int64 = 0
    package var entryLatE7: Int32 = 0
    package var entryLonE7: Int32 = 0
    /// The steps to it, and to the entry before.
    package var step0: UInt32 = 0
    package var step1: UInt32 = 0
    /// Landmarks there are of the rider.
    package var landmarks: UInt32 = 0
    /// Of `place0` to `place3`, so many are known.
    package var places: UInt8 = 0
    /// Entries in a row, at most four.
    package var entries: UInt8 = 0
    /// Changed since the last checkpoint.
    package var isDirty = false

    package init() {}

    /// A way is broken off where nothing was heard for so long, ms.
    private static let pauseMs: Int64 = 10 * 60_000

    /// Takes the rider's next fix; gives the hashes of a landmark of places and of one of cells, 0
    /// where there is none. Cost: a multiplication and a few comparisons.
    @inline(__always)
    mutating func take(_ fix: WayFix, _ limits: Thresholds) -> (places: UInt64, cells: UInt64) {
        isDirty = true
        return (takePlace(fix, limits), takeCell(fix, limits))
    }

    @inline(__always)
    private mutating func takePlace(_ fix: WayFix, _ limits: Thresholds) -> UInt64 {
        let place = ExactPlace(latE7: fix.latE7, lonE7: fix.lonE7).bits
        if places > 0 && place == place0 { return 0 }
        var hash: UInt64 = 0
        if places == 4 {
            let mixed = Mix.bits(place)
            let step = ExactPlace(bits: place).stepE6(from: ExactPlace(bits: place0))
            if Mix.isChosen(mixed, share: Self.share(limits.placeShare, stepE6: step)) {
                hash = hashOfPlaces(place, mixed)
            }
        } else {
            places += 1
        }
        (place3, place2, place1, place0) = (place2, place1, place0, place)
        return hash
    }

    /// Long steps are chosen more often: landmarks are to be as far apart on the way, whatever the
    /// pace of the fixes. 12 m and 35 m.
    @inline(__always)
    private static func share(_ usual: UInt64, stepE6: Int32) -> UInt64 {
        stepE6 < 110 ? usual : max(1, usual >> (stepE6 < 320 ? 1 : 2))
    }

    /// 0: the rider does not move, or the phone's positions are coarse.
    private func hashOfPlaces(_ place: UInt64, _ mixed: UInt64) -> UInt64 {
        let newest = ExactPlace(bits: place)
        guard newest.isApart(from: ExactPlace(bits: place3)) else { return 0 }
        let middling =
            (newest.isMiddling ? 1 : 0) + (ExactPlace(bits: place0).isMiddling ? 1 : 0)
            + (ExactPlace(bits: place1).isMiddling ? 1 : 0)
            + (ExactPlace(bits: place2).isMiddling ? 1 : 0)
            + (ExactPlace(bits: place3).isMiddling ? 1 : 0)
        guard middling >= 3 else { return 0 }
        var hash = Mix.bits(mixed ^ place0)
        hash = Mix.bits(hash ^ place1)
        hash = Mix.bits(hash ^ place2)
        hash = Mix.bits(hash ^ place3)
        return (hash & Landmark.hashMask & ~1) | 2
    }

    @inline(__always)
    private mutating func takeCell(_ fix: WayFix, _ limits: Thresholds) -> UInt64 {
        guard abs(fix.latE7) < GridCell.latLimitE7 else { return 0 }
        if entries == 0 {
            begin(fix)
            return 0
        }
        guard
            let entry = CellEntry(
                latE7: fix.latE7, lonE7: fix.lonE7, after: entryLatE7, entryLonE7)
        else { return 0 }
        return enter(entry, fix, limits)
    }

    private mutating func begin(_ fix: WayFix) {
        (entryMs, entryLatE7, entryLonE7) = (fix.tsMs, fix.latE7, fix.lonE7)
        (step0, step1, entries) = (0, 0, 1)
    }

    private mutating func enter(
        _ entry: CellEntry, _ fix: WayFix, _ limits: Thresholds
    ) -> UInt64 {
        let ms = fix.tsMs - entryMs
        if ms > Self.pauseMs {
            begin(fix)
            return 0
        }
        let seconds = UInt64(bitPattern: (ms + 500) / 1000)
        let cell = Mix.bits(entry.cell.bits)
        let step = Mix.bits(Mix.bits(cell ^ entry.from.bits) ^ seconds)
        var hash: UInt64 = 0
        // Three steps join four entries.
        if entries >= 3 && Mix.isChosen(cell, share: limits.cellShare) {
            let way = Mix.bits(step ^ (UInt64(step0) << 32 | UInt64(step1)))
            hash = way & Landmark.hashMask | 1
        }
        step1 = step0
        step0 = UInt32(truncatingIfNeeded: step)
        (entryMs, entryLatE7, entryLonE7) = (fix.tsMs, fix.latE7, fix.lonE7)
        if entries < 4 { entries += 1 }
        return hash
    }
}
