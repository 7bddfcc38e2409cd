import Dispatch
import NIOCore

/// The spool and its thread: writes what was taken, syncs once for all of it, hands out as much as
/// there is room for, removes what is answered.
final class Spooler: @unchecked Sendable {
    private let core: ClientCore
    private let queue = DispatchQueue(label: "tacho.spool")
    /// Of the queue.
    private let spool: Spool
    private let isNewestFirst: Bool
    private let onEvent: (@Sendable (TachoClientEvent) -> Void)?
    private var isClosed = false
    private var isRetryArmed = false
    /// Wakes the connection; set before the first `wake`.
    private var wakeLink: (@Sendable () -> Void)?
    private var toldDropped = 0

    init(
        _ core: ClientCore, _ configuration: SpoolConfiguration, maxPoints: Int,
        onEvent: (@Sendable (TachoClientEvent) -> Void)?
    ) throws(SpoolError) {
        self.core = core
        self.onEvent = onEvent
        isNewestFirst = configuration.order == .newestFirst
        spool = try Spool.open(configuration, maxCachedPoints: maxPoints)
    }

    func start(wakingLink wakeLink: @escaping @Sendable () -> Void) {
        queue.sync { self.wakeLink = wakeLink }
        wake()
    }

    /// There is something to write, to settle, or room to hand out.
    func wake() { queue.async { self.turn() } }

    private func turn() {
        guard !isClosed else { return }
        settle()
        // Once a turn: were it until there is nothing, nothing left while points keep coming.
        let written = write()
        var fresh = written ?? 0
        var isFed = false
        while core.feedRoom > 0, let batch = spool.next() {
            // The newest come first: those just written, then the backlog behind all that wait.
            core.feed(batch, isNewest: isNewestFirst && fresh > 0)
            fresh -= 1
            isFed = true
        }
        note()
        if isFed { wakeLink?() }
        if written != nil { wake() }
        retryReading()
    }

    /// A record that could not be read is read again although nothing else happens.
    private func retryReading() {
        guard let dueNs = spool.readAgainNs, !isRetryArmed else { return }
        isRetryArmed = true
        let waitNs = dueNs - min(dueNs, ClientCore.nowNs())
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(waitNs))) { [weak self] in
            guard let self else { return }
            isRetryArmed = false
            turn()
        }
    }

    /// How many batches were accepted; nil: there was nothing to write.
    private func write() -> Int? {
        let batches = core.takeForSpool()
        guard !batches.isEmpty else { return nil }
        let begunNs = ClientCore.nowNs()
        let (accepted, failure) = spool.write(batches)
        let written = Array(batches.prefix(accepted))
        // Before anybody goes on: a client that is asked whether all is delivered must not say so
        // between the two.
        note()
        core.spooled(written, failure: nil)
        core.metrics.spoolSynced(
            nanoseconds: ClientCore.nowNs() - begunNs,
            points: written.reduce(0) { $0 + $1.count })
        if let failure {
            onEvent?(.spoolFailed(reason: failure))
            core.spooled(Array(batches.dropFirst(accepted)), failure: failure)
        }
        return accepted
    }

    private func settle() {
        for (place, refusal) in core.takeSettled() { spool.settle(place, refusal: refusal) }
    }

    private func note() {
        for event in spool.takeEvents() { onEvent?(event) }
        // Before the figures: who waits until nothing is held hears of these first.
        core.lost(spool.takeLosses())
        core.noteSpool(
            bytes: spool.bytes, points: spool.unsettledPoints, backlog: spool.pendingPoints,
            dropped: spool.droppedPoints - toldDropped)
        toldDropped = spool.droppedPoints
    }

    /// Writes what is left, and lets the directory go. `then` with the points that stay in it.
    func close(_ then: @escaping @Sendable (Int) -> Void) {
        queue.async {
            self.settle()
            while self.write() != nil {}
            self.isClosed = true
            // It holds the link, and that this one.
            self.wakeLink = nil
            self.spool.close()
            self.note()
            then(self.spool.unsettledPoints)
        }
    }
}
