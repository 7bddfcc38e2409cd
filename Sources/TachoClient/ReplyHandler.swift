import NIOCore
import TachoWire

/// Turns received bytes into replies and gives each to the request that waits longest.
///
/// One per connection, used on its event loop only.
final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    typealias Waiter = EventLoopPromise<Result<Reply, ClientError>>

    private let address: ServerAddress
    private var waiters = CircularBuffer<Waiter>()
    private var replies = ReplyStream()
    /// Why no further reply will come; nil while the connection is up.
    private var end: ClientError?

    init(address: ServerAddress) { self.address = address }

    /// The next reply belongs to `waiter`. Call before the request is written.
    func expect(_ waiter: Waiter) {
        if let end {
            waiter.succeed(.failure(end))
        } else {
            waiters.append(waiter)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard end == nil else { return }
        replies.append(unwrapInboundIn(data))
        do throws(ReplyError) {
            while let reply = try replies.next() {
                guard let waiter = waiters.popFirst() else {
                    // A server that is full says so before it is asked anything.
                    if case .error(let line) = reply {
                        finish(.notReachable(address, reason: line))
                    } else {
                        finish(.notUnderstood(address, reason: "a reply nobody asked for"))
                    }
                    context.close(promise: nil)
                    return
                }
                if case .error(let line) = reply {
                    waiter.succeed(.failure(.errorReply(line)))
                } else {
                    waiter.succeed(.success(reply))
                }
            }
        } catch {
            finish(.notUnderstood(address, reason: error.message))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.lost(address))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken pipes: what matters is that the connection is over.
        finish(.lost(address))
        context.close(promise: nil)
    }

    private func finish(_ reason: ClientError) {
        if end == nil { end = reason }
        while let waiter = waiters.popFirst() { waiter.succeed(.failure(end ?? reason)) }
    }
}
