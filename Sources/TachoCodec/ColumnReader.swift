/// A byte reader that knows which column it is in, so that every refusal can name it.
struct ColumnReader {
    private var next: UnsafeRawPointer
    private let end: UnsafeRawPointer
    var column: Column = .time

    /// `bytes` is not empty.
    init(_ bytes: UnsafeRawBufferPointer) {
        next = bytes.baseAddress!
        end = next + bytes.count
    }

    var isAtEnd: Bool { next == end }
    var remaining: Int { end - next }

    @inline(__always)
    mutating func byte() throws(ColumnError) -> UInt8 {
        guard next < end else { throw .truncated(column) }
        defer { next += 1 }
        return next.load(as: UInt8.self)
    }

    mutating func varint() throws(ColumnError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            // The tenth byte holds bit 63 alone.
            if shift == 63 && byte > 1 { throw .varintTooLong(column) }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    mutating func zigzag() throws(ColumnError) -> Int64 { Zigzag.decode(try varint()) }

    /// The next `count` bytes, borrowed.
    mutating func take(_ count: Int) throws(ColumnError) -> UnsafeRawBufferPointer {
        guard count >= 0 && count <= remaining else { throw .truncated(column) }
        defer { next += count }
        return UnsafeRawBufferPointer(start: next, count: count)
    }

    /// The next `size` bytes, 1…8, as the low bits of a word. Not taken.
    @inline(__always)
    func partialWord(_ size: Int) -> UInt64 {
        if size == 8 {
            return UInt64(littleEndian: next.loadUnaligned(as: UInt64.self))
        }
        var word: UInt64 = 0
        for i in (0..<size).reversed() {
            word = word &<< 8 | UInt64(next.load(fromByteOffset: i, as: UInt8.self))
        }
        return word
    }

    /// Takes bytes that are known to be left.
    @inline(__always)
    mutating func skip(_ count: Int) { next += count }

    /// The next `count` values of `width` bits. Fast away from the end of all bytes.
    @inline(__always)
    mutating func packed(
        _ width: Int, _ count: Int, into out: UnsafeMutablePointer<UInt64>
    ) throws(ColumnError) {
        guard width <= 64 else { throw .badPacking(column) }
        let size = BitPacking.byteCount(values: count, width: width)
        guard size <= remaining else { throw .truncated(column) }
        let rest = UnsafeRawBufferPointer(start: next, count: remaining)
        guard BitPacking.unpack(rest, width: width, count: count, into: out) else {
            throw .badPacking(column)
        }
        next += size
    }
}
