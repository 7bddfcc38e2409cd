/// A connection without a socket: the server's parser, state machine, collector and writer, with
/// the order of calls that `ConnectionHandler` has, and an engine that only says which reports are
/// malformed. Its replies must not depend on where the input was cut, nor on when the engine
/// answered.
struct ServedConnection {
    /// Where requests and their arguments lie, as one number.
    private(set) var digest: UInt64 = 0
    private(set) var requests = 0
    /// Replies that are due for what was taken in.
    private(set) var due = 0
    private(set) var output: ReplyWriter
    private(set) var refusal: ProtocolError?

    private let input: UnsafeRawBufferPointer
    private let limits: ServerLimits
    /// Plain T.GETs are read where they stand, as the handler does when nothing waits.
    private let readsLatestAtOnce: Bool
    private var start = 0
    private var seen = 0
    private var isUsedUp = false
    private var current: Int?
    private var parser = RequestParser()
    private var state = ConnectionState()
    private var writes = WriteCollector()
    private var sessions = PutSessions(maxSessions: 0, maxBytes: 0)
    /// Batches with the engine, and a read whose answer is due.
    private var batches: [(ticket: UInt64, masks: [ReplyMask])] = []
    private var read: UInt64?

    /// `output`: any that is done with, for its memory.
    init(
        _ input: UnsafeRawBufferPointer, limits: ServerLimits, readsLatestAtOnce: Bool,
        output: consuming ReplyWriter
    ) {
        self.output = output
        self.output.removeAll()
        self.input = input
        self.limits = limits
        self.readsLatestAtOnce = readsLatestAtOnce
    }

    mutating func takeOutput() -> ReplyWriter {
        var taken = ReplyWriter()
        swap(&taken, &output)
        return taken
    }

    var isWaitingForEngine: Bool { !batches.isEmpty || read != nil }
    var phase: ConnectionState.Phase { state.phase }

    /// The bytes before `end` have arrived.
    mutating func receive(upTo end: Int) {
        if Planted.forgetsItsPlace && parser.isInsideRequest { start = seen }
        seen = end
        takeRequests()
        submitWrites()
    }

    /// No more will come, and the engine has answered all. How the connection ends.
    mutating func end() -> ConnectionState.Ending? {
        state.inputClosed()
        return state.ending(isInputUsedUp: isUsedUp)
    }

    /// The engine answers one batch, or the read.
    mutating func engineAnswers(_ draw: inout Draw) {
        if let ticket = read {
            read = nil
            precondition(state.answered(ticket), "an answer that is waited for came too late")
            precondition(!state.answered(ticket), "an answer was taken twice")
            output.simple("READ")
        } else {
            let batch = batches.remove(at: batches.count == 1 ? 0 : draw.below(batches.count))
            state.complete(batch.ticket, .success(batch.masks))
            answerWrites()
        }
        takeRequests()
        submitWrites()
    }

    private mutating func takeRequests() {
        isUsedUp = false
        while state.mayTakeRequest(isWritable: true, limits: limits), takeLatest() || takeOne() {}
    }

    private mutating func takeLatest() -> Bool {
        guard readsLatestAtOnce, current == nil, !parser.isInsideRequest, writes.isEmpty,
            !state.hasUnansweredWrites
        else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: input[start..<seen])
        return withUnsafeTemporaryAllocation(of: ArgumentSlice.self, capacity: 64) { riders in
            let found = LatestRequests.read(bytes.bytes, into: riders)
            precondition(found.bytes <= bytes.count, "more taken than there is")
            var from = 0
            for rider in riders[..<found.count] {
                let (first, count) = (Int(rider.start), Int(rider.count))
                let place = ArgumentSlice(start: UInt32(first - from), count: rider.count)
                begin([ArgumentSlice(start: 8, count: 5), place])
                latest(UnsafeRawBufferPointer(rebasing: bytes[first..<first + count]))
                from = first + count + 2
            }
            precondition(from == found.bytes, "bytes between two requests")
            start += found.bytes
            return found.count > 0
        }
    }

    private mutating func takeOne() -> Bool {
        let bytes = UnsafeRawBufferPointer(rebasing: input[start..<seen])
        let size: Int
        if let current {
            size = current
        } else {
            switch parser.next(bytes.bytes) {
            case .needsMore:
                isUsedUp = true
                return false
            case .refused(let error):
                precondition(parser.next(bytes.bytes) == .refused(error), "refused only once")
                refusal = error
                refuse(Messages.of(error))
                return false
            case .request(let count): size = count
            }
            precondition(size > 0 && size <= bytes.count, "a request of \(size) bytes")
        }
        let parser = parser
        if current == nil, !parser.slices.isEmpty { begin(parser.slices) }
        let isDone = parser.withArguments(of: bytes) { $0.count == 0 || handle($0) }
        current = isDone ? nil : size
        if isDone { start += size }
        return isDone
    }

    /// Notes where a request's arguments lie.
    private mutating func begin(_ slices: [ArgumentSlice]) {
        requests += 1
        due += 1
        digest = (digest ^ UInt64(slices.count)) &* 0x9E37_79B9_7F4A_7C15
        for slice in slices {
            digest ^= UInt64(slice.start) << 32 | UInt64(slice.count)
            digest = (digest ^ digest >> 29) &* 0xBF58_476D_1CE4_E5B9
        }
    }
}

// MARK: - Requests

extension ServedConnection {
    private mutating func handle(_ arguments: Arguments) -> Bool {
        do throws(CommandError) {
            let command = try Command.parse(arguments)
            if !command.isWrite { submitWrites() }
            guard state.admit(isWrite: command.isWrite) == .run else { return false }
            if arguments.count > 1 { Planted.named(arguments[1], of: input) }
            switch command {
            case .add: try writes.addOne(arguments, nowMs: 0)
            case .addMany(let tuples):
                if tuples.vehicle != nil { submitWrites() }
                writes.add(tuples, arguments, nowMs: 0)
                if tuples.vehicle != nil { submitWrites() }
            case .put: try writes.put(arguments[1], session: nil, nowMs: 0)
            case .get(let query) where query == RiderQuery(): latest(arguments[1])
            case .session(.quit):
                output.simple("OK")
                state.finish(.close)
            case .session: output.simple("SESSION")
            default: read = state.startAnswer()
            }
        } catch {
            fail(Messages.of(error))
        }
        if writes.weight >= limits.batchFixes { submitWrites() }
        return true
    }

    private mutating func latest(_ rider: UnsafeRawBufferPointer) { output.bulk(rider) }

    private mutating func fail(_ message: String) {
        if writes.isEmpty && !state.hasUnansweredWrites {
            output.error(message)
        } else {
            writes.add(error: message)
        }
    }

    private mutating func refuse(_ message: String) {
        due += 1
        writes.add(error: message)
        submitWrites()
        state.finish(.discard)
    }

    private mutating func submitWrites() {
        guard !writes.isEmpty else { return }
        let (batch, replies, _) = writes.take()
        let ticket = state.submit(replies, fixes: batch.count)
        guard batch.count > 0 else { return answerWrites() }
        batches.append((ticket, FixCheck.masks(of: batch)))
    }

    private mutating func answerWrites() {
        while let answered = state.nextAnswered() { output.write(answered, &sessions) }
    }
}

/// Texts of errors, each made once for both readings of an input: they are most of its cost.
private enum Messages {
    nonisolated(unsafe) private static var refusal: (error: ProtocolError, text: String)?
    nonisolated(unsafe) private static var failure: (error: CommandError, text: String)?

    static func of(_ error: ProtocolError) -> String {
        if let refusal, refusal.error == error { return refusal.text }
        let text = bounded(error.message)
        refusal = (error, text)
        return text
    }

    static func of(_ error: CommandError) -> String {
        if let failure, failure.error == error { return failure.text }
        let text = bounded(error.message)
        failure = (error, text)
        return text
    }

    private static func bounded(_ text: String) -> String {
        precondition(text.utf8.count <= 1_024, "an error of \(text.utf8.count) bytes")
        return text
    }
}
