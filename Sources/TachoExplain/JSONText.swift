import TachoGeo

/// One JSON object in the making: keys keep their order, numbers their text.
struct JSONText {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// The object, without a line feed.
    var finished: [UInt8] { bytes + [UInt8(ascii: "}")] }

    mutating func add(_ key: String, _ value: Int64) {
        open(key)
        Decimal.appendInteger(value, to: &bytes)
    }

    /// Shortest text of `value` with at most `decimals` decimals.
    mutating func add(_ key: String, _ value: Double, decimals: Int) {
        open(key)
        let scale: Double = [1, 10, 100][decimals]
        let scaled = min(max((value * scale).rounded(), -9e18), 9e18)
        Decimal.append(Int64(scaled), decimals: decimals, trimmed: true, to: &bytes)
    }

    /// `value` / 10^`decimals`.
    mutating func add(_ key: String, scaled value: Int32, decimals: Int, trimmed: Bool = true) {
        open(key)
        Decimal.append(Int64(value), decimals: decimals, trimmed: trimmed, to: &bytes)
    }

    mutating func add(_ key: String, _ text: String) {
        open(key)
        Self.append(quoted: text, to: &bytes)
    }

    mutating func add(_ key: String, _ isTrue: Bool) {
        open(key)
        bytes += Array((isTrue ? "true" : "false").utf8)
    }

    /// A value that already is JSON.
    mutating func add(_ key: String, json: [UInt8]) {
        open(key)
        bytes += json
    }

    mutating func add(_ key: String, _ list: [[UInt8]]) {
        open(key)
        bytes.append(UInt8(ascii: "["))
        for (index, item) in list.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += item
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func open(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        Self.append(quoted: key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    static func quoted(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        append(quoted: text, to: &out)
        return out
    }

    /// RFC 8259: quotes, backslashes and control characters are escaped, other text stays UTF-8.
    private static func append(quoted text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                out += Array(("\\u00" + (byte < 16 ? "0" : "") + digits).utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
