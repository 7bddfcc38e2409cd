// Raw pointers: text is written once per field of every row of an export.

/// Memory for text on its way to a file, kept from piece to piece.
package struct TextBuffer: ~Copyable {
    private var bytes: UnsafeMutableRawBufferPointer
    /// Bytes written.
    package private(set) var count = 0

    package init(capacity: Int = 64) {
        bytes = .allocate(byteCount: capacity + TextCursor.slack, alignment: 16)
    }

    deinit { bytes.deallocate() }

    package var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

    package mutating func removeAll() { count = 0 }

    /// A cursor behind the text, with room for `room` bytes. Hand it back with `advance`.
    @inline(__always)
    package mutating func cursor(room: Int) -> TextCursor {
        if bytes.count - count < room + TextCursor.slack { grow(for: room) }
        return TextCursor(bytes.baseAddress! + count)
    }

    /// What was written through a cursor is part of the text.
    @inline(__always)
    package mutating func advance(to cursor: TextCursor) {
        count = cursor.at - bytes.baseAddress!
    }

    package mutating func append(_ more: some Collection<UInt8>) {
        var cursor = cursor(room: more.count)
        for byte in more { cursor.put(byte) }
        advance(to: cursor)
    }

    private mutating func grow(for room: Int) {
        let fresh = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(2 * bytes.count, count + room + TextCursor.slack), alignment: 16)
        fresh.copyMemory(from: text)
        bytes.deallocate()
        bytes = fresh
    }
}

/// Writes text into memory: numbers eight digits at a time, without a table or a loop.
///
/// Nothing is checked: there must be room for the text and `slack` bytes more, which are
/// overwritten. Cost: 5 to 10 ns a number.
package struct TextCursor {
    /// Where the next byte goes.
    package private(set) var at: UnsafeMutableRawPointer

    /// A number is stored as a whole word, however short it is.
    package static let slack = 8
    /// The longest number, a 64-bit integer with its sign.
    package static let longestNumber = 20

    package init(_ start: UnsafeMutableRawPointer) { at = start }

    @inline(__always)
    package mutating func put(_ byte: UInt8) {
        at.storeBytes(of: byte, as: UInt8.self)
        at += 1
    }

    @inline(__always)
    package mutating func put(_ text: UnsafeRawBufferPointer) {
        if let start = text.baseAddress { at.copyMemory(from: start, byteCount: text.count) }
        at += text.count
    }

    @inline(__always)
    package mutating func put(_ text: StaticString) {
        at.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        at += text.utf8CodeUnitCount
    }

    @inline(__always)
    package mutating func put(integer value: Int64) {
        let magnitude = sign(value)
        if magnitude < Self.eightDigits {
            putShort(UInt32(truncatingIfNeeded: magnitude))
            return
        }
        let (high, low) = magnitude.quotientAndRemainder(dividingBy: Self.eightDigits)
        if high < Self.eightDigits {
            putShort(UInt32(truncatingIfNeeded: high))
        } else {
            putShort(UInt32(truncatingIfNeeded: high / Self.eightDigits))
            putEight(UInt32(truncatingIfNeeded: high % Self.eightDigits))
        }
        putEight(UInt32(truncatingIfNeeded: low))
    }

    /// `value` / 10^7 with all seven decimals.
    @inline(__always)
    package mutating func put(e7 value: Int32) {
        let (whole, rest) = sign(value).quotientAndRemainder(dividingBy: 10_000_000)
        putShort(whole)
        // The rest has seven digits, so the first of eight is where the point goes.
        store(Self.digits(rest) | Self.zeros & ~0xFF | UInt64(UInt8(ascii: ".")))
        at += 8
    }

    /// `value` / 100 without zeros at the end.
    @inline(__always)
    package mutating func put(hundredths value: Int32) {
        let (whole, rest) = sign(value).quotientAndRemainder(dividingBy: 100)
        putShort(whole)
        let (tens, ones) = rest.quotientAndRemainder(dividingBy: 10)
        store(UInt64(UInt8(ascii: ".")) | UInt64(48 + tens) << 8 | UInt64(48 + ones) << 16)
        at += rest == 0 ? 0 : ones == 0 ? 2 : 3
    }

    /// `value` / 10 without a zero at the end.
    @inline(__always)
    package mutating func put(tenths value: Int32) {
        let (whole, rest) = sign(value).quotientAndRemainder(dividingBy: 10)
        put(integer: Int64(whole))
        store(UInt64(UInt8(ascii: ".")) | UInt64(48 + rest) << 8)
        at += rest == 0 ? 0 : 2
    }

    private static let eightDigits: UInt64 = 100_000_000
    private static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// Writes the sign of a negative number; gives its magnitude.
    @inline(__always)
    private mutating func sign<T: SignedInteger & FixedWidthInteger>(_ value: T) -> T.Magnitude {
        at.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
        at += value < 0 ? 1 : 0
        return value.magnitude
    }

    /// Without leading zeros; below 10^8.
    @inline(__always)
    private mutating func putShort(_ value: UInt32) {
        let digits = Self.digits(value)
        // The last digit stays, also if it is a zero.
        let leading = (digits | 1 << 56).trailingZeroBitCount & 56
        store((digits | Self.zeros) &>> UInt64(leading))
        at += 8 - leading / 8
    }

    @inline(__always)
    private mutating func putEight(_ value: UInt32) {
        store(Self.digits(value) | Self.zeros)
        at += 8
    }

    @inline(__always)
    private func store(_ word: UInt64) {
        at.storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    /// The eight digits of a value below 10^8 as bytes 0…9, the first in the lowest.
    @inline(__always)
    private static func digits(_ value: UInt32) -> UInt64 {
        // Two numbers of four digits, four of two, eight of one, side by side in a word; each
        // division is a product whose error is too small to be seen at that many digits.
        let halves = UInt64(value / 10_000) | UInt64(value % 10_000) << 32
        let hundreds = (halves &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let pairs = hundreds | (halves &- hundreds &* 100) << 16
        let tens = (pairs &* 103) >> 10 & 0x000F_000F_000F_000F
        return tens | (pairs &- tens &* 10) << 8
    }
}
