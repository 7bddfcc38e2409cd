/// Base 64 of RFC 4648 §4, with padding and without line breaks: one text for every value.
package enum Base64Text {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let pad = UInt8(ascii: "=")

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var count = 0
        func put(_ characters: Int) {
            for place in 0..<4 {
                let value = Int(group >> UInt32(18 - 6 * place)) & 63
                text.append(place < characters ? digits[value] : pad)
            }
        }
        for byte in bytes {
            group |= UInt32(byte) << UInt32(16 - 8 * count)
            count += 1
            if count == 3 {
                put(4)
                (group, count) = (0, 0)
            }
        }
        if count > 0 { put(count + 1) }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil for every text that `encode` does not make.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var (count, pads) = (0, 0)
        for character in text {
            // Padding ends the text: nothing but padding may follow, at most two of it.
            guard pads == 0 || character == pad else { return nil }
            group <<= 6
            if character == pad {
                pads += 1
            } else if let value = value(character) {
                group |= value
            } else {
                return nil
            }
            count += 1
            guard count == 4 else { continue }
            guard pads <= 2, group & ((1 << UInt32(8 * pads)) - 1) == 0 else { return nil }
            for place in 0..<3 - pads {
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place)))
            }
            (group, count) = (0, 0)
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
