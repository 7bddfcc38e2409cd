/// Steps over JSON (RFC 8259) in place: where values begin and end, without making any.
struct JSONScan {
    let bytes: UnsafeRawBufferPointer
    private(set) var at = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// A text without its quotes.
    struct Text {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private var unexpected: JSONError {
        JSONError(
            offset: at,
            what: at < bytes.count ? "an unexpected character" : "an unexpected end")
    }

    @inline(__always)
    mutating func skipSpace() {
        while at < bytes.count,
            bytes[at] == 0x20 || bytes[at] == 0x09 || bytes[at] == 0x0A || bytes[at] == 0x0D
        { at += 1 }
    }

    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard take(byte) else { throw unexpected }
    }

    mutating func string() throws(JSONError) -> Text {
        try expect(UInt8(ascii: "\""))
        let start = at
        var hasEscapes = false
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return Text(range: start..<at - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                at += 1
                if at < bytes.count { at += 1 }
            case 0..<0x20: throw unexpected
            default: at += 1
            }
        }
        throw unexpected
    }

    /// Steps over a value of any kind. Escapes within its texts are not looked at.
    mutating func skipValue(depth: Int) throws(JSONError) {
        guard depth < JSONValue.maxDepth else {
            throw JSONError(offset: at, what: "more than \(JSONValue.maxDepth) levels")
        }
        switch next {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try skipMembers(UInt8(ascii: "}"), depth, hasKeys: true)
        case UInt8(ascii: "["): try skipMembers(UInt8(ascii: "]"), depth, hasKeys: false)
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func skipMembers(
        _ end: UInt8, _ depth: Int, hasKeys: Bool
    ) throws(JSONError) {
        at += 1
        skipSpace()
        if take(end) { return }
        repeat {
            skipSpace()
            if hasKeys {
                _ = try string()
                skipSpace()
                try expect(UInt8(ascii: ":"))
                skipSpace()
            }
            try skipValue(depth: depth + 1)
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(end)
    }

    private mutating func word(_ text: StaticString) throws(JSONError) {
        for i in 0..<text.utf8CodeUnitCount { try expect(text.utf8Start[i]) }
    }

    private mutating func digits() throws(JSONError) {
        let start = at
        while at < bytes.count, bytes[at] &- 48 < 10 { at += 1 }
        guard at > start else { throw unexpected }
    }

    private mutating func number() throws(JSONError) {
        _ = take(UInt8(ascii: "-"))
        // No zeros in front, as the RFC has it.
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
    }

    /// Appends a text without its escapes. Rare, so the reader of whole values does it.
    static func unescape(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, into out: inout [UInt8]
    ) throws(JSONError) {
        let quote = UInt8(ascii: "\"")
        do {
            let value = try JSONValue.read([quote] + bytes[range] + [quote])
            out.append(contentsOf: (value.text ?? "").utf8)
        } catch {
            throw JSONError(offset: range.lowerBound - 1 + error.offset, what: error.what)
        }
    }
}
