import TachoCodec
import TachoGeo
import TachoStore

/// What is remembered over a restart, as family `fences` holds it.
extension FenceState {
    /// What the last checkpoint left.
    func load() throws(StoreError) {
        let cursor = database.cursor(.fences)
        cursor.seekToFirst()
        while try cursor.isValid(), let number = Keys.fenceStream(cursor.key) {
            let stream = try FenceStream.read(number: number, cursor.value)
            if let live = stream.live {
                try putIn(live.definition, stream: number, serial: live.serial)
                record(stream)
            }
            cursor.next()
        }
        while try cursor.isValid(), let rider = Keys.fenceRider(cursor.key) {
            try load(try FenceRider.read(rider: rider, cursor.value))
            cursor.next()
        }
        if let row = try database.get(.fences, Keys.fenceTotals) {
            let read = row.withUnsafeBytes { raw in
                Result { () throws(StoreError) in try FenceTotals.read(raw) }
            }
            totals = try read.get()
        }
        publish()
        dirtyStreams.removeAll()
        areTotalsDirty = false
    }

    private func load(_ one: FenceRider) throws(StoreError) {
        let record = riders.record(one.rider)
        record.pointee.newestMs = one.newestMs
        var list: [Stay] = []
        for stay in one.stays {
            // A fence that ended since.
            guard let place = placeOf[stay.serial] else { continue }
            list.append(
                Stay(
                    fence: place, serial: stay.serial, sinceMs: stay.sinceMs,
                    wasToldOfDwell: stay.wasToldOfDwell))
            fences[Int(place)]!.inside += 1
            touch(Int(place))
        }
        if list.isEmpty { return }
        stays[one.rider] = list
        record.pointee.hasStays = true
    }

    /// Rows that bring the state back, to be written together with the checkpoint's mark. Events are
    /// written when they are made. Cost: 20 B a rider that moved.
    func checkpoint() throws(StoreError) -> [StateRow] {
        publish()
        var rows: [StateRow] = []
        if mustForgetRiders {
            let cursor = database.cursor(.fences)
            cursor.seek(Keys.fence(rider: 0))
            while try cursor.isValid(), Keys.fenceRider(cursor.key) != nil {
                rows.append(StateRow(family: .fences, key: Array(cursor.key), value: nil))
                cursor.next()
            }
            mustForgetRiders = false
        }
        for rider in 0..<UInt32(riders.count) where riders.record(rider).pointee.isDirty {
            riders.record(rider).pointee.isDirty = false
            rows.append(row(of: rider))
        }
        if dirtyStreams.isEmpty && !areTotalsDirty { return rows }
        let dirty = book.state.with { book in
            dirtyStreams.compactMap { book.streams[$0] }
        }
        for stream in dirty {
            rows.append(StateRow(family: .fences, key: stream.key, value: stream.row))
            var number = ByteWriter()
            number.put(stream.number)
            rows.append(
                StateRow(
                    family: .fences, key: Keys.fence(id: stream.id), value: number.bytes))
        }
        rows.append(StateRow(family: .fences, key: Keys.fenceTotals, value: totals.row))
        letGo()
        dirtyStreams.removeAll(keepingCapacity: true)
        areTotalsDirty = false
        return rows
    }

    private func row(of rider: UInt32) -> StateRow {
        let record = riders.record(rider)
        let list = record.pointee.hasStays ? stays[rider] ?? [] : []
        let one = FenceRider(
            rider: rider, newestMs: record.pointee.newestMs,
            stays: list.map {
                FenceRider.Stay(
                    serial: $0.serial, sinceMs: $0.sinceMs, wasToldOfDwell: $0.wasToldOfDwell)
            })
        return StateRow(family: .fences, key: one.key, value: one.row)
    }

    /// Fences that ended before the last checkpoint but one are read from their rows.
    private func letGo() {
        book.state.with { book in
            for id in gone where book.streams[id]?.live == nil && !dirtyStreams.contains(id) {
                book.streams[id] = nil
            }
            gone = dirtyStreams.filter { book.streams[$0]?.live == nil }
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
            }
            cursor.next()
        }
        if rows.count > 0 { try database.write(rows, sync: true) }
    }
}
