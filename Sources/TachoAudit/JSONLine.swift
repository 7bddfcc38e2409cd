import TachoGeo

/// A JSON object on one line, built field by field. Escapes what RFC 8259 asks for.
package struct JSONLine {
    private var body = ""

    package init() {}

    package var text: String { "{" + body + "}" }

    package mutating func add(_ name: String, _ value: String) { put(name, Self.quoted(value)) }

    package mutating func add(_ name: String, _ value: some BinaryInteger) {
        put(name, String(value))
    }

    package mutating func add(_ name: String, _ value: Bool) { put(name, value ? "true" : "false") }

    /// A number as its decimal text.
    package mutating func add(_ name: String, number: String) { put(name, number) }
    /// `value` / 1,000 as the shortest number.
    package mutating func add(_ name: String, thousandths value: Int64) {
        var text: [UInt8] = []
        Decimal.append(value, decimals: 3, trimmed: true, to: &text)
        put(name, String(decoding: text, as: UTF8.self))
    }

    package mutating func add(_ name: String, _ objects: [JSONLine]) {
        put(name, "[" + objects.map(\.text).joined(separator: ",") + "]")
    }

    package mutating func add(_ name: String, _ object: JSONLine) { put(name, object.text) }

    package mutating func add(_ name: String, texts: [String]) {
        put(name, "[" + texts.map(Self.quoted).joined(separator: ",") + "]")
    }

    package mutating func addNull(_ name: String) { put(name, "null") }

    private mutating func put(_ name: String, _ value: String) {
        if !body.isEmpty { body += "," }
        body += Self.quoted(name) + ":" + value
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
