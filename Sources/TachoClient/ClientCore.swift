import NIOCore
import Synchronization
import TachoGeo
import TachoWire

/// What callers, the connection and the spool share: the outbox, who waits for room in it, figures.
///
/// One lock, held for a call or a batch, never for a point of a batch and never while anybody waits.
/// Whatever may call back runs behind it, from `Finished`.
final class ClientCore: Sendable {
    /// Points that found no room, first come first served.
    struct Entrant: Sendable {
        var fixes: ArraySlice<RiderFix>
        var listener: Part.Listener
        /// Called when the last one is taken; nil for `append`, which waits for outcomes anyway.
        var admitted: (@Sendable (Range<UInt64>) -> Void)?
        var tickets: Range<UInt64> = 0..<0

        var call: (@Sendable () -> Void)? {
            guard let admitted else { return nil }
            let tickets = tickets
            return { admitted(tickets) }
        }
    }

    struct State: Sendable {
        var outbox: Outbox
        var entrants = CircularBuffer<Entrant>()
        var nextTicket: UInt64 = 0
        var isClosed = false
        /// A wake-up of the connection is under way; another would find nothing to do.
        var isWakeUnderWay = false
        var isSpoolWakeUnderWay = false
        /// Why the server does not let this client in; nil once it did. Until then points are
        /// refused as they come, unless there is a spool.
        var barred: String?
        /// What went wrong last with the connection; nil while all is well.
        var trouble: String?
        /// When the connection looks by itself.
        var armedNs = UInt64.max
        /// Records of the spool that are answered, for its thread.
        var settled: [(place: SpoolPlace, refusal: String?)] = []
        var statistics = TachoClientStatistics()
        /// Called when nothing is held any more.
        var drained: [@Sendable () -> Void] = []
        /// Points that are in the spool and nowhere else.
        var spoolBacklog = 0

        /// Why something was not delivered, with what went wrong last.
        func reason(_ why: String) -> String { trouble.map { "\(why) (\($0))" } ?? why }
    }

    /// What is to be called when the lock is free.
    struct Finished: Sendable {
        var waiters: [Waiter] = []
        var deliveries: [Delivery] = []
        var calls: [@Sendable () -> Void] = []
        var acknowledged = 0
        var duplicates = 0
        var failed = 0
    }

    let state: Mutex<State>
    let usesSpool: Bool
    private let forgetsInFlight: Bool
    private let onDelivery: (@Sendable (Delivery) -> Void)?
    let metrics: any TachoClientMetrics

    init(_ configuration: TachoClientConfiguration) {
        var limits = Outbox.Limits()
        limits.maxBatchPoints = configuration.maxBatchPoints
        limits.maxDelayNs = UInt64(configuration.maxBatchDelayMs) * 1_000_000
        limits.maxBatches = configuration.maxBatchesInFlight
        limits.maxPoints = configuration.maxPointsInFlight
        limits.spools = configuration.spool != nil
        limits.newestFirst = configuration.spool?.order == .newestFirst
        if configuration.spool == nil {
            limits.patienceNs = configuration.deliveryTimeoutMs.map { UInt64($0) * 1_000_000 }
        }
        usesSpool = limits.spools
        forgetsInFlight = configuration.forgetsInFlight
        onDelivery = configuration.onDelivery
        metrics = configuration.metrics
        state = Mutex(
            State(outbox: Outbox(limits, seed: UInt64.random(in: 0...UInt64.max))))
    }

    /// Who has to be woken.
    struct Wake: Sendable {
        var connection = false
        var spool = false
    }

    // MARK: points come in

    /// Takes points, or puts them in line. nil: the client is closed.
    func enter(
        _ fixes: ArraySlice<RiderFix>, to waiter: Waiter
    ) -> Wake? {
        let awake = state.withLock { state -> Wake? in
            guard !state.isClosed else { return nil }
            enter(Entrant(fixes: fixes, listener: .waiter(waiter, offset: 0)), &state)
            return wake(&state)
        }
        if awake != nil { metrics.pointsAppended(fixes.count) }
        return awake
    }

    enum Submission: Sendable {
        case closed
        /// No room for all of them; nothing was taken.
        case full
        /// `isAdmitted`: none of them waits for room, and `admitted` is not called.
        case taken(Range<UInt64>, Wake, isAdmitted: Bool)
    }

    /// The same for points whose outcomes go to the handler. `admitted` nil: all at once or none.
    func submit(
        _ fixes: ArraySlice<RiderFix>, admitted: (@Sendable (Range<UInt64>) -> Void)?
    ) -> Submission {
        let submission = state.withLock { state -> Submission in
            guard !state.isClosed else { return .closed }
            if admitted == nil {
                guard state.entrants.isEmpty, state.outbox.room >= fixes.count else {
                    return .full
                }
            }
            let first = state.nextTicket
            state.nextTicket += UInt64(fixes.count)
            let tickets = first..<state.nextTicket
            var entrant = Entrant(fixes: fixes, listener: .tickets(from: first))
            entrant.admitted = admitted
            entrant.tickets = tickets
            let isAdmitted = enter(entrant, &state)
            return .taken(tickets, wake(&state), isAdmitted: isAdmitted)
        }
        if case .taken = submission { metrics.pointsAppended(fixes.count) }
        return submission
    }

    /// False: some of them stand in line.
    @discardableResult
    private func enter(_ entrant: Entrant, _ state: inout State) -> Bool {
        state.statistics.pointsAppended += entrant.fixes.count
        var entrant = entrant
        if state.entrants.isEmpty { Self.admit(&entrant, &state.outbox) }
        if entrant.fixes.isEmpty { return true }
        state.entrants.append(entrant)
        return false
    }

    private static func admit(_ entrant: inout Entrant, _ outbox: inout Outbox) {
        let count = outbox.append(
            entrant.fixes, entrant.listener, nowNs: Self.nowNs())
        entrant.fixes = entrant.fixes.dropFirst(count)
        entrant.listener = entrant.listener.moved(by: count)
    }

    func admitLine(_ state: inout State, _ finished: inout Finished) {
        while var entrant = state.entrants.first {
            Self.admit(&entrant, &state.outbox)
            guard entrant.fixes.isEmpty else {
                state.entrants[state.entrants.startIndex] = entrant
                return
            }
            state.entrants.removeFirst()
            if let call = entrant.call { finished.calls.append(call) }
        }
    }

    /// A request of the tools that carries points itself.
    func enter(request: ByteBuffer, points: Int, to waiter: Waiter) -> Wake? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.statistics.pointsAppended += points
            state.outbox.append(
                request: request, points: points, waiter, nowNs: Self.nowNs())
            return wake(&state)
        }
    }

    private func wake(_ state: inout State) -> Wake {
        var wake = Wake()
        if usesSpool, state.outbox.hasUnspooled, !state.isSpoolWakeUnderWay {
            state.isSpoolWakeUnderWay = true
            wake.spool = true
        }
        if !state.isWakeUnderWay,
            state.barred != nil || state.outbox.wantsSender(armedNs: state.armedNs)
        {
            state.isWakeUnderWay = true
            wake.connection = true
        }
        return wake
    }

    // MARK: the connection

    /// A turn of the connection: what leaves now, and when it should look again.
    func turn() -> (batches: [Batch], deadlineNs: UInt64?) {
        let (batches, deadlineNs, finished) = state.withLock { state in
            state.isWakeUnderWay = false
            let nowNs = Self.nowNs()
            var finished = Finished()
            for batch in state.outbox.expire(nowNs: nowNs) {
                let result = BatchResult.notDelivered(
                    state.reason("no server took it in time"), mayBeStored: batch.isUncertain)
                complete(batch, result, [], &state, &finished)
            }
            refuseBarred(&state, &finished)
            admitLine(&state, &finished)
            var batches: [Batch] = []
            while let batch = state.outbox.nextToSend(nowNs: nowNs) {
                if batch.sendings > 1 { state.statistics.pointsResent += batch.count }
                state.statistics.batchesSent += 1
                state.statistics.bytesSent += batch.payload.readableBytes
                batches.append(batch)
            }
            let deadlineNs = state.outbox.nextDeadlineNs
            state.armedNs = deadlineNs ?? UInt64.max
            return (batches, deadlineNs, finished)
        }
        tell(finished)
        return (batches, deadlineNs)
    }

    func connected() {
        state.withLock { state in
            state.outbox.connected()
            state.barred = nil
            state.trouble = nil
            state.statistics.connections += 1
        }
    }

    func disconnected(_ reason: String?) {
        state.withLock { state in
            state.outbox.disconnected()
            if let reason { state.trouble = reason }
        }
        if forgetsInFlight { forgetUncertain() }
    }

    /// What a library that is wrong would do; see the configuration.
    private func forgetUncertain() {
        let finished = state.withLock { state in
            var finished = Finished()
            for batch in state.outbox.giveUpUncertain() {
                complete(batch, .answered(isResent: false), [], &state, &finished)
            }
            return finished
        }
        tell(finished)
    }

    /// The batch that the next answer is for.
    var oldestFlight: Batch? { state.withLock { $0.outbox.oldestFlight } }

    /// Takes an answer to it. True: the spool has something to settle.
    func answered(_ answer: BatchAnswer) -> Bool {
        let nowNs = Self.nowNs()
        let (finished, trip, spool) = state.withLock { state in
            var finished = Finished()
            if case .tryAgain(_, let reason) = answer {
                state.trouble = "the server is busy: \(reason)"
            } else {
                state.trouble = nil
            }
            let batch = state.outbox.answered(answer, nowNs: nowNs)
            guard let batch else { return (finished, nil as (UInt64, Int)?, false) }
            let tripNs = nowNs - batch.sentNs
            state.statistics.roundTrips.record(nanoseconds: tripNs, weight: 1)
            switch answer {
            case .masks(let exceptions):
                // After a refusal for overload it was not carried out: nothing of it is there.
                let result = BatchResult.answered(isResent: batch.isUncertain)
                complete(batch, result, exceptions, &state, &finished)
            case .refused(let reason, let mayBeStored):
                // An earlier sending may have been carried out all the same.
                let result = BatchResult.refused(
                    reason, mayBeStored: mayBeStored || batch.isUncertain)
                complete(batch, result, [], &state, &finished)
            case .tryAgain: preconditionFailure("a batch that is to be sent again is not done")
            }
            admitLine(&state, &finished)
            return (finished, (tripNs, batch.count), batch.record != nil)
        }
        tell(finished)
        if let trip { metrics.roundTrip(nanoseconds: trip.0, points: trip.1) }
        return spool
    }

    /// The server does not let this client in. What waits fails, and what comes, until it does. With a
    /// spool it stays there.
    func bar(_ reason: String) {
        let finished = state.withLock { state in
            var finished = Finished()
            state.barred = reason
            refuseBarred(&state, &finished)
            admitLine(&state, &finished)
            return finished
        }
        tell(finished)
    }

    private func refuseBarred(_ state: inout State, _ finished: inout Finished) {
        guard let reason = state.barred, !usesSpool else { return }
        while true {
            let batches = state.outbox.giveUpWaiting()
            if batches.isEmpty { return }
            for batch in batches {
                complete(
                    batch, .refused(reason, mayBeStored: batch.isUncertain), [], &state, &finished)
            }
            // Those who waited for room are no better off.
            admitLine(&state, &finished)
        }
    }

    static func nowNs() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    // MARK: outcomes

    func complete(
        _ batch: Batch, _ result: BatchResult, _ exceptions: [PutReply.Exception],
        _ state: inout State, _ finished: inout Finished
    ) {
        let bad = exceptions.count { $0.mask.contains(.malformed) }
        if case .answered = result {
            let duplicates = exceptions.count { $0.mask.contains(.duplicate) }
            finished.acknowledged += batch.count - bad
            finished.duplicates += duplicates
            finished.failed += bad
            state.statistics.pointsAcknowledged += batch.count - bad
            state.statistics.pointsDuplicate += duplicates
            state.statistics.pointsFailed += bad
        } else {
            finished.failed += batch.count
            state.statistics.pointsFailed += batch.count
        }
        if let place = batch.record {
            if case .refused(let reason, _) = result {
                state.settled.append((place, reason))
            } else {
                state.settled.append((place, nil))
            }
        }
        distribute(batch.parts, batch.count, result, exceptions, &finished)
        if state.outbox.isEmpty, state.entrants.isEmpty, state.spoolBacklog == 0 {
            finished.calls += state.drained
            state.drained = []
        }
    }

    /// Gives each listener the part of the result that is its own.
    func distribute(
        _ parts: [Part], _ count: Int, _ result: BatchResult, _ exceptions: [PutReply.Exception],
        _ finished: inout Finished
    ) {
        var rest = exceptions[...]
        for part in parts {
            let end = part.start + part.count
            let taken = rest.prefix { $0.index < end }
            rest = rest.dropFirst(taken.count)
            let own =
                part.start == 0
                ? taken
                : taken.map { PutReply.Exception(index: $0.index - part.start, mask: $0.mask) }[...]
            let tickets: Range<UInt64>?
            switch part.listener {
            case .waiter(let waiter, let offset):
                if waiter.settle(offset: offset, count: part.count, result, own) {
                    finished.waiters.append(waiter)
                }
                continue
            case .tickets(let first): tickets = first..<first + UInt64(part.count)
            case .recovered: tickets = nil
            }
            guard onDelivery != nil else { continue }
            finished.deliveries.append(
                Delivery(
                    tickets: tickets, count: part.count, result: result, exceptions: Array(own)))
        }
    }

    func tell(_ finished: Finished) {
        for waiter in finished.waiters { waiter.finish() }
        if let onDelivery { for delivery in finished.deliveries { onDelivery(delivery) } }
        for call in finished.calls { call() }
        if finished.acknowledged > 0 {
            metrics.pointsAcknowledged(finished.acknowledged, duplicates: finished.duplicates)
        }
        if finished.failed > 0 { metrics.pointsFailed(finished.failed) }
        if finished.acknowledged + finished.failed > 0 {
            metrics.pointsInFlight(state.withLock { $0.outbox.held })
        }
    }
}

extension Part.Listener {
    fileprivate func moved(by count: Int) -> Part.Listener {
        switch self {
        case .waiter(let waiter, let offset): .waiter(waiter, offset: offset + count)
        case .tickets(let first): .tickets(from: first + UInt64(count))
        case .recovered: .recovered
        }
    }
}
