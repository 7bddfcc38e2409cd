import TachoCodec
import TachoStore

/// A range that was cut: its sequences, as stored under `range/<number>` in family `meta`.
struct RangeRow: Equatable {
    var first: UInt64
    var last: UInt64

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.put(first)
        writer.put(last)
        return writer.bytes
    }

    init(first: UInt64, last: UInt64) {
        self.first = first
        self.last = last
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var reader = ByteReader(bytes)
        guard let first: UInt64 = try? reader.read(), let last: UInt64 = try? reader.read(),
            reader.isAtEnd, first > 0
        else { throw .damaged("a range's row cannot be read") }
        self.init(first: first, last: last)
    }
}
