/// Decimal text to scaled integers, exactly: never through a binary double.
package enum Decimal {
    package enum Failure: Error, Equatable {
        /// Not of the form `[+-]?d+(.d+)?(e[+-]?d+)?`.
        case notANumber
        /// The scaled value does not fit the limits asked for.
        case outOfRange
    }

    /// The value of `text` times 10^`scale`, rounded to the nearest integer, ties away from zero.
    ///
    /// The grammar is `[+-]?d+(.d+)?([eE][+-]?d+)?`; `nan`, `inf`, spaces, hex and an empty text are
    /// not numbers. Magnitudes of 2^62 and more are out of range. Any number of digits is read.
    /// Cost: one pass, no allocation.
    package static func scaled(
        _ text: UnsafeRawBufferPointer, scale: Int
    ) -> Result<Int64, Failure> {
        if let value = plain(text, scale) { return .success(value) }
        var i = 0
        let end = text.count
        var negative = false
        if i < end, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
            negative = text[i] == UInt8(ascii: "-")
            i += 1
        }
        let integerStart = i
        while i < end, isDigit(text[i]) { i += 1 }
        let integerEnd = i
        guard integerEnd > integerStart else { return .failure(.notANumber) }
        var fractionStart = i
        var fractionEnd = i
        if i < end, text[i] == UInt8(ascii: ".") {
            i += 1
            fractionStart = i
            while i < end, isDigit(text[i]) { i += 1 }
            fractionEnd = i
            guard fractionEnd > fractionStart else { return .failure(.notANumber) }
        }
        var exponent = 0
        if i < end, text[i] | 0x20 == UInt8(ascii: "e") {
            guard let (value, next) = parseExponent(text, from: i + 1) else {
                return .failure(.notANumber)
            }
            exponent = value
            i = next
        }
        guard i == end else { return .failure(.notANumber) }
        return round(
            text, integer: integerStart..<integerEnd, fraction: fractionStart..<fractionEnd,
            shift: scale + exponent, negative: negative)
    }

    /// Numbers as reports have them: digits, at most `scale` of them behind a point, no exponent,
    /// below 10^18 when scaled. nil: to be read the long way.
    @inline(__always)
    private static func plain(_ text: UnsafeRawBufferPointer, _ scale: Int) -> Int64? {
        guard let first = text.first else { return nil }
        let isNegative = first == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        guard text.count - start + scale <= 18 else { return nil }
        var value: Int64 = 0
        var point: Int?
        for i in start..<text.count {
            let byte = text[i]
            if isDigit(byte) {
                value = value * 10 + Int64(byte & 15)
            } else if byte == UInt8(ascii: "."), point == nil, i > start {
                point = i
            } else {
                return nil
            }
        }
        let decimals = point.map { text.count - 1 - $0 } ?? 0
        guard text.count > start, decimals <= scale, point == nil || decimals > 0 else {
            return nil
        }
        for _ in decimals..<scale { value *= 10 }
        return isNegative ? -value : value
    }

    /// An integer in plain digits, as times in ms are written. nil: no integer, or none of 64 bits.
    package static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
        var i = 0
        var negative = false
        if i < text.count, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
            negative = text[i] == UInt8(ascii: "-")
            i += 1
        }
        guard i < text.count else { return nil }
        var value: Int64 = 0
        while i < text.count {
            guard isDigit(text[i]) else { return nil }
            let (product, o1) = value.multipliedReportingOverflow(by: 10)
            let (sum, o2) = product.subtractingReportingOverflow(Int64(text[i] - 48))
            if o1 || o2 { return nil }
            value = sum
            i += 1
        }
        if negative { return value }
        return value == Int64.min ? nil : -value
    }

    /// Plain digits with or without a sign, however many: tells a number too large from no number.
    static func isInteger(_ text: UnsafeRawBufferPointer) -> Bool {
        let hasSign = text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+")
        let digits = text.dropFirst(hasSign ? 1 : 0)
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    /// Exponents beyond ±10^9 are clamped: with fewer digits than that the result is 0 or out of
    /// range either way.
    private static func parseExponent(
        _ text: UnsafeRawBufferPointer, from start: Int
    ) -> (Int, Int)? {
        var i = start
        var negative = false
        if i < text.count, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
            negative = text[i] == UInt8(ascii: "-")
            i += 1
        }
        let first = i
        var value = 0
        while i < text.count, isDigit(text[i]) {
            value = min(value * 10 + Int(text[i] - 48), exponentClamp)
            i += 1
        }
        guard i > first else { return nil }
        return (negative ? -value : value, i)
    }

    private static let exponentClamp = 1_000_000_000

    /// Reads the digits of integer and fraction as one number whose point is moved by `shift`.
    private static func round(
        _ text: UnsafeRawBufferPointer, integer: Range<Int>, fraction: Range<Int>, shift: Int,
        negative: Bool
    ) -> Result<Int64, Failure> {
        let digits = integer.count + fraction.count
        func digit(_ n: Int) -> Int64 {
            let at =
                n < integer.count
                ? integer.lowerBound + n : fraction.lowerBound + (n - integer.count)
            return Int64(text[at] - 48)
        }
        // Digits 0..<kept stand left of the moved point.
        let kept = integer.count + shift
        var value: Int64 = 0
        var n = 0
        while n < kept {
            if n >= digits && value == 0 { break }
            guard value <= limit / 10 else { return .failure(.outOfRange) }
            value = value * 10 + (n < digits ? digit(n) : 0)
            n += 1
        }
        if kept >= 0 && kept < digits && digit(kept) >= 5 { value += 1 }
        guard value < limit else { return .failure(.outOfRange) }
        return .success(negative ? -value : value)
    }

    private static let limit: Int64 = 1 << 62
}

extension Decimal {
    /// Appends `value` / 10^`decimals` as plain decimal text. With `trimmed`, zeros at the end of
    /// the fraction (and a point left alone) are left out: the shortest text that reads back equal.
    package static func append(
        _ value: Int64, decimals: Int, trimmed: Bool, to out: inout [UInt8]
    ) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        var digits: (UInt64, UInt64) = (0, 0)
        var magnitude = value.magnitude
        var divisor: UInt64 = 1
        for _ in 0..<decimals { divisor *= 10 }
        digits.0 = magnitude / divisor
        digits.1 = magnitude % divisor
        appendDigits(digits.0, to: &out)
        var places = decimals
        if trimmed {
            magnitude = digits.1
            while places > 0 && magnitude % 10 == 0 {
                magnitude /= 10
                places -= 1
            }
            digits.1 = magnitude
        }
        guard places > 0 else { return }
        out.append(UInt8(ascii: "."))
        var place: UInt64 = 1
        for _ in 1..<places { place *= 10 }
        while place > 0 {
            out.append(UInt8(48 + digits.1 / place % 10))
            place /= 10
        }
    }

    package static func appendInteger(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude, to: &out)
    }

    private static func appendDigits(_ value: UInt64, to out: inout [UInt8]) {
        var place: UInt64 = 1
        while value / place >= 10 { place *= 10 }
        while place > 0 {
            out.append(UInt8(48 + value / place % 10))
            place /= 10
        }
    }
}
