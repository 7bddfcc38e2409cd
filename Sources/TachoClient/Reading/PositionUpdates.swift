import NIOCore
import NIOPosix
import NIOSSL
import TachoDial
import TachoWire

/// Positions of riders as they change. Ends when its task is cancelled or the client is shut down;
/// throws what does not go away by itself, `NOPERM` for one.
public struct PositionUpdates: AsyncSequence, Sendable {
    public typealias Element = RiderPosition
    public typealias Failure = TachoReadError

    let questions: Questions
    /// Subscribed by one connection, one after another.
    let requests: [[String]]
    /// Why these cannot be followed; told when they are asked for.
    var defect: String?

    public func makeAsyncIterator() -> Iterator { Iterator(updates: self) }

    public struct Iterator: AsyncIteratorProtocol {
        public typealias Element = RiderPosition
        public typealias Failure = TachoReadError

        let updates: PositionUpdates
        private var page: ArraySlice<RiderPosition> = []
        private var subscription: Subscription?
        private var backoff: Backoff

        init(updates: PositionUpdates) {
            self.updates = updates
            backoff = Questions.backoff(updates.questions.configuration)
        }

        public mutating func next() async throws(TachoReadError) -> RiderPosition? {
            if let defect = updates.defect { throw .refused(defect) }
            while page.isEmpty {
                if Task.isCancelled || updates.questions.isClosed { return nil }
                do throws(ClientError) {
                    if subscription == nil {
                        subscription = try await Subscription.open(
                            updates.requests, endpoint: backoff.endpoint, updates.questions)
                    }
                    page = try await subscription?.take()[...] ?? []
                    backoff.succeeded()
                } catch {
                    subscription = nil
                    if Task.isCancelled || updates.questions.isClosed { return nil }
                    try await pause(after: error)
                }
            }
            return page.removeFirst()
        }

        private mutating func pause(after error: ClientError) async throws(TachoReadError) {
            let ms: Int
            switch error {
            case .refused(let message): throw .refused(message)
            case .unusable(let message): throw .notReachable(message)
            case .notUnderstood(_, let message): throw .notUnderstood(message)
            case .tryAgain(let afterMs, _): ms = Swift.max(1, afterMs)
            case .lost, .notReachable: ms = backoff.failed()
            }
            try? await Task.sleep(for: .milliseconds(ms))
        }
    }
}

/// One connection that listens.
private final class Subscription: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<SubscriptionHandler>
    private let questions: Questions
    private let key: UInt64?

    private init(
        _ channel: any Channel, _ handler: NIOLoopBound<SubscriptionHandler>, _ questions: Questions
    ) {
        self.channel = channel
        self.handler = handler
        self.questions = questions
        key = questions.whenClosed { channel.close(promise: nil) }
        if key == nil { channel.close(promise: nil) }
    }

    deinit {
        channel.close(promise: nil)
        if let key { questions.forget(key) }
    }

    static func open(
        _ requests: [[String]], endpoint: Int, _ questions: Questions
    ) async throws(ClientError) -> Subscription {
        let configuration = questions.configuration
        let address = configuration.addresses[endpoint]
        do {
            let access = configuration.access
            let tls = try access.tls?.context()
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            return try await Dialer.dial(
                address, timeoutMs: Int64(configuration.connectTimeoutMs), tls: tls, on: loop
            ) { SubscriptionHandler(address, configuration) }
            .flatMapThrowing { channel in
                let operations = channel.pipeline.syncOperations
                let handler = try operations.handler(type: SubscriptionHandler.self)
                handler.begin(requests, channel)
                return Subscription(
                    channel, NIOLoopBound(handler, eventLoop: channel.eventLoop), questions)
            }
            .get()
        } catch let failure as ToolFailure {
            throw .unusable(reason: failure.message)
        } catch {
            throw .notReachable(address, reason: Dialer.reason(error))
        }
    }

    /// What came since, at least one position. A task that is cancelled ends the connection.
    func take() async throws(ClientError) -> [RiderPosition] {
        let (channel, handler) = (channel, handler)
        let taken = channel.eventLoop.flatSubmit { handler.value.take(channel) }
        let result: Result<[RiderPosition], ClientError>
        do {
            result = try await withTaskCancellationHandler {
                try await taken.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            preconditionFailure("positions fail as values: \(error)")
        }
        return try result.get()
    }
}

/// Keeps what came until it is taken. When nobody takes it, it stops reading: then the server keeps
/// only the newest of each rider.
private final class SubscriptionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let most = 4_096

    private let address: ServerAddress
    private let configuration: TachoClientConfiguration
    private var replies = ReplyStream()
    private var positions: [RiderPosition] = []
    private var waiting: EventLoopPromise<Result<[RiderPosition], ClientError>>?
    private var end: ClientError?
    private var isReading = true
    private var heardNs = ClientCore.nowNs()
    private var watch: RepeatedTask?

    init(_ address: ServerAddress, _ configuration: TachoClientConfiguration) {
        self.address = address
        self.configuration = configuration
    }

    func begin(_ requests: [[String]], _ channel: any Channel) {
        var writer = RequestWriter()
        if let credentials = configuration.access.credentials {
            writer.begin(arguments: 3)
            writer.argument("AUTH")
            writer.argument(credentials.user)
            writer.argument(credentials.password)
        }
        for request in requests { writer.command(request) }
        channel.writeAndFlush(channel.allocator.buffer(bytes: writer.bytes), promise: nil)
        let interval = TimeAmount.milliseconds(Int64(configuration.pingIntervalMs))
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        watch = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: interval, delay: interval
        ) { _ in bound.value.look(channel) }
    }

    /// Asks whether the peer is there, and ends when it did not answer the time before.
    private func look(_ channel: any Channel) {
        let silentMs = Int((ClientCore.nowNs() - heardNs) / 1_000_000)
        if isReading, silentMs > configuration.pingIntervalMs + configuration.replyTimeoutMs {
            return channel.close(promise: nil)
        }
        channel.writeAndFlush(
            channel.allocator.buffer(string: "*1\r\n$4\r\nPING\r\n"), promise: nil)
    }

    func take(_ channel: any Channel) -> EventLoopFuture<Result<[RiderPosition], ClientError>> {
        let promise = channel.eventLoop.makePromise(of: Result<[RiderPosition], ClientError>.self)
        if !positions.isEmpty {
            promise.succeed(.success(positions))
            positions = []
        } else if let end {
            promise.succeed(.failure(end))
        } else {
            waiting = promise
        }
        read(channel, true)
        return promise.futureResult
    }

    private func read(_ channel: any Channel, _ wanted: Bool) {
        guard wanted != isReading else { return }
        isReading = wanted
        heardNs = ClientCore.nowNs()
        channel.setOption(.autoRead, value: wanted).whenFailure { _ in }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardNs = ClientCore.nowNs()
        guard end == nil else { return }
        replies.append(unwrapInboundIn(data))
        do throws(ReplyError) {
            while end == nil, let reply = try replies.next() { heard(reply, context) }
        } catch {
            finish(.notUnderstood(address, reason: error.message), context)
        }
    }

    private func heard(_ reply: Reply, _ context: ChannelHandlerContext) {
        if case .error(let line) = reply {
            return finish(ClientError.errorReply(line).asAbsence(of: address), context)
        }
        // Answers to AUTH, PING and (P)SUBSCRIBE have other words in front.
        guard let words = reply.elements, let kind = words.first?.text,
            kind == "message" || kind == "pmessage"
        else { return }
        guard case .bulk(let payload)? = words.last, let position = ReplyValues.message(payload)
        else {
            return finish(.notUnderstood(address, reason: "a position expected"), context)
        }
        positions.append(position)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if let waiting, !positions.isEmpty {
            self.waiting = nil
            waiting.succeed(.success(positions))
            positions = []
        }
        if positions.count > Self.most { read(context.channel, false) }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(.lost(address), context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.lost(address), context)
    }

    private func finish(_ reason: ClientError, _ context: ChannelHandlerContext) {
        if end == nil { end = reason }
        watch?.cancel()
        watch = nil
        if let waiting {
            self.waiting = nil
            waiting.succeed(.failure(end ?? reason))
        }
        context.close(promise: nil)
    }
}
