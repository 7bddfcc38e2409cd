internal import Synchronization
package import TachoClient
import TachoGeo

/// How a fleet is sent by the library that services use.
package struct FleetLibraryOptions: Sendable {
    /// Fixes are in this directory before they count as accepted; nil: no spool.
    package var spool: SpoolConfiguration?
    /// How long the end of the run waits for the server.
    package var graceMs = 60_000
    /// Each fix is waited for before the next is sent.
    package var awaits = false
    /// For proofs only: nothing is sent again when a connection ends, as by a library that is wrong.
    package var forgets = false

    package init() {}
}

/// Sends a fleet through `TachoClient` and tells the tally what becomes of each fix.
///
/// Fixes are submitted in the order of the ledger's S lines, so tickets are their numbers.
final class FleetLibrary {
    private let client: TachoClient
    private let tally: FleetTally
    private let times: SubmitTimes
    private let names: [String]
    private let choice: FleetLibraryOptions

    init(
        _ options: FleetOptions, _ choice: FleetLibraryOptions, _ tally: FleetTally,
        names: [[UInt8]]
    ) throws(ToolFailure) {
        let times = SubmitTimes()
        var configuration = TachoClientConfiguration(
            endpoints: [options.address.description])
        configuration.toolAccess = options.access
        configuration.spool = choice.spool
        configuration.forgetsInFlight = choice.forgets
        configuration.onDelivery = { Self.deliver($0, tally, times) }
        do throws(TachoStartError) {
            client = try TachoClient(configuration)
        } catch {
            throw ToolFailure(ExitStatus.error, error.description)
        }
        self.tally = tally
        self.times = times
        self.names = names.map { String(decoding: $0, as: UTF8.self) }
        self.choice = choice
    }

    func send(_ request: FleetRequest, riders: [Int]) throws(ToolFailure) {
        try tally.send(request)
        var fixes: [RiderFix] = []
        fixes.reserveCapacity(request.lines.count)
        for (line, rider) in zip(request.lines, riders) {
            fixes.append(RiderFix(rider: names[rider], fix: line.fix))
        }
        let nowNs = MonotonicClock.nowNs()
        if choice.spool != nil || choice.awaits {
            return try wait(for: fixes, first: request.first, sentNs: nowNs)
        }
        times.add(count: fixes.count, nowNs)
        guard client.submitWaiting(fixes) != nil else { throw Self.closed }
    }

    private static let closed = ToolFailure(ExitStatus.error, "the client is shut down")

    private func wait(for fixes: [RiderFix], first: Int, sentNs: UInt64) throws(ToolFailure) {
        guard let receipt = client.appendWaiting(fixes) else { throw Self.closed }
        guard receipt.isComplete else {
            let reason = receipt.exceptions.first.map { "\($0.outcome)" } ?? ""
            return try tally.undelivered(first: first, count: fixes.count, reason)
        }
        if choice.spool != nil {
            return try tally.spooled(first: first, count: fixes.count, sentNs: sentNs)
        }
        var masks = [ReplyMask](repeating: .stored, count: fixes.count)
        for (index, outcome) in receipt.exceptions { masks[index] = outcome.mask ?? .stored }
        try tally.acknowledge(first: first, masks, sentNs: sentNs)
    }

    private static func deliver(_ delivery: Delivery, _ tally: FleetTally, _ times: SubmitTimes) {
        do throws(ToolFailure) {
            guard let tickets = delivery.tickets else {
                // Of the spool: its lines were written when it was accepted.
                return try tell(delivery, first: nil, 0..<delivery.count, sentNs: nil, tally)
            }
            var at = 0
            for (count, sentNs) in times.take(count: tickets.count) {
                try tell(
                    delivery, first: Int(tickets.lowerBound) + at, at..<at + count, sentNs: sentNs,
                    tally)
                at += count
            }
        } catch {
            tally.fail(error)
        }
    }

    private static func tell(
        _ delivery: Delivery, first: Int?, _ range: Range<Int>, sentNs: UInt64?, _ tally: FleetTally
    ) throws(ToolFailure) {
        if delivery.isPlain {
            let masks = [ReplyMask](repeating: .stored, count: range.count)
            return try tally.acknowledge(first: first, masks, sentNs: sentNs)
        }
        var masks: [ReplyMask] = []
        for index in range {
            guard let mask = delivery[index].mask else {
                return try tally.undelivered(
                    first: first, count: range.count, "\(delivery[index])")
            }
            masks.append(mask)
        }
        try tally.acknowledge(first: first, masks, sentNs: sentNs)
    }

    /// Ends the client; how many fixes stay in the spool, nil without one.
    func finish() -> Int? {
        let report = client.shutdownWaiting(graceMs: choice.graceMs)
        tally.note(resent: client.statistics.pointsResent)
        return choice.spool == nil ? nil : report.leftInSpool
    }
}

extension PointOutcome {
    /// As a ledger has it; nil: it is not stored, or nobody knows.
    fileprivate var mask: ReplyMask? {
        switch self {
        case .stored(let acknowledgement):
            ReplyMask(rawValue: UInt8(truncatingIfNeeded: acknowledgement.rawValue))
        case .malformed: .malformed
        case .refused, .notDelivered: nil
        }
    }
}

/// When the fixes were submitted that are not delivered yet. A batch that is sent again may be
/// overtaken, so what is taken is a good guess then.
private final class SubmitTimes: Sendable {
    private struct Span: Sendable {
        var count: Int
        var sentNs: UInt64
    }

    private struct State: Sendable {
        var spans: [Span] = []
        var first = 0
    }

    private let state = Mutex(State())

    func add(count: Int, _ nowNs: UInt64) {
        state.withLock { $0.spans.append(Span(count: count, sentNs: nowNs)) }
    }

    /// The times of the next `count` fixes, as runs of equal times.
    func take(count: Int) -> [(count: Int, sentNs: UInt64)] {
        state.withLock { state in
            var runs: [(count: Int, sentNs: UInt64)] = []
            var missing = count
            while missing > 0, state.first < state.spans.count {
                let taken = min(missing, state.spans[state.first].count)
                runs.append((taken, state.spans[state.first].sentNs))
                state.spans[state.first].count -= taken
                missing -= taken
                if state.spans[state.first].count == 0 { state.first += 1 }
            }
            if state.first > 1_024 {
                state.spans.removeFirst(state.first)
                state.first = 0
            }
            return runs
        }
    }
}
