import Logging
import NIOCore
import Synchronization
import TachoEngine
import TachoGeo

/// Does what a target's machine says: reads alerts, sends requests, notes marks. On the notifying loop
/// only; nothing here waits.
final class TargetRunner {
    /// What all targets share.
    struct Context {
        var loop: any EventLoop
        var engine: Engine
        var evidence: EvidenceTemplate
        var secrets: SecretBox?
        var nowMs: @Sendable () -> Int64
        var logger: Logger
    }

    /// Marks are kept at most so often: what a kill repeats is what came in that time.
    static let noteMs: Int64 = 250
    /// How long to wait when stored alerts cannot be read.
    private static let unreadableMs: Int64 = 30_000
    private static let reportMs: Int64 = 300_000

    let address: TargetAddress
    private let context: Context
    private let connection: TargetConnection
    private let figures: FigureBox
    private var machine: TargetMachine
    /// Of what is on its way, as it was first written.
    private var encoded: (id: String, body: [UInt8])?
    private var timer: Scheduled<Void>?
    private var timerAtMs = Int64.max
    private var noteTimer: Scheduled<Void>?
    private var noted: DeliveryMark
    private var isNoting = false
    private var notedAtMs = Int64.min
    private var isSending = false
    private var isPumping = false
    private var whenStopped: (() -> Void)?
    private var isStopping = false
    private var reportedAtMs = Int64.min

    init(
        _ address: TargetAddress, settings: TargetMachine.Settings, mark: DeliveryMark,
        connection: TargetConnection, figures: FigureBox, context: Context
    ) {
        self.address = address
        self.connection = connection
        self.context = context
        self.figures = figures
        noted = mark
        machine = TargetMachine(
            settings, mark: mark, seed: UInt64(bitPattern: Int64(address.name.hashValue)))
    }

    // MARK: News

    /// There may be something to do.
    func wake() {
        if isPumping || isStopping { return }
        isPumping = true
        defer { isPumping = false }
        while !isStopping, step() {}
        publish()
    }

    func reviewed(_ id: AlertID, _ state: AlertState) {
        machine.reviewed(id, state, nowMs: context.nowMs())
        wake()
    }

    /// Sends nothing more; `done` is called when what is on its way is answered and the mark is kept.
    func stop(_ done: @escaping () -> Void) {
        isStopping = true
        whenStopped = done
        timer?.cancel()
        noteTimer?.cancel()
        finishIfIdle()
    }

    private func finishIfIdle() {
        guard isStopping, !isSending, !isNoting, let done = whenStopped else { return }
        if machine.mark != noted { return note() }
        whenStopped = nil
        connection.close()
        done()
    }

    // MARK: Doing

    /// False: there is nothing to do for now.
    private func step() -> Bool {
        let nowMs = context.nowMs()
        switch machine.next(nowMs: nowMs, last: context.engine.alertStream.last) {
        case .wait(let untilMs):
            if let untilMs { wake(atMs: untilMs, nowMs: nowMs) }
            return false
        case .read(let after, let limit):
            return readable { () throws(ReadError) in
                let page = try context.engine.alertPage(
                    after: after, through: nil, limit: limit)
                let late = page.filter { nowMs - $0.id.ms > 1_000 }.map(\.id)
                let decided = try context.engine.decided(of: late)
                machine.read(page, decided: decided, nowMs: nowMs)
            }
        case .rebuild(let after, let through, let limit):
            let isRead = readable { () throws(ReadError) in
                let page = try context.engine.alertPage(
                    after: after, through: through, limit: limit)
                let decided = try context.engine.decided(of: page.map(\.id))
                machine.rebuilt(
                    page, decided: decided, isLast: page.count < limit, nowMs: nowMs)
            }
            // Other targets, and answers, in between.
            if isRead { wake(atMs: nowMs, nowMs: nowMs) }
            return false
        case .send(let delivery):
            send(delivery)
            return !isSending
        }
    }

    private func readable(_ body: () throws(ReadError) -> Void) -> Bool {
        do {
            try body()
            return true
        } catch {
            if isStopping { return false }
            if case .stopped = error { return false }
            report("stored alerts cannot be read: \(error)", isLoud: true)
            let nowMs = context.nowMs()
            wake(atMs: nowMs + Self.unreadableMs, nowMs: nowMs)
            return false
        }
    }

    private func wake(atMs: Int64, nowMs: Int64) {
        if atMs >= timerAtMs && timerAtMs > nowMs { return }
        timer?.cancel()
        timerAtMs = atMs
        let wait = min(max(0, atMs - nowMs), 3_600_000)
        timer = context.loop.assumeIsolated().scheduleTask(in: .milliseconds(wait)) {
            [weak self] in
            self?.timerAtMs = Int64.max
            self?.wake()
        }
    }

    private func send(_ delivery: Delivery) {
        let message = encoded ?? encode(delivery)
        encoded = message
        var headers: [(String, String)] = []
        if let secrets = context.secrets?.now, address.kind == .webhook {
            let seconds = context.nowMs() / 1_000
            headers = [
                ("webhook-id", message.id), ("webhook-timestamp", String(seconds)),
                (
                    "webhook-signature",
                    secrets.signature(id: message.id, seconds: seconds, body: message.body)
                ),
            ]
        }
        figures.update { $0.requests += 1 }
        isSending = true
        if machine.settings.notesBeforeDelivery { note() }
        connection.post(message.body, headers: headers) { [weak self] result in
            guard let self else { return }
            answered(TargetAnswer.outcome(result, of: address.kind), delivery)
        }
    }

    private func encode(_ delivery: Delivery) -> (id: String, body: [UInt8]) {
        var ids = Set<AlertID>()
        for item in delivery.items {
            switch item {
            case .alert: break
            case .again(let episode), .resolved(let episode, _, _): ids.insert(episode.last)
            }
        }
        var alerts: [AlertID: Alert] = [:]
        // What cannot be read is told without what it was.
        for alert in (try? context.engine.alerts(at: ids.sorted())) ?? [] {
            if let alert { alerts[alert.id] = alert }
        }
        switch address.kind {
        case .alertmanager:
            return ("", AlertmanagerMessage.body(delivery, alerts, context.evidence))
        case .webhook:
            return (
                WebhookMessage.id(delivery),
                WebhookMessage.body(delivery, alerts, context.evidence)
            )
        }
    }

    private func answered(_ outcome: DeliveryOutcome, _ delivery: Delivery) {
        isSending = false
        let nowMs = context.nowMs()
        let failuresBefore = machine.failures
        machine.answered(outcome, nowMs: nowMs)
        switch outcome {
        case .delivered:
            encoded = nil
            count(delivery, nowMs: nowMs)
            if failuresBefore > 0 {
                reportedAtMs = Int64.min
                context.logger.notice(
                    "\(address.name): alerts are delivered again after \(failuresBefore) failures")
            }
            noteSoon()
        case .failed(let failure):
            figures.update { figures in
                figures.failures += 1
                figures.lastError = failure.reason
                figures.lastErrorAtMs = nowMs
            }
            if !isStopping {
                report(
                    "\(failure.reason); what it has not got is kept and sent again",
                    isLoud: failure.kind == .refused)
            }
        }
        finishIfIdle()
        wake()
    }

    private func count(_ delivery: Delivery, nowMs: Int64) {
        let resolved = delivery.items.count { if case .resolved = $0 { true } else { false } }
        figures.update { figures in
            figures.alertsDelivered += UInt64(delivery.alerts)
            figures.episodesResolved += UInt64(resolved)
            figures.lastDeliveryAtMs = nowMs
        }
    }

    /// `lastMs`: Int64.min before the first. One in the future is of a clock that was set back.
    static func isReported(at nowMs: Int64, after lastMs: Int64) -> Bool {
        lastMs == Int64.min || lastMs > nowMs || nowMs - lastMs >= reportMs
    }

    /// The first failure at once, then every five minutes; what only people can mend as an error.
    private func report(_ what: String, isLoud: Bool) {
        let nowMs = context.nowMs()
        guard Self.isReported(at: nowMs, after: reportedAtMs) else { return }
        reportedAtMs = nowMs
        let text = "alerts do not reach \(address.name) (\(address.shown)): \(what)"
        if isLoud {
            context.logger.error("\(text)")
        } else {
            context.logger.warning("\(text)")
        }
    }

    // MARK: Marks

    private func noteSoon() {
        if isNoting || isStopping { return }
        let waitMs = notedAtMs == Int64.min ? 0 : notedAtMs + Self.noteMs - context.nowMs()
        if waitMs <= 0 { return note() }
        if noteTimer != nil { return }
        noteTimer = context.loop.assumeIsolated().scheduleTask(
            in: .milliseconds(min(waitMs, Self.noteMs))
        ) { [weak self] in
            self?.noteTimer = nil
            self?.note()
        }
    }

    private func note() {
        if isNoting { return }
        let mark = machine.mark
        if mark == noted { return }
        isNoting = true
        notedAtMs = context.nowMs()
        let bound = NIOLoopBound(self, eventLoop: context.loop)
        let loop = context.loop
        context.engine.note(mark, of: Array(address.name.utf8)) { isKept in
            loop.execute { bound.value.keptMark(isKept ? mark : nil) }
        }
    }

    private func keptMark(_ mark: DeliveryMark?) {
        isNoting = false
        guard let mark else {
            // The engine has ended, or is about to: what was not noted is repeated.
            noted = machine.mark
            return finishIfIdle()
        }
        noted = mark
        if isStopping { return finishIfIdle() }
        if machine.mark != noted { noteSoon() }
    }

    private func publish() {
        let (mark, machine) = (machine.progress, machine)
        figures.update { figures in
            figures.delivered = mark.delivered?.text
            figures.position = mark.position
            figures.failuresInARow = machine.failures
            figures.openEpisodes = machine.openEpisodes
            figures.resolvedEarly = machine.resolvedEarly
        }
        figures.setOldest(machine.oldestMs)
    }
}

/// What is shown of a target, for any thread.
final class FigureBox: Sendable {
    private let state: Mutex<(TargetStatistics, oldestMs: Int64?)>

    init(_ figures: TargetStatistics) { state = Mutex((figures, nil)) }

    func update(_ body: (inout TargetStatistics) -> Void) { state.withLock { body(&$0.0) } }
    func setOldest(_ ms: Int64?) { state.withLock { $0.oldestMs = ms } }

    /// `entries`: how many alerts the stream has.
    func now(entries: UInt64, nowMs: Int64) -> TargetStatistics {
        var (figures, oldestMs) = state.withLock { $0 }
        figures.lagAlerts = entries > figures.position ? entries - figures.position : 0
        if let oldestMs, figures.lagAlerts > 0 { figures.lagMs = max(0, nowMs - oldestMs) }
        return figures
    }
}
