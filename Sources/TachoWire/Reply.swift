/// A reply as a client sees it.
package indirect enum Reply: Equatable, Sendable {
    case simple(String)
    /// The line without `-`; starts with its kind, as in `ERR …` or `TRYAGAIN 20 …`.
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    /// `$-1` and `*-1`.
    case null
    case array([Reply])

    /// Bulk and simple strings as text; nil for everything else.
    package var text: String? {
        switch self {
        case .simple(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .error, .integer, .null, .array: nil
        }
    }

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var elements: [Reply]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}

/// Why bytes are not RESP2 replies: the peer is no Tacho server, or the stream is damaged.
package enum ReplyError: Error, Equatable, Sendable {
    case unknownKind(UInt8)
    case invalidLength
    case invalidInteger
    case missingLineEnd
    case tooLong
    case tooDeep

    package var message: String {
        switch self {
        case .unknownKind(let byte): "reply starts with byte \(byte), not RESP2"
        case .invalidLength: "reply has an invalid length"
        case .invalidInteger: "reply has an invalid integer"
        case .missingLineEnd: "reply has a line without CR LF"
        case .tooLong: "reply is longer than \(ReplyParser.maxBytes) bytes"
        case .tooDeep: "reply is nested deeper than \(ReplyParser.maxDepth)"
        }
    }
}
