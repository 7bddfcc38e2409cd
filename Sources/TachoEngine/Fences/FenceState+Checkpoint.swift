import TachoCodec
import TachoGeo
import TachoStore

/// What is remembered over a restart, as family `fences` holds it.
extension FenceState {
    /// What the last checkpoint left. Cost: a few µs a fence that is set; not of those that ended.
    func load() throws(StoreError) {
        if let row = try database.get(.fences, Keys.fenceTotals) {
            let read = row.withUnsafeBytes { raw in
                Result { () throws(StoreError) in try FenceTotals.read(raw) }
            }
            totals = try read.get()
        }
        let cursor = database.cursor(.fences)
        cursor.seekToFirst()
        while try cursor.isValid(), let number = Keys.fenceStream(cursor.key) {
            let stream = try FenceStream.read(number: number, cursor.value)
            guard let live = stream.live else {
                throw .damaged("the fence of stream \(number) is not set")
            }
            record(stream, try putIn(live.definition, stream, serial: live.serial))
            cursor.next()
        }
        while try cursor.isValid(), let rider = Keys.fenceRider(cursor.key) {
            let one = try FenceRider.read(rider: rider, cursor.value)
            if one.epoch == totals.epoch && !isEmpty { load(one) }
            cursor.next()
        }
        publish()
        changed.removeAll()
        areTotalsDirty = false
    }

    private func load(_ one: FenceRider) {
        let record = riders.record(one.rider)
        record.pointee.newestMs = one.newestMs
        var list: [Stay] = []
        for stay in one.stays {
            // A fence that ended since.
            guard let place = placeOf[stay.serial] else { continue }
            list.append(
                Stay(
                    place: place, serial: stay.serial, sinceMs: stay.sinceMs,
                    wasToldOfDwell: stay.wasToldOfDwell))
            fences.records[Int(place)].inside += 1
            touch(Int(place))
        }
        if list.isEmpty { return }
        stays[one.rider] = list
        record.pointee.hasStays = true
    }

    /// Rows that bring the state back, to be written together with the checkpoint's mark. Events are
    /// written when they are made. Cost: some 100 B of memory a rider that moved until they are written.
    func checkpoint() throws(StoreError) -> [StateRow] {
        publish()
        var rows: [StateRow] = []
        for rider in 0..<UInt32(riders.count) where riders.record(rider).pointee.isDirty {
            riders.record(rider).pointee.isDirty = false
            rows.append(row(of: rider))
        }
        for place in dirtyPlaces where fences.records[Int(place)].serial != 0 {
            fences.records[Int(place)].isDirty = false
            changed.insert(fences.ids[Int(place)])
        }
        dirtyPlaces.removeAll(keepingCapacity: true)
        if changed.isEmpty && !areTotalsDirty { return rows }
        let streams = book.state.with { book in changed.compactMap { book.stream($0) } }
        for stream in streams {
            rows.append(StateRow(family: .fences, key: stream.key, value: stream.row))
            rows.append(StateRow(family: .fences, key: stream.formerKey, value: nil))
            var number = ByteWriter()
            number.put(stream.number)
            rows.append(
                StateRow(
                    family: .fences, key: Keys.fence(id: stream.id), value: number.bytes))
        }
        rows.append(StateRow(family: .fences, key: Keys.fenceTotals, value: totals.row))
        try letGo()
        gone.formUnion(streams.lazy.filter { $0.live == nil }.map(\.id))
        changed.removeAll(keepingCapacity: true)
        areTotalsDirty = false
        return rows
    }

    private func row(of rider: UInt32) -> StateRow {
        let record = riders.record(rider)
        let list = record.pointee.hasStays ? stays[rider] ?? [] : []
        let one = FenceRider(
            rider: rider, epoch: totals.epoch, newestMs: record.pointee.newestMs,
            stays: list.map {
                FenceRider.Stay(
                    serial: $0.serial, sinceMs: $0.sinceMs, wasToldOfDwell: $0.wasToldOfDwell)
            })
        return StateRow(family: .fences, key: one.key, value: one.row)
    }

    /// Fences that ended are read from their rows, when these are there: a checkpoint may be on its way for
    /// long.
    private func letGo() throws(StoreError) {
        for id in gone where !changed.contains(id) {
            guard let stream = book.state.with({ $0.stream(id) }), stream.live == nil else {
                gone.remove(id)
                continue
            }
            guard try FenceReader.stored(id, database) == stream else { continue }
            book.state.with { $0.entries[id] = nil }
            gone.remove(id)
        }
    }

    /// After a loss was accepted: events of what is gone, which the database had already.
    func dropLostEvents() throws(StoreError) {
        let rows = RowBatch(database)
        let cursor = database.cursor(.fences)
        cursor.seek(Keys.fenceEvent(stream: 0, AlertID(ms: 0, n: 0)))
        while try cursor.isValid(), let place = Keys.fenceEventPlace(cursor.key) {
            if totals.lastID == nil || place.id > totals.lastID! {
                rows.delete(.fences, Array(cursor.key))
                if rows.count >= 65_536 {
                    try database.write(rows, sync: false)
                    rows.clear()
                }
            }
            cursor.next()
        }
        if rows.count > 0 { try database.write(rows, sync: true) }
    }
}
