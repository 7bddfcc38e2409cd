import NIOCore
package import TachoEngine
package import TachoGeo

/// What one request of a batch is answered with, once the batch is.
package enum WriteReply: Equatable, Sendable {
    /// So many T.ADDs after one another: a mask each.
    case masks(count: Int)
    /// A batch command: an array of masks.
    case array(count: Int)
    /// A T.PUT: counts and exceptions; remembered if it has a session.
    case put(count: Int, session: PutSessions.Key?)
    /// A T.PUT that was answered before.
    case remembered([UInt8])
    /// A request that was refused before it came to the engine, answered in its turn.
    case error(String)
}

/// The writes of one connection whose commit has not been told to the client, in order.
///
/// Batches may be answered by the engine in any order; they leave in the order they came.
package struct WriteQueue: Sendable {
    package struct Answered: Sendable {
        package var replies: [WriteReply]
        package var result: Result<[ReplyMask], AppendError>
    }

    private struct Batch: Sendable {
        var replies: [WriteReply]
        var weight: Int
        var result: Result<[ReplyMask], AppendError>?
    }

    private var batches = CircularBuffer<Batch>()
    private var firstTicket: UInt64 = 0
    /// Fixes and refused requests that are not answered yet.
    package private(set) var weight = 0

    package init() {}

    package var isEmpty: Bool { batches.isEmpty }

    /// Queues a batch of `fixes` fixes. A batch without any needs no engine and is answered at once.
    package mutating func append(_ replies: [WriteReply], fixes: Int) -> UInt64 {
        let ticket = firstTicket + UInt64(batches.count)
        let batch = Batch(
            replies: replies, weight: fixes + replies.count, result: fixes == 0 ? .success([]) : nil
        )
        weight += batch.weight
        batches.append(batch)
        return ticket
    }

    /// Notes the engine's answer. An answer that comes twice or for no batch stops the program.
    package mutating func complete(
        _ ticket: UInt64, _ result: Result<[ReplyMask], AppendError>
    ) {
        precondition(
            ticket >= firstTicket && ticket - firstTicket < UInt64(batches.count),
            "answer for write \(ticket), waiting are \(batches.count) from \(firstTicket)")
        let index = batches.index(batches.startIndex, offsetBy: Int(ticket - firstTicket))
        precondition(batches[index].result == nil, "second answer for write \(ticket)")
        batches[index].result = result
    }

    /// The oldest batch, if it is answered.
    package mutating func popAnswered() -> Answered? {
        guard let first = batches.first, let result = first.result else { return nil }
        batches.removeFirst()
        firstTicket += 1
        weight -= first.weight
        return Answered(replies: first.replies, result: result)
    }
}
