import TachoCodec
package import TachoGeo

extension OrderEvent {
    /// As the journal and rows carry it: kind, what was told, time, receipt, then order, rider, state
    /// and who.
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.put(kind.rawValue)
        writer.put(mask.rawValue)
        writer.putZigzag(tsMs)
        writer.putZigzag(recvMs)
        for text in [order, rider, state, by] { writer.putBlob(text) }
        return writer.bytes
    }

    package static func read(_ bytes: [UInt8]) throws(StoreError) -> OrderEvent {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in
                var reader = ByteReader(raw)
                return try read(&reader)
            }
        }
        return try result.get()
    }

    /// Reads to the end.
    static func read(_ reader: inout ByteReader) throws(StoreError) -> OrderEvent {
        do {
            guard let kind = Kind(rawValue: try reader.read()) else {
                throw StoreError.damaged("")
            }
            let mask = OrderMask(rawValue: try reader.read())
            let (tsMs, recvMs) = (try reader.readZigzag(), try reader.readZigzag())
            var event = OrderEvent(
                order: try reader.readBlob(), kind: kind, rider: try reader.readBlob(),
                state: try reader.readBlob(), tsMs: tsMs, by: try reader.readBlob())
            (event.recvMs, event.mask) = (recvMs, mask)
            guard reader.isAtEnd, event.defect == nil else { throw StoreError.damaged("") }
            return event
        } catch {
            throw .damaged("an event of an order cannot be read")
        }
    }
}

extension OrderEntry {
    /// The value of a row of the stream: how many entries there are with this one, then the event.
    package func streamRow(number: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(number)
        writer.put(event.bytes)
        return writer.bytes
    }

    package static func read(
        streamRow row: UnsafeRawBufferPointer, _ id: AlertID
    ) throws(StoreError) -> (number: UInt64, entry: OrderEntry) {
        var reader = ByteReader(row)
        guard let number: UInt64 = try? reader.read() else {
            throw .damaged("an entry of the stream orders cannot be read")
        }
        return (number, OrderEntry(id: id, event: try OrderEvent.read(&reader)))
    }

    /// The value of the row of an open order.
    var openRow: [UInt8] {
        var writer = ByteWriter()
        writer.put(id.ms)
        writer.put(id.n)
        writer.put(event.bytes)
        return writer.bytes
    }

    static func read(openRow row: UnsafeRawBufferPointer) throws(StoreError) -> OrderEntry {
        var reader = ByteReader(row)
        guard let ms: Int64 = try? reader.read(), let n: UInt32 = try? reader.read() else {
            throw .damaged("the row of an open order cannot be read")
        }
        return OrderEntry(id: AlertID(ms: ms, n: n), event: try OrderEvent.read(&reader))
    }
}

/// Orders as rows of the database.
package struct OrderRows {
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// Cost: a seek, and 1 µs an event.
    package func history(_ order: [UInt8]) throws(StoreError) -> OrderHistory {
        var history = OrderHistory()
        let events = Keys.orderEvents(order)
        let cursor = database.cursor(.orders)
        cursor.seek(events)
        while try cursor.isValid(), let place = Keys.orderEventPlace(cursor.key, in: events) {
            let event = try OrderEvent.read(Array(cursor.value))
            history.insert(OrderEntry(id: place.id, event: event))
            cursor.next()
        }
        return history
    }

    /// The last entry of the stream up to `id`, and how many there are with it.
    package func last(
        upTo id: AlertID = AlertID(ms: Int64.max, n: UInt32.max)
    ) throws(StoreError) -> (id: AlertID, number: UInt64)? {
        let cursor = database.cursor(.orders)
        cursor.seekBack(Keys.orderEntry(id))
        guard try cursor.isValid(), let found = Keys.orderEntryID(cursor.key) else { return nil }
        return (found, try OrderEntry.read(streamRow: cursor.value, found).number)
    }

    /// Entries of the stream behind `after`, up to `through`, in order.
    package func entries(
        after: AlertID?, through: AlertID?, limit: Int
    ) throws(StoreError) -> [OrderEntry] {
        var list: [OrderEntry] = []
        let cursor = database.cursor(.orders)
        cursor.seek(Keys.orderEntry(after ?? AlertID(ms: 0, n: 0)))
        while list.count < limit, try cursor.isValid(), let id = Keys.orderEntryID(cursor.key) {
            if let through, id > through { break }
            if after == nil || id > after! {
                list.append(try OrderEntry.read(streamRow: cursor.value, id).entry)
            }
            cursor.next()
        }
        return list
    }

    /// Those of these ids, which ascend; nil where there is none.
    package func entries(at ids: [AlertID]) throws(StoreError) -> [(AlertID, OrderEntry?)] {
        var list: [(AlertID, OrderEntry?)] = []
        list.reserveCapacity(ids.count)
        let cursor = database.cursor(.orders)
        for id in ids {
            cursor.seek(Keys.orderEntry(id))
            let isThere = try cursor.isValid() && Keys.orderEntryID(cursor.key) == id
            list.append(
                (id, isThere ? try OrderEntry.read(streamRow: cursor.value, id).entry : nil))
        }
        return list
    }

    /// Open orders of a rider, or of all, by rider and order, behind a key; with the last one's key if
    /// there are more.
    package func open(
        of rider: [UInt8]?, after: [UInt8]?, limit: Int
    ) throws(StoreError) -> (orders: [OrderEntry], next: [UInt8]?) {
        var list: [OrderEntry] = []
        let prefix = Keys.openOrders(of: rider)
        let cursor = database.cursor(.orders)
        cursor.seek(after.map { $0 + [0] } ?? prefix)
        var last: [UInt8] = []
        while try cursor.isValid(), cursor.key.starts(with: prefix) {
            if list.count == limit { return (list, last) }
            list.append(try OrderEntry.read(openRow: cursor.value))
            last = Array(cursor.key)
            cursor.next()
        }
        return (list, nil)
    }

    /// Puts the two rows of an event.
    package func put(_ entry: OrderEntry, number: UInt64, to rows: RowBatch) {
        let event = entry.event
        rows.put(
            .orders, Keys.orderEvent(event.order, tsMs: event.tsMs, entry.id), event.bytes)
        rows.put(.orders, Keys.orderEntry(entry.id), entry.streamRow(number: number))
    }

    /// Makes the rows of open orders say what a history says. `before`: what they say now; nil: that
    /// is not known, and they may say it of any rider that ever had the order.
    package func putOpen(
        _ order: [UInt8], _ history: OrderHistory, before: OrderHistory?, to rows: RowBatch
    ) {
        let rider = history.isOpen ? history.rider : nil
        var others: Set<[UInt8]> = []
        if let before {
            if before.isOpen { others = [before.rider] }
        } else {
            others = Set(history.entries.lazy.map(\.event.rider).filter { !$0.isEmpty })
        }
        for other in others where other != rider {
            rows.delete(.orders, Keys.openOrder(rider: other, order))
        }
        if let rider, let present = history.present {
            rows.put(.orders, Keys.openOrder(rider: rider, order), present.openRow)
        }
    }
}
