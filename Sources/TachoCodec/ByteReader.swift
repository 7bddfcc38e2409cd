/// Why bytes could not be read as the format asks.
package enum ByteReadError: Error, Equatable {
    /// Fewer bytes left than the value needs.
    case truncated
    /// A varint of more than 10 bytes, or of more than 64 bits.
    case varintTooLong
}

/// Reads binary formats from bytes that may be hostile: each read is checked against the end.
///
/// Borrows the bytes; they must stay valid while the reader and slices taken from it are used.
package struct ByteReader {
    package let bytes: UnsafeRawBufferPointer
    /// Bytes read so far.
    package private(set) var offset = 0

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package var remaining: Int { bytes.count - offset }
    package var isAtEnd: Bool { offset == bytes.count }

    /// A little-endian integer as wide as the type.
    @inline(__always)
    package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws(ByteReadError) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else { throw .truncated }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
        offset += size
        return T(littleEndian: value)
    }

    package mutating func readVarint() throws(ByteReadError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try read(UInt8.self)
            // The tenth byte holds bit 63 alone.
            if shift == 63 && byte > 1 { throw .varintTooLong }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    package mutating func readZigzag() throws(ByteReadError) -> Int64 {
        Zigzag.decode(try readVarint())
    }

    /// The next `count` bytes, borrowed.
    package mutating func take(_ count: Int) throws(ByteReadError) -> UnsafeRawBufferPointer {
        guard count >= 0 && count <= remaining else { throw .truncated }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}
