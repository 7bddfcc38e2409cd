import TachoGeo

/// Where a way is locked to another track in time and place: cell after cell of 50 m entered at the
/// same place, always the same time later.
///
/// Without the lock in time everybody who rides a road every day would be found.
struct LockedRun {
    private(set) var firstMs: Int64 = 0
    private(set) var hits = 0
    private(set) var of = 0
    private(set) var wayM = 0.0

    /// What an entry is compared with.
    enum Anchoring {
        /// Entries of the other track into the same cell.
        case entries
        /// Where the other track was at that time, more closely and more often: noise of two metres
        /// moves one entry in three to the fix before or after, and who rides laps at one pace is
        /// within 6.5 m of the last lap at three entries in four.
        case times
    }

    private static let timesShare = 0.8
    private static let timesWithinM = 5.0

    private struct Entry {
        var cells: CellEntry
        var point: WayPoint
    }

    private struct Step: Hashable {
        var cell: GridCell
        var from: GridCell
    }

    /// The longest end of the way of whose entries the share asked for is locked.
    init(_ pair: WayPair, _ limits: Thresholds, by anchoring: Anchoring = .entries) {
        let isByTime = anchoring == .times
        let share = isByTime ? max(limits.lockedShare, Self.timesShare) : limits.lockedShare
        let within =
            isByTime ? min(limits.lockedWithinM, Self.timesWithinM) : limits.lockedWithinM
        let own = Self.entries(pair.own)
        var others: [Step: [WayPoint]] = [:]
        for entry in isByTime ? [] : Self.entries(pair.other) {
            others[Step(cell: entry.cells.cell, from: entry.cells.from), default: []].append(
                entry.point)
        }
        var found = 0
        var way = 0.0
        var last: WayPoint?
        for index in own.indices.reversed() {
            let entry = own[index]
            let step = Step(cell: entry.cells.cell, from: entry.cells.from)
            let near = isByTime ? Self.near(entry.point.tsMs, pair, limits) : others[step] ?? []
            let isLocked = near.contains { other in
                abs(entry.point.tsMs - other.tsMs - pair.offsetMs) <= limits.lockedWithinMs
                    && Distance.onSphere(entry.point.coordinate, other.coordinate)
                        < within
            }
            guard isLocked else { continue }
            found += 1
            if let last { way += Distance.onSphere(entry.point.coordinate, last.coordinate) }
            last = entry.point
            let all = own.count - index
            guard Double(found) >= share * Double(all) else { continue }
            (firstMs, hits, of, wayM) = (entry.point.tsMs, found, all, way)
        }
    }

    /// Fixes of the other track at the time that answers to `ms`.
    private static func near(
        _ ms: Int64, _ pair: WayPair, _ limits: Thresholds
    ) -> [WayPoint] {
        let from = ms - pair.offsetMs - limits.lockedWithinMs
        var (low, high) = (0, pair.other.count)
        while low < high {
            let middle = (low + high) / 2
            if pair.other[middle].tsMs < from { low = middle + 1 } else { high = middle }
        }
        return Array(pair.other[low...].prefix { $0.tsMs <= from + 2 * limits.lockedWithinMs })
    }

    private static func entries(_ way: [WayPoint]) -> [Entry] {
        var entries: [Entry] = []
        var last = way[0]
        for point in way where abs(point.latE7) < GridCell.latLimitE7 {
            guard
                let cells = CellEntry(
                    latE7: point.latE7, lonE7: point.lonE7, after: last.latE7, last.lonE7)
            else { continue }
            entries.append(Entry(cells: cells, point: point))
            last = point
        }
        return entries
    }

    func finding(
        _ code: Code, _ pair: WayPair, _ limits: Thresholds
    ) -> AcrossFinding? {
        guard hits >= limits.lockedCells, wayM >= limits.lockedM else { return nil }
        return AcrossFinding(
            code: code, firstMs: firstMs, hits: hits, of: of, wayM: wayM,
            offsetMs: pair.offsetMs)
    }
}
