/// A reply as a client sees it, of either version of RESP.
package indirect enum Reply: Equatable, Sendable {
    case simple(String)
    /// The line without `-`; starts with its kind, as in `ERR …` or `TRYAGAIN 20 …`. Also the
    /// text of a bulk error.
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    /// `$-1`, `*-1` and `_`.
    case null
    case array([Reply])
    /// As it was sent: no decimal is lost. Infinities are `inf` and `-inf`.
    case double(String)
    case boolean(Bool)
    /// Digits with a sign, of any length.
    case bigNumber(String)
    /// Text with the three letters of its format, `txt` as a rule.
    case verbatim(format: String, [UInt8])
    /// Names and values in turn, as the array that stands for a map in RESP2.
    case map([Reply])
    case set([Reply])
    /// A message that answers no request; its kind is the first element.
    case push([Reply])

    /// Strings and numbers that are written as text; nil for everything else. A decimal reads the
    /// same in both versions.
    package var text: String? {
        switch self {
        case .simple(let text), .double(let text), .bigNumber(let text): text
        case .bulk(let bytes), .verbatim(_, let bytes): String(decoding: bytes, as: UTF8.self)
        case .error, .integer, .null, .array, .boolean, .map, .set, .push: nil
        }
    }

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// Of arrays, and of what is an array in RESP2.
    package var elements: [Reply]? {
        switch self {
        case .array(let elements), .map(let elements), .set(let elements), .push(let elements):
            elements
        default: nil
        }
    }
}

/// Why bytes are not replies: the peer is no Tacho server, or the stream is damaged.
package enum ReplyError: Error, Equatable, Sendable {
    case unknownKind(UInt8)
    case invalidLength
    case invalidInteger
    /// A double, boolean, big number, null or verbatim string of RESP3 that is none.
    case invalidValue
    case missingLineEnd
    case tooLong
    case tooDeep

    package var message: String {
        switch self {
        case .unknownKind(let byte): "reply starts with byte \(byte), not RESP"
        case .invalidLength: "reply has an invalid length"
        case .invalidInteger: "reply has an invalid integer"
        case .invalidValue: "reply has an invalid value of RESP3"
        case .missingLineEnd: "reply has a line without CR LF"
        case .tooLong: "reply is longer than \(ReplyParser.maxBytes) bytes"
        case .tooDeep: "reply is nested deeper than \(ReplyParser.maxDepth)"
        }
    }
}
