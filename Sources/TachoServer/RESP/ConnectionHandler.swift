import Logging
import NIOCore
import NIOTLS
import TachoAccess
import TachoEngine
import TachoGeo
import TachoWire

/// One RESP connection: parses and answers in place, one write and one flush per read.
///
/// All decisions about order and waiting are `ConnectionState`'s. The handler belongs to its event
/// loop; results of the engine reach it through `LoopMailbox`.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let service: RespService
    var state = ConnectionState()
    /// Replies that have not been handed to the channel.
    var output = ReplyWriter()
    var session: ClientSession
    /// What an XREAD with BLOCK waits for.
    var blocked: BlockedRead?
    /// What it hears of riders' moves; nil: nothing.
    var subscriber: Subscriber?
    /// What waits for an answer of the engine, for the slow log.
    var timed = TimedRequest()
    /// An XREADGROUP with BLOCK that is not answered.
    var groupRead: WaitingGroupRead?
    /// As whom it acts.
    var access = ConnectionAccess()
    /// For those who work on an answer.
    let presence = Presence()
    private(set) var id: UInt64 = 0
    private(set) var context: ChannelHandlerContext?
    /// What the channel says of it, kept here: asking costs 25 ns, four times a request.
    private(set) var isWritable = true
    /// Replies are with the channel and leave at the end of the loop's turn.
    var isFlushDue = false

    private var input = RequestInput()
    private var isInputUsedUp = true
    /// Writes of this read, not yet handed to the engine.
    private var writes = WriteCollector()
    /// What this connection adds to `service.heldInputBytes`.
    private var countedInput = 0
    /// What it adds to `service.heldOutputBytes`: what waited when it was last above the mark.
    var countedOutput = 0
    private var discardedBytes = 0
    private var isReadHeld = false
    private var isInsideRead = false

    init(service: RespService) {
        self.service = service
        session = ClientSession(sinceMs: service.nowMs())
    }

    // MARK: Events of the channel

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        switch service.admit(self) {
        case .number(let number): id = number
        case .refused(let reason):
            output.error(reason)
            state.closed()
            sendOutput()
            return closeWhenSent(context)
        }
        session.address = context.remoteAddress.map(ListenAddress.text) ?? "?"
        session.localAddress = context.localAddress.map(ListenAddress.text) ?? "?"
        logOut()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed()
        dropInput()
        access.deadline?.cancel()
        count(output: 0)
        blocked?.timeout?.cancel()
        blocked = nil
        letGoOfGroupRead(answering: false)
        endGroupRead()
        presence.end()
        unsubscribeFromAll()
        if id != 0 { service.leave(id) }
        self.context = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInsideRead = true
        let received = unwrapInboundIn(data)
        switch state.phase {
        case .closed: return
        case .discarding:
            discardedBytes += received.readableBytes
            if discardedBytes > WireLimits.maxRequestBytes { context.close(promise: nil) }
        default:
            input.append(received)
            takeRequests()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInsideRead = false
        settle()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable {
            count(output: 0)
            goOn()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { handshakeCompleted(context) }
        if case .inputClosed? = event as? ChannelEvent {
            state.inputClosed()
            // A client that only listens for alerts and has closed its side is gone.
            if blocked != nil || groupRead != nil { return closeNow() }
            goOn()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken pipes are how clients leave; what was acknowledged is on disk.
        service.logger.debug("connection \(id) ends: \(error)")
        context.close(promise: nil)
    }

    // MARK: Events of the engine

    /// True if the connection should `goOn` when all letters are delivered.
    func written(_ ticket: UInt64, _ result: Result<[ReplyMask], AppendError>) -> Bool {
        state.complete(ticket, result)
        return answerWrites()
    }

    /// The same for a read, whose reply comes as bytes.
    func answered(_ ticket: UInt64, _ reply: [UInt8]) -> Bool {
        endGroupRead(ticket)
        guard state.answered(ticket) else { return false }
        output.append(contentsOf: reply)
        endTimed()
        return true
    }

    /// The same for a piece of a reply that is not the last.
    func answering(_ ticket: UInt64, _ piece: [UInt8]) -> Bool {
        guard state.isWaiting(for: ticket) else { return false }
        output.append(contentsOf: piece)
        return true
    }

    /// Takes requests that waited, and sends what can be sent.
    func goOn() {
        guard state.phase != .closed else { return }
        takeRequests()
        service.positions.queue(self)
        if !isInsideRead { settle() }
    }

    func stop() {
        state.stop()
        if blocked != nil { unblock() }
        letGoOfGroupRead(answering: true)
        goOn()
    }

    func closeNow() { context?.close(promise: nil) }
}

// MARK: - Requests

extension ConnectionHandler {
    private func takeRequests() {
        guard context != nil else { return }
        isInputUsedUp = false
        borrowOutput()
        while mayTakeRequest, takeLatest() || takeOne() {}
        input.trim()
        countInput()
        if service.heldInputBytes > service.limits.inputBytes, countedInput > 0,
            state.phase == .serving
        {
            refuse("TRYAGAIN 100 input buffers of the server are full")
        }
    }

    private var mayTakeRequest: Bool {
        output.count < service.limits.markBytes
            && state.mayTakeRequest(
                isWritable: isWritable, limits: service.limits)
    }

    /// Answers plain T.GETs from where they lie in the input. False: what comes next is something
    /// else, or writes come before it.
    private func takeLatest() -> Bool {
        guard access.free.contains(.get), writes.isEmpty, !state.hasUnansweredWrites,
            subscriber == nil
        else { return false }
        let count = input.takeLatest { bytes, riders in
            latest(riders.count) { index in
                let start = Int(riders[index].start)
                return .init(rebasing: bytes[start..<start + Int(riders[index].count)])
            }
        }
        service.totalCommands += count
        return count > 0
    }

    /// False: there is no whole request, or it has to wait.
    private func takeOne() -> Bool {
        switch input.next() {
        case .usedUp:
            isInputUsedUp = true
            return false
        case .refused(let error):
            refuse(error.message)
            return false
        case .request:
            let before = output.count
            let isDone = input.withArguments { $0.count == 0 || handle($0) }
            if isDone { input.consume() }
            if !access.isLoggedIn { countStranger(output.count - before) }
            return isDone
        }
    }

    /// False: the request must be handed in again when the writes before it are answered.
    private func handle(_ arguments: Arguments) -> Bool {
        do throws(CommandError) {
            if !access.isLoggedIn { try checkStranger(arguments) }
            let name = try Command.name(of: arguments)
            let isFree = access.free.contains(name)
            if !isFree { try checkCommand(name, arguments) }
            let command = try Command.parse(name, arguments)
            try checkMode(command)
            if !command.isWrite { submitWrites() }
            guard state.admit(isWrite: command.isWrite) == .run else { return false }
            service.totalCommands += 1
            if !isFree { try authorise(name, command, arguments) }
            switch command {
            case .add: try writes.addOne(arguments, nowMs: service.nowMs())
            case .addMany(let tuples):
                if tuples.vehicle != nil { submitWrites() }
                writes.add(tuples, arguments, nowMs: service.nowMs())
                if tuples.vehicle != nil { submitWrites() }
            case .put(let session): try put(arguments, session)
            default: runTimed(command, arguments)
            }
        } catch {
            // In its turn: behind the writes that came before it.
            if writes.isEmpty && !state.hasUnansweredWrites {
                output.error(error.message)
            } else {
                writes.add(error: error.message)
            }
        }
        if writes.weight >= service.limits.batchFixes { submitWrites() }
        return true
    }

    private func put(_ arguments: Arguments, _ session: PutSession?) throws(CommandError) {
        var key: PutSessions.Key?
        if let session {
            // A session is its user's: nobody gets what was answered to another.
            let owner: [UInt8] = access.user.map { Array($0.name.utf8) + [0] } ?? []
            let wanted = PutSessions.Key(
                id: owner + arguments.copy(session.idArgument), sequence: session.sequence)
            switch service.sessions.look(up: wanted) {
            case .unknown: key = wanted
            case .answered(let reply): return writes.add(remembered: reply)
            case .older(let last): throw .oldSequence(session.sequence, last: last)
            }
        }
        try writes.put(arguments[1], session: key, nowMs: service.nowMs())
    }

    /// The input cannot be read on, or not held: an error in its turn, then the end.
    private func refuse(_ message: String) {
        writes.add(error: message)
        submitWrites()
        state.finish(.discard)
    }

    /// The same at a moment of the server's own.
    func refuseNow(_ message: String) {
        guard state.phase == .serving else { return closeNow() }
        refuse(message)
        settle()
    }

    /// Somebody who has not logged in was answered so much.
    private func countStranger(_ bytes: Int) {
        access.strangerBytes += bytes
        guard access.strangerBytes > service.limits.outputBytesBeforeLogin, state.phase == .serving
        else { return }
        refuse("ERR too many requests before AUTH, connect again and log in first")
    }

    func setLoggedIn(_ isLoggedIn: Bool) { input.isLoggedIn = isLoggedIn }

    private func countInput() {
        if input.count < countedInput { service.freed(countedInput - input.count) }
        service.heldInputBytes += input.count - countedInput
        countedInput = input.count
    }

    private func dropInput() {
        input.removeAll()
        countInput()
    }
}

// MARK: - Writes

extension ConnectionHandler {
    /// Hands the collected writes to the engine in one piece.
    private func submitWrites() {
        guard !writes.isEmpty else { return }
        let (batch, replies, receivedMs) = writes.take()
        let ticket = state.submit(replies, fixes: batch.count)
        guard batch.count > 0 else {
            _ = answerWrites()
            return
        }
        let (mailbox, id) = (service.mailbox, id)
        service.engine.submit(batch, receivedAtMs: receivedMs) { result in
            mailbox.post(.written(connection: id, ticket: ticket, result))
        }
    }

    /// Writes the replies of batches whose turn it is. False if there were none.
    private func answerWrites() -> Bool {
        var wroteAny = false
        borrowOutput()
        while let answered = state.nextAnswered() {
            wroteAny = true
            output.write(answered, &service.sessions)
        }
        return wroteAny
    }
}

// MARK: - Sending

extension ConnectionHandler {
    /// At the end of a turn: everything collected goes out, and the connection ends if it is due.
    private func settle() {
        submitWrites()
        sendOutput()
        end()
        if isReadHeld, let context, mayRead {
            isReadHeld = false
            context.read()
        }
    }

    private var mayRead: Bool {
        state.mayRead(
            held: input.count, isWritable: isWritable, limits: service.limits)
    }

    private func end() {
        guard let context, let ending = state.ending(isInputUsedUp: isInputUsedUp) else { return }
        switch ending {
        case .close:
            state.closed()
            closeWhenSent(context)
        case .discard:
            state.discard()
            dropInput()
            whenSent(context) { context.close(mode: .output, promise: nil) }
            context.eventLoop.assumeIsolated().scheduleTask(
                in: .seconds(Int64(service.limits.discardSeconds))
            ) { [weak self] in self?.closeNow() }
        }
    }

    private func closeWhenSent(_ context: ChannelHandlerContext) {
        whenSent(context) { context.close(promise: nil) }
    }

    /// An empty write is done after everything written before it.
    private func whenSent(_ context: ChannelHandlerContext, _ body: @escaping () -> Void) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(capacity: 0)))
            .assumeIsolated().whenComplete { _ in body() }
    }
}
