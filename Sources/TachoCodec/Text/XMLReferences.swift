/// The references that XML has without any declaration: five names, and characters by number.
enum XMLReferences {
    /// Appends text with its references replaced. Gives the place of the first that is none, or none
    /// of a character that XML allows; what stands before it is appended.
    static func append(
        _ text: Slice<UnsafeRawBufferPointer>, to out: inout [UInt8]
    ) -> Int? {
        guard text.contains(UInt8(ascii: "&")) else {
            out.append(contentsOf: text)
            return nil
        }
        var at = text.startIndex
        while at < text.endIndex {
            guard text[at] == UInt8(ascii: "&") else {
                out.append(text[at])
                at += 1
                continue
            }
            let rest = text[(at + 1)...].prefix(XMLTokenizer.maxReferenceBytes)
            guard let end = rest.firstIndex(of: UInt8(ascii: ";")),
                let scalar = scalar(rest[..<end])
            else { return at }
            out.append(contentsOf: String(Character(scalar)).utf8)
            at = end + 1
        }
        return nil
    }

    private static func scalar(_ name: Slice<UnsafeRawBufferPointer>) -> Unicode.Scalar? {
        let text = String(decoding: name, as: UTF8.self)
        switch text {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "apos": return "'"
        case "quot": return "\""
        default: break
        }
        guard text.first == "#" else { return nil }
        let isHex = text.dropFirst().first == "x"
        let digits = text.dropFirst(isHex ? 2 : 1)
        guard !digits.isEmpty, digits.allSatisfy(\.isHexDigit),
            let value = UInt32(digits, radix: isHex ? 16 : 10), isAllowed(value)
        else { return nil }
        return Unicode.Scalar(value)
    }

    /// Whether XML 1.0 allows the character.
    static func isAllowed(_ value: UInt32) -> Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
        default: false
        }
    }
}
