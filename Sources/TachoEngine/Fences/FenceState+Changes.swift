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
        var stream =
            try find(definition.id)
            ?? {
                defer { totals.nextStream += 1 }
                return FenceStream(number: totals.nextStream, id: definition.id)
            }()
        // A replay may find what was given out after its beginning.
        totals.nextStream = max(totals.nextStream, stream.number + 1)
        var serial: UInt32?
        if let live = stream.live {
            let isSame =
                live.definition.areaText == definition.areaText
                && live.definition.marginDm == definition.marginDm
            if isSame { serial = live.serial } else { takeOut(live.serial) }
        }
        if let serial, let place = placeOf[serial] {
            fences[Int(place)]!.detection = definition.detection
            forgetQuiet()
        } else {
            serial = totals.nextSerial
            totals.nextSerial += 1
            try putIn(definition, stream: stream.number, serial: serial!)
        }
        stream.live = FenceStream.Live(
            definition: definition, serial: serial!, setMs: atMs)
        record(stream)
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
        takeOut(live.serial)
        record(stream)
    }

    func record(_ stream: FenceStream) {
        dirtyStreams.insert(stream.id)
        areTotalsDirty = true
        let live = placeOf.count
        book.state.with { book in
            book.streams[stream.id] = stream
            book.live = live
            if let at = stream.live?.definition.expiresMs {
                book.addExpiry(FenceBook.Expiry(atMs: at, id: stream.id))
            }
        }
    }

    private func find(_ id: [UInt8]) throws(StoreError) -> FenceStream? {
        if let stream = book.state.with({ $0.streams[id] }) { return stream }
        return try FenceReader.stored(id, database)
    }

    func putIn(
        _ definition: FenceDefinition, stream: UInt32, serial: UInt32
    ) throws(StoreError) {
        let area: Area
        do {
            area = try definition.area()
        } catch {
            throw .damaged("the area of a fence cannot be read: \(error)")
        }
        let boxes = area.bounds.map { FenceBox($0) }
        let fence = Fence(
            id: definition.id, stream: stream, serial: serial, outline: AreaOutline(area),
            boxes: boxes, marginM: definition.marginM, detection: definition.detection)
        let place: Int32
        if let spare = free.popLast() {
            place = spare
            fences[Int(place)] = fence
        } else {
            place = Int32(fences.count)
            fences.append(fence)
        }
        placeOf[serial] = place
        for box in boxes {
            squares.insert(box, fence: place)
            version &+= 1
            recent[Int(version % UInt32(Self.remembered))] = box
        }
    }

    /// Riders inside are forgotten with their next look: a fence that ended says nothing of them.
    private func takeOut(_ serial: UInt32) {
        guard let place = placeOf.removeValue(forKey: serial) else { return }
        for box in fences[Int(place)]!.boxes { squares.remove(box, fence: place) }
        fences[Int(place)] = nil
        free.append(place)
        book.state.with { $0.inside[serial] = nil }
        guard placeOf.isEmpty else { return }
        riders.removeAll()
        stays.removeAll()
        mustForgetRiders = true
    }

    private func forgetQuiet() { version &+= UInt32(Self.remembered) + 1 }
}
