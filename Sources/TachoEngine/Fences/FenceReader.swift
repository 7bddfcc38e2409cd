import TachoGeo
import TachoStore

/// Reads fences and what was said of them back.
struct FenceReader {
    let database: Database
    let book: FenceBook

    /// The stream of an id, whether the fence is still set or not; nil: it never was.
    func stream(_ id: [UInt8]) throws(StoreError) -> FenceStream? {
        if let stream = book.state.with({ $0.stream(id) }) { return stream }
        return try Self.stored(id, database)
    }

    static func stored(_ id: [UInt8], _ database: Database) throws(StoreError) -> FenceStream? {
        guard let number = try database.get(.fences, Keys.fence(id: id)) else { return nil }
        guard number.count == 4 else { throw .damaged("a fence's number cannot be read") }
        let stream = number.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))
        }
        // It moves between the two, never out of both.
        var row: [UInt8]?
        for isLive in [true, false, true] where row == nil {
            row = try database.get(.fences, Keys.fence(stream: stream, isLive: isLive))
        }
        guard let row else {
            throw .damaged("the fence of stream \(stream) is missing")
        }
        let read = row.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try FenceStream.read(number: stream, raw) }
        }
        return try read.get()
    }

    /// Events of a stream behind `after`, up to `through`, in order. Those the database has are all that
    /// were told.
    func events(
        _ stream: FenceStream, after: AlertID?, through: AlertID?, limit: Int
    ) throws(StoreError) -> [FenceEvent] {
        // Most who ask wait behind the last one.
        guard let last = stream.lastID, after == nil || after! < last else { return [] }
        var list: [FenceEvent] = []
        let cursor = database.cursor(.fences)
        cursor.seek(Keys.fenceEvent(stream: stream.number, after ?? AlertID(ms: 0, n: 0)))
        while list.count < limit, try cursor.isValid(),
            let place = Keys.fenceEventPlace(cursor.key), place.stream == stream.number
        {
            if let through, place.id > through { break }
            if after == nil || place.id > after! {
                list.append(try FenceEvent.read(key: cursor.key, cursor.value))
            }
            cursor.next()
        }
        return list
    }
}
