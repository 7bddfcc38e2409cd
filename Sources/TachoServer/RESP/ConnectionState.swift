package import TachoEngine
package import TachoGeo

/// What one connection may do next. A value: events go in, decisions come out, and nothing here
/// knows a socket. The handler around it only does what it is told.
///
/// Order is kept by two rules. Writes are handed to the engine without waiting and answered in the
/// order they came. Anything else runs only when no write before it is unanswered, and while it
/// waits for an answer of its own, no further request is looked at.
package struct ConnectionState: Sendable {
    package enum Phase: Equatable, Sendable {
        /// Requests are taken as they come.
        case serving
        /// The next request is no write, and writes before it are unanswered.
        case waitingForWrites
        /// A read is with the engine, or XREAD waits for alerts.
        case waitingForAnswer(UInt64)
        /// No further request is taken; when every write is answered, `Ending` follows.
        case finishing(Ending)
        /// The last reply is out; input is thrown away until the client closes.
        case discarding
        case closed
    }

    package enum Ending: Equatable, Sendable {
        /// Close when everything is sent: QUIT, end of input, a stop.
        case close
        /// Send, end the output, let the client finish writing, then close: after a refusal, so
        /// that the client sees the error and no reset.
        case discard
    }

    package enum Admission: Equatable, Sendable {
        case run
        /// Run it when `nextAnswered` has emptied the queue.
        case afterWrites
    }

    package private(set) var phase = Phase.serving
    private var writes = WriteQueue()
    private var answers: UInt64 = 0
    private var isInputClosed = false
    private var isStopping = false

    package init() {}

    package var hasUnansweredWrites: Bool { !writes.isEmpty }

    /// Whether the next request may be looked at. `isWritable`: the client takes its replies.
    package func mayTakeRequest(isWritable: Bool, limits: ServerLimits) -> Bool {
        phase == .serving && !isStopping && isWritable && writes.weight < limits.unansweredWrites
    }

    /// Whether more may be read from the socket while `held` bytes wait to be looked at.
    package func mayRead(held: Int, isWritable: Bool, limits: ServerLimits) -> Bool {
        switch phase {
        case .discarding: true
        case .finishing, .closed: false
        case .serving, .waitingForWrites, .waitingForAnswer:
            mayTakeRequest(isWritable: isWritable, limits: limits) || held < limits.heldInputBytes
        }
    }

    /// A request is about to be run; the writes collected before it have been submitted.
    package mutating func admit(isWrite: Bool) -> Admission {
        precondition(phase == .serving, "request in \(phase)")
        if isWrite || writes.isEmpty { return .run }
        phase = .waitingForWrites
        return .afterWrites
    }

    package mutating func submit(_ replies: [WriteReply], fixes: Int) -> UInt64 {
        precondition(phase != .closed && phase != .discarding, "write in \(phase)")
        return writes.append(replies, fixes: fixes)
    }

    package mutating func complete(
        _ ticket: UInt64, _ result: Result<[ReplyMask], AppendError>
    ) {
        writes.complete(ticket, result)
    }

    /// The oldest batch that can be told to the client now. With the last one, a request that
    /// waited for it may run.
    package mutating func nextAnswered() -> WriteQueue.Answered? {
        let answered = writes.popAnswered()
        if writes.isEmpty && phase == .waitingForWrites { phase = .serving }
        return answered
    }

    /// A read goes to the engine; its answer must bring this ticket back.
    package mutating func startAnswer() -> UInt64 {
        precondition(phase == .serving && writes.isEmpty, "read in \(phase)")
        answers += 1
        phase = .waitingForAnswer(answers)
        return answers
    }

    /// False: what comes with that ticket comes too late and is to be forgotten.
    package func isWaiting(for ticket: UInt64) -> Bool { phase == .waitingForAnswer(ticket) }

    /// The answer is complete; false: it comes too late.
    package mutating func answered(_ ticket: UInt64) -> Bool {
        guard isWaiting(for: ticket) else { return false }
        phase = .serving
        return true
    }

    /// QUIT, or bytes that are no request.
    package mutating func finish(_ ending: Ending) {
        precondition(phase == .serving, "end of requests in \(phase)")
        phase = .finishing(ending)
    }

    package mutating func inputClosed() { isInputClosed = true }

    package mutating func stop() { isStopping = true }

    /// How the connection ends now; nil: it goes on. `isInputUsedUp`: no whole request is left in
    /// what has arrived.
    package func ending(isInputUsedUp: Bool) -> Ending? {
        switch phase {
        case .finishing(let ending):
            writes.isEmpty ? (isInputClosed ? .close : ending) : nil
        case .serving:
            (isStopping || isInputClosed && isInputUsedUp) && writes.isEmpty ? .close : nil
        case .discarding: isInputClosed || isStopping ? .close : nil
        case .waitingForWrites, .waitingForAnswer, .closed: nil
        }
    }

    package mutating func discard() {
        precondition(phase == .finishing(.discard), "discard in \(phase)")
        phase = .discarding
    }

    package mutating func closed() { phase = .closed }
}
