import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// What came in one request.
struct ReceivedRequest: Sendable {
    /// Which connection, from 0, and the request's number on it.
    var connection: Int
    var number: Int
    var head: String
    var body: String

    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n")
        where line.lowercased().hasPrefix(name.lowercased() + ":") {
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        return nil
    }
}

/// A receiver that answers as its script says, whatever HTTP says.
final class ScriptedReceiver: Sendable {
    enum Answer: Sendable {
        case bytes(String)
        /// And then it ends the connection.
        case last(String)
        /// In pieces of one byte.
        case trickle(String)
        case silence
        case hangUp

        static let ok = Answer.bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        static func status(_ status: Int, _ headers: String = "", body: String = "") -> Answer {
            .bytes(
                "HTTP/1.1 \(status) X\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
    }

    private let requests = Mutex<[ReceivedRequest]>([])
    private let connections = Atomic(0)
    private let channel = Mutex<(any Channel)?>(nil)
    let port: Int

    /// `port` 0: any. `script` gets the number of the request among all.
    init(
        port: Int = 0, _ script: @escaping @Sendable (Int, ReceivedRequest) -> Answer
    ) throws {
        let box = Weak()
        let channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { child in
                child.eventLoop.makeCompletedFuture {
                    let handler = ReceiverHandler { request in
                        box.value?.take(request, script) ?? .hangUp
                    }
                    handler.connection =
                        box.value?.connections.add(1, ordering: .relaxed).oldValue ?? 0
                    try child.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: port).wait()
        self.port = channel.localAddress!.port!
        self.channel.withLock { $0 = channel }
        box.set(self)
    }

    private func take(
        _ request: ReceivedRequest, _ script: @Sendable (Int, ReceivedRequest) -> Answer
    ) -> Answer {
        let number = requests.withLock { requests in
            requests.append(request)
            return requests.count - 1
        }
        return script(number, request)
    }

    var received: [ReceivedRequest] { requests.withLock { $0 } }
    var connectionCount: Int { connections.load(ordering: .relaxed) }

    /// Takes no further connections.
    func stop() {
        let channel = channel.withLock { channel in
            defer { channel = nil }
            return channel
        }
        try? channel?.close().wait()
    }

    deinit { stop() }

    private final class Weak: @unchecked Sendable {
        private let lock = Mutex(())
        private weak var receiver: ScriptedReceiver?
        var value: ScriptedReceiver? { lock.withLock { _ in receiver } }
        func set(_ receiver: ScriptedReceiver) { lock.withLock { _ in self.receiver = receiver } }
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var connection = 0
    private let script: (ReceivedRequest) -> ScriptedReceiver.Answer
    private var held = ByteBuffer()
    private var number = 0

    init(_ script: @escaping (ReceivedRequest) -> ScriptedReceiver.Answer) {
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        held.writeBuffer(&bytes)
        while let request = next() { answer(script(request), context) }
    }

    private func next() -> ReceivedRequest? {
        let text = String(buffer: held)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        var request = ReceivedRequest(connection: connection, number: number, head: head, body: "")
        let length = Int(request.header("content-length") ?? "0") ?? 0
        let headBytes = head.utf8.count + 4
        guard held.readableBytes >= headBytes + length else { return nil }
        held.moveReaderIndex(forwardBy: headBytes)
        request.body = held.readString(length: length) ?? ""
        number += 1
        return request
    }

    private func answer(_ answer: ScriptedReceiver.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .silence: return
        case .hangUp: context.close(promise: nil)
        case .bytes(let text):
            context.writeAndFlush(
                NIOAny(context.channel.allocator.buffer(string: text)), promise: nil)
        case .last(let text):
            let sent = context.eventLoop.makePromise(of: Void.self)
            let channel = context.channel
            sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
            context.writeAndFlush(
                NIOAny(context.channel.allocator.buffer(string: text)), promise: sent)
        case .trickle(let text):
            for byte in text.utf8 {
                context.writeAndFlush(
                    NIOAny(context.channel.allocator.buffer(bytes: [byte])), promise: nil)
            }
        }
    }
}
