import HummingbirdCore
import Logging
import NIOCore

/// Hummingbird's HTTP/1.1 behind the same first look at a connection as RESP has: TLS for whoever begins
/// with it, plain for tools of the same machine, where that is allowed.
struct HTTPChannel: HTTPChannelHandler {
    typealias Value = HTTP1Channel.Value

    let base: HTTP1Channel
    let tls: TLSCredentials?
    let limits: ServerLimits
    let connections: HTTPConnections

    var responder: HTTPChannelHandler.Responder { base.responder }

    private static let refusalText =
        "TLS expected: this server takes clients without it from its own machine at most\n"

    /// What a plain client of another machine is answered.
    private static let refusal =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "Connection: close\r\nContent-Length: \(refusalText.utf8.count)\r\n\r\n" + refusalText

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        connections.add(channel)
        guard let tls else { return base.setup(channel: channel, logger: logger) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
                ProtocolDetector(
                    tls, handshakeSeconds: limits.handshakeSeconds, refusal: Self.refusal))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
