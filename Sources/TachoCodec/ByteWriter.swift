/// Builds binary formats: little-endian integers, varints, raw bytes.
///
/// Appends to a buffer it owns. To append to a buffer of somebody else without a copy, swap it in
/// and out: `swap(&out, &writer.bytes)`.
package struct ByteWriter {
    package var bytes: [UInt8]

    package init(bytes: [UInt8] = []) { self.bytes = bytes }

    package var count: Int { bytes.count }

    package mutating func put(_ value: UInt8) { bytes.append(value) }

    /// Little-endian, as wide as the type. Signed values are two's complement.
    @inline(__always)
    package mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func put(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

    package mutating func put(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// Unsigned LEB128: 1 to 10 bytes.
    package mutating func putVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A signed value as varint: 0, −1, 1, −2 … become 0, 1, 2, 3 ….
    package mutating func putZigzag(_ value: Int64) { putVarint(Zigzag.encode(value)) }

    /// Overwrites bytes written before, for lengths that are known only afterwards.
    package mutating func overwrite<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count)
        withUnsafeBytes(of: value.littleEndian) { raw in
            for i in 0..<raw.count { bytes[offset + i] = raw[i] }
        }
    }
}

/// Small numbers of either sign as small unsigned numbers.
package enum Zigzag {
    @inline(__always)
    package static func encode(_ value: Int64) -> UInt64 {
        // Wrap-around is meant: the shifts move the sign into the lowest bit.
        UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    }

    @inline(__always)
    package static func decode(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Bytes `putVarint` would write.
    package static func varintBytes(_ value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }
}
