/// A value of the JSON that an alert's evidence is.
indirect enum EvidenceValue: Equatable {
    case number(Double)
    case text(String)
    case object([String: EvidenceValue])
    /// A list, true, false or null: nothing that a sentence tells.
    case other

    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }

    subscript(key: String) -> EvidenceValue? {
        if case .object(let values) = self { values[key] } else { nil }
    }

    /// nil: not one JSON value.
    init?(_ json: String) {
        var reader = EvidenceReader(bytes: Array(json.utf8))
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }
}

/// Reads JSON (RFC 8259) of at most eight levels; numbers as doubles.
private struct EvidenceReader {
    let bytes: [UInt8]
    private var at = 0
    private static let maxDepth = 8

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return at == bytes.count
        }
    }

    mutating func value(depth: Int) -> EvidenceValue? {
        guard depth < Self.maxDepth else { return nil }
        skipSpace()
        guard at < bytes.count else { return nil }
        switch bytes[at] {
        case UInt8(ascii: "{"): return object(depth)
        case UInt8(ascii: "["): return list(depth)
        case UInt8(ascii: "\""): return string().map { .text($0) }
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func object(_ depth: Int) -> EvidenceValue? {
        at += 1
        var values: [String: EvidenceValue] = [:]
        if take("}") { return .object(values) }
        repeat {
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\""), let key = string(), take(":"),
                let value = value(depth: depth + 1)
            else { return nil }
            values[key] = value
        } while take(",")
        return take("}") ? .object(values) : nil
    }

    private mutating func list(_ depth: Int) -> EvidenceValue? {
        at += 1
        if take("]") { return .other }
        repeat {
            guard value(depth: depth + 1) != nil else { return nil }
        } while take(",")
        return take("]") ? .other : nil
    }

    /// Escapes of one letter and `\u` outside of surrogates; others make no text here.
    private mutating func string() -> String? {
        at += 1
        var out: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return String(validating: out, as: UTF8.self) }
            guard byte >= 0x20 else { return nil }
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                continue
            }
            guard let escaped = escape() else { return nil }
            out += escaped
        }
        return nil
    }

    private mutating func escape() -> [UInt8]? {
        guard at < bytes.count else { return nil }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"):
            guard at + 4 <= bytes.count,
                let digits = String(validating: bytes[at..<at + 4], as: UTF8.self),
                let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code)
            else { return nil }
            at += 4
            return Array(String(Character(scalar)).utf8)
        default: return nil
        }
    }

    private mutating func number() -> EvidenceValue? {
        let start = at
        while at < bytes.count, "+-.0123456789eE".utf8.contains(bytes[at]) { at += 1 }
        guard at > start, let text = String(validating: bytes[start..<at], as: UTF8.self),
            let value = Double(text), value.isFinite
        else { return nil }
        return .number(value)
    }

    private mutating func word(_ word: String) -> EvidenceValue? {
        guard bytes[at...].starts(with: word.utf8) else { return nil }
        at += word.utf8.count
        return .other
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == byte.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }
}
