/// Bounds of the RESP listener. Each is a limit of one request; crossing it closes the connection
/// after an error that names it.
package enum WireLimits {
    /// Arguments after the command's name.
    package static let maxArguments = 1_024
    /// The same for the commands that carry batches: T.MADD, T.MADDX, T.IMPORT.
    package static let maxBatchArguments = 65_536
    /// Bytes of one argument.
    package static let maxBulkBytes = 65_536
    /// The same for the packed batch of T.PUT.
    package static let maxPackedBytes = 1 << 20
    /// Bytes of the id in `T.PUT … SESSION id`.
    package static let maxSessionBytes = 128
    /// Bytes of one request: 65,536 arguments of a rider's greatest length, with room to spare.
    package static let maxRequestBytes = 16 << 20
    /// Arguments of a request, its name included, and bytes of each, before the client has logged in
    /// where users are configured.
    package static let maxArgumentsBeforeLogin = 10
    package static let maxBulkBytesBeforeLogin = 16_384
    /// Bytes of a length line, `*N` or `$N`, before its CR LF.
    static let maxLengthLineBytes = 11
}

/// Why the bytes of a client are not a request. The stream cannot be read on after it.
package enum ProtocolError: Error, Equatable, Sendable {
    /// The first byte is not `*`: an inline command, HTTP, TLS or noise.
    case notAnArray(UInt8)
    case invalidArgumentCount
    case tooManyArguments(limit: Int)
    /// An argument does not start with `$`; nested arrays end here.
    case notABulkString(UInt8)
    case invalidBulkLength
    case bulkTooLong(limit: Int)
    case requestTooLong
    /// Of a client that has not logged in.
    case tooManyBeforeLogin
    case bulkTooLongBeforeLogin
    /// A bulk string is not followed by CR LF.
    case missingLineEnd

    /// One line for the client, without the leading `-`.
    package var message: String {
        switch self {
        case .notAnArray(let byte):
            "ERR Protocol error: expected '*', got '\(Self.printable(byte))',"
                + " inline commands are not accepted, send RESP arrays"
        case .invalidArgumentCount: "ERR Protocol error: invalid multibulk length"
        case .tooManyArguments(let limit):
            "ERR Protocol error: invalid multibulk length, at most \(limit) arguments,"
                + " send smaller batches"
        case .notABulkString(let byte):
            "ERR Protocol error: expected '$', got '\(Self.printable(byte))'"
        case .invalidBulkLength: "ERR Protocol error: invalid bulk length"
        case .bulkTooLong(let limit):
            "ERR Protocol error: invalid bulk length, at most \(limit) bytes in this argument"
        case .requestTooLong:
            "ERR Protocol error: request too long, at most \(WireLimits.maxRequestBytes) bytes,"
                + " send smaller batches"
        case .tooManyBeforeLogin:
            "ERR Protocol error: unauthenticated multibulk length, at most"
                + " \(WireLimits.maxArgumentsBeforeLogin) arguments before AUTH"
        case .bulkTooLongBeforeLogin:
            "ERR Protocol error: unauthenticated bulk length, at most"
                + " \(WireLimits.maxBulkBytesBeforeLogin) bytes before AUTH"
        case .missingLineEnd: "ERR Protocol error: expected CR LF after a bulk string"
        }
    }

    private static func printable(_ byte: UInt8) -> String {
        (0x20..<0x7F).contains(byte)
            ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
}
