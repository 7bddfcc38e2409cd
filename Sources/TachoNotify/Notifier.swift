package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TachoDial
package import TachoEngine
import TachoGeo

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is read of files before the data directory is opened.
package struct NotifyMaterial: Sendable {
    let options: NotifyOptions
    let secrets: SecretBox?
    let tls: NIOSSLContext?

    /// Cost: a millisecond or two.
    package init(_ options: NotifyOptions) throws(NotifyError) {
        try options.check()
        self.options = options
        secrets = try options.secretPath.map { path throws(NotifyError) in
            SecretBox(try WebhookSecrets.load(path))
        }
        tls = try Self.context(options)
    }

    private static func context(_ options: NotifyOptions) throws(NotifyError) -> NIOSSLContext? {
        guard options.targets.contains(where: \.usesTLS) else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let path = options.authoritiesPath {
            guard access(path, R_OK) == 0 else {
                throw .authorities(path: path, "cannot be read (\(systemReason(errno)))")
            }
            let roots = (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
            guard !roots.isEmpty else { throw .authorities(path: path, "no certificate in it") }
            configuration.trustRoots = .certificates(roots)
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .authorities(path: options.authoritiesPath ?? "the system's", "\(error)")
        }
    }
}

/// Delivers alerts to people's systems: one thread, one event loop, all targets.
///
/// The stored alerts are the outbox; of each target there is one row with how far it got. Nothing here
/// is on the path of a fix: the committer only says that there is news.
package final class Notifier: Sendable {
    private let engine: Engine
    private let material: NotifyMaterial
    private let nowMs: @Sendable () -> Int64
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup?
    private let runners: NIOLoopBoundBox<[TargetRunner]>?
    private let figures: [FigureBox]
    private let observer: Mutex<AlertObserver?>
    private let wake = WakeFlag()
    /// Targets of earlier starts, by name.
    private let others: Mutex<[String: DeliveryMark]>

    /// How long a stop waits for answers and marks, ms.
    private static let stopMs: Int64 = 2_000

    /// Waits until the marks of new targets are on the device: a target is new once.
    package static func start(
        _ material: NotifyMaterial, engine: Engine, nowMs: @escaping @Sendable () -> Int64,
        logger: Logger
    ) throws(NotifyError) -> Notifier {
        var marks: [String: DeliveryMark] = [:]
        do {
            for (name, mark) in try engine.deliveryMarks() {
                marks[String(decoding: name, as: UTF8.self)] = mark
            }
        } catch {
            throw .damaged("\(error)")
        }
        for target in material.options.targets where marks[target.name] == nil {
            let (count, last) = engine.alertStream
            let mark =
                material.options.startsWithOldest
                ? DeliveryMark() : DeliveryMark(delivered: last, position: count)
            guard engine.note(mark, of: Array(target.name.utf8)) else {
                throw .damaged("the mark of \(target.name) cannot be written")
            }
            marks[target.name] = mark
        }
        return Notifier(material, engine, marks, nowMs, logger)
    }

    private init(
        _ material: NotifyMaterial, _ engine: Engine, _ marks: [String: DeliveryMark],
        _ nowMs: @escaping @Sendable () -> Int64, _ logger: Logger
    ) {
        let options = material.options
        let targets = options.targets
        self.material = material
        self.engine = engine
        self.nowMs = nowMs
        self.logger = logger
        figures = targets.map { target in
            var figures = TargetStatistics(name: target.name)
            figures.kind = target.kind.rawValue
            figures.address = target.shown
            figures.delivered = marks[target.name]?.delivered?.text
            figures.position = marks[target.name]?.position ?? 0
            return FigureBox(figures)
        }
        let names = Set(targets.map(\.name))
        others = Mutex(marks.filter { !names.contains($0.key) })
        observer = Mutex(nil)
        guard !targets.isEmpty else {
            (group, runners) = (nil, nil)
            return
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let runners = NIOLoopBoundBox<[TargetRunner]>.makeBoxSendingValue([], eventLoop: loop)
        (self.group, self.runners) = (group, runners)
        Self.warn(of: targets, logger)
        loop.execute { [figures] in
            let context = TargetRunner.Context(
                loop: loop, engine: engine, evidence: options.evidenceURL,
                secrets: material.secrets, nowMs: nowMs, logger: logger)
            runners.value = zip(targets, figures).map { target, figures in
                TargetRunner(
                    target, settings: Self.settings(options, target.kind),
                    mark: marks[target.name] ?? DeliveryMark(),
                    connection: TargetConnection(
                        loop: loop, address: target, tls: target.usesTLS ? material.tls : nil),
                    figures: figures, context: context)
            }
            for runner in runners.value { runner.wake() }
        }
        let wake = wake
        let registration = engine.observeAlerts {
            guard wake.raise() else { return }
            loop.execute {
                wake.lower()
                for runner in runners.value { runner.wake() }
            }
        }
        observer.withLock { $0 = registration }
        engine.observeReviews { news in
            if wake.isClosed { return }
            loop.execute {
                for runner in runners.value {
                    for one in news { runner.reviewed(one.id, one.state) }
                }
            }
        }
    }

    private static func settings(
        _ options: NotifyOptions, _ kind: TargetAddress.Kind
    ) -> TargetMachine.Settings {
        var settings = TargetMachine.Settings()
        settings.resolveMs = Int64(options.resolveSeconds) * 1_000
        settings.notesBeforeDelivery = options.notesBeforeDelivery
        switch kind {
        case .alertmanager: settings.resendMs = Int64(options.resendSeconds) * 1_000
        case .webhook:
            settings.resendMs = nil
            settings.batch = 16
        }
        return settings
    }

    private static func warn(of targets: [TargetAddress], _ logger: Logger) {
        for target in targets where !target.usesTLS && !target.isThisMachine {
            logger.warning(
                "alerts with positions go to \(target.shown) unencrypted: use https")
        }
    }

    // MARK: From outside

    /// Reads the secrets of webhooks again. A file that cannot be read changes nothing.
    @discardableResult
    package func reload() -> Bool {
        guard let path = material.options.secretPath, let box = material.secrets else {
            return true
        }
        do {
            box.exchange(try WebhookSecrets.load(path))
            return true
        } catch {
            logger.error("secrets of webhooks stay as they are: \(error.message)")
            return false
        }
    }

    /// Something of it can be read again.
    package var canReload: Bool { material.secrets != nil }

    package func statistics() -> NotifyStatistics {
        var statistics = NotifyStatistics()
        let (entries, now) = (engine.alertStream.count, nowMs())
        statistics.targets = figures.map { $0.now(entries: entries, nowMs: now) }
        for (name, mark) in others.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            var figures = TargetStatistics(name: name)
            figures.isConfigured = false
            figures.delivered = mark.delivered?.text
            figures.position = mark.position
            figures.lagAlerts = entries > mark.position ? entries - mark.position : 0
            statistics.targets.append(figures)
        }
        return statistics
    }

    package enum Forgetting: Sendable {
        case forgotten
        case unknown
        /// It is a target of this start: stop without it first.
        case configured
        case stopped
    }

    /// Forgets the mark of a target that is not configured any more. `completion` is called once, when
    /// that is on the device.
    package func forget(
        _ name: String, completion: @escaping @Sendable (Forgetting) -> Void
    ) {
        if material.options.targets.contains(where: { $0.name == name }) {
            return completion(.configured)
        }
        guard others.withLock({ $0[name] != nil }) else { return completion(.unknown) }
        engine.note(nil, of: Array(name.utf8)) { [self] isDone in
            if isDone { others.withLock { $0[name] = nil } }
            completion(isDone ? .forgotten : .stopped)
        }
    }

    /// Waits, two seconds at most, for what is on its way, and ends the thread. Before the engine is
    /// closed, and not from the loop. A second call does nothing.
    package func stop() {
        let registration = observer.withLock { observer in
            defer { observer = nil }
            return observer
        }
        guard let registration, let group, let runners else { return }
        engine.cancel(registration)
        wake.close()
        let loop = group.next()
        let gone = loop.makePromise(of: Void.self)
        let left = StopCount(gone)
        let deadline = loop.scheduleTask(in: .milliseconds(Self.stopMs)) { left.give() }
        loop.execute {
            left.expect(runners.value.count)
            for runner in runners.value { runner.stop { left.one() } }
        }
        try? gone.futureResult.wait()
        deadline.cancel()
        loop.execute { runners.value = [] }
        try? group.syncShutdownGracefully()
    }
}

/// One wake-up says as much as many, and none comes after the end.
private final class WakeFlag: Sendable {
    private let isUp = Atomic(false)
    private let isOver = Atomic(false)

    /// False: it is up already.
    func raise() -> Bool {
        !isClosed && !isUp.exchange(true, ordering: .acquiringAndReleasing)
    }
    func lower() { isUp.store(false, ordering: .releasing) }

    var isClosed: Bool { isOver.load(ordering: .acquiring) }
    func close() { isOver.store(true, ordering: .releasing) }
}

/// Counts those that have stopped.
private final class StopCount: Sendable {
    private let state: Mutex<(left: Int, promise: EventLoopPromise<Void>?)>

    init(_ promise: EventLoopPromise<Void>) { state = Mutex((0, promise)) }

    func expect(_ count: Int) { state.withLock { $0.left = count } }

    func one() {
        let isLast = state.withLock { state in
            state.left -= 1
            return state.left == 0
        }
        if isLast { give() }
    }

    /// Waits no longer.
    func give() {
        let promise = state.withLock { state in
            defer { state.promise = nil }
            return state.promise
        }
        promise?.succeed(())
    }
}
