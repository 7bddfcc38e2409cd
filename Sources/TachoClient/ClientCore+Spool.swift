import Synchronization
import TachoWire

/// What the spool's thread asks and tells, and how it all ends.
extension ClientCore {
    /// What is to be written now.
    func takeForSpool() -> [Batch] {
        state.withLock { state in
            state.isSpoolWakeUnderWay = false
            return state.outbox.takeForSpool()
        }
    }

    /// Batches are in the spool, synced, or it would not have them (`failure`): whoever waits in
    /// `append` goes on, and there is room for others.
    func spooled(_ batches: [Batch], failure: String?) {
        let finished = state.withLock { state in
            var finished = Finished()
            for batch in batches {
                state.outbox.leftForSpool(points: batch.count)
                if let failure {
                    complete(
                        batch, .notDelivered(failure, mayBeStored: false), [], &state, &finished)
                    continue
                }
                let waiting = batch.parts.filter {
                    if case .waiter = $0.listener { true } else { false }
                }
                distribute(waiting, batch.count, .spooled, [], &finished)
            }
            admitLine(&state, &finished)
            return finished
        }
        tell(finished)
    }

    /// Records that will not be delivered from the spool.
    func lost(_ losses: [SpoolLoss]) {
        guard !losses.isEmpty else { return }
        let finished = state.withLock { state in
            var finished = Finished()
            for loss in losses {
                finished.failed += loss.points
                state.statistics.pointsFailed += loss.points
                let result = BatchResult.notDelivered(loss.reason, mayBeStored: loss.mayBeStored)
                distribute(loss.parts, loss.points, result, [], &finished)
            }
            return finished
        }
        tell(finished)
    }

    var feedRoom: Int { state.withLock { $0.outbox.feedRoom } }

    func feed(_ batch: Batch, isNewest: Bool) {
        state.withLock { $0.outbox.enqueue(batch, isNewest: isNewest) }
    }

    func takeSettled() -> [(place: SpoolPlace, refusal: String?)] {
        state.withLock { state in
            defer { state.settled = [] }
            return state.settled
        }
    }

    /// Figures of the spool, and points in it that are nowhere else.
    func noteSpool(bytes: Int64, points: Int, backlog: Int, dropped: Int) {
        let calls = state.withLock { state in
            state.statistics.spoolBytes = bytes
            state.statistics.spoolPoints = points
            state.statistics.spoolDropped += dropped
            state.spoolBacklog = backlog
            guard state.outbox.isEmpty, state.entrants.isEmpty, backlog == 0 else {
                return [] as [@Sendable () -> Void]
            }
            defer { state.drained = [] }
            return state.drained
        }
        metrics.spoolBytes(bytes)
        for call in calls { call() }
    }

    // MARK: the end

    /// Nothing more is taken; what is held leaves at once. False: it was closed already.
    func close() -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.isClosed = true
            state.outbox.isFlushing = true
            return true
        }
    }

    /// Calls `body` when nothing is held any more, at once if so.
    func whenDrained(_ body: @escaping @Sendable () -> Void) {
        let isDrained = state.withLock { state in
            if state.outbox.isEmpty, state.entrants.isEmpty, state.spoolBacklog == 0 { return true }
            state.drained.append(body)
            return false
        }
        if isDrained { body() }
    }

    /// Reports everything that is still held as not delivered, and says how many points that were.
    /// Call when no connection is left. With a spool only what is not in it.
    @discardableResult
    func giveUp(_ reason: String) -> Int {
        let finished = state.withLock { state in
            var finished = Finished()
            let reason = state.reason(reason)
            for batch in state.outbox.giveUpWaiting() where batch.record == nil {
                complete(
                    batch, .notDelivered(reason, mayBeStored: batch.isUncertain), [], &state,
                    &finished)
            }
            while let entrant = state.entrants.popFirst() {
                let part = Part(listener: entrant.listener, start: 0, count: entrant.fixes.count)
                finished.failed += part.count
                state.statistics.pointsFailed += part.count
                distribute(
                    [part], part.count, .notDelivered(reason, mayBeStored: false), [], &finished)
                if let call = entrant.call { finished.calls.append(call) }
            }
            finished.calls += state.drained
            state.drained = []
            return finished
        }
        tell(finished)
        return finished.failed
    }

    var statistics: TachoClientStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.pointsInFlight = state.outbox.held
            return statistics
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
}
