import TachoCodec
import TachoStore

/// What is known of a range whose points leave RocksDB, under `retired/<range>` in family `meta`.
struct RetiredRow: Equatable {
    enum State: UInt8 {
        /// From here on some of its riders may be read from the segment: it stays what it is.
        case begun = 1
        /// All are.
        case done = 2
    }

    var state: State
    var points: UInt64
    /// Of the chunks that went.
    var bytes: UInt64
    /// The server's clock, Unix ms.
    var atMs: Int64

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(state.rawValue)
        writer.put(points)
        writer.put(bytes)
        writer.put(atMs)
        return writer.bytes
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> RetiredRow {
        var reader = ByteReader(bytes)
        guard let raw: UInt8 = try? reader.read(), let state = State(rawValue: raw),
            let points: UInt64 = try? reader.read(), let size: UInt64 = try? reader.read(),
            let atMs: Int64 = try? reader.read(), reader.isAtEnd
        else { throw .damaged("the row of a retired range cannot be read") }
        return RetiredRow(state: state, points: points, bytes: size, atMs: atMs)
    }

    /// All of them by range, ascending.
    static func all(_ database: Database) throws(StoreError) -> [UInt32: RetiredRow] {
        var list: [UInt32: RetiredRow] = [:]
        let prefix = Array("retired/".utf8)
        let cursor = database.cursor(.meta)
        cursor.seek(prefix)
        while try cursor.isValid(), cursor.key.starts(with: prefix), cursor.key.count == 12 {
            list[KeyReader.u32(cursor.key, at: 8)] = try read(cursor.value)
            cursor.next()
        }
        return list
    }
}

/// Sums over all ranges that are retired.
struct RetiredTotals: Sendable {
    var ranges = 0
    var points: UInt64 = 0

    mutating func add(_ row: RetiredRow) {
        guard row.state == .done else { return }
        ranges += 1
        points += row.points
    }
}
