import TachoGeo

/// One JSON object written by hand, so that keys keep their order and numbers their exact text.
package struct JSONObject {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    package init() {}

    package mutating func add(_ key: String, integer: Int64) {
        open(key)
        Decimal.appendInteger(integer, to: &bytes)
    }

    /// `value` / 10^decimals; with `trimmed`, without zeros at the end.
    package mutating func add(_ key: String, decimal: Int64, decimals: Int, trimmed: Bool) {
        open(key)
        Decimal.append(decimal, decimals: decimals, trimmed: trimmed, to: &bytes)
    }

    package mutating func add(_ key: String, string: String) {
        open(key)
        Self.append(quoted: string, to: &bytes)
    }

    package mutating func addNull(_ key: String) { add(key, json: Array("null".utf8)) }

    /// A value that already is JSON.
    package mutating func add(_ key: String, json: [UInt8]) {
        open(key)
        bytes.append(contentsOf: json)
    }

    /// The object, without a line feed.
    package func finished() -> [UInt8] { bytes + [UInt8(ascii: "}")] }

    private mutating func open(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        Self.append(quoted: key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// RFC 8259: quotes, backslashes and control characters are escaped, other text stays UTF-8.
    package static func append(quoted text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case UInt8(ascii: "\n"): out.append(contentsOf: Array("\\n".utf8))
            case UInt8(ascii: "\r"): out.append(contentsOf: Array("\\r".utf8))
            case UInt8(ascii: "\t"): out.append(contentsOf: Array("\\t".utf8))
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                out.append(contentsOf: Array(("\\u00" + (byte < 16 ? "0" : "") + digits).utf8))
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
