import NIOCore
import NIOSSL
import NIOTLS

/// Reads the first byte of a connection, puts TLS between socket and protocol if it is that of a
/// handshake, and leaves.
///
/// So one port serves both: the network with TLS, and, where that is allowed, the tools of the same
/// machine without. A RESP request cannot begin with 0x16. Costs nothing after the first byte.
final class ProtocolDetector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The record type of a TLS handshake (RFC 8446, section 5.1).
    private static let handshakeByte: UInt8 = 22
    static let respRefusal =
        "-ERR TLS expected: this server takes clients without it from its own "
        + "machine at most; redis-cli takes --tls, redis-py ssl=True\r\n"

    private let credentials: TLSCredentials
    private let handshakeSeconds: Int
    private let refusal: String
    private var isRefused = false

    /// `refusal`: what a plain client is told that may not be one, in its protocol.
    init(
        _ credentials: TLSCredentials, handshakeSeconds: Int,
        refusal: String = ProtocolDetector.respRefusal
    ) {
        self.credentials = credentials
        self.handshakeSeconds = handshakeSeconds
        self.refusal = refusal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        let buffer = unwrapInboundIn(data)
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return }
        guard first == Self.handshakeByte else {
            guard mayBePlain(context) else { return refuse(context) }
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
        do {
            try startTLS(context)
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func startTLS(_ context: ChannelHandlerContext) throws {
        let handler = NIOSSLServerHandler(context: credentials.context)
        let deadline = HandshakeDeadline(credentials, seconds: handshakeSeconds)
        try context.pipeline.syncOperations.addHandlers(
            [handler, deadline], position: .after(self))
    }

    private func mayBePlain(_ context: ChannelHandlerContext) -> Bool {
        credentials.settings.allowsPlainLoopback
            && context.remoteAddress.map(ListenAddress.isLoopback) == true
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: refusal)))
            .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
}

/// Ends a connection whose handshake takes too long, and those whose handshake fails; leaves when it
/// succeeded.
final class HandshakeDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let credentials: TLSCredentials
    private let seconds: Int
    private var deadline: Scheduled<Void>?
    private var isDone = false

    init(_ credentials: TLSCredentials, seconds: Int) {
        self.credentials = credentials
        self.seconds = seconds
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        credentials.note(isHandshakeDone: isDone)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if case .handshakeCompleted? = event as? TLSUserEvent {
            isDone = true
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }
}
