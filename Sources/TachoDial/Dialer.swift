package import NIOCore
import NIOPosix
package import NIOSSL

/// Makes connections to others: TCP, and TLS to the end of its handshake.
package enum Dialer {
    /// A channel with the handlers that `addHandlers` adds, behind TLS; fails unless all is done
    /// within `timeoutMs`. What is wrong later comes to those handlers.
    package static func dial(
        host: String, port: Int, timeoutMs: Int64, tls: NIOSSLContext?, on loop: any EventLoop,
        _ addHandlers:
            @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
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
                        let isNumbers = (try? SocketAddress(ipAddress: host, port: 0)) != nil
                        try operations.addHandlers(
                            NIOSSLClientHandler(
                                context: tls, serverHostname: isNumbers ? nil : host),
                            HandshakeWaiter(secured))
                    } else {
                        secured.succeed(())
                    }
                    try addHandlers(operations)
                }
            }
        let connecting = bootstrap.connect(host: host, port: port)
        connecting.whenFailure { secured.fail($0) }
        return connecting.flatMap { channel in
            secured.futureResult.map { channel }.flatMapErrorThrowing {
                channel.close(promise: nil)
                throw $0
            }
        }
    }
}
