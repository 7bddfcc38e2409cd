import TachoGeo
import TachoStore

/// Fences that are set, deleted, and expire.
extension FenceState {
    func apply(_ change: FenceChange) throws(StoreError) {
        publish()
        switch change {
        case .set(let definition, let atMs): try set(definition, atMs)
        case .delete(let id, let atMs): try end(id, .delete, atMs) { _ in true }
        case .expire(let id, let expiresMs, let atMs):
            // It may have been set again since.
            try end(id, .expire, atMs) { $0.expiresMs == expiresMs }
        }
    }

    private func set(_ definition: FenceDefinition, _ atMs: Int64) throws(StoreError) {
        var stream: FenceStream
        if let found = try find(definition.id) {
            stream = found
        } else {
            stream = FenceStream(number: totals.nextStream, id: definition.id)
            totals.nextStream += 1
        }
        var serial: UInt32?
        var place: Int32?
        if let live = stream.live {
            let isSame =
                live.definition.areaText == definition.areaText
                && live.definition.marginDm == definition.marginDm
            if isSame {
                serial = live.serial
                place = placeOf[live.serial]
            } else {
                takeOut(live)
            }
        }
        if let place {
            fences.obey(definition.detection, at: place)
            // Whoever stays may be due for a dwell now.
            version &+= UInt32(Self.remembered) + 1
        } else {
            serial = totals.nextSerial
            totals.nextSerial += 1
            place = try putIn(definition, stream, serial: serial!)
        }
        stream.live = FenceStream.Live(definition: definition, serial: serial!, setMs: atMs)
        record(stream, place)
    }

    private func end(
        _ id: [UInt8], _ kind: FenceEventKind, _ atMs: Int64,
        _ isMeant: (FenceDefinition) -> Bool
    ) throws(StoreError) {
        guard var stream = try find(id), let live = stream.live, isMeant(live.definition) else {
            return
        }
        let eventID = nextID()
        made.append(
            FenceEvent(
                stream: stream.number, id: eventID, kind: kind, rider: nil, tsMs: atMs,
                sinceMs: live.setMs))
        stream.events += 1
        stream.lastID = eventID
        stream.live = nil
        takeOut(live)
        record(stream, nil)
        book.state.with { book in
            book.told += 1
            book.noteNews(id)
        }
    }

    func record(_ stream: FenceStream, _ place: Int32?) {
        changed.insert(stream.id)
        areTotalsDirty = true
        let live = placeOf.count
        book.state.with { book in
            book.entries[stream.id] = FenceBook.Entry(stream: stream, place: place)
            if let place {
                while book.counters.count <= Int(place) { book.counters.append(.init()) }
                let record = fences.records[Int(place)]
                book.counters[Int(place)] = FenceBook.Counter(
                    events: record.events, lastMs: record.lastMs, lastN: record.lastN,
                    inside: record.inside)
            }
            book.live = live
            book.sorted = nil
            if let at = stream.live?.definition.expiresMs {
                book.addExpiry(FenceBook.Expiry(atMs: at, id: stream.id))
            }
        }
    }

    private func find(_ id: [UInt8]) throws(StoreError) -> FenceStream? {
        if let stream = book.state.with({ $0.stream(id) }) { return stream }
        return try FenceReader.stored(id, database)
    }

    func putIn(
        _ definition: FenceDefinition, _ stream: FenceStream, serial: UInt32
    ) throws(StoreError) -> Int32 {
        let area: Area
        do {
            area = try definition.area()
        } catch {
            throw .damaged("the area of a fence cannot be read: \(error)")
        }
        let place = fences.put(definition, area, stream: stream, serial: serial)
        placeOf[serial] = place
        for box in fences.boxes[Int(place)] {
            squares.insert(box, fence: place)
            version &+= 1
            recent[Int(version % UInt32(Self.remembered))] = box
        }
        return place
    }

    /// Riders inside are forgotten with their next look: a fence that ended says nothing of them.
    private func takeOut(_ live: FenceStream.Live) {
        guard let place = placeOf.removeValue(forKey: live.serial) else { return }
        for box in fences.boxes[Int(place)] { squares.remove(box, fence: place) }
        fences.remove(place, textBytes: live.definition.areaText.utf8.count)
        guard placeOf.isEmpty else { return }
        riders.removeAll()
        stays.removeAll()
        // Their rows mean nothing from here on.
        totals.epoch += 1
    }
}
