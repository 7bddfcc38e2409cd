import TachoCodec
/// Where riders are now, for readers: each one's position, and the riders of each place. One writer at
/// a time.
struct LivePositions: Sendable {
    let latest = LatestTable()
    let grid = LiveGrid()

    /// Riders lie all over memory: a line is asked for so many rows before it is written.
    private static let rowsAhead = 8

    /// What a part changed. Cost: about 25 ns a rider.
    func publish(_ part: Part) {
        publish(part.latest)
        let rows = part.latestRows
        grid.change { grid in
            for index in rows.indices {
                if index + Self.rowsAhead < rows.count {
                    latest.prefetchToPublish(rows[index + Self.rowsAhead].rider)
                }
                let row = rows[index].row
                latest.publish(row, of: rows[index].rider)
                grid.place(rows[index].rider, latE7: row.latE7, lonE7: row.lonE7)
            }
        }
    }

    /// Whatever is shown of riders, or that nothing is any more.
    func publish(_ records: some Sequence<Part.Latest>) {
        grid.change { grid in
            for one in records {
                latest.publish(one.record, of: one.rider)
                if let row = one.record.shownRow {
                    grid.place(one.rider, latE7: row.latE7, lonE7: row.lonE7)
                } else {
                    grid.remove(one.rider)
                }
            }
        }
    }
}
