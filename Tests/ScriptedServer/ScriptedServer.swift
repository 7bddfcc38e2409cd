import NIOCore
import NIOPosix
package import TachoClient
import TachoWire

/// A server that answers each request with what the script says, whatever the protocol says.
package struct ScriptedServer: Sendable {
    package enum Answer: Sendable {
        case bytes(String)
        /// The bytes in pieces of one, as the worst network would deliver them.
        case trickle(String)
        case silence
        case hangUp
        /// The bytes, then the end of the connection.
        case lastBytes(String)
    }

    private let channel: any Channel
    package let address: ServerAddress

    /// `script` gets the number of the request on its connection and its arguments.
    package static func start(
        _ script: @escaping @Sendable (Int, [String]) -> Answer
    ) throws -> ScriptedServer {
        try start(raw: { number, words in
            script(number, words.map { String(decoding: $0, as: UTF8.self) })
        })
    }

    /// The same with the arguments as they are: a packed batch is no text. `port` 0: any.
    package static func start(
        port: Int = 0, raw script: @escaping @Sendable (Int, [[UInt8]]) -> Answer
    ) throws -> ScriptedServer {
        let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.addHandler(ScriptHandler(script))
                }
            }
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port).wait()
        return ScriptedServer(
            channel: channel,
            address: ServerAddress(host: "127.0.0.1", port: channel.localAddress!.port!))
    }

    /// Takes no further connections; those there are go on.
    package func stop() throws { try channel.close().wait() }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let script: @Sendable (Int, [[UInt8]]) -> ScriptedServer.Answer
    private var received = ByteBuffer()
    private var parser = RequestParser()
    private var number = 0

    init(_ script: @escaping @Sendable (Int, [[UInt8]]) -> ScriptedServer.Answer) {
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while case .request(let count) = parser.next(received.readableBytesSpan) {
            let words = received.withUnsafeReadableBytes { all in
                parser.withArguments(of: all) { arguments in
                    (0..<arguments.count).map { arguments.copy($0) }
                }
            }
            received.moveReaderIndex(forwardBy: count)
            switch script(number, words) {
            case .bytes(let text): write(text, context)
            case .trickle(let text):
                for scalar in text.unicodeScalars { write(String(scalar), context) }
            case .silence: break
            case .hangUp: context.close(promise: nil)
            case .lastBytes(let text):
                write(text, context)
                context.close(promise: nil)
            }
            number += 1
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(string: text)
        context.writeAndFlush(NIOAny(buffer), promise: nil)
    }
}
