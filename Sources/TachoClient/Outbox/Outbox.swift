import NIOCore
import TachoGeo
import TachoWire

/// What is on its way to the server: the batch that is being filled, those that wait, those that were
/// sent. A value without sockets, files and clocks: events go in, batches to send and batches that
/// are done come out. Every point goes in once and comes out once.
///
///     append ─ open ─┬─────────────── ready ─ nextToSend ─ flights ─ answered ─▶ done
///                    └ sealed ─ spool ┘         ▲              │
///                                               └─ refused ◀───┘ try again, disconnected
///
/// Batches leave in the order of their numbers. One that the server refuses for overload is sent again
/// when all others on their way are answered, before anything new; so those behind it overtake it,
/// by at most the window, and only then.
struct Outbox: Sendable {
    struct Limits: Sendable {
        var maxBatchPoints = 2_000
        var maxDelayNs: UInt64 = 2_000_000
        var maxBatches = 16
        var maxPoints = 65_536
        /// nil: a batch is tried for ever.
        var patienceNs: UInt64?
        /// Batches go by way of a spool.
        var spools = false
        var newestFirst = false
    }

    let limits: Limits
    private var open: OpenBatch
    private var openParts: [Part] = []
    private var openedNs: UInt64 = 0
    /// To be written to the spool.
    private var sealed: [Batch] = []
    private var ready = CircularBuffer<Batch>()
    /// Sent on the present connection, in order.
    private var flights = CircularBuffer<Batch>()
    /// Refused for overload, in order, until the time is over that the server asked for.
    private var refused: [Batch] = []
    private var resumeNs: UInt64 = 0
    /// Batches that may be on their way: one after a refusal, then more with each answer.
    private var window: Int
    private var nextNumber: UInt64 = 0
    private var freeSlots: [Int]
    private var sequences: [Int64]
    /// Points in `open` and `sealed`, and those being written to the spool.
    private(set) var waiting = 0
    /// Points in `ready`, `flights` and `refused`.
    private(set) var delivering = 0
    private(set) var isUp = false
    /// Nothing waits to be filled any more: everything leaves at once.
    var isFlushing = false

    init(_ limits: Limits, seed: UInt64) {
        self.limits = limits
        open = OpenBatch(seed: seed)
        window = limits.maxBatches
        freeSlots = Array((0..<limits.maxBatches).reversed())
        sequences = [Int64](repeating: 0, count: limits.maxBatches)
    }

    /// Points that may still be taken.
    var room: Int {
        max(0, limits.maxPoints - waiting - (limits.spools ? 0 : delivering))
    }

    var held: Int { waiting + delivering }
    var isEmpty: Bool { held == 0 }
    var batchesInFlight: Int { flights.count }
    var hasUnspooled: Bool { open.count > 0 || !sealed.isEmpty }

    // MARK: points come in

    /// Takes as many as there is room for, in order.
    mutating func append(
        _ fixes: ArraySlice<RiderFix>, _ listener: Part.Listener, nowNs: UInt64
    ) -> Int {
        let taken = min(fixes.count, room)
        var rest = fixes.prefix(taken)
        var listener = listener
        while !rest.isEmpty {
            if open.count == 0 { openedNs = nowNs }
            let start = open.count
            let count = open.append(rest, most: limits.maxBatchPoints)
            if count > 0 {
                note(Part(listener: listener, start: start, count: count))
                listener = listener.advanced(by: count)
                waiting += count
                rest = rest.dropFirst(count)
            }
            if open.room(most: limits.maxBatchPoints) == 0 { seal() }
        }
        return taken
    }

    private mutating func note(_ part: Part) {
        if let last = openParts.last, last.isContinued(by: part.listener) {
            openParts[openParts.count - 1].count += part.count
        } else {
            openParts.append(part)
        }
    }

    /// A request of its own, behind all points taken so far. Never through a spool.
    mutating func append(request: ByteBuffer, points: Int, _ waiter: Waiter, nowNs: UInt64) {
        precondition(!limits.spools, "requests have no place in a spool")
        seal()
        let part = Part(listener: .waiter(waiter, offset: 0), start: 0, count: points)
        var batch = Batch(
            number: nextNumber, count: points, payload: request, parts: [part], openedNs: nowNs)
        batch.form = .request
        nextNumber += 1
        delivering += points
        ready.append(batch)
    }

    private mutating func seal() {
        guard open.count > 0 else { return }
        let batch = Batch(
            number: nextNumber, count: open.count, payload: open.take(), parts: openParts,
            openedNs: openedNs)
        nextNumber += 1
        openParts = []
        if limits.spools {
            sealed.append(batch)
        } else {
            waiting -= batch.count
            delivering += batch.count
            ready.append(batch)
        }
    }

    // MARK: by way of a spool

    /// Everything that is to be written to the spool, the batch that is being filled included: what
    /// comes while it is written fills the next.
    mutating func takeForSpool() -> [Batch] {
        seal()
        defer { sealed = [] }
        return sealed
    }

    /// So many points taken for the spool are in it, or were refused by it.
    mutating func leftForSpool(points: Int) {
        waiting -= points
        precondition(waiting >= 0, "points spooled twice")
    }

    /// Points of the spool that may come into memory now. Newest first wants little of the backlog
    /// between what is new and the socket.
    var feedRoom: Int {
        let most =
            limits.newestFirst
            ? min(limits.maxPoints, 2 * limits.maxBatches * limits.maxBatchPoints)
            : limits.maxPoints
        return max(0, most - delivering)
    }

    /// A batch of the spool, to be sent; `isNewest`: before those that wait.
    mutating func enqueue(_ batch: Batch, isNewest: Bool) {
        var batch = batch
        batch.number = nextNumber
        nextNumber += 1
        delivering += batch.count
        if isNewest { ready.prepend(batch) } else { ready.append(batch) }
    }

    // MARK: batches go out

    mutating func connected() {
        isUp = true
        window = limits.maxBatches
    }

    /// The batch that leaves now, if one does.
    mutating func nextToSend(nowNs: UInt64) -> Batch? {
        guard isUp, flights.count < window else { return nil }
        if !refused.isEmpty {
            guard flights.isEmpty, nowNs >= resumeNs else { return nil }
            putBack(refused)
            refused = []
        }
        if ready.isEmpty {
            guard !limits.spools, open.count > 0,
                flights.isEmpty || isFlushing || nowNs >= openedNs + limits.maxDelayNs
            else { return nil }
            seal()
        }
        var batch = ready.removeFirst()
        if batch.session == nil, batch.form == .packed, let slot = freeSlots.popLast() {
            sequences[slot] += 1
            batch.session = Batch.Session(slot: slot, sequence: sequences[slot])
        }
        batch.sendings += 1
        batch.sentNs = nowNs
        flights.append(batch)
        return batch
    }

    /// The oldest batch on its way, which the next answer is for.
    var oldestFlight: Batch? { flights.first }

    /// Takes the answer to it. The batch, if it is done with that.
    mutating func answered(_ answer: BatchAnswer, nowNs: UInt64) -> Batch? {
        precondition(!flights.isEmpty, "an answer to nothing")
        let batch = flights.removeFirst()
        if case .tryAgain(let afterMs, _) = answer {
            refused.append(batch)
            let waitMs = max(1, min(afterMs, ClientError.longestTryAgainMs))
            resumeNs = max(resumeNs, nowNs + UInt64(waitMs) * 1_000_000)
            window = 1
            return nil
        }
        window = min(limits.maxBatches, 2 * window)
        release(batch)
        return batch
    }

    /// The connection is gone: what was not answered is sent again on the next one, in order.
    mutating func disconnected() {
        isUp = false
        var again = refused
        refused = []
        while var batch = flights.popFirst() {
            batch.isUncertain = true
            again.append(batch)
        }
        putBack(again)
        // A new connection, perhaps a new server: it says itself when it wants to be waited for.
        resumeNs = 0
    }

    private mutating func putBack(_ batches: [Batch]) {
        guard !batches.isEmpty else { return }
        for batch in batches.sorted(by: { $0.number > $1.number }) { ready.prepend(batch) }
    }

    private mutating func release(_ batch: Batch) {
        delivering -= batch.count
        precondition(delivering >= 0, "points delivered twice")
        if let session = batch.session { freeSlots.append(session.slot) }
    }

    // MARK: time

    /// Batches that could not be delivered in time; they are done.
    mutating func expire(nowNs: UInt64) -> [Batch] {
        guard let patienceNs = limits.patienceNs else { return [] }
        if open.count > 0, nowNs >= openedNs + patienceNs { seal() }
        return giveUp { nowNs >= $0.openedNs + patienceNs }
    }

    /// Everything that is not on its way; done.
    mutating func giveUpWaiting() -> [Batch] {
        if !limits.spools { seal() }
        return giveUp { _ in true }
    }

    /// Batches that may be stored; done. For proofs.
    mutating func giveUpUncertain() -> [Batch] { giveUp { $0.isUncertain } }

    private mutating func giveUp(_ isDue: (Batch) -> Bool) -> [Batch] {
        guard ready.contains(where: isDue) || refused.contains(where: isDue) else { return [] }
        let due = (Array(ready) + refused).filter(isDue)
        ready.removeAll(where: isDue)
        refused.removeAll(where: isDue)
        for batch in due { release(batch) }
        return due
    }

    /// When something is to be done although nothing happens; nil: never.
    var nextDeadlineNs: UInt64? {
        var deadlines: [UInt64] = []
        if isUp, !limits.spools, open.count > 0, refused.isEmpty, flights.count < window {
            deadlines.append(openedNs + limits.maxDelayNs)
        }
        if isUp, !refused.isEmpty, flights.isEmpty { deadlines.append(resumeNs) }
        if let patienceNs = limits.patienceNs {
            // Those put back are the oldest, and stand first.
            for one in [ready.first?.openedNs, refused.first?.openedNs] {
                if let one { deadlines.append(one + patienceNs) }
            }
            if !limits.spools, open.count > 0 { deadlines.append(openedNs + patienceNs) }
        }
        return deadlines.min()
    }

    /// Whether whoever sends has to be woken for what was just taken, whose own deadline is known to
    /// be `armedNs`.
    func wantsSender(armedNs: UInt64) -> Bool {
        guard isUp else {
            guard let patienceNs = limits.patienceNs else { return false }
            return armedNs > openedNs + patienceNs
        }
        guard flights.count < window, refused.isEmpty else { return false }
        if !ready.isEmpty || (open.count > 0 && (flights.isEmpty || isFlushing)) { return true }
        return open.count > 0 && armedNs > openedNs + limits.maxDelayNs
    }
}

extension Part.Listener {
    fileprivate func advanced(by count: Int) -> Part.Listener {
        switch self {
        case .waiter(let waiter, let offset): .waiter(waiter, offset: offset + count)
        case .tickets(let first): .tickets(from: first + UInt64(count))
        case .recovered: .recovered
        }
    }
}
