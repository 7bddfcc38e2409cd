internal import Synchronization
package import TachoClient
import TachoGeo
import TachoWire

/// What a run has done so far.
package struct FleetReport: Sendable {
    /// Fixes that left, those sent again included.
    package var sent = 0
    /// Fixes answered with a mask: they are durable.
    package var acknowledged = 0
    package var duplicate = 0
    package var flagged = 0
    /// Fixes refused with -TRYAGAIN.
    package var refused = 0
    /// Fixes whose answer never came.
    package var unanswered = 0
    /// From sending a request to its answer, counted per fix.
    package var latency = LatencyHistogram()
    /// Fixes acknowledged in each second of the run.
    package var perSecond: [Int] = []
    package var seconds = 0.0
    /// Fixes accepted by the spool of the library; of a run with one.
    package var spooled: Int?
    /// Fixes that the spool still has at the end.
    package var leftInSpool: Int?
    /// Fixes that the library sent more than once.
    package var resent: Int?
    /// Why the run ended early.
    package var failure: ToolFailure?
}

/// Takes the answers, on the connection's thread: ledger first, then counting.
final class FleetTally: Sendable {
    private struct State {
        var report = FleetReport()
        /// Requests that have to be sent again, in the order in which they were sent.
        var unsettled: [FleetRequest] = []
        /// How long the server asked to wait.
        var pauseMs = 0
        var isLost = false
        var fatal: ToolFailure?
    }

    private let state = Mutex(State())
    private let ledger: LedgerFile?
    private let startNs: UInt64

    init(ledger: LedgerFile?, startNs: UInt64) {
        self.ledger = ledger
        self.startNs = startNs
    }

    /// Called before the request leaves.
    func send(_ request: FleetRequest) throws(ToolFailure) {
        try ledger?.append(request.ledgerText)
        state.withLock { $0.report.sent += request.lines.count }
    }

    func complete(_ request: FleetRequest, _ result: Result<Reply, ClientError>) {
        do throws(ToolFailure) {
            switch result {
            case .success(let reply):
                guard let masks = request.masks(reply) else {
                    try close(request, isUnanswered: true)
                    fail(ToolFailure(ExitStatus.error, "the server sent no mask for each fix"))
                    return
                }
                try acknowledge(request, masks)
            case .failure(.tryAgain(let afterMs, _)):
                try close(request, isUnanswered: false)
                state.withLock {
                    $0.unsettled.append(request)
                    $0.pauseMs = max($0.pauseMs, afterMs)
                }
            case .failure(.lost), .failure(.notReachable):
                try close(request, isUnanswered: true)
                state.withLock {
                    $0.unsettled.append(request)
                    $0.isLost = true
                }
            case .failure(let error):
                try close(request, isUnanswered: true)
                fail(error.failure)
            }
        } catch {
            fail(error)
        }
    }

    private func acknowledge(
        _ request: FleetRequest, _ masks: [ReplyMask]
    ) throws(ToolFailure) {
        try acknowledge(first: request.first, masks, sentNs: request.sentNs)
    }

    /// `first` nil: fixes that no line of this ledger names.
    func acknowledge(
        first: Int?, _ masks: [ReplyMask], sentNs: UInt64?
    ) throws(ToolFailure) {
        let nowNs = MonotonicClock.nowNs()
        if let first {
            try ledger?.append(LedgerText.acknowledged(first: first, masks: masks))
        }
        state.withLock { state in
            state.report.acknowledged += masks.count
            for mask in masks {
                if mask.contains(.duplicate) { state.report.duplicate += 1 }
                if mask.contains(.flagged) { state.report.flagged += 1 }
            }
            if let sentNs {
                state.report.latency.record(
                    nanoseconds: nowNs - sentNs, weight: UInt64(masks.count))
            }
            let second = Int((nowNs - startNs) / 1_000_000_000)
            while state.report.perSecond.count <= second { state.report.perSecond.append(0) }
            state.report.perSecond[second] += masks.count
        }
    }

    /// Fixes that the spool has: they arrive, whatever becomes of this process.
    func spooled(first: Int, count: Int, sentNs: UInt64) throws(ToolFailure) {
        let nowNs = MonotonicClock.nowNs()
        try ledger?.append(LedgerText.spooled(first: first, count: count))
        state.withLock { state in
            state.report.spooled = (state.report.spooled ?? 0) + count
            state.report.latency.record(nanoseconds: nowNs - sentNs, weight: UInt64(count))
        }
    }

    /// Fixes that the library reports as not delivered, or as refused.
    func undelivered(first: Int?, count: Int, _ reason: String) throws(ToolFailure) {
        if let first { try ledger?.append(LedgerText.unanswered(first: first, count: count)) }
        state.withLock { $0.report.unanswered += count }
        fail(
            ToolFailure(
                ExitStatus.notReachable, "fixes were not acknowledged; the first: \(reason)"))
    }

    func note(resent: Int) { state.withLock { $0.report.resent = resent } }

    private func close(_ request: FleetRequest, isUnanswered: Bool) throws(ToolFailure) {
        let (first, count) = (request.first, request.lines.count)
        if isUnanswered {
            try ledger?.append(LedgerText.unanswered(first: first, count: count))
            state.withLock { $0.report.unanswered += count }
        } else {
            try ledger?.append(LedgerText.refused(first: first, count: count))
            state.withLock { $0.report.refused += count }
        }
    }

    func fail(_ failure: ToolFailure) {
        state.withLock { if $0.fatal == nil { $0.fatal = failure } }
    }

    /// What cannot be mended by sending again.
    var fatal: ToolFailure? { state.withLock { $0.fatal } }

    var hasUnsettled: Bool { state.withLock { !$0.unsettled.isEmpty } }

    var isLost: Bool { state.withLock { $0.isLost } }

    /// Hands over what has to be sent again, and forgets it.
    func takeUnsettled() -> (requests: [FleetRequest], pauseMs: Int, isLost: Bool) {
        state.withLock { state in
            defer {
                state.unsettled = []
                state.pauseMs = 0
                state.isLost = false
            }
            return (state.unsettled, state.pauseMs, state.isLost)
        }
    }

    var report: FleetReport { state.withLock { $0.report } }
}
