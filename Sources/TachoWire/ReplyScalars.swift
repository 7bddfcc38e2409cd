import TachoGeo

/// Values that are one line, and verbatim strings.
extension ReplyParser {
    /// What stands behind `kind` on its line.
    static func scalar(_ kind: UInt8, _ line: [UInt8]) throws(ReplyError) -> Reply {
        switch kind {
        case UInt8(ascii: "+"): return .simple(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: "-"): return .error(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: ":"):
            guard let value = line.withUnsafeBytes(Decimal.integer) else { throw .invalidInteger }
            return .integer(value)
        case UInt8(ascii: ","):
            guard isDouble(line) else { throw .invalidValue }
            return .double(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: "("):
            let digits = line.first.map(isSign) == true ? line.dropFirst() : line[...]
            guard !digits.isEmpty, digits.allSatisfy(isDigit) else { throw .invalidValue }
            return .bigNumber(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: "#"):
            if line == [UInt8(ascii: "t")] { return .boolean(true) }
            if line == [UInt8(ascii: "f")] { return .boolean(false) }
            throw .invalidValue
        default:
            // `_`
            guard line.isEmpty else { throw .invalidValue }
            return .null
        }
    }

    /// `txt:` and the text.
    static func verbatim(_ content: [UInt8]) throws(ReplyError) -> Reply {
        guard content.count >= 4, content[3] == UInt8(ascii: ":") else { throw .invalidValue }
        return .verbatim(
            format: String(decoding: content[..<3], as: UTF8.self), Array(content[4...]))
    }

    /// `[+-]digits[.digits][e[+-]digits]`, or `inf`, `-inf`, `nan`.
    private static func isDouble(_ text: [UInt8]) -> Bool {
        for word in ["inf", "-inf", "+inf", "nan", "-nan"] where text.elementsEqual(word.utf8) {
            return true
        }
        var rest = text[...]
        func skipDigits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        if let first = rest.first, isSign(first) { rest = rest.dropFirst() }
        guard skipDigits() > 0 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard skipDigits() > 0 else { return false }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let first = rest.first, isSign(first) { rest = rest.dropFirst() }
            guard skipDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }
}
