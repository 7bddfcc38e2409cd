import TachoCodec
import TachoStore

/// What is known of a range's segment, under `seal/<range>` in family `meta`.
struct SealRow: Equatable {
    enum State: UInt8 {
        /// Step 1: a file may or may not be there.
        case intent = 1
        /// Step 7: the file is there, read back and verified.
        case sealed = 2
    }

    var state: State
    var points: UInt64
    var bytes: UInt64
    var lastSequence: UInt64
    /// SHA-256 of the file; zeros while it is an intent.
    var sha256: [UInt8]

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(state.rawValue)
        writer.put(points)
        writer.put(bytes)
        writer.put(lastSequence)
        writer.put(sha256)
        return writer.bytes
    }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> SealRow {
        var reader = ByteReader(bytes)
        guard let raw: UInt8 = try? reader.read(), let state = State(rawValue: raw),
            let points: UInt64 = try? reader.read(), let size: UInt64 = try? reader.read(),
            let last: UInt64 = try? reader.read(), let sha = try? reader.take(32), reader.isAtEnd
        else { throw .damaged("a seal's row cannot be read") }
        return SealRow(
            state: state, points: points, bytes: size, lastSequence: last, sha256: Array(sha))
    }

    /// All seals by range, ascending.
    static func all(_ database: Database) throws(StoreError) -> [(range: UInt32, row: SealRow)] {
        var list: [(range: UInt32, row: SealRow)] = []
        let prefix = Array("seal/".utf8)
        let cursor = database.cursor(.meta)
        cursor.seek(prefix)
        while try cursor.isValid(), cursor.key.starts(with: prefix), cursor.key.count == 9 {
            list.append((KeyReader.u32(cursor.key, at: 5), try read(cursor.value)))
            cursor.next()
        }
        return list
    }
}

/// A range that is now a sealed segment.
package struct SealedRange: Sendable, Hashable {
    package var segment: UInt64
    package var points: UInt64
    /// 32 bytes, of the whole file.
    package var sha256: [UInt8]
}

/// Sums over all sealed segments.
struct SealTotals: Sendable {
    var ranges = 0
    var bytes: UInt64 = 0
    /// The last sequence in a sealed segment.
    var through: UInt64 = 0
    var lastRange: UInt32 = 0
    var lastSHA256 = [UInt8](repeating: 0, count: 32)

    init() {}

    /// Of all ranges that are sealed.
    init(_ database: Database) throws(StoreError) {
        for (range, row) in try SealRow.all(database) { add(range, row) }
    }

    mutating func add(_ range: UInt32, _ row: SealRow) {
        guard row.state == .sealed else { return }
        ranges += 1
        bytes += row.bytes
        through = max(through, row.lastSequence)
        lastRange = range
        lastSHA256 = row.sha256
    }
}
