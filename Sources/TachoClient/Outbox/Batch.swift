import NIOCore
import TachoGeo
import TachoWire

/// Points that travel together, and who wants to hear of them.
struct Batch: Sendable {
    enum Form: Sendable {
        /// `payload` is a packed batch, the argument of T.PUT.
        case packed
        /// `payload` is a request that is answered with an array of masks: T.IMPORT of the tools.
        case request
    }

    /// By order of acceptance; a batch that is sent again keeps it.
    var number: UInt64
    var form = Form.packed
    var count: Int
    var payload: ByteBuffer
    var parts: [Part]
    /// When its first point was taken, of the monotonic clock.
    var openedNs: UInt64
    /// Its session on the server, so that a resend can be answered from memory.
    var session: Session?
    var sendings = 0
    /// It was sent and not answered at least once: it may be stored.
    var isUncertain = false
    var sentNs: UInt64 = 0
    /// Where it is in the spool.
    var record: SpoolPlace?

    struct Session: Equatable, Sendable {
        var slot: Int
        var sequence: Int64
    }
}

/// Neighbouring points of a batch that were given by one call, or by several of `submit`.
struct Part: Sendable {
    enum Listener: Sendable {
        /// Somebody waits in `append`; its points begin at this one of the call.
        case waiter(Waiter, offset: Int)
        /// Told to the handler, under tickets from this one.
        case tickets(from: UInt64)
        /// Told to the handler without tickets: from the spool, of `append` or of an earlier life.
        case recovered
    }

    var listener: Listener
    /// The part's first point in the batch.
    var start: Int
    var count: Int

    /// Who waited in `append` goes on when its points are in the spool; what becomes of them there is
    /// told to the handler.
    var ofSpool: Part {
        guard case .waiter = listener else { return self }
        return Part(listener: .recovered, start: start, count: count)
    }

    /// Whether points of `next` go on where this part ends, so that one part says both.
    func isContinued(by next: Listener) -> Bool {
        switch (listener, next) {
        case (.tickets(let first), .tickets(let following)): first + UInt64(count) == following
        case (.waiter(let one, let offset), .waiter(let other, let following)):
            one === other && offset + count == following
        default: false
        }
    }
}

/// What the server answered to a batch.
enum BatchAnswer: Equatable, Sendable {
    /// Masks that are not 0, by index.
    case masks([PutReply.Exception])
    case tryAgain(afterMs: Int, reason: String)
    case refused(String, mayBeStored: Bool)
}

/// A caller of `append` that waits for all of its points. Touched under the client's lock only.
final class Waiter: @unchecked Sendable {
    enum Resume: Sendable {
        /// nil is for who is not let in at all.
        case task(CheckedContinuation<BatchReceipt?, Never>)
        /// Of a thread that may wait, and of tests.
        case call(@Sendable (BatchReceipt) -> Void)
    }

    private let resume: Resume
    private var missing: Int
    private var receipt: BatchReceipt
    private var isSorted = true

    init(count: Int, _ resume: Resume) {
        self.resume = resume
        missing = count
        receipt = BatchReceipt(count: count)
    }

    /// Notes what became of `count` of its points from `offset` on. `exceptions` are of those, with
    /// indices from 0. True when it was the last that was missing: then call `finish` without the
    /// lock.
    func settle(
        offset: Int, count: Int, _ result: BatchResult, _ exceptions: ArraySlice<PutReply.Exception>
    ) -> Bool {
        if let last = receipt.exceptions.last, last.index > offset { isSorted = false }
        if result == .spooled {
            receipt.spooled += count
        } else if result == .answered(isResent: false) {
            for one in exceptions {
                receipt.exceptions.append((offset + one.index, result.outcome(one.mask)))
            }
        } else {
            var rest = exceptions
            for index in 0..<count {
                let isNext = rest.first?.index == index
                let mask = isNext ? rest.removeFirst().mask : ReplyMask.stored
                receipt.exceptions.append((offset + index, result.outcome(mask)))
            }
        }
        missing -= count
        precondition(missing >= 0, "points answered twice")
        return missing == 0
    }

    /// Lets the caller go on. Once, and without the lock: what is called may append again.
    func finish() {
        if !isSorted { receipt.exceptions.sort { $0.index < $1.index } }
        switch resume {
        case .task(let continuation): continuation.resume(returning: receipt)
        case .call(let body): body(receipt)
        }
    }
}
