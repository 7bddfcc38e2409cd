import TachoCodec
import TachoGeo
import TachoStore

/// Turns closed tails into rows: the chunk, its place in the range, and where it was.
///
/// Memory is made once; used by one thread. Cost a fix: unpacking 5 ns, coding 75 ns, cells 10 ns.
final class ChunkWriter {
    private var encoder = ChunkEncoder(capacity: Tail.limit)
    private var cells = CellWalker(resolution: ChunkWriter.resolution)
    private var bytes: [UInt8] = []
    private var geo: [GeoRow] = []
    private var key: [UInt8] = []
    private var value: [UInt8] = []

    /// Of the cells in family `geo`: edges of about 200 m.
    static let resolution = 9

    /// Puts the rows of a chunk; returns the chunk's size. Its places wait for `putPlaces`.
    func put(_ tail: ClosedTail, partFirst: UInt64, to rows: RowBatch) -> Int {
        let sequences = tail.fill(&encoder.columns, partFirst: partFirst)
        bytes.removeAll(keepingCapacity: true)
        encoder.encodeColumns(
            rangeID: tail.key.range, kind: tail.kind, firstSequence: sequences.first,
            lastSequence: sequences.last, into: &bytes)
        rows.put(.track, Keys.track(tail.key), bytes)
        rows.put(.ranges, Keys.ranges(tail.key), [])
        addPlaces(tail.key)
        return bytes.count
    }

    /// Puts the places gathered since the last call, in the order of their keys: RocksDB takes a
    /// sorted run several times faster than the same rows at random.
    func putPlaces(to rows: RowBatch) {
        guard !geo.isEmpty else { return }
        geo.sort(by: <)
        for row in geo {
            row.write(key: &key, value: &value)
            rows.put(.geo, key, value)
        }
        geo.removeAll(keepingCapacity: true)
    }

    /// Places that wait.
    var waiting: Int { geo.count }

    /// One row for each bucket and cell the chunk has fixes in.
    private func addPlaces(_ chunk: ChunkKey) {
        let at = encoder.columns.at
        let start = geo.count
        var current = -1
        for i in 0..<encoder.columns.count {
            let (bucket, offsetMs) = GeoRow.bucket(at.tsMs[i])
            let cell = cells.cell(latE7: at.latE7[i], lonE7: at.lonE7[i]).rawValue
            let isFlagged = at.flags[i] & 3 != 0
            if current < 0 || geo[current].cell != cell || geo[current].bucket != bucket {
                current = find(bucket, cell, from: start)
            }
            if current < 0 {
                current = geo.count
                geo.append(
                    GeoRow(
                        bucket: bucket, cell: cell, rider: chunk.rider, range: chunk.range,
                        generation: chunk.generation, count: 1, firstMs: offsetMs,
                        lastMs: offsetMs, isAnyFlagged: isFlagged))
            } else {
                // Fixes are in order of time: the last one is the latest.
                geo[current].count += 1
                geo[current].lastMs = offsetMs
                if isFlagged { geo[current].isAnyFlagged = true }
            }
        }
    }

    /// The chunk's row for the bucket and cell; −1: there is none yet. A rider comes back to few
    /// cells within minutes, so the newest rows are looked at first.
    private func find(_ bucket: UInt32, _ cell: UInt64, from start: Int) -> Int {
        var index = geo.count - 1
        while index >= start {
            if geo[index].bucket != bucket { return -1 }
            if geo[index].cell == cell { return index }
            index -= 1
        }
        return -1
    }
}
