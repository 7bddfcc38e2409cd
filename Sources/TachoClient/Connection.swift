import Dispatch
import NIOCore
import NIOPosix
import NIOSSL
import TachoDial
package import TachoWire

/// A pipelined connection to a `tachod`: requests go out as they come, replies come back in order.
///
/// Made for the tools: it belongs to plain threads that may wait, and is safe to use from several.
/// At most `window` requests are unanswered at any time; `send` waits for a place. There is no
/// limit on how long a reply may take: sealing a day takes minutes, and a dead peer ends the
/// connection through TCP.
package final class Connection: Sendable {
    package let address: ServerAddress
    private let channel: any Channel
    private let handler: NIOLoopBound<ReplyHandler>
    private let places: DispatchSemaphore

    package static let defaultWindow = 64
    package static let defaultTimeoutMs: Int64 = 5_000

    private init(
        address: ServerAddress, channel: any Channel, handler: NIOLoopBound<ReplyHandler>,
        window: Int
    ) {
        self.address = address
        self.channel = channel
        self.handler = handler
        // Starts at 0 and is then raised: Dispatch stops a program that drops a semaphore which
        // stands lower than where it started.
        places = DispatchSemaphore(value: 0)
        for _ in 0..<window { places.signal() }
    }

    /// Connects and logs in, or says why not; connecting takes at most `timeoutMs`. Waits: not for an
    /// event loop's thread.
    package static func open(
        _ address: ServerAddress, timeoutMs: Int64 = defaultTimeoutMs, window: Int = defaultWindow,
        access: ServerAccess = ServerAccess()
    ) throws(ClientError) -> Connection {
        let tls: NIOSSLContext?
        do throws(ToolFailure) {
            tls = try access.tls?.context()
        } catch {
            throw .unusable(reason: error.message)
        }
        let connection = try connect(address, timeoutMs: timeoutMs, window: window, tls)
        if let credentials = access.credentials { try connection.logIn(credentials) }
        return connection
    }

    private static func connect(
        _ address: ServerAddress, timeoutMs: Int64, window: Int, _ tls: NIOSSLContext?
    ) throws(ClientError) -> Connection {
        precondition(window > 0)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        do {
            return try Dialer.dial(address, timeoutMs: timeoutMs, tls: tls, on: loop) {
                ReplyHandler(address: address)
            }
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(type: ReplyHandler.self)
                return Connection(
                    address: address, channel: channel,
                    handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), window: window)
            }
            .wait()
        } catch {
            throw .notReachable(address, reason: Dialer.reason(error))
        }
    }

    /// Sends the one request that `write` writes. Waits while the window is full.
    package func send(_ write: (inout RequestWriter) -> Void) -> PendingReply {
        var writer = RequestWriter()
        write(&writer)
        return send(encoded: writer.bytes)
    }

    /// Sends one request that is already encoded. Waits while the window is full.
    package func send(encoded request: [UInt8]) -> PendingReply {
        precondition(!channel.eventLoop.inEventLoop, "waiting here would stop the event loop")
        places.wait()
        let promise = channel.eventLoop.makePromise(of: Result<Reply, ClientError>.self)
        let (channel, handler) = (channel, handler)
        channel.eventLoop.execute {
            handler.value.expect(promise)
            channel.writeAndFlush(channel.allocator.buffer(bytes: request), promise: nil)
        }
        let places = places
        promise.futureResult.whenComplete { _ in places.signal() }
        return PendingReply(future: promise.futureResult)
    }

    /// Sends a request of a few words and waits for its reply.
    package func call(_ words: String...) throws(ClientError) -> Reply {
        try send { $0.command(words) }.wait()
    }

    /// Ends the connection. Requests without a reply fail as lost.
    package func close() {
        // An error means that it was closed already.
        try? channel.close().wait()
    }
}

/// A reply that has not come yet.
package struct PendingReply: Sendable {
    let future: EventLoopFuture<Result<Reply, ClientError>>

    /// Waits for it. Not for an event loop's thread.
    package func wait() throws(ClientError) -> Reply {
        let result: Result<Reply, ClientError>
        do {
            result = try future.wait()
        } catch {
            preconditionFailure("replies fail as values: \(error)")
        }
        return try result.get()
    }

    /// Calls `body` once, on the connection's thread, in the order of the requests. It must not
    /// wait for other replies.
    package func whenComplete(
        _ body: @escaping @Sendable (Result<Reply, ClientError>) -> Void
    ) {
        future.whenSuccess(body)
    }
}
