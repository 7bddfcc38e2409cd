/// Writes the fields of one reply into memory that is there already: digits go straight to their
/// place. `ReplyWriter.fields` lends it.
///
/// Cost: 2 to 10 ns a field. Not copyable, so that no field is written twice over another.
package struct ReplyFields: ~Copyable {
    private let memory: UnsafeMutableBufferPointer<UInt8>
    package private(set) var count = 0
    /// Asked once a field that differs, never a byte.
    private let isThree: Bool

    init(_ memory: UnsafeMutableBufferPointer<UInt8>, _ version: RespVersion = .two) {
        self.memory = memory
        isThree = version == .three
    }

    /// The longest field but for text: `$`, two digits of length, two line ends, and a sign, twenty
    /// digits and a point.
    private static let longest = 32

    /// Room for one more field; the program stops where there is none, in release too.
    @inline(__always)
    private func place(for bytes: Int = longest) -> UnsafeMutablePointer<UInt8> {
        precondition(count + bytes <= memory.count, "a reply is longer than its room")
        return memory.baseAddress! + count
    }

    package mutating func array(_ elements: Int) { line(UInt8(ascii: "*"), Int64(elements)) }

    package mutating func integer(_ value: Int64) { line(UInt8(ascii: ":"), value) }

    private mutating func line(_ kind: UInt8, _ value: Int64) {
        let to = place()
        to[0] = kind
        var at = 1
        if value < 0 {
            to[1] = UInt8(ascii: "-")
            at = 2
        }
        at += Digits.write(value.magnitude, to + at)
        end(to, at)
    }

    /// An unknown value.
    package mutating func null() {
        let to = place()
        if isThree {
            to[0] = UInt8(ascii: "_")
            return end(to, 1)
        }
        (to[0], to[1], to[2]) = (UInt8(ascii: "$"), UInt8(ascii: "-"), UInt8(ascii: "1"))
        end(to, 3)
    }

    /// At most 99 bytes.
    package mutating func bulk(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        precondition(length < 100, "a word of \(length) bytes")
        let to = place(for: length + Self.longest)
        let at = bulkHeader(to, length)
        (to + at).update(from: text.utf8Start, count: length)
        end(to, at + length)
    }

    /// Text of at most `room` bytes.
    package mutating func bulk(_ text: String, room: Int) {
        let length = text.utf8.count
        precondition(length <= room && length < 1_000, "a text of \(length) bytes")
        let to = place(for: length + Self.longest)
        var at = 0
        if length < 100 {
            at = bulkHeader(to, length)
        } else {
            to[0] = UInt8(ascii: "$")
            at = 1 + Digits.write(UInt64(length), to + 1)
            (to[at], to[at + 1]) = (0x0D, 0x0A)
            at += 2
        }
        for byte in text.utf8 {
            to[at] = byte
            at += 1
        }
        end(to, at)
    }

    /// Degrees out of 10^-7 degrees, with seven decimals, as a bulk string.
    package mutating func degrees(_ value: Int32) { degrees(value, isDouble: false) }

    /// The same as a double in RESP3, as Redis's GEO commands give positions there.
    package mutating func coordinate(_ value: Int32) { degrees(value, isDouble: isThree) }

    @inline(__always)
    private mutating func degrees(_ value: Int32, isDouble: Bool) {
        let magnitude = value.magnitude
        let (whole, fraction) = (magnitude / 10_000_000, magnitude % 10_000_000)
        let sign = value < 0 ? 1 : 0
        let to = place()
        let digits = whole < 10 ? 1 : whole < 100 ? 2 : 3
        var at = isDouble ? doubleHeader(to) : bulkHeader(to, sign + digits + 8)
        if sign == 1 { to[at] = UInt8(ascii: "-") }
        at += sign
        at += Digits.write(UInt64(whole), to + at)
        to[at] = UInt8(ascii: ".")
        // Eight digits; the last one is 0 and makes room for the line end.
        Digits.store(Digits.eight(fraction * 10), to + at + 1)
        end(to, at + 8)
    }

    /// `value` / 100 as a bulk string, in RESP3 a double: the shortest text that reads back equal.
    package mutating func hundredths(_ value: Int32) {
        let (rest, last) = (value.magnitude / 10, value.magnitude % 10)
        let places = last != 0 ? 2 : rest % 10 != 0 ? 1 : 0
        short(isNegative: value < 0, rest / 10, (rest % 10, last), places)
    }

    /// The same of `value` / 10.
    package mutating func tenths(_ value: Int32) {
        let (rest, last) = (value.magnitude / 10, value.magnitude % 10)
        short(isNegative: value < 0, rest, (last, 0), last != 0 ? 1 : 0)
    }

    @inline(__always)
    private mutating func short(
        isNegative: Bool, _ whole: UInt32, _ decimals: (UInt32, UInt32), _ places: Int
    ) {
        let to = place()
        let sign = isNegative ? 1 : 0
        let fraction = places > 0 ? 1 + places : 0
        var at =
            isThree ? doubleHeader(to) : bulkHeader(to, sign + Digits.count(whole) + fraction)
        if isNegative { to[at] = UInt8(ascii: "-") }
        at += sign
        at += Digits.write(UInt64(whole), to + at)
        to[at] = UInt8(ascii: ".")
        to[at + 1] = 48 + UInt8(truncatingIfNeeded: decimals.0)
        to[at + 2] = 48 + UInt8(truncatingIfNeeded: decimals.1)
        end(to, at + fraction)
    }

    /// A number in hexadecimal without leading zeros, as a bulk string.
    package mutating func hex(_ value: UInt64) {
        let digits = max(1, (67 - value.leadingZeroBitCount) / 4)
        let to = place()
        let at = bulkHeader(to, digits)
        // Moved up so that the first digit is not 0.
        let text = value << UInt64(64 - 4 * digits)
        Digits.store(Digits.eightHex(UInt32(text >> 32)), to + at)
        Digits.store(
            Digits.eightHex(UInt32(truncatingIfNeeded: text)), to + at + 8)
        end(to, at + digits)
    }

    /// `$` and a length below 100. Returns where the content begins.
    @inline(__always)
    private func bulkHeader(_ to: UnsafeMutablePointer<UInt8>, _ length: Int) -> Int {
        to[0] = UInt8(ascii: "$")
        var at = 1
        if length >= 10 {
            to[1] = 48 + UInt8(truncatingIfNeeded: length / 10)
            at = 2
        }
        to[at] = 48 + UInt8(truncatingIfNeeded: length % 10)
        (to[at + 1], to[at + 2]) = (0x0D, 0x0A)
        return at + 3
    }

    @inline(__always)
    private func doubleHeader(_ to: UnsafeMutablePointer<UInt8>) -> Int {
        to[0] = UInt8(ascii: ",")
        return 1
    }

    @inline(__always)
    private mutating func end(_ to: UnsafeMutablePointer<UInt8>, _ at: Int) {
        (to[at], to[at + 1]) = (0x0D, 0x0A)
        count += at + 2
    }
}

/// Digits of numbers, eight at a time in the bytes of a word, the first in the lowest byte.
private enum Digits {
    private static var zeros: UInt64 { 0x3030_3030_3030_3030 }

    @inline(__always)
    static func count(_ value: UInt32) -> Int {
        var count = 1
        var left = value
        while left >= 10 {
            left /= 10
            count += 1
        }
        return count
    }

    /// Without leading zeros. Returns how many digits there are; up to 7 bytes behind them are
    /// overwritten.
    @inline(__always)
    static func write(_ value: UInt64, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        if value < 10 {
            to[0] = 48 + UInt8(truncatingIfNeeded: value)
            return 1
        }
        if value < 1_000 { return few(UInt32(value), to) }
        if value < 100_000_000 { return first(UInt32(value), to) }
        let (high, low) = value.quotientAndRemainder(dividingBy: 100_000_000)
        let before = write(high, to)
        store(eight(UInt32(low)), to + before)
        return before + 8
    }

    /// A number of two or three digits: what most fields have before their point.
    @inline(__always)
    private static func few(_ value: UInt32, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        let (hundreds, rest) = (value / 100, value % 100)
        to[0] = 48 + UInt8(truncatingIfNeeded: hundreds)
        let at = hundreds == 0 ? 0 : 1
        to[at] = 48 + UInt8(truncatingIfNeeded: rest / 10)
        to[at + 1] = 48 + UInt8(truncatingIfNeeded: rest % 10)
        return at + 2
    }

    /// A number of two to eight digits.
    @inline(__always)
    private static func first(_ value: UInt32, _ to: UnsafeMutablePointer<UInt8>) -> Int {
        let digits = eight(value)
        let leading = (digits ^ zeros).trailingZeroBitCount / 8
        store(digits >> UInt64(8 * leading), to)
        return 8 - leading
    }

    @inline(__always)
    static func store(_ digits: UInt64, _ to: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(to).storeBytes(of: digits.littleEndian, as: UInt64.self)
    }

    /// All eight digits of a number below 10^8: halves it into fours, twos and ones, each step for
    /// all parts of the word at once. No product leaves its lane, so wrap-around never happens.
    @inline(__always)
    static func eight(_ value: UInt32) -> UInt64 {
        let fours = UInt64(value / 10_000) | UInt64(value % 10_000) << 32
        // ⌊x · 10,486 / 2^20⌋ = ⌊x / 100⌋ for x < 10,000.
        let hundreds = (fours &* 10_486) >> 20 & 0x7F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        // ⌊x · 103 / 2^10⌋ = ⌊x / 10⌋ for x < 100.
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        return (tens | (twos &- tens &* 10) << 8) + zeros
    }

    /// All eight hexadecimal digits.
    @inline(__always)
    static func eightHex(_ value: UInt32) -> UInt64 {
        var digits = UInt64(value)
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // 1 in each byte that holds a letter: `a` stands 39 behind `9` + 1.
        let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return (digits + letters &* 39 + zeros).byteSwapped
    }
}
