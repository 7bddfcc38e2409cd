import TachoGeo

/// Types that only RESP3 has. In RESP2 each is written as Redis writes it there, so that whoever
/// answers need not ask for the version.
extension ReplyWriter {
    /// The `2 · pairs` replies written next are names and values in turn.
    package mutating func map(_ pairs: Int) {
        switch version {
        case .two: header(UInt8(ascii: "*"), 2 * pairs)
        case .three: header(UInt8(ascii: "%"), pairs)
        }
    }

    /// The `count` replies written next are its members.
    package mutating func set(_ count: Int) {
        header(version == .two ? UInt8(ascii: "*") : UInt8(ascii: "~"), count)
    }

    /// The `count` replies written next are a message nobody asked for, its kind first.
    package mutating func push(_ count: Int) {
        header(version == .two ? UInt8(ascii: "*") : UInt8(ascii: ">"), count)
    }

    /// In RESP2 1 or 0.
    package mutating func boolean(_ value: Bool) {
        switch version {
        case .two: integer(value ? 1 : 0)
        case .three: append(value ? "#t\r\n" : "#f\r\n")
        }
    }

    /// A number given as its decimal text; in RESP2 that text as a bulk string.
    package mutating func decimal(_ text: some Collection<UInt8>) {
        guard version == .three else { return bulk(text) }
        append(",")
        append(text: text)
        lineEnd()
    }

    package mutating func decimal(_ text: String) { decimal(text.utf8) }

    /// The shortest text that reads back equal; `inf`, `-inf` and `nan` as in Redis.
    package mutating func double(_ value: Double) {
        guard value.isFinite else {
            return decimal(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf")
        }
        let text = String(value)
        decimal(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    /// Plain text for people, as INFO and CLIENT LIST have it; in RESP2 a bulk string.
    package mutating func verbatim(_ text: String) {
        guard version == .three else { return bulk(text) }
        header(UInt8(ascii: "="), text.utf8.count + 4)
        append("txt:")
        append(text: text.utf8)
        lineEnd()
    }
}
