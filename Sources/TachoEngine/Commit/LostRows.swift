import TachoGeo
import TachoStore

/// Rows of groups that were given up, found in a database that was ahead of what is left of the
/// journal. Alerts stay: that they were raised is true, and their ids must not come again.
struct LostRows {
    let database: Database
    /// The range that is open where the journal now ends.
    let range: UInt32
    /// The first sequence that is not stored.
    let nextSequence: UInt64
    /// The last group that is left.
    let lastGroup: UInt64

    /// Removes them, durably. `generation`: that of a rider's next chunk in the open range.
    /// Cost: the chunks of the open range and what follows are walked.
    func drop(generation: (UInt32) -> UInt16) throws(StoreError) {
        let rows = RowBatch(database)
        try dropChunks(rows, generation)
        try dropAmendments(rows)
        try dropMeta("range/", rows) { $0.count == 10 && KeyReader.u32($0, at: 6) >= range }
        try dropMeta("seal/", rows) { $0.count == 9 && KeyReader.u32($0, at: 5) >= range }
        try dropMeta("retired/", rows) { $0.count == 12 && KeyReader.u32($0, at: 8) >= range }
        try dropMeta("loss/", rows) { $0.count == 13 && KeyReader.u64($0, at: 5) >= nextSequence }
        try dropMeta("rules/", rows) { $0.count == 14 && KeyReader.u64($0, at: 6) > lastGroup }
        // Synced also for what is left: riders that only lost groups told of.
        rows.put(.meta, Keys.meta(DerivedWriter.syncedKey), [])
        try database.write(rows, sync: true)
    }

    private func dropChunks(
        _ rows: RowBatch, _ generation: (UInt32) -> UInt16
    ) throws(StoreError) {
        let cursor = database.cursor(.ranges)
        cursor.seek(Keys.number(range))
        while try cursor.isValid() {
            guard let key = ChunkKey(rangesKey: cursor.key) else {
                throw .damaged("a chunk's key cannot be read")
            }
            if key.range > range || key.generation >= generation(key.rider) {
                rows.delete(.track, Keys.track(key))
                rows.delete(.ranges, Keys.ranges(key))
            }
            cursor.next()
        }
    }

    private func dropAmendments(_ rows: RowBatch) throws(StoreError) {
        let cursor = database.cursor(.amendLog)
        cursor.seek(Keys.number(range))
        while try cursor.isValid() {
            let amendment = try AmendmentRow.read(logKey: cursor.key, cursor.value)
            if amendment.sequence >= nextSequence {
                rows.delete(.amend, Keys.amend(amendment))
                rows.delete(.amendLog, Array(cursor.key))
            }
            cursor.next()
        }
    }

    private func dropMeta(
        _ prefix: String, _ rows: RowBatch, _ isLost: (UnsafeRawBufferPointer) -> Bool
    ) throws(StoreError) {
        let start = Array(prefix.utf8)
        let cursor = database.cursor(.meta)
        cursor.seek(start)
        while try cursor.isValid(), cursor.key.starts(with: start) {
            if isLost(cursor.key) { rows.delete(.meta, Array(cursor.key)) }
            cursor.next()
        }
    }
}
