import NIOCore
import NIOPosix
import NIOSSL
import TachoDial
import TachoWire

/// A connection for questions from tasks: requests go out as they come, replies come back in order,
/// and one that does not come in time ends it.
final class AskingConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ReplyHandler>
    private let address: ServerAddress

    private init(
        _ address: ServerAddress, _ channel: any Channel, _ handler: NIOLoopBound<ReplyHandler>
    ) {
        self.address = address
        self.channel = channel
        self.handler = handler
    }

    /// Connects and logs in, within `connectTimeoutMs`.
    static func open(
        _ address: ServerAddress, _ configuration: TachoClientConfiguration
    ) async throws(ClientError) -> AskingConnection {
        let access = configuration.access
        let untilNs = ClientCore.nowNs() + UInt64(configuration.connectTimeoutMs) * 1_000_000
        let connection: AskingConnection
        do {
            let tls = try access.tls?.context()
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            connection = try await Dialer.dial(
                address, timeoutMs: Int64(configuration.connectTimeoutMs), tls: tls, on: loop
            ) { ReplyHandler(address: address) }
            .flatMapThrowing { channel in
                let handler = try channel.pipeline.syncOperations.handler(type: ReplyHandler.self)
                return AskingConnection(
                    address, channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
            }
            .get()
        } catch let failure as ToolFailure {
            throw .unusable(reason: failure.message)
        } catch {
            throw .notReachable(address, reason: Dialer.reason(error))
        }
        do throws(ClientError) {
            let leftNs = untilNs - min(untilNs, ClientCore.nowNs())
            try await connection.logIn(access.credentials, max(1, Int(leftNs / 1_000_000)))
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private func logIn(
        _ credentials: Credentials?, _ timeoutMs: Int
    ) async throws(ClientError) {
        guard let credentials else { return }
        var writer = RequestWriter()
        writer.begin(arguments: 3)
        writer.argument("AUTH")
        writer.argument(credentials.user)
        writer.argument(credentials.password)
        _ = try await ask(writer.bytes, timeoutMs: timeoutMs)
    }

    /// Sends one request and waits for its reply. An error reply is thrown.
    func ask(_ request: [UInt8], timeoutMs: Int) async throws(ClientError) -> Reply {
        let promise = channel.eventLoop.makePromise(of: Result<Reply, ClientError>.self)
        let (channel, handler) = (channel, handler)
        channel.eventLoop.execute {
            let deadline = channel.eventLoop.scheduleTask(
                in: .milliseconds(Int64(timeoutMs))
            ) { channel.close(promise: nil) }
            promise.futureResult.whenComplete { _ in deadline.cancel() }
            handler.value.expect(promise)
            channel.writeAndFlush(channel.allocator.buffer(bytes: request), promise: nil)
        }
        let result: Result<Reply, ClientError>
        do {
            result = try await promise.futureResult.get()
        } catch {
            preconditionFailure("replies fail as values: \(error)")
        }
        do throws(ClientError) {
            return try result.get()
        } catch {
            throw error.asAbsence(of: address)
        }
    }

    func close() { channel.close(promise: nil) }
}
