import TachoCodec
package import TachoGeo

/// The stream of a fence id: what was said of it, and the fence if there is one now. Row of family
/// `fences`; `format-spec.md` §6.
package struct FenceStream: Hashable, Sendable {
    /// Given out in the order of ids' first use, for ever.
    package var number: UInt32
    package var id: [UInt8]
    package var events: UInt64 = 0
    package var lastID: AlertID?
    /// nil: it was deleted or has expired.
    package var live: Live?

    package struct Live: Hashable, Sendable {
        package var definition: FenceDefinition
        /// Of this area: one that is set with another area gets another.
        package var serial: UInt32
        package var setMs: Int64

        package init(definition: FenceDefinition, serial: UInt32, setMs: Int64) {
            self.definition = definition
            self.serial = serial
            self.setMs = setMs
        }
    }

    package init(number: UInt32, id: [UInt8]) {
        self.number = number
        self.id = id
    }

    package var key: [UInt8] { Keys.fence(stream: number, isLive: live != nil) }
    /// Where it is no more.
    package var formerKey: [UInt8] { Keys.fence(stream: number, isLive: live == nil) }

    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.putBlob(id)
        writer.put(events)
        writer.put(lastID?.ms ?? -1)
        writer.put(lastID?.n ?? 0)
        guard let live else { return writer.bytes }
        writer.put(live.serial)
        writer.put(live.setMs)
        writer.putDefinition(live.definition)
        return writer.bytes
    }

    package static func read(
        number: UInt32, _ row: UnsafeRawBufferPointer
    ) throws(StoreError) -> FenceStream {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            var stream = FenceStream(number: number, id: try reader.readBlob())
            stream.events = try reader.read()
            let (ms, n): (Int64, UInt32) = (try reader.read(), try reader.read())
            if ms >= 0 { stream.lastID = AlertID(ms: ms, n: n) }
            if reader.isAtEnd { return stream }
            let (serial, setMs): (UInt32, Int64) = (try reader.read(), try reader.read())
            stream.live = Live(
                definition: try reader.readDefinition(id: stream.id), serial: serial, setMs: setMs)
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return stream
        } catch {
            throw .damaged("the fence of stream \(number) cannot be read")
        }
    }
}

/// One entry of a fence's stream.
package struct FenceEvent: Hashable, Sendable {
    package var stream: UInt32
    package var id: AlertID
    package var kind: FenceEventKind
    /// nil: of the fence itself.
    package var rider: UInt32?
    /// Of the fix that decided, or the server's time for the fence itself.
    package var tsMs: Int64
    package var latE7: Int32
    package var lonE7: Int32
    /// When the stay began, by the time of its first fix.
    package var sinceMs: Int64

    package init(
        stream: UInt32, id: AlertID, kind: FenceEventKind, rider: UInt32?, tsMs: Int64,
        latE7: Int32 = 0, lonE7: Int32 = 0, sinceMs: Int64
    ) {
        self.stream = stream
        self.id = id
        self.kind = kind
        self.rider = rider
        self.tsMs = tsMs
        self.latE7 = latE7
        self.lonE7 = lonE7
        self.sinceMs = sinceMs
    }

    package var key: [UInt8] { Keys.fenceEvent(stream: stream, id) }

    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(kind.rawValue)
        writer.put(rider ?? UInt32.max)
        writer.put(tsMs)
        writer.put(latE7)
        writer.put(lonE7)
        writer.put(sinceMs)
        return writer.bytes
    }

    package static func read(
        key: UnsafeRawBufferPointer, _ row: UnsafeRawBufferPointer
    ) throws(StoreError) -> FenceEvent {
        var reader = ByteReader(row)
        do {
            guard let place = Keys.fenceEventPlace(key),
                let kind = FenceEventKind(rawValue: try reader.read())
            else { throw StoreError.damaged("") }
            let rider: UInt32 = try reader.read()
            let event = FenceEvent(
                stream: place.stream, id: place.id, kind: kind,
                rider: rider == .max ? nil : rider, tsMs: try reader.read(),
                latE7: try reader.read(), lonE7: try reader.read(), sinceMs: try reader.read())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return event
        } catch {
            throw .damaged("an event of a fence cannot be read")
        }
    }
}

/// Where a rider is inside, and up to when that is known.
package struct FenceRider: Hashable, Sendable {
    package struct Stay: Hashable, Sendable {
        package var serial: UInt32
        package var sinceMs: Int64
        package var wasToldOfDwell: Bool

        package init(serial: UInt32, sinceMs: Int64, wasToldOfDwell: Bool) {
            self.serial = serial
            self.sinceMs = sinceMs
            self.wasToldOfDwell = wasToldOfDwell
        }
    }

    package var rider: UInt32
    /// Of the fences: rows of another mean nothing.
    package var epoch: UInt32
    package var newestMs: Int64
    package var stays: [Stay]

    package init(rider: UInt32, epoch: UInt32, newestMs: Int64, stays: [Stay]) {
        self.rider = rider
        self.epoch = epoch
        self.newestMs = newestMs
        self.stays = stays
    }

    package var key: [UInt8] { Keys.fence(rider: rider) }

    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(epoch)
        writer.put(newestMs)
        writer.putVarint(UInt64(stays.count))
        for stay in stays {
            writer.put(stay.serial)
            writer.put(stay.sinceMs)
            writer.put(UInt8(stay.wasToldOfDwell ? 1 : 0))
        }
        return writer.bytes
    }

    package static func read(
        rider: UInt32, _ row: UnsafeRawBufferPointer
    ) throws(StoreError) -> FenceRider {
        var reader = ByteReader(row)
        do {
            var one = FenceRider(
                rider: rider, epoch: try reader.read(), newestMs: try reader.read(), stays: [])
            let count = try reader.readVarint()
            guard count <= UInt64(reader.remaining) else { throw StoreError.damaged("") }
            for _ in 0..<count {
                let (serial, since): (UInt32, Int64) = (try reader.read(), try reader.read())
                let told: UInt8 = try reader.read()
                guard told < 2 else { throw StoreError.damaged("") }
                one.stays.append(
                    Stay(serial: serial, sinceMs: since, wasToldOfDwell: told == 1))
            }
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return one
        } catch {
            throw .damaged("where rider \(rider) is inside cannot be read")
        }
    }
}

/// What is not of one fence.
package struct FenceTotals: Hashable, Sendable {
    package var nextStream: UInt32 = 1
    package var nextSerial: UInt32 = 1
    /// Counts how often all fences were gone.
    package var epoch: UInt32 = 1
    package var lastID: AlertID?

    package init() {}

    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.put(nextStream)
        writer.put(nextSerial)
        writer.put(epoch)
        writer.put(lastID?.ms ?? -1)
        writer.put(lastID?.n ?? 0)
        return writer.bytes
    }

    package static func read(_ row: UnsafeRawBufferPointer) throws(StoreError) -> FenceTotals {
        var reader = ByteReader(row)
        do {
            guard try reader.read(UInt8.self) == 0 else { throw StoreError.damaged("") }
            var totals = FenceTotals()
            totals.nextStream = try reader.read()
            totals.nextSerial = try reader.read()
            totals.epoch = try reader.read()
            let (ms, n): (Int64, UInt32) = (try reader.read(), try reader.read())
            if ms >= 0 { totals.lastID = AlertID(ms: ms, n: n) }
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return totals
        } catch {
            throw .damaged("the state of the fences cannot be read")
        }
    }
}
