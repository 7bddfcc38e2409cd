import TachoCodec
import TachoGeo
import TachoStore

/// Turns closed tails into rows: the chunk, its place in the range, and where it was.
///
/// Memory is made once; used by one thread. Cost a fix: unpacking 10 ns, coding 26 ns, cells and
/// their rows 19 ns, RocksDB 22 ns.
final class ChunkWriter {
    private var encoder = ChunkEncoder(capacity: Tail.limit)
    private var places: PlaceGatherer
    private var bytes: [UInt8] = []

    private let runs: GeoRuns
    private let notesPlaces: Bool

    init(_ plan: GeoPlan, runs: GeoRuns, notesPlaces: Bool = true) {
        places = PlaceGatherer(plan)
        self.runs = runs
        self.notesPlaces = notesPlaces
    }

    /// From here on cells are of these resolutions.
    func obey(_ plan: GeoPlan) { places.obey(plan) }

    /// Puts the rows of a chunk; returns the chunk's size. Its places wait for `putPlaces`.
    func put(_ tail: ClosedTail, partFirst: UInt64, to rows: RowBatch) -> Int {
        let sequences = tail.fill(&encoder.columns, partFirst: partFirst)
        bytes.removeAll(keepingCapacity: true)
        encoder.encodeColumns(
            rangeID: tail.key.range, kind: tail.kind, firstSequence: sequences.first,
            lastSequence: sequences.last, into: &bytes)
        rows.put(.track, Keys.track(tail.key), bytes)
        rows.put(.ranges, Keys.ranges(tail.key), [])
        if notesPlaces {
            let fixes = TrackSlice(columns: encoder.columns.at, range: 0..<encoder.columns.count)
            places.add(fixes, of: tail.key)
        }
        return bytes.count
    }

    /// Puts the places gathered since the last call, if they are worth a run of their own or `all`
    /// are asked for.
    func putPlaces(to rows: RowBatch, all: Bool) throws(StoreError) {
        if places.count > 0 && (all || places.count >= PlaceGatherer.runLength) {
            places.pour(into: rows, run: try runs.next())
        }
    }

    /// Places that wait.
    var waitingPlaces: Int { places.count }
    var waitingRows: [GeoRow] { places.rows }
}

/// Finds out in which cells a chunk was, and gathers the rows that say so.
///
/// They wait until there are many, since a long sorted run is cheap; what waits when the process
/// dies is made again by replay, because a checkpoint asks for all first.
struct PlaceGatherer {
    private var fineCells: CellWalker
    private var coarseCells: CellWalker
    private(set) var rows: [GeoRow] = []

    init(_ plan: GeoPlan) {
        fineCells = CellWalker(resolution: plan.resolution(of: .fine))
        coarseCells = CellWalker(resolution: plan.resolution(of: .coarse))
    }

    mutating func obey(_ plan: GeoPlan) {
        guard plan.resolution(of: .fine) != fineCells.resolution else { return }
        let waiting = rows
        self = PlaceGatherer(plan)
        rows = waiting
    }

    /// Rows worth sorting and writing together; 40 B each.
    static let runLength = 262_144

    var count: Int { rows.count }

    /// As a run of that number.
    mutating func pour(into batch: RowBatch, run: UInt32) {
        GeoRow.sort(&rows)
        batch.put(rows, run: run)
        rows.removeAll(keepingCapacity: true)
    }

    /// One row for each bucket and cell the chunk has fixes in. The fixes are in order of time.
    mutating func add(_ fixes: TrackSlice, of chunk: ChunkKey) {
        let at = fixes.columns
        switch GeoGrain(
            spanMs: at.tsMs[fixes.range.upperBound - 1] - at.tsMs[fixes.range.lowerBound])
        {
        case .fine: Self.add(.fine, &fineCells, at, fixes.range, chunk, to: &rows)
        case .coarse: Self.add(.coarse, &coarseCells, at, fixes.range, chunk, to: &rows)
        }
    }

    /// One loop for each grain.
    @inline(__always)
    private static func add(
        _ grain: GeoGrain, _ cells: inout CellWalker, _ at: ColumnPointers, _ places: Range<Int>,
        _ chunk: ChunkKey, to rows: inout [GeoRow]
    ) {
        let start = rows.count
        let count = places.upperBound
        var index = places.lowerBound
        while index < count {
            let cell = cells.cell(latE7: at.latE7[index], lonE7: at.lonE7[index])
            let (bucket, firstMs) = grain.bucket(at.tsMs[index])
            let bucketEndMs = at.tsMs[index] + grain.bucketMs - Int64(firstMs)
            let first = index
            var flags = at.flags[index]
            index += 1
            // As long as the rider stays in cell and bucket, a fix costs a few comparisons.
            while index < count, at.tsMs[index] < bucketEndMs,
                cells.cell(latE7: at.latE7[index], lonE7: at.lonE7[index]) == cell
            {
                flags |= at.flags[index]
                index += 1
            }
            let lastMs = firstMs + UInt32(at.tsMs[index - 1] - at.tsMs[first])
            note(
                GeoRow(
                    bucket: bucket, cell: cell.rawValue, rider: chunk.rider, range: chunk.range,
                    generation: chunk.generation, count: UInt16(index - first), firstMs: firstMs,
                    lastMs: lastMs, isAnyFlagged: flags & 3 != 0), in: &rows, from: start)
        }
    }

    /// Adds a stay to the chunk's row for its bucket and cell, if the rider was there before. Few
    /// cells are visited in a bucket, so the newest rows are looked at one by one.
    private static func note(_ stay: GeoRow, in rows: inout [GeoRow], from start: Int) {
        var index = rows.count - 1
        while index >= start && rows[index].bucket == stay.bucket {
            if rows[index].cell == stay.cell {
                rows[index].count += stay.count
                rows[index].lastMs = stay.lastMs
                if stay.isAnyFlagged { rows[index].isAnyFlagged = true }
                return
            }
            index -= 1
        }
        rows.append(stay)
    }
}
