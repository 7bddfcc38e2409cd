import NIOCore
import NIOPosix
import NIOSSL

/// Why there is no connection, or none any more, in small letters as part of a sentence about the
/// peer. `tlsRemedy` is the program's own: its options that name certificates.
package func connectionReason(_ error: any Error, tlsRemedy: String) -> String {
    switch error {
    case let error as NIOConnectionError:
        error.connectionErrors.first.map { connectionReason($0.error, tlsRemedy: tlsRemedy) }
            ?? "host \(error.host) is not known"
    case NIOSSLError.handshakeFailed(let reason): "TLS: \(reason); \(tlsRemedy)"
    case NIOSSLError.uncleanShutdown: "it ended the connection in the middle"
    case let error as NIOSSLExtraError: "TLS: \(error)"
    case ChannelError.eof: "it ended the connection in the handshake"
    case ChannelError.connectTimeout(let amount):
        "no answer within \(amount.nanoseconds / 1_000_000) ms"
    case let error as IOError: systemReason(error.errnoCode)
    default: "\(error)"
    }
}
