import TachoEngine
import TachoGeo
import TachoWire

/// Consecutive writes of one read, gathered so that they go to the engine as one batch.
struct WriteCollector {
    private var batch = FixBatch()
    private var replies: [WriteReply] = []
    private var receivedMs: Int64 = 0

    var isEmpty: Bool { replies.isEmpty }

    /// Fixes and refused requests so far.
    var weight: Int { batch.count + replies.count }

    /// T.ADD. Nothing is added if it throws.
    mutating func addOne(_ arguments: Arguments, nowMs: Int64) throws(CommandError) {
        if batch.count == 0 { receivedMs = nowMs }
        try FixReader.appendOne(arguments, to: &batch)
        if case .masks(let count)? = replies.last {
            replies[replies.count - 1] = .masks(count: count + 1)
        } else {
            replies.append(.masks(count: 1))
        }
    }

    /// T.MADD, T.MADDX, T.IMPORT. A vehicle class holds for a whole batch, so an import that has
    /// one must be alone in it.
    mutating func add(_ tuples: FixTuples, _ arguments: Arguments, nowMs: Int64) {
        if batch.count == 0 { receivedMs = nowMs }
        batch.vehicle = tuples.vehicle
        FixReader.appendTuples(tuples, arguments, to: &batch)
        replies.append(.array(count: tuples.count))
    }

    /// T.PUT. Nothing is added if it throws.
    mutating func put(
        _ frame: UnsafeRawBufferPointer, session: PutSessions.Key?, nowMs: Int64
    ) throws(CommandError) {
        if batch.count == 0 { receivedMs = nowMs }
        do throws(PackedDefect) {
            let count = try PackedReader.append(frame, to: &batch)
            replies.append(.put(count: count, session: session))
        } catch {
            throw .packed(error)
        }
    }

    /// A reply that has to wait for those before it.
    mutating func add(remembered reply: [UInt8]) { replies.append(.remembered(reply)) }

    /// An error that has to wait for the replies before it.
    mutating func add(error message: String) { replies.append(.error(message)) }

    /// What was gathered; the collector is empty again.
    mutating func take() -> (batch: FixBatch, replies: [WriteReply], receivedMs: Int64) {
        var taken = WriteCollector()
        swap(&taken, &self)
        return (taken.batch, taken.replies, taken.receivedMs)
    }
}

extension ReplyWriter {
    /// The replies to one batch, request by request.
    mutating func write(_ answered: WriteQueue.Answered, _ sessions: inout PutSessions) {
        switch answered.result {
        case .success(let masks): write(masks, as: answered.replies, &sessions)
        case .failure(let error): write(error.replyText, as: answered.replies)
        }
    }

    private mutating func write(
        _ masks: [ReplyMask], as replies: [WriteReply], _ sessions: inout PutSessions
    ) {
        var next = 0
        for reply in replies {
            let fixes: Int
            switch reply {
            case .error(let message):
                error(message)
                continue
            case .remembered(let reply):
                append(contentsOf: reply)
                continue
            case .put(let count, let session):
                let start = bytes.count
                put(masks[next..<next + count])
                if let session { sessions.remember(session, Array(bytes[start...])) }
                next += count
                continue
            case .masks(let count): fixes = count
            case .array(let count):
                array(count)
                fixes = count
            }
            for mask in masks[next..<next + fixes] { integer(Int64(mask.rawValue)) }
            next += fixes
        }
        precondition(next == masks.count, "\(masks.count) masks for \(next) fixes")
    }

    private mutating func write(_ failure: String, as replies: [WriteReply]) {
        for reply in replies {
            switch reply {
            case .error(let own): error(own)
            case .remembered(let reply): append(contentsOf: reply)
            case .masks(let count): for _ in 0..<count { error(failure) }
            case .array, .put: error(failure)
            }
        }
    }
}
