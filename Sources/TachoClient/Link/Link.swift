import NIOCore
import NIOPosix
import NIOSSL
import TachoDial
import TachoGeo
import TachoWire

/// The connection that carries points: dials the endpoints in turn, logs in, sends what the outbox
/// hands out, takes the answers, and begins again when it ends.
///
/// Lives on one event loop; from elsewhere only `wake`, `start` and `close` are called.
final class Link: @unchecked Sendable {
    private enum Phase {
        case idle
        case dialing
        /// Connected, the login not answered.
        case greeting(any Channel)
        case up(any Channel)
        case closed
    }

    /// What the next reply is for.
    private enum Expected {
        case login
        case batch
        /// A ping, or something whose answer does not matter.
        case nothing
    }

    private let core: ClientCore
    private let configuration: TachoClientConfiguration
    private let addresses: [ServerAddress]
    private let spooler: Spooler?
    /// What sessions of this client are called on the server.
    private let name: String
    let loop: any EventLoop

    private var phase = Phase.idle
    private var backoff: Backoff
    private var address: ServerAddress
    private var expected = CircularBuffer<Expected>()
    /// When something came, or the first thing was asked that is not answered.
    private var progressNs: UInt64 = 0
    /// When the present attempt began.
    private var dialedNs: UInt64 = 0
    /// Which connection a handler or a timer belongs to.
    private var generation = 0
    private var timer: Scheduled<Void>?
    private var timerNs = UInt64.max
    private var whenClosed: [@Sendable () -> Void] = []

    init(_ core: ClientCore, _ configuration: TachoClientConfiguration, spooler: Spooler?) {
        self.core = core
        self.configuration = configuration
        self.spooler = spooler
        addresses = configuration.addresses
        address = addresses[0]
        name = "tc-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        loop = MultiThreadedEventLoopGroup.singleton.next()
        backoff = Backoff(
            endpoints: addresses.count, minMs: configuration.minBackoffMs,
            maxMs: configuration.maxBackoffMs, seed: UInt64.random(in: 0...UInt64.max))
    }

    /// Begins to connect.
    func start() { loop.execute { self.dial() } }

    /// There is something to send.
    func wake() { loop.execute { self.turn() } }

    /// Ends the connection for good; `then` when it is over. What was not answered is back in the
    /// outbox.
    func close(_ then: @escaping @Sendable () -> Void) {
        loop.execute {
            let channel = self.channel
            self.end("shut down", redial: false)
            self.phase = .closed
            self.timer?.cancel()
            guard let channel else { return then() }
            channel.close().whenComplete { _ in then() }
        }
    }

    private var channel: (any Channel)? {
        switch phase {
        case .greeting(let channel), .up(let channel): channel
        case .idle, .dialing, .closed: nil
        }
    }

    // MARK: connecting

    private func dial() {
        loop.preconditionInEventLoop()
        guard case .idle = phase else { return }
        phase = .dialing
        generation += 1
        let generation = generation
        address = addresses[backoff.endpoint]
        dialedNs = ClientCore.nowNs()
        let tls: NIOSSLContext?
        do throws(ToolFailure) {
            tls = try configuration.access.tls?.context()
        } catch {
            return end(error.message, redial: true)
        }
        Dialer.dial(
            address, timeoutMs: Int64(configuration.connectTimeoutMs), tls: tls, on: loop
        ) { LinkHandler(self, generation) }
        .whenComplete { result in self.dialed(result, generation) }
    }

    private func dialed(_ result: Result<any Channel, any Error>, _ generation: Int) {
        guard generation == self.generation, case .dialing = phase else {
            if case .success(let channel) = result { channel.close(promise: nil) }
            return
        }
        switch result {
        case .failure(let error): end(Dialer.reason(error), redial: true)
        case .success(let channel):
            phase = .greeting(channel)
            progressNs = ClientCore.nowNs()
            var writer = RequestWriter()
            if let credentials = configuration.access.credentials {
                writer.begin(arguments: 3)
                writer.argument("AUTH")
                writer.argument(credentials.user)
                writer.argument(credentials.password)
                expected.append(.login)
            } else {
                // Whether it answers at all: a server that is full says so instead.
                writer.command("PING")
                expected.append(.login)
            }
            write(writer.bytes, to: channel)
            arm(deadlineNs: nil)
        }
    }

    private func welcome(_ channel: any Channel) {
        phase = .up(channel)
        backoff.succeeded()
        var writer = RequestWriter()
        writer.command("CLIENT", "SETINFO", "LIB-NAME", "TachoClient")
        writer.command("CLIENT", "SETINFO", "LIB-VER", Release.version)
        expected.append(.nothing)
        expected.append(.nothing)
        write(writer.bytes, to: channel)
        core.connected()
        core.metrics.connected(endpoint: address.description)
        configuration.onEvent?(.connected(endpoint: address.description))
        turn()
    }

    /// The connection, or the attempt at one, is over.
    private func end(_ reason: String, redial: Bool, isLoginRefused: Bool = false) {
        let channel = channel
        if case .closed = phase { return }
        if case .up = phase { core.metrics.disconnected(endpoint: address.description) }
        phase = .idle
        generation += 1
        expected.removeAll()
        channel?.close(promise: nil)
        core.disconnected(redial ? reason : nil)
        guard redial else { return }
        let ended = address.description
        let retryMs = isLoginRefused ? backoff.loginRefused() : backoff.failed()
        configuration.onEvent?(
            .disconnected(endpoint: ended, reason: reason, retryMs: retryMs))
        loop.scheduleTask(in: .milliseconds(Int64(retryMs))) { self.dial() }
        // Points may have waited too long meanwhile.
        turn()
    }

    // MARK: sending

    /// Sends what the outbox has for now, and sees to the next look.
    private func turn() {
        loop.preconditionInEventLoop()
        if case .closed = phase { return }
        let (batches, deadlineNs) = core.turn()
        if case .up(let channel) = phase, !batches.isEmpty {
            if expected.isEmpty { progressNs = ClientCore.nowNs() }
            for batch in batches {
                send(batch, channel)
                expected.append(.batch)
            }
            channel.flush()
        } else {
            precondition(batches.isEmpty, "batches without a connection")
        }
        arm(deadlineNs: deadlineNs)
    }

    private func send(_ batch: Batch, _ channel: any Channel) {
        core.metrics.batchSent(
            points: batch.count, bytes: batch.payload.readableBytes,
            isResend: batch.sendings > 1)
        guard batch.form == .packed else {
            channel.write(batch.payload, promise: nil)
            return
        }
        var head = channel.allocator.buffer(capacity: 64)
        head.writeStaticString(batch.session == nil ? "*2" : "*6")
        head.writeStaticString("\r\n$5\r\nT.PUT\r\n$")
        head.writeString("\(batch.payload.readableBytes)\r\n")
        var tail = channel.allocator.buffer(capacity: 96)
        tail.writeStaticString("\r\n")
        if let session = batch.session {
            let (id, sequence) = ("\(name)-\(session.slot)", "\(session.sequence)")
            tail.writeStaticString("$7\r\nSESSION\r\n$")
            tail.writeString("\(id.utf8.count)\r\n\(id)\r\n$3\r\nSEQ\r\n$")
            tail.writeString("\(sequence.utf8.count)\r\n\(sequence)\r\n")
        }
        channel.write(head, promise: nil)
        channel.write(batch.payload, promise: nil)
        channel.write(tail, promise: nil)
    }

    private func write(_ bytes: [UInt8], to channel: any Channel) {
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
    }

    // MARK: answers

    func received(_ reply: Reply, _ generation: Int) {
        guard generation == self.generation else { return }
        progressNs = ClientCore.nowNs()
        guard let kind = expected.popFirst() else {
            return end("a reply nobody asked for: \(reply)", redial: true)
        }
        switch kind {
        case .nothing: break
        case .login: loggedIn(reply)
        case .batch: answered(reply)
        }
    }

    private func loggedIn(_ reply: Reply) {
        guard case .greeting(let channel) = phase else { return }
        guard case .error(let line) = reply else { return welcome(channel) }
        // Without users a server knows no password either, and needs none.
        guard line.hasPrefix("NOAUTH") || line.hasPrefix("WRONGPASS") || line.hasPrefix("NOPERM")
        else { return end(line, redial: true) }
        configuration.onEvent?(
            .loginRefused(endpoint: address.description, reason: line))
        core.bar(line)
        end(line, redial: true, isLoginRefused: true)
    }

    private func answered(_ reply: Reply) {
        guard let batch = core.oldestFlight else {
            return end("an answer to nothing", redial: true)
        }
        guard let answer = Self.answer(reply, to: batch) else {
            if case .error(let line) = reply { return end(line, redial: true) }
            return end("an answer that is none to T.PUT: is it a tachod?", redial: true)
        }
        if case .tryAgain(let afterMs, let reason) = answer {
            configuration.onEvent?(.overloaded(reason: reason, retryMs: afterMs))
        }
        if core.answered(answer) { spooler?.wake() }
    }

    /// Replies of one read are taken before anything new leaves.
    func readComplete(_ generation: Int) {
        guard generation == self.generation, case .up = phase else { return }
        turn()
    }

    func ended(_ reason: String, _ generation: Int) {
        guard generation == self.generation else { return }
        end(reason, redial: true)
    }

    /// nil: no answer that can be acted on; the batch is sent again on another connection.
    static func answer(_ reply: Reply, to batch: Batch) -> BatchAnswer? {
        if case .error(let line) = reply {
            guard case .tryAgain(let afterMs, let reason) = ClientError.errorReply(line) else {
                // The server stops, or its disk failed: another life of it answers.
                if line.hasPrefix("ERR stopped") { return nil }
                return .refused(line, mayBeStored: line.hasPrefix("ERR not all is stored"))
            }
            return .tryAgain(afterMs: afterMs, reason: reason)
        }
        switch batch.form {
        case .packed:
            guard let put = PutReply(reply), put.count == batch.count else { return nil }
            return .masks(put.exceptions)
        case .request:
            guard let masks = reply.elements, masks.count == batch.count else { return nil }
            var exceptions: [PutReply.Exception] = []
            for (index, one) in masks.enumerated() {
                guard let mask = one.integer.flatMap({ UInt8(exactly: $0) }) else { return nil }
                if mask != 0 {
                    exceptions.append(.init(index: index, mask: ReplyMask(rawValue: mask)))
                }
            }
            return .masks(exceptions)
        }
    }

    // MARK: time

    /// For how long, and since when, the peer may be silent.
    private var patience: (sinceNs: UInt64, ms: Int) {
        // Login is a part of connecting.
        if case .greeting = phase { return (dialedNs, configuration.connectTimeoutMs) }
        return (
            progressNs,
            expected.isEmpty ? configuration.pingIntervalMs : configuration.replyTimeoutMs
        )
    }

    /// Looks again at the earliest of: what the outbox asks for, and whether the peer is there.
    private func arm(deadlineNs: UInt64?) {
        let nowNs = ClientCore.nowNs()
        var dueNs = deadlineNs ?? UInt64.max
        if channel != nil {
            let (sinceNs, waitMs) = patience
            dueNs = min(dueNs, sinceNs + UInt64(waitMs) * 1_000_000)
        }
        guard dueNs < UInt64.max else { return }
        // One that comes earlier looks and arms again.
        if timer != nil, timerNs <= dueNs, timerNs > nowNs { return }
        timer?.cancel()
        timerNs = dueNs
        let waitNs = dueNs > nowNs ? dueNs - nowNs : 0
        timer = loop.scheduleTask(in: .nanoseconds(Int64(min(waitNs, 1 << 60)))) { self.tick() }
    }

    private func tick() {
        timer = nil
        timerNs = UInt64.max
        if let channel {
            let (sinceNs, waitMs) = patience
            let isOver = ClientCore.nowNs() - sinceNs >= UInt64(waitMs) * 1_000_000
            if isOver, !expected.isEmpty {
                return end("no answer within \(waitMs) ms", redial: true)
            }
            if isOver {
                progressNs = ClientCore.nowNs()
                expected.append(.nothing)
                write(Array("*1\r\n$4\r\nPING\r\n".utf8), to: channel)
            }
        }
        turn()
    }
}

/// Turns bytes into replies for the link.
private final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: Link
    private let generation: Int
    private var replies = ReplyStream()
    private var isBroken = false

    init(_ link: Link, _ generation: Int) {
        self.link = link
        self.generation = generation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        replies.append(unwrapInboundIn(data))
        do throws(ReplyError) {
            while let reply = try replies.next() { link.received(reply, generation) }
        } catch {
            isBroken = true
            link.ended(error.message, generation)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { link.readComplete(generation) }

    func channelInactive(context: ChannelHandlerContext) {
        link.ended("it ended the connection", generation)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.ended(Dialer.reason(error), generation)
        context.close(promise: nil)
    }
}
