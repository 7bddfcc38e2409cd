import TachoCodec
import TachoGeo

/// The fixes of one rider in all segments, in order of time and arrival, with current verdicts.
///
/// Segments overlap in time where fixes came late. Blocks are read in the order of their first
/// times; what lies before the next block's first time is complete and handed out. Memory: the
/// amendments of the rider, and the blocks that overlap.
struct SegmentLegs {
    let rider: [UInt8]
    /// Event times that matter, Unix ms.
    let window: ClosedRange<Int64>
    /// Roots of segments that hold a fix or an amendment of the rider in the window, by id; after
    /// `forEach`, for a block may pass over the window without a fix in it.
    private(set) var roots: [UInt64: [UInt8]] = [:]
    /// Whether any segment knows the rider.
    private(set) var isKnown = false
    private(set) var segments: UInt64 = 0
    private var blocks: [Block] = []
    private var amended: [FixName: Verdict] = [:]
    private var cache = ReaderCache()

    private struct Block {
        var entry: AuditDirectory.Entry
        var block: Int
        var bounds: TimeBounds
    }

    /// A fix as amendments name it.
    private struct FixName: Hashable {
        var tsMs: Int64
        var ordinal: UInt16
    }

    init(rider: [UInt8], window: ClosedRange<Int64>) {
        self.rider = rider
        self.window = window
    }

    /// Notes where the rider's fixes are, and what became of them. Segments in the order of ids.
    mutating func note(
        _ entry: AuditDirectory.Entry, _ header: SegmentHeader
    ) throws(SegmentError) {
        segments += 1
        let mayHoldFixes = header.points > 0 && header.tsBounds.overlaps(window)
        guard mayHoldFixes || header.amendments > 0 || !isKnown else { return }
        let reader = try cache.reader(entry)
        guard let index = reader.names.indexWithPoints(rider) else {
            return try noteAmendments(reader)
        }
        isKnown = true
        for block in reader.blocks(ofRider: index) {
            let bounds = reader.index[block].tsBounds
            guard bounds.overlaps(window) else { continue }
            blocks.append(Block(entry: entry, block: block, bounds: bounds))
        }
        try noteAmendments(reader)
    }

    private mutating func noteAmendments(_ reader: SegmentReader) throws(SegmentError) {
        for block in reader.amendmentBlocks
        where reader.index[block].tsBounds.overlaps(window) {
            for record in try reader.readRecords(block: block) {
                guard case .amendment(let amendment) = record,
                    window.contains(amendment.tsMs),
                    reader.names.name(Int(amendment.rider)) == rider
                else { continue }
                let name = FixName(tsMs: amendment.tsMs, ordinal: amendment.ordinal)
                amended[name] = amendment.verdict
                roots[reader.header.interval.segmentID] = reader.root
            }
        }
    }

    /// Calls `visit` with each fix of the window. Once, after all segments were noted.
    mutating func forEach(
        _ visit: (LegFix) throws(ExportError) -> Void
    ) throws(ExportError) {
        blocks.sort {
            ($0.bounds.minMs, $0.entry.id, $0.block) < ($1.bounds.minMs, $1.entry.id, $1.block)
        }
        var waiting = WaitingFixes()
        var (runMs, ordinal) = (Int64.min, 0)
        for (number, block) in blocks.enumerated() {
            do throws(SegmentError) {
                let reader = try cache.reader(block.entry)
                if try waiting.add(reader, block: block.block, window: window) {
                    roots[block.entry.id] = reader.root
                }
            } catch {
                throw .segment(error, file: block.entry.fileName)
            }
            let isLast = number + 1 == blocks.count
            let horizonMs = isLast ? Int64.max : blocks[number + 1].bounds.minMs
            for var fix in waiting.take(before: horizonMs) {
                ordinal = fix.tsMs == runMs ? ordinal + 1 : 0
                runMs = fix.tsMs
                if !amended.isEmpty, let name = UInt16(exactly: ordinal),
                    let verdict = amended[FixName(tsMs: fix.tsMs, ordinal: name)]
                {
                    fix.verdict = verdict
                }
                try visit(fix)
            }
        }
    }
}

/// Fixes of blocks that were read, until all that come before them were.
private struct WaitingFixes {
    private var fixes: [Item] = []
    private var isSorted = true
    private var buffer: [UInt8] = []
    private var columns = Columns()

    private struct Item {
        var fix: LegFix
        /// What orders fixes of one time.
        var segment: UInt64
        var place: UInt64

        static func < (a: Item, b: Item) -> Bool {
            (a.fix.tsMs, a.segment, a.place) < (b.fix.tsMs, b.segment, b.place)
        }
    }

    /// Memory of columns, which a copyable value cannot hold itself.
    private final class Columns {
        var at = ChunkColumns(capacity: SegmentFormat.blockCapacity)
    }

    /// Whether the block has a fix in the window.
    mutating func add(
        _ reader: SegmentReader, block: Int, window: ClosedRange<Int64>
    ) throws(SegmentError) -> Bool {
        let before = fixes.count
        try reader.readFixes(block: block, buffer: &buffer, into: &columns.at)
        let (at, count) = (columns.at.at, columns.at.count)
        for index in 0..<count where window.contains(at.tsMs[index]) {
            let fix = LegFix(
                tsMs: at.tsMs[index],
                position: Coordinate(latE7: at.latE7[index], lonE7: at.lonE7[index]),
                speedCms: at.speedCms[index], accuracyDm: at.accuracyDm[index],
                verdict: at.verdict(index))
            let place = UInt64(block) << 16 | UInt64(index)
            let item = Item(fix: fix, segment: reader.header.interval.segmentID, place: place)
            if let last = fixes.last, item < last { isSorted = false }
            fixes.append(item)
        }
        return fixes.count > before
    }

    mutating func take(before horizonMs: Int64) -> [LegFix] {
        if !isSorted { fixes.sort(by: <) }
        isSorted = true
        var (low, high) = (0, fixes.count)
        while low < high {
            let middle = (low + high) / 2
            if fixes[middle].fix.tsMs < horizonMs { low = middle + 1 } else { high = middle }
        }
        let taken = fixes[..<low].map(\.fix)
        fixes.removeFirst(low)
        return taken
    }
}

/// Readers of the last few segments: blocks come mostly in the order of segments.
private struct ReaderCache {
    private var readers: [(id: UInt64, reader: SegmentReader)] = []
    private static let limit = 4

    mutating func reader(_ entry: AuditDirectory.Entry) throws(SegmentError) -> SegmentReader {
        if let known = readers.last(where: { $0.id == entry.id }) { return known.reader }
        let reader = try SegmentReader(path: entry.path)
        if readers.count == Self.limit { readers.removeFirst() }
        readers.append((entry.id, reader))
        return reader
    }
}
