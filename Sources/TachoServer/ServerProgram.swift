package import Logging
package import TachoAccess
package import TachoEngine
import TachoIngest
package import TachoNotify
import TachoWire

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a server program runs with. `tachod` fills it from its settings.
package struct ServerProgramOptions: Sendable {
    package var engine: EngineOptions
    package var resp: ListenAddress
    /// nil: there is no HTTP.
    package var http: ListenAddress?
    package var limits = ServerLimits()
    /// nil: no TLS.
    package var tls: TLSSettings?
    /// The file of users, and what it said; nil: there is none.
    package var users: (path: String, found: AccessFile.Found)?
    /// What SIGHUP reads again; nil: no settings.
    package var reload: SettingsReload?
    /// Where alerts are delivered to.
    package var alerts = NotifyOptions()

    package init(engine: EngineOptions, resp: ListenAddress) {
        self.engine = engine
        self.resp = resp
    }
}

/// The whole life of a server: open, listen, wait for a signal, stop.
package enum ServerProgram {
    package static let version = Release.version

    package enum ExitCode {
        package static let clean: Int32 = 0
        package static let error: Int32 = 1
        package static let usage: Int32 = 64
        package static let failStop: Int32 = 74
    }

    /// Runs until SIGTERM or SIGINT and gives the exit code. SIGHUP reads again what can be read again:
    /// settings, certificates, the file of users, secrets of webhooks; where there is none of them it stops
    /// the server too. Call it on the main thread, before any other thread is started: the signals are
    /// blocked for all of them.
    ///
    /// Prints `ready resp=HOST:PORT http=HOST:PORT` on standard output when clients can connect; every
    /// error is one line on standard error. HTTP answers from before the data directory is opened. After a
    /// failed write or sync of the data it does not return: the process exits with 74 at once, and nothing
    /// that was not on disk is acknowledged.
    package static func run(_ options: ServerProgramOptions, logger: Logger) -> Int32 {
        let signals = blockSignals()
        signal(SIGPIPE, SIG_IGN)
        let limits = limitsWithinDescriptors(options.limits, logger)
        let state = ServerState(startedMs: options.engine.nowMs())
        guard let material = notifyMaterial(options.alerts) else { return ExitCode.error }
        let credentials: TLSCredentials?
        var http: HTTPServer?
        do {
            credentials = try options.tls.map { settings throws(TLSError) in
                try TLSCredentials(settings, nowSeconds: nowSeconds())
            }
            http = try options.http.map { address throws(RespServer.StartError) in
                try HTTPServer.start(
                    address: address, state: state, limits: limits, tls: credentials,
                    logger: logger)
            }
        } catch {
            complain(message(error))
            return ExitCode.error
        }
        defer { http?.stop() }
        let engine: Engine
        do {
            engine = try open(options.engine, logger)
        } catch {
            complain(error.message)
            return error.exitCode
        }
        guard let notifier = notifier(material, engine, options.engine.nowMs, logger) else {
            return close(engine, ExitCode.error)
        }
        let server: RespServer
        do {
            server = try RespServer.start(
                engine: engine, address: options.resp, limits: limits,
                nowMs: options.engine.nowMs, logger: logger, access: access(options),
                tls: credentials,
                requestStop: { kill(getpid(), SIGTERM) }, notifier: notifier)
        } catch {
            complain(error.message)
            notifier.stop()
            return close(engine, ExitCode.error)
        }
        let life = Life(
            options: options, engine: engine, server: server, notifier: notifier, http: http,
            state: state, credentials: credentials, logger: logger)
        return life.run(signals)
    }

    private static func message(_ error: any Error) -> String {
        switch error {
        case let error as TLSError: error.message
        case let error as RespServer.StartError: error.message
        default: "\(error)"
        }
    }

    private static func open(
        _ options: EngineOptions, _ logger: Logger
    ) throws(OpenError) -> Engine {
        var options = options
        options.onFailStop = { reason in
            complain("fail-stop: \(reason); restart to go on from what is on disk")
            _exit(ExitCode.failStop)
        }
        options.onNotice = { logger.critical("\($0)") }
        let engine = try Engine.open(options)
        if engine.isOverruled(options) {
            let revision = engine.rules.settings.revision
            logger.notice(
                "the directory's own rules are in force, revision \(revision): see tacho rules get"
            )
        }
        return engine
    }

    private static func access(_ options: ServerProgramOptions) -> RespServer.Access? {
        options.users.map {
            RespServer.Access(
                accounts: $0.found.accounts,
                recordsDirectory: options.engine.directory + "/access")
        }
    }

    /// A clean stop writes a checkpoint; if that fails, what was acknowledged is still on disk.
    fileprivate static func close(_ engine: Engine, _ code: Int32) -> Int32 {
        do {
            try engine.close()
            return code
        } catch {
            complain("closing the data directory failed: \(error)")
            return ExitCode.failStop
        }
    }

    private static func blockSignals() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        return set
    }

    fileprivate static func nowSeconds() -> Int { time(nil) }

    /// Raises the number of open files to what is allowed, and takes fewer clients if it is too
    /// low: an engine that cannot open its files is worse than a refused client.
    private static func limitsWithinDescriptors(
        _ limits: ServerLimits, _ logger: Logger
    ) -> ServerLimits {
        var limits = limits
        var files = rlimit()
        guard getrlimit(filesResource, &files) == 0 else { return limits }
        let wanted = min(files.rlim_max, rlim_t(limits.connections + engineFiles))
        if files.rlim_cur < wanted {
            files.rlim_cur = wanted
            setrlimit(filesResource, &files)
            getrlimit(filesResource, &files)
        }
        let room = max(16, Int(min(files.rlim_cur, 1 << 30)) - engineFiles)
        if room < limits.connections {
            logger.warning("only \(room) connections: raise the limit of open files (ulimit -n)")
            limits.connections = room
        }
        return limits
    }

    /// Files that the engine may have open at one time.
    private static let engineFiles = 2_048

    #if canImport(Glibc)
        private static let filesResource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let filesResource = RLIMIT_NOFILE
    #endif

    fileprivate static func say(_ text: String) { put(text, 1) }

    /// One line on standard error.
    package static func complain(_ message: String) {
        put("tachod: " + message.split(separator: "\n").joined(separator: " ") + "\n", 2)
    }

    /// Unbuffered, so that nothing waits for a flush when the process ends.
    private static func put(_ text: String, _ file: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                let count = write(file, bytes.baseAddress! + done, bytes.count - done)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                done += count
            }
        }
    }
}

/// A server from the moment its clients can connect.
private struct Life {
    let options: ServerProgramOptions
    let engine: Engine
    let server: RespServer
    let notifier: Notifier
    let http: HTTPServer?
    let state: ServerState
    let credentials: TLSCredentials?
    let logger: Logger
    let supervisor = Supervisor()

    func run(_ signals: sigset_t) -> Int32 {
        let status = StatusFile(directory: options.engine.directory)
        do {
            try status.write(pid: getpid(), resp: server.address)
        } catch {
            ServerProgram.complain(error.message)
            server.stop { http?.stop() }
            notifier.stop()
            return ServerProgram.close(engine, ServerProgram.ExitCode.failStop)
        }
        state.serve(engine, server, notifier)
        ServerProgram.say(
            "ready resp=\(server.address)" + (http.map { " http=\($0.address)" } ?? "") + "\n")
        supervisor.ready(serving)
        logger.info("serving \(options.engine.directory) on \(server.address)")
        let caught = waitForStop(signals)
        logger.info("signal \(caught): stopping")
        state.stop()
        supervisor.stopping()
        // HTTP says that the server stops while it does, and is gone before the engine is.
        server.stop { http?.stop() }
        notifier.stop()
        status.remove()
        return ServerProgram.close(engine, ServerProgram.ExitCode.clean)
    }

    private var serving: String { "serving on \(server.address)" }

    /// The signal that stops the server; on the way there, what can be read again is, certificates are
    /// looked after, and a supervisor hears that the server is alive.
    private func waitForStop(_ signals: sigset_t) -> Int32 {
        var watch = credentials.map { CertificateWatch($0, logger) }
        let canReload =
            watch != nil || options.users != nil || options.reload?.path != nil
            || notifier.canReload
        var set = signals
        while true {
            let caught: Int32
            if let pause = pauseMicroseconds(hasWatch: watch != nil) {
                var wait = timespec(
                    tv_sec: pause / 1_000_000, tv_nsec: pause % 1_000_000 * 1_000)
                caught = sigtimedwait(&set, nil, &wait)
            } else {
                caught = sigwaitinfo(&set, nil)
            }
            let isAsked = caught == SIGHUP && canReload
            if caught > 0 && !isAsked { return caught }
            if isAsked { supervisor.reloading() }
            let isTaken = isAsked ? reload() : true
            let isGood = watch?.look(isAsked: isAsked, nowSeconds: ServerProgram.nowSeconds())
            if isAsked {
                state.reloaded(hasFailed: !(isTaken && isGood ?? true))
                supervisor.ready(serving)
            }
            if engine.failure == nil { supervisor.alive() }
        }
    }

    /// How long a signal is waited for; nil: until one comes.
    private func pauseMicroseconds(hasWatch: Bool) -> Int? {
        let look = hasWatch ? CertificateWatch.lookSeconds * 1_000_000 : nil
        let alive = supervisor.watchdogMicroseconds.map { max(1, $0 / 2) }
        return [look, alive].compactMap { $0 }.min()
    }

    /// Settings, users and secrets. What cannot be read changes nothing; false: something could not.
    private func reload() -> Bool {
        var isGood = notifier.reload()
        if let settings = options.reload, settings.path != nil,
            case .refused = settings.perform(engine, server, logger)
        {
            isGood = false
        }
        guard let path = options.users?.path else { return isGood }
        do {
            let found = try AccessFile.load(path)
            for warning in found.warnings { logger.warning("\(warning)") }
            server.reload(found.accounts)
        } catch {
            logger.error("users stay as they are: \(error.message)")
            isGood = false
        }
        return isGood
    }
}
