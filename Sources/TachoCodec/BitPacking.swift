// Raw pointers: the loops below run once per value of every column. Sizes are checked once per
// run, by `unpack` itself or by whoever made the memory that `pack` writes to.

/// Unsigned integers of one width, lowest bit first, without gaps.
enum BitPacking {
    @inline(__always)
    static func byteCount(values: Int, width: Int) -> Int { (values &* width &+ 7) &>> 3 }

    /// What `pack` may write beyond the bytes that count.
    static let slack = 8

    /// Writes `count` values, each in `width` bits (0…64; higher bits must be zero), and up to
    /// `slack` bytes more. Bits left over in the last byte are zero.
    static func pack(
        _ values: UnsafePointer<UInt64>, count: Int, width: Int, to out: inout RawWriter
    ) {
        precondition(width >= 0 && width <= 64)
        let bytes = byteCount(values: count, width: width)
        out.require(bytes + slack)
        if width == 0 { return }
        if width <= 32 {
            packNarrow(values, count, UInt64(width), out.next)
        } else {
            packWide(values, count, UInt64(width), out.next)
        }
        out.advance(bytes)
    }

    /// Four bytes at a time, as soon as they are full.
    @inline(__always)
    private static func packNarrow(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ width: UInt64,
        _ target: UnsafeMutableRawPointer
    ) {
        var accumulator: UInt64 = 0
        var filled: UInt64 = 0
        var at = target
        for i in 0..<count {
            accumulator |= values[i] &<< filled
            filled &+= width
            // Stored each time, kept only when full: no branch to mispredict.
            at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
            let full = filled &>> 5
            at += Int(truncatingIfNeeded: full &<< 2)
            accumulator &>>= full &<< 5
            filled &= 31
        }
        at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
    }

    private static func packWide(
        _ values: UnsafePointer<UInt64>, _ count: Int, _ width: UInt64,
        _ target: UnsafeMutableRawPointer
    ) {
        var accumulator: UInt64 = 0
        var filled: UInt64 = 0
        var at = target
        for i in 0..<count {
            let value = values[i]
            accumulator |= value &<< filled
            filled += width
            if filled >= 64 {
                at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
                at += 8
                filled -= 64
                // A shift by 64 or more gives 0 here: then nothing is left over.
                accumulator = value >> (width - filled)
            }
        }
        at.storeBytes(of: accumulator.littleEndian, as: UInt64.self)
    }

    /// Reads `count` values of `width` bits (0…64) that begin at `bytes`, of which all are
    /// readable and the first `byteCount` belong to the values. False if a bit left over in the
    /// last of those is set: then the bytes are none that `pack` writes.
    static func unpack(
        _ bytes: UnsafeRawBufferPointer, width: Int, count: Int,
        into out: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        precondition(width >= 0 && width <= 64 && count >= 0)
        let size = byteCount(values: count, width: width)
        precondition(bytes.count >= size)
        guard width > 0, count > 0, let start = bytes.baseAddress else {
            for i in 0..<count { out[i] = 0 }
            return true
        }
        var i = 0
        if width <= 57 && bytes.count >= 8 {
            // A value of up to 57 bits lies in the eight bytes from its first one on. The last
            // value that may be loaded so is known before the loop, which has no branch then.
            let direct = min(count, ((bytes.count - 8) * 8 + 7) / width + 1)
            let mask = UInt64.max &>> UInt64(64 - width)
            let step = UInt64(width)
            var bit: UInt64 = 0
            while i < direct {
                let word = UInt64(
                    littleEndian: start.loadUnaligned(
                        fromByteOffset: Int(truncatingIfNeeded: bit &>> 3), as: UInt64.self))
                out[i] = word &>> (bit & 7) & mask
                bit &+= step
                i &+= 1
            }
        }
        while i < count {
            out[i] = slowBits(bytes, from: i * width, width: width)
            i += 1
        }
        let unused = size * 8 - count * width
        return unused == 0 || bytes[size - 1] >> UInt8(8 - unused) == 0
    }

    /// One value, byte by byte: near the end of the bytes, and for the widest widths.
    static func slowBits(
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
