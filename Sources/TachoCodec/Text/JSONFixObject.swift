import TachoGeo

// Raw pointers: an object is read per fix of an import.

/// One line of NDJSON, as places of its fields in the line: nothing is copied but what has escapes.
struct JSONFixObject {
    struct Fields {
        var rider: UnsafeRawBufferPointer
        var text: FixText
    }

    private enum Kind {
        case absent, null, number, string, other
    }

    private struct Value {
        var kind = Kind.absent
        /// In the line, or in `unescaped`.
        var range = 0..<0
        var isUnescaped = false
    }

    /// By `CSVColumn.rawValue`; `verdict` behind them.
    private var values: [Value]
    private var unescaped: [UInt8] = []
    /// Places of keys that are no fields, as written, without quotes; a few of them at most.
    private(set) var unknownKeys: [Range<Int>] = []

    private static let names: [[UInt8]] =
        CSVColumn.allCases.map { Array($0.name.utf8) } + [Array("verdict".utf8)]
    private static let maxUnknownKeys = 16

    init() { values = Array(repeating: Value(), count: Self.names.count) }

    func isMissing(_ column: CSVColumn) -> Bool {
        let kind = values[column.rawValue].kind
        return kind == .absent || kind == .null
    }

    static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, line.count)
        while start < end, isSpace(line[start]) { start += 1 }
        while end > start, isSpace(line[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: line[start..<end])
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }

    /// Reads a line that is one object. Cost: one pass.
    mutating func read(_ line: UnsafeRawBufferPointer) throws(JSONError) {
        for i in values.indices { values[i] = Value() }
        unescaped.removeAll(keepingCapacity: true)
        unknownKeys.removeAll(keepingCapacity: true)
        var scan = JSONScan(bytes: line)
        scan.skipSpace()
        try scan.expect(UInt8(ascii: "{"))
        scan.skipSpace()
        if !scan.take(UInt8(ascii: "}")) {
            repeat {
                scan.skipSpace()
                try member(&scan)
                scan.skipSpace()
            } while scan.take(UInt8(ascii: ","))
            try scan.expect(UInt8(ascii: "}"))
        }
        scan.skipSpace()
        guard scan.at == line.count else {
            throw JSONError(offset: scan.at, what: "something behind the object")
        }
    }

    private mutating func member(_ scan: inout JSONScan) throws(JSONError) {
        let start = scan.at
        let key = try scan.string()
        let place = number(of: key, in: scan.bytes)
        scan.skipSpace()
        try scan.expect(UInt8(ascii: ":"))
        scan.skipSpace()
        guard let place else {
            if unknownKeys.count < Self.maxUnknownKeys { unknownKeys.append(key.range) }
            return try scan.skipValue(depth: 1)
        }
        guard values[place].kind == .absent else {
            throw JSONError(
                offset: start,
                what: "key \(String(decoding: Self.names[place], as: UTF8.self)) a second time")
        }
        values[place] = try value(&scan)
        if place == CSVColumn.rider.rawValue && values[place].kind == .other {
            throw JSONError(offset: start, what: "a rider that is neither text nor number")
        }
    }

    private mutating func value(_ scan: inout JSONScan) throws(JSONError) -> Value {
        let start = scan.at
        switch scan.next {
        case UInt8(ascii: "\""):
            let text = try scan.string()
            guard text.hasEscapes else { return Value(kind: .string, range: text.range) }
            let first = unescaped.count
            try JSONScan.unescape(scan.bytes, text.range, into: &unescaped)
            return Value(
                kind: .string, range: first..<unescaped.count, isUnescaped: true)
        case UInt8(ascii: "n"):
            try scan.skipValue(depth: 1)
            return Value(kind: .null)
        case let first:
            try scan.skipValue(depth: 1)
            let isNumber = first == UInt8(ascii: "-") || (first ?? 0) &- 48 < 10
            return Value(kind: isNumber ? .number : .other, range: start..<scan.at)
        }
    }

    /// Which field a key names.
    private func number(of key: JSONScan.Text, in bytes: UnsafeRawBufferPointer) -> Int? {
        if key.hasEscapes {
            var plain: [UInt8] = []
            guard (try? JSONScan.unescape(bytes, key.range, into: &plain)) != nil else {
                return nil
            }
            return Self.names.firstIndex(of: plain)
        }
        let text = bytes[key.range]
        for i in Self.names.indices where Self.names[i].count == text.count {
            if text.elementsEqual(Self.names[i]) { return i }
        }
        return nil
    }

    /// Lends what was read; `line` is the one that was. The second value: a rider was given.
    func withFields(
        of line: UnsafeRawBufferPointer, _ body: (Fields, Bool) throws -> Void
    ) rethrows {
        try unescaped.withUnsafeBytes { unescaped in
            func slice(_ column: CSVColumn) -> UnsafeRawBufferPointer? {
                let value = values[column.rawValue]
                if value.kind == .absent || value.kind == .null { return nil }
                let bytes = value.isUnescaped ? unescaped : line
                return UnsafeRawBufferPointer(rebasing: bytes[value.range])
            }
            // As in CSV, an empty text is an absent field.
            func optional(_ column: CSVColumn) -> UnsafeRawBufferPointer? {
                slice(column).flatMap { $0.isEmpty ? nil : $0 }
            }
            let nothing = FixRecord.nothing
            let text = FixText(
                ts: slice(.ts) ?? nothing, lat: slice(.lat) ?? nothing, lon: slice(.lon) ?? nothing,
                speed: optional(.speed), heading: optional(.heading),
                accuracy: optional(.accuracy), altitude: optional(.altitude),
                source: optional(.source), recv: optional(.recv))
            let rider = slice(.rider)
            try body(Fields(rider: rider ?? nothing, text: text), rider != nil)
        }
    }
}
