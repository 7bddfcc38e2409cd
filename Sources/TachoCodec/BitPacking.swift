// Raw pointers are confined to this file: the two loops below run once per value of every column.
// Each function checks the sizes of all its buffers once, before its loop.

/// Unsigned integers of one width, lowest bit first, without gaps.
enum BitPacking {
    static func byteCount(values: Int, width: Int) -> Int { (values * width + 7) / 8 }

    /// Appends `values[range]`, each in `width` bits (0…64; higher bits must be zero).
    /// Bits left over in the last byte are zero.
    static func pack(
        _ values: [UInt64], _ range: Range<Int>, width: Int, into out: inout [UInt8]
    ) {
        precondition(width >= 0 && width <= 64)
        precondition(range.lowerBound >= 0 && range.upperBound <= values.count)
        guard width > 0 else { return }
        let start = out.count
        let size = byteCount(values: range.count, width: width)
        out.append(contentsOf: repeatElement(0, count: size))
        values.withUnsafeBufferPointer { input in
            out.withUnsafeMutableBytes { all in
                let target = UnsafeMutableRawBufferPointer(rebasing: all[start..<start + size])
                packBits(input, range, width, target)
            }
        }
    }

    private static func packBits(
        _ input: UnsafeBufferPointer<UInt64>, _ range: Range<Int>, _ width: Int,
        _ target: UnsafeMutableRawBufferPointer
    ) {
        var accumulator: UInt64 = 0
        var filled = 0
        var at = 0
        for i in range {
            let value = input[i]
            // Shifts by 64 or more give 0, which is what a full accumulator needs.
            accumulator |= value << UInt64(filled)
            filled += width
            if filled >= 64 {
                target.storeBytes(of: accumulator.littleEndian, toByteOffset: at, as: UInt64.self)
                at += 8
                filled -= 64
                accumulator = value >> UInt64(width - filled)
            }
        }
        while filled > 0 {
            target[at] = UInt8(truncatingIfNeeded: accumulator)
            accumulator >>= 8
            at += 1
            filled -= 8
        }
    }

    /// Reads `count` values of `width` bits into `out[start...]`. False if a bit left over in the
    /// last byte is set: then the bytes are none that `pack` writes.
    static func unpack(
        _ bytes: UnsafeRawBufferPointer, width: Int, count: Int, into out: inout [UInt64],
        at start: Int
    ) -> Bool {
        precondition(width >= 0 && width <= 64)
        precondition(start >= 0 && count >= 0 && start + count <= out.count)
        precondition(bytes.count == byteCount(values: count, width: width))
        return out.withUnsafeMutableBufferPointer { all in
            guard width > 0 else {
                for i in start..<start + count { all[i] = 0 }
                return true
            }
            var bit = 0
            var i = start
            let end = start + count
            if width <= 57 && bytes.count >= 8 {
                // A value of up to 57 bits lies in the eight bytes from its first one on.
                let mask = UInt64.max >> UInt64(64 - width)
                let lastLoad = bytes.count - 8
                while i < end && bit >> 3 <= lastLoad {
                    let word = UInt64(
                        littleEndian: bytes.loadUnaligned(
                            fromByteOffset: bit >> 3, as: UInt64.self))
                    all[i] = word &>> UInt64(bit & 7) & mask
                    bit += width
                    i += 1
                }
            }
            while i < end {
                all[i] = slowBits(bytes, from: bit, width: width)
                bit += width
                i += 1
            }
            let unused = bytes.count * 8 - bit
            return unused == 0 || bytes[bytes.count - 1] >> UInt8(8 - unused) == 0
        }
    }

    /// One value, byte by byte: near the end of the bytes, and for the widest widths.
    private static func slowBits(
        _ bytes: UnsafeRawBufferPointer, from bit: Int, width: Int
    ) -> UInt64 {
        var value: UInt64 = 0
        var done = 0
        while done < width {
            let position = bit + done
            let inByte = position & 7
            let take = min(8 - inByte, width - done)
            let part = UInt64(bytes[position >> 3] >> UInt8(inByte)) & ((1 << UInt64(take)) - 1)
            value |= part << UInt64(done)
            done += take
        }
        return value
    }
}
