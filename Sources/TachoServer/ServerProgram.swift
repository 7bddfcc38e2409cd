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

/// What a server program runs with. `tachod` fills it from its arguments.
package struct ServerProgramOptions: Sendable {
    package var engine: EngineOptions
    package var resp: ListenAddress
    package var limits = ServerLimits()
    /// nil: no TLS.
    package var tls: TLSSettings?
    /// The file of users, and what it said; nil: there is none.
    package var users: (path: String, found: AccessFile.Found)?
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
        package static let failStop: Int32 = 74
    }

    /// Runs until SIGTERM or SIGINT and gives the exit code. SIGHUP reads again what can be read again,
    /// certificates, the file of users and secrets of webhooks; where there is none of them it stops the
    /// server too. Call it on the main thread, before any other thread is started: the signals are
    /// blocked for all of them.
    ///
    /// Prints `ready resp=HOST:PORT` on standard output when clients can connect; every error is
    /// one line on standard error. After a failed write or sync of the data it does not return:
    /// the process exits with 74 at once, and nothing that was not on disk is acknowledged.
    package static func run(_ options: ServerProgramOptions, logger: Logger) -> Int32 {
        let signals = blockSignals()
        signal(SIGPIPE, SIG_IGN)
        let limits = limitsWithinDescriptors(options.limits, logger)
        guard let material = notifyMaterial(options.alerts) else { return ExitCode.error }
        let credentials: TLSCredentials?
        do throws(TLSError) {
            credentials = try options.tls.map { settings throws(TLSError) in
                try TLSCredentials(settings, nowSeconds: nowSeconds())
            }
        } catch {
            complain(error.message)
            return ExitCode.error
        }
        var engineOptions = options.engine
        engineOptions.onFailStop = { reason in
            complain("fail-stop: \(reason); restart to go on from what is on disk")
            _exit(ExitCode.failStop)
        }
        engineOptions.onNotice = { logger.critical("\($0)") }
        let engine: Engine
        do {
            engine = try Engine.open(engineOptions)
        } catch {
            complain(error.message)
            return error.exitCode
        }
        if engine.isOverruled(engineOptions) {
            let revision = engine.rules.settings.revision
            logger.notice(
                "the directory's own rules are in force, revision \(revision): see tacho rules get"
            )
        }
        guard let notifier = notifier(material, engine, engineOptions.nowMs, logger) else {
            return close(engine, ExitCode.error)
        }
        let server: RespServer
        do {
            server = try RespServer.start(
                engine: engine, address: options.resp, limits: limits,
                nowMs: engineOptions.nowMs, logger: logger, access: access(options),
                tls: credentials,
                requestStop: { kill(getpid(), SIGTERM) }, notifier: notifier)
        } catch {
            complain(error.message)
            notifier.stop()
            return close(engine, ExitCode.error)
        }
        let status = StatusFile(directory: engineOptions.directory)
        do {
            try status.write(pid: getpid(), resp: server.address)
        } catch {
            complain(error.message)
            server.stop()
            notifier.stop()
            return close(engine, ExitCode.failStop)
        }
        say("ready resp=\(server.address)\n")
        logger.info("serving \(engineOptions.directory) on \(server.address)")
        let caught = waitForStop(signals, options, server, credentials, notifier, logger)
        logger.info("signal \(caught): stopping")
        server.stop()
        notifier.stop()
        status.remove()
        return close(engine, ExitCode.clean)
    }

    private static func access(_ options: ServerProgramOptions) -> RespServer.Access? {
        options.users.map {
            RespServer.Access(
                accounts: $0.found.accounts,
                recordsDirectory: options.engine.directory + "/access")
        }
    }

    /// A file that cannot be read changes nothing.
    private static func reload(
        _ options: ServerProgramOptions, _ server: RespServer, _ logger: Logger
    ) {
        guard let path = options.users?.path else { return }
        do {
            let found = try AccessFile.load(path)
            for warning in found.warnings { logger.warning("\(warning)") }
            server.reload(found.accounts)
        } catch {
            logger.error("users stay as they are: \(error.message)")
        }
    }

    /// A clean stop writes a checkpoint; if that fails, what was acknowledged is still on disk.
    private static func close(_ engine: Engine, _ code: Int32) -> Int32 {
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

    /// The signal that stops the server; on the way there, what can be read again is, and certificates
    /// are looked after.
    private static func waitForStop(
        _ signals: sigset_t, _ options: ServerProgramOptions, _ server: RespServer,
        _ credentials: TLSCredentials?, _ notifier: Notifier, _ logger: Logger
    ) -> Int32 {
        var watch = credentials.map { CertificateWatch($0, logger) }
        let canReload = watch != nil || options.users != nil || notifier.canReload
        var set = signals
        while true {
            var wait = timespec(tv_sec: CertificateWatch.lookSeconds, tv_nsec: 0)
            let caught = watch == nil ? sigwaitinfo(&set, nil) : sigtimedwait(&set, nil, &wait)
            let isAsked = caught == SIGHUP && canReload
            if caught > 0 && !isAsked { return caught }
            if isAsked {
                reload(options, server, logger)
                notifier.reload()
            }
            watch?.look(isAsked: isAsked, nowSeconds: nowSeconds())
        }
    }

    private static func nowSeconds() -> Int { time(nil) }

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

    private static func say(_ text: String) { put(text, 1) }

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
