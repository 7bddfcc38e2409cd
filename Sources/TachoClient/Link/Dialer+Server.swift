import NIOCore
import NIOSSL
import TachoDial

extension Dialer {
    /// A channel to a server with `makeHandler`'s handler.
    static func dial(
        _ address: ServerAddress, timeoutMs: Int64, tls: NIOSSLContext?, on loop: any EventLoop,
        _ makeHandler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        dial(host: address.host, port: address.port, timeoutMs: timeoutMs, tls: tls, on: loop) {
            try $0.addHandler(makeHandler())
        }
    }

    /// What went wrong, as part of a sentence.
    static func reason(_ error: any Error) -> String {
        connectionReason(
            error, tlsRemedy: "--tls-ca names whom to trust, --tls-cert and --tls-key what to show")
    }
}
