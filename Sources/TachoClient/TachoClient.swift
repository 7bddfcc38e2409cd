import Dispatch
import NIOCore
import Synchronization
import TachoGeo
import TachoWire

/// A connection of a service to Tacho: points in, positions, tracks and alerts out.
///
///     var configuration = TachoClientConfiguration(endpoints: ["127.0.0.1:7227"])
///     configuration.onDelivery = { delivery in … }
///     let client = try TachoClient(configuration)
///     try await client.append(fix)                 // waits until it is on a device
///     try await client.submit(fixes)               // does not wait; outcomes go to onDelivery
///     let report = await client.shutdown()
///
/// Points travel in packed batches, many on their way at a time, over one connection that comes back
/// by itself. What was not answered is sent again: a fix that is stored already is told as a
/// duplicate, never stored twice, also when the server was killed in between. Every point that was
/// taken is answered once: stored, refused, or reported as not delivered.
///
/// Safe to use from anywhere. Make one and keep it: it has a connection, and with a spool a directory,
/// of its own. End it with `shutdown`; one that is dropped without it reports what it held as not
/// delivered.
public final class TachoClient: Sendable {
    let configuration: TachoClientConfiguration
    let core: ClientCore
    let link: Link
    let spooler: Spooler?
    let questions: Questions

    /// Begins to connect; does not wait for it. Fails for a configuration that makes no sense, TLS files
    /// that cannot be read, and a spool that is in use or cannot be read.
    public init(_ configuration: TachoClientConfiguration) throws(TachoStartError) {
        if let defect = configuration.defect { throw TachoStartError(defect) }
        do throws(ToolFailure) {
            _ = try configuration.access.tls?.context()
        } catch {
            throw TachoStartError(error.message)
        }
        self.configuration = configuration
        core = ClientCore(configuration)
        do throws(SpoolError) {
            spooler = try Self.spooler(core, configuration)
        } catch {
            throw TachoStartError(error.message)
        }
        link = Link(core, configuration, spooler: spooler)
        questions = Questions(configuration)
        let link = link
        spooler?.start { link.wake() }
        link.start()
    }

    private static func spooler(
        _ core: ClientCore, _ configuration: TachoClientConfiguration
    ) throws(SpoolError) -> Spooler? {
        guard let spool = configuration.spool else { return nil }
        return try Spooler(
            core, spool, maxPoints: configuration.maxPointsInFlight,
            onEvent: configuration.onEvent)
    }

    deinit {
        guard core.close() else { return }
        questions.close()
        let (core, link, spooler) = (core, link, spooler)
        link.close {
            guard let spooler else {
                core.giveUp("the client was dropped")
                return
            }
            spooler.close { _ in core.giveUp("the client was dropped") }
        }
    }

    // MARK: points in

    /// Takes one point and waits until it is on a device: the server's, or with a spool this machine's.
    ///
    /// Cost: a round trip and a sync, shared with whatever else is on its way; waits for room first
    /// when `maxPointsInFlight` points are. A task that is cancelled meanwhile waits on: the point is
    /// taken. For thousands a second use the forms for many.
    @discardableResult
    public func append(_ fix: RiderFix) async throws(TachoAppendError) -> Receipt {
        let receipt = try await append(contentsOf: CollectionOfOne(fix))
        switch receipt[0] {
        case nil: return .spooled
        case .stored(let acknowledgement): return .stored(acknowledgement)
        case .malformed: throw .malformed
        case .refused(let reason, let mayBeStored):
            throw .refused(reason: reason, mayBeStored: mayBeStored)
        case .notDelivered(let reason, let mayBeStored):
            throw .notDelivered(reason: reason, mayBeStored: mayBeStored)
        }
    }

    /// Takes many points and waits until each is on a device or was refused; which is which is in the
    /// receipt. They are taken in order. As many as you like: more than there is room for wait.
    @discardableResult
    public func append(
        contentsOf fixes: some Collection<RiderFix>
    ) async throws(TachoAppendError) -> BatchReceipt {
        guard !Task.isCancelled else { throw .cancelled }
        guard !fixes.isEmpty else { return BatchReceipt(count: 0) }
        let fixes = Array(fixes)[...]
        let receipt = await withCheckedContinuation { continuation in
            let waiter = Waiter(count: fixes.count, .task(continuation))
            guard let wake = core.enter(fixes, to: waiter) else {
                return continuation.resume(returning: nil)
            }
            act(wake)
        }
        guard let receipt else { throw .closed }
        return receipt
    }

    /// Takes points and returns when they are in memory; what becomes of each is told to
    /// `onDelivery` under its ticket. Tickets are consecutive over all calls.
    ///
    /// Waits only for room: this is the form for throughput. The mistake to avoid is to take a return
    /// for a promise: a point is safe when its delivery says so.
    @discardableResult
    public func submit(_ fixes: [RiderFix]) async throws(TachoAppendError) -> Range<UInt64> {
        guard !Task.isCancelled else { throw .cancelled }
        if let tickets = try trySubmit(fixes) { return tickets }
        let tickets = await withCheckedContinuation { (continuation: Admission) in
            admit(fixes) { continuation.resume(returning: $0) }
        }
        guard let tickets else { throw .closed }
        return tickets
    }

    private typealias Admission = CheckedContinuation<Range<UInt64>?, Never>

    /// The same without waiting: nil, and nothing taken, when there is no room for all of them.
    public func trySubmit(_ fixes: [RiderFix]) throws(TachoAppendError) -> Range<UInt64>? {
        switch core.submit(fixes[...], admitted: nil) {
        case .closed: throw .closed
        case .full: return nil
        case .taken(let tickets, let wake, _):
            act(wake)
            return tickets
        }
    }

    /// Calls `body` with the tickets when all are taken, with nil if the client is closed.
    func admit(_ fixes: [RiderFix], _ body: @escaping @Sendable (Range<UInt64>?) -> Void) {
        switch core.submit(fixes[...], admitted: body) {
        case .closed: body(nil)
        case .full: preconditionFailure("who may wait is put in line")
        case .taken(let tickets, let wake, let isAdmitted):
            act(wake)
            if isAdmitted { body(tickets) }
        }
    }

    func act(_ wake: ClientCore.Wake) {
        if wake.spool { spooler?.wake() }
        if wake.connection { link.wake() }
    }

    /// Figures since the client began.
    public var statistics: TachoClientStatistics { core.statistics }

    // MARK: the end

    /// What a client left behind.
    public struct ShutdownReport: Hashable, Sendable {
        /// Points that were reported as not delivered.
        public var notDelivered: Int
        /// Points that stay in the spool for the next client that opens it.
        public var leftInSpool: Int
    }

    /// Takes nothing more, delivers what was taken, and ends. Waits up to `graceMs` for the server;
    /// what is not answered by then is reported as not delivered, or stays in the spool. Subscriptions
    /// and questions end first. A second call does nothing.
    @discardableResult
    public func shutdown(graceMs: Int = 10_000) async -> ShutdownReport {
        await withCheckedContinuation { continuation in
            shutdown(graceMs: graceMs) { continuation.resume(returning: $0) }
        }
    }

    func shutdown(graceMs: Int, _ then: @escaping @Sendable (ShutdownReport) -> Void) {
        guard core.close() else { return then(ShutdownReport(notDelivered: 0, leftInSpool: 0)) }
        questions.close()
        let (core, link, spooler) = (core, link, spooler)
        let isEnding = Once()
        let end: @Sendable () -> Void = {
            guard isEnding.begin() else { return }
            link.close {
                let finish: @Sendable (Int) -> Void = { left in
                    let failed = core.giveUp("the client was shut down")
                    then(ShutdownReport(notDelivered: failed, leftInSpool: left))
                }
                if let spooler { spooler.close(finish) } else { finish(0) }
            }
        }
        spooler?.wake()
        link.wake()
        let waitMs = min(graceMs, TachoClientConfiguration.longestDeliveryMs)
        let deadline = link.loop.scheduleTask(in: .milliseconds(Int64(waitMs))) { end() }
        core.whenDrained {
            deadline.cancel()
            end()
        }
    }
}

/// True for the first who asks.
private final class Once: Sendable {
    private let isBegun = Atomic(false)

    func begin() -> Bool { !isBegun.exchange(true, ordering: .acquiringAndReleasing) }
}
