import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections: TCP, and TLS to the end of its handshake.
enum Dialer {
    /// A channel with `makeHandler`'s handler behind TLS; fails unless all is done within `timeoutMs`.
    static func dial<Handler: ChannelInboundHandler>(
        _ address: ServerAddress, timeoutMs: Int64, tls: NIOSSLContext?, on loop: any EventLoop,
        _ makeHandler: @escaping @Sendable () -> Handler
    ) -> EventLoopFuture<any Channel> {
        let secured = loop.makePromise(of: Void.self)
        // A peer that takes the connection and says nothing.
        let deadline = loop.scheduleTask(in: .milliseconds(timeoutMs)) {
            secured.fail(ChannelError.connectTimeout(.milliseconds(timeoutMs)))
        }
        secured.futureResult.whenComplete { _ in deadline.cancel() }
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(timeoutMs))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    if let tls {
                        // Of an address of numbers the certificate itself must have the numbers.
                        let isNumbers =
                            (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
                        try operations.addHandlers(
                            NIOSSLClientHandler(
                                context: tls, serverHostname: isNumbers ? nil : address.host),
                            HandshakeWaiter(secured))
                    } else {
                        secured.succeed(())
                    }
                    try operations.addHandler(makeHandler())
                }
            }
        let connecting = bootstrap.connect(host: address.host, port: address.port)
        connecting.whenFailure { secured.fail($0) }
        return connecting.flatMap { channel in
            secured.futureResult.map { channel }.flatMapErrorThrowing {
                channel.close(promise: nil)
                throw $0
            }
        }
    }

    /// What went wrong, as part of a sentence.
    static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return reason(first.error) }
            return "host \(error.host) is not known"
        }
        if let error = error as? NIOSSLError, case .handshakeFailed(let reason) = error {
            return
                "TLS: \(reason); --tls-ca names whom to trust, --tls-cert and --tls-key what to show"
        }
        if let error = error as? NIOSSLExtraError { return "TLS: \(error)" }
        if case .eof? = error as? ChannelError { return "it ended the connection in the handshake" }
        if let error = error as? IOError { return systemReason(error.errnoCode) }
        if let error = error as? ChannelError, case .connectTimeout(let amount) = error {
            return "no answer within \(amount.nanoseconds / 1_000_000) ms"
        }
        return "\(error)"
    }
}
