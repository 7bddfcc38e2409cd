import TachoCodec
import TachoStore

/// When sealed segments were last looked through, and what was found: row `scrub` of family `meta`,
/// `format-spec.md` §6.
struct ScrubRow: Equatable {
    /// When the newest day's were last looked through, and when all were; Unix ms.
    var dayMs: Int64
    var wholeMs: Int64
    /// At which segment the pass through all goes on; 0: none is under way.
    var next: UInt32 = 0
    /// Those that were damaged or missing when last looked at, ascending.
    var damaged: [UInt32] = []

    static let key = "scrub"
    static let dayLengthMs: Int64 = 86_400_000
    static let wholeLengthMs = 7 * dayLengthMs

    var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(0))
        writer.put(dayMs)
        writer.put(wholeMs)
        writer.put(next)
        writer.put(UInt32(damaged.count))
        for segment in damaged { writer.put(segment) }
        return writer.bytes
    }

    static func read(_ database: Database) throws(StoreError) -> ScrubRow? {
        guard let bytes = try database.get(.meta, Keys.meta(key)) else { return nil }
        return try read(bytes)
    }

    static func read(_ bytes: [UInt8]) throws(StoreError) -> ScrubRow {
        let row = bytes.withUnsafeBytes { raw -> ScrubRow? in
            var reader = ByteReader(raw)
            guard let version = try? reader.read(UInt8.self), version == 0,
                let day = try? reader.read(Int64.self), let whole = try? reader.read(Int64.self),
                let next = try? reader.read(UInt32.self),
                let count = try? reader.read(UInt32.self), reader.remaining == Int(count) * 4
            else { return nil }
            var row = ScrubRow(dayMs: day, wholeMs: whole, next: next)
            for _ in 0..<count {
                guard let segment = try? reader.read(UInt32.self),
                    row.damaged.last.map({ $0 < segment }) ?? true
                else { return nil }
                row.damaged.append(segment)
            }
            return row
        }
        guard let row else { throw .damaged("the row of scrubbing cannot be read") }
        return row
    }

    /// What a look at a segment found.
    mutating func note(_ segment: UInt32, isDamaged: Bool) {
        damaged.removeAll { $0 == segment }
        guard isDamaged else { return }
        damaged.insert(segment, at: damaged.firstIndex { $0 > segment } ?? damaged.endIndex)
    }
}
