/// A rider's name as it travels: 1–128 bytes of UTF-8 without control characters.
package enum RiderName {
    package static let maxBytes = 128

    /// Why `name` cannot name a rider; nil when it can.
    package static func defect(_ name: UnsafeRawBufferPointer) -> Malformed? {
        if name.isEmpty { return .riderEmpty }
        if name.count > maxBytes { return .riderTooLong }
        if isPlainASCII(name) { return nil }
        return isPlainUTF8(name) ? nil : .riderNotText
    }

    /// Eight bytes a step, the last step over bytes already seen. Of a byte below 0x80, adding 0x60
    /// sets the high bit unless it is below 0x20, adding 1 sets it only if it is 0x7F, and neither
    /// carries into the next. False for short names: they are left to the other check.
    @inline(__always)
    private static func isPlainASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 8 else { return false }
        let high: UInt64 = 0x8080_8080_8080_8080
        var i = 0
        while true {
            let word = bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)
            guard word & high == 0, (word &+ 0x6060_6060_6060_6060) & high == high,
                (word &+ 0x0101_0101_0101_0101) & high == 0
            else { return false }
            if i + 8 == bytes.count { return true }
            i = min(i + 8, bytes.count - 8)
        }
    }

    /// Valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without C0, DEL and C1 controls.
    static func isPlainUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var i = 0
        while i < bytes.count {
            let lead = bytes[i]
            if lead < 0x80 {
                if lead < 0x20 || lead == 0x7F { return false }
                i += 1
                continue
            }
            let length: Int
            var minimum: UInt32
            var scalar: UInt32
            switch lead {
            case 0xC2...0xDF: (length, minimum, scalar) = (2, 0xA0, UInt32(lead & 0x1F))
            case 0xE0...0xEF: (length, minimum, scalar) = (3, 0x800, UInt32(lead & 0x0F))
            case 0xF0...0xF4: (length, minimum, scalar) = (4, 0x10000, UInt32(lead & 0x07))
            default: return false
            }
            guard i + length <= bytes.count else { return false }
            for k in 1..<length {
                let byte = bytes[i + k]
                guard byte & 0xC0 == 0x80 else { return false }
                scalar = scalar << 6 | UInt32(byte & 0x3F)
            }
            if scalar < minimum || scalar > 0x10FFFF { return false }
            if scalar >= 0xD800 && scalar <= 0xDFFF { return false }
            i += length
        }
        return true
    }
}
