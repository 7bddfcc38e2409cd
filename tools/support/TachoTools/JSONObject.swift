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

    package static func append(quoted text: String, to out: inout [UInt8]) {
        JSONText.append(quoted: text.utf8, to: &out)
    }
}
