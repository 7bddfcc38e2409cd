import TachoCodec
import TachoGeo

/// What a unit became: rows, and what must be known of them.
struct UnitTally {
    var rows: UInt64 = 0
    /// There was a row more than the limit.
    var isCut = false
    var tsBounds = TimeBounds()
    var recvBounds = TimeBounds()
    var firstGroup: RowGroup?
    var lastGroup: RowGroup?
    /// Of the last row.
    var block = 0
    var index = 0
}

/// Reads the blocks of a unit and writes their rows: what each thread of an export does by itself.
///
/// Memory is kept from unit to unit. Cost: decoding and hashing about 30 ns a fix, and the format's.
struct ExportUnitWriter<Format: AuditRowFormat & ~Copyable>: ~Copyable {
    private let query: ExportQuery
    private var format = Format()
    /// Rows of the unit written last.
    private(set) var out = TextBuffer(capacity: 2 << 20)
    private(set) var tally = UnitTally()
    private var fixes = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    private var buffer: [UInt8] = []
    /// The rider the format knows.
    private var rider: [UInt8]?

    init(query: ExportQuery) { self.query = query }

    /// Replaces `out` and `tally` by those of `unit`, with at most `limit` rows.
    mutating func write(_ unit: ExportUnit, limit: UInt64) throws(ExportError) {
        out.removeAll()
        tally = UnitTally()
        do throws(SegmentError) {
            for step in unit.steps where !tally.isCut {
                try write(step, of: unit.segment, limit: limit)
            }
        } catch {
            throw .segment(error, file: unit.fileName)
        }
    }

    private mutating func write(
        _ step: ExportUnit.Step, of segment: ExportSegment, limit: UInt64
    ) throws(SegmentError) {
        try segment.readFixes(block: step.block, buffer: &buffer, into: &fixes)
        let before = tally.rows
        let header = segment.header
        // Read before the rows, so that a name that is none stops before them.
        let name = try segment.name(step.rider)
        let start = BlockStart(
            name: name, segment: header.interval.segmentID, block: step.block)
        let left = limit - tally.rows
        if step.amendments == nil, step.firstIndex == 0, query.area == nil,
            query.tsMs.contains(step.tsBounds), query.recvMs.contains(header.recvBounds),
            UInt64(fixes.count) <= left
        {
            writeAll(start)
        } else {
            writeChosen(step, start, limit: limit)
        }
        if tally.rows > before { format.endBlock(to: &out) }
    }

    /// Every fix of the block, with the verdict that is stored.
    private mutating func writeAll(_ start: BlockStart) {
        guard fixes.count > 0 else { return }
        begin(start)
        let at = fixes.at
        for index in 0..<fixes.count {
            let verdict = at.verdict(index)
            format.append(
                AuditRow(fixes: at, index: index, verdictAtSeal: verdict, verdict: verdict),
                to: &out)
        }
        var recv = TimeBounds()
        for index in 0..<fixes.count { recv.add(at.recvMs[index]) }
        tally.recvBounds.add(recv)
        // Fixes of a block ascend in time.
        tally.tsBounds.add(at.tsMs[0])
        tally.tsBounds.add(at.tsMs[fixes.count - 1])
        tally.rows += UInt64(fixes.count)
        (tally.block, tally.index) = (start.block, fixes.count - 1)
    }

    private mutating func writeChosen(
        _ step: ExportUnit.Step, _ start: BlockStart, limit: UInt64
    ) {
        let at = fixes.at
        var isBegun = false
        var cursor = step.amendments?.cursor(from: at.tsMs[0]) ?? 0
        for index in 0..<fixes.count {
            let (tsMs, verdict) = (at.tsMs[index], at.verdict(index))
            var row = AuditRow(
                fixes: at, index: index, verdictAtSeal: verdict, verdict: verdict)
            if let amendments = step.amendments,
                let (slot, ordinal) = amendments.advance(&cursor, to: tsMs)
            {
                let verdicts = amendments.verdicts(
                    slot: slot, ordinal: ordinal, stored: verdict, segment: start.segment)
                row.verdictAtSeal = verdicts.atSeal
                row.verdict = verdicts.current
            }
            guard index >= step.firstIndex, isAskedFor(at, index) else { continue }
            guard tally.rows < limit else {
                tally.isCut = true
                return
            }
            if !isBegun { begin(start) }
            isBegun = true
            format.append(row, to: &out)
            tally.rows += 1
            tally.tsBounds.add(tsMs)
            tally.recvBounds.add(at.recvMs[index])
            (tally.block, tally.index) = (start.block, index)
        }
    }

    private func isAskedFor(_ at: ColumnPointers, _ index: Int) -> Bool {
        guard query.tsMs.contains(at.tsMs[index]), query.recvMs.contains(at.recvMs[index]) else {
            return false
        }
        guard let area = query.area?.area else { return true }
        return area.contains(Coordinate(latE7: at.latE7[index], lonE7: at.lonE7[index]))
    }

    private mutating func begin(_ start: BlockStart) {
        let group = RowGroup(rider: start.name, segment: start.segment)
        if let last = tally.lastGroup {
            if last != group { Format.putBoundary(from: last, to: group, &out) }
        } else {
            tally.firstGroup = group
        }
        tally.lastGroup = group
        if rider != start.name {
            rider = start.name
            format.begin(rider: start.name)
        }
        format.begin(segment: start.segment, block: start.block)
    }
}

/// Where rows stand.
private struct BlockStart {
    var name: [UInt8]
    var segment: UInt64
    var block: Int
}

extension ClosedRange<Int64> {
    /// No time of the bounds is outside.
    fileprivate func contains(_ bounds: TimeBounds) -> Bool {
        bounds.isEmpty || (contains(bounds.minMs) && contains(bounds.maxMs))
    }
}
