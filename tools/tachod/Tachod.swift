import ArgumentParser
import Logging
import TachoAccess
import TachoEngine
import TachoServer

@main
struct Tachod: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tachod",
        abstract: "The Tacho server: keeps and judges the position stream of a fleet.",
        discussion: """
            Prints "ready resp=HOST:PORT" on standard output when it accepts clients. SIGTERM or \
            Ctrl-C stops it cleanly; SIGHUP reads the file of users again, without --acl it stops too.

            EXAMPLES
              tachod --data /var/lib/tacho
              tachod --data /tmp/try --resp 127.0.0.1:0 --reserve 0
              tachod --data /var/lib/tacho --hot-days 30 --require-copy /mnt/mirror/audit
              tachod --data /var/lib/tacho --acl /etc/tacho/users
              tachod --data /var/lib/tacho --alertmanager http://127.0.0.1:9093
              tachod --data /var/lib/tacho --accept-loss 120034-120571

            Then, from another terminal:
              redis-cli -p 7227 T.ADD rider-7 1767312000000 37.5665 126.9780 SPEED 4.2
              redis-cli -p 7227 T.GET rider-7 WITHAGE
              redis-cli -p 7227 XREAD BLOCK 0 STREAMS alerts '$'

            EXIT CODES
              0 clean stop, 1 error, 3 acknowledged data is missing, 64 usage, 73 cannot create \
            the data directory, 74 a write or sync failed, 75 the directory is in use
            """,
        version: ServerProgram.version)

    @Option(help: ArgumentHelp("The data directory; created if it is not there.", valueName: "dir"))
    var data: String

    @Option(
        help: ArgumentHelp(
            "Where RESP clients connect, port 0 = any; not only this machine with TLS and users.",
            valueName: "host:port"))
    var resp = "127.0.0.1:7227"

    @Option(
        help: ArgumentHelp(
            "The file of users, one a line; SIGHUP reads it again. See docs/security.md.",
            discussion: "Default: none, and everybody on this machine may do everything.",
            valueName: "file"))
    var acl: String?

    @Option(
        help: ArgumentHelp(
            "Speak TLS with this certificate (PEM, with those between it and its root).",
            discussion: """
                Needs --tls-key. Read again when the files change, and at SIGHUP; connections that are \
                up keep theirs.
                """, valueName: "file"))
    var tlsCert: String?

    @Option(help: ArgumentHelp("The certificate's key (PEM, no passphrase).", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "Ask clients for a certificate that one of these signed (PEM).", valueName: "file"))
    var tlsClientCa: String?

    @Option(
        help: ArgumentHelp(
            "Whether a client may come without: required or optional.",
            discussion: "Default with --tls-client-ca: required.", valueName: "how"))
    var tlsClientAuth: ClientCertificates?

    @Flag(help: "No client without TLS, not even from this machine.")
    var tlsOnly = false

    @Option(
        help: ArgumentHelp(
            "Refuse writes (try again) below this much free disk, as in 500M or 5G.",
            discussion: "Default: 5 % of the file system, at most 5G.", valueName: "size"))
    var minFree: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Hold this much disk in a reserve file; 0 for none.",
            discussion: "Default: 1 % of the file system, at most 1G.", valueName: "size"))
    var reserve: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Free memory ahead of time above this, and refuse writes (try again) a quarter above.",
            discussion: "Default: half of the machine's memory, at most 4G.", valueName: "size"))
    var memoryLimit: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Judging threads. With 1, fixes are numbered in the order in which they came.",
            discussion: "Default: cores - 1, at least 2.", valueName: "n"))
    var workers: Int?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Judge motion too: overspeed, false speed or heading, frozen and synthetic movement.",
            discussion: """
                What each rule looks at, and costs: Sources/rules.md. Where rules have been set, \
                those of the directory are in force: tacho rules set.
                """))
    var motionRules = true

    @Option(
        help: ArgumentHelp(
            "Compare tracks with those of this many days, to find replays and second accounts.",
            discussion: "0 = compare none. Each day costs disk; see Sources/rules.md.",
            valueName: "n"))
    var replayDays = 7

    @Option(
        help: ArgumentHelp(
            "Note who was where in H3 cells of this resolution from here on, 5 to 12.",
            discussion: """
                Default: as the directory has it, 9 for a new one. What is there stays as it is, and \
                is found, until tacho reindex.
                """, valueName: "r"))
    var geoResolution: Int?

    @Option(
        help: ArgumentHelp(
            "Go on without these acknowledged fixes; the range exit code 3 named.",
            valueName: "from-to"))
    var acceptLoss: SequenceRange?

    @Option(
        help: ArgumentHelp(
            "Seal a range after this many seconds; 0 = only by T.SEAL.", valueName: "s"))
    var rangeSeconds = 3_600

    @Option(
        help: ArgumentHelp(
            "Seal a range when it has this many points; --range-seconds may come first.",
            valueName: "n"))
    var rangePoints: UInt64 = 256_000_000

    @Option(
        help: ArgumentHelp(
            "Let points of sealed ranges leave the database after d days, to be read from audit/.",
            discussion: """
                Fractions count. Default: all points stay. Nobody who reads or sends notices, but for \
                time; the files in audit/ are then the only place of those points.
                """, valueName: "d"))
    var hotDays: Double?

    @Option(
        help: ArgumentHelp(
            "Only when this mirror has a confirmed copy; may be given several times.",
            discussion: "A directory that tacho-audit mirror copies to.", valueName: "dir"))
    var requireCopy: [String] = []

    @Option(
        help: ArgumentHelp(
            "Sign the log of sealed segments with the key in this file.",
            discussion: """
                Default: audit-key in the data directory, made with the first seal. Publish \
                audit-key.pub: with it others verify.
                """, valueName: "file"))
    var auditKey: String?

    @Option(
        help: ArgumentHelp(
            "The name of the log and of its keys, as in fleet.example.com/riders.",
            discussion: "Default: that of the key, or a random one with the first seal.",
            valueName: "name"))
    var auditOrigin: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Sign the log here; if not, tacho-audit sign does it in another process.")
    var auditSigning = true

    @OptionGroup(title: "Alerts to people")
    var alertTargets: AlertTargetOptions

    @Option(help: ArgumentHelp("What is written on standard error.", valueName: "level"))
    var logLevel = LogLevel.notice

    @Option(help: ArgumentHelp("How: text, or json, an object a line.", valueName: "format"))
    var logFormat = LogFormat.text

    func validate() throws {
        try validateTLS()
        guard !data.isEmpty else { throw ValidationError("--data: a directory expected") }
        if let workers, !(1...1_024).contains(workers) {
            throw ValidationError("--workers \(workers): 1 to 1024 expected")
        }
        guard (0...365).contains(replayDays) else {
            throw ValidationError("--replay-days \(replayDays): 0 to 365 expected")
        }
        if let geoResolution, !(5...12).contains(geoResolution) {
            throw ValidationError("--geo-resolution \(geoResolution): 5 to 12 expected")
        }
        guard rangePoints > 0 else {
            throw ValidationError("--range-points 0: at least 1 expected")
        }
        if let hotDays, !(0...36_500).contains(hotDays) {
            throw ValidationError("--hot-days \(hotDays): 0 to 36500 expected")
        }
        guard hotDays != nil || requireCopy.isEmpty else {
            throw ValidationError("--require-copy needs --hot-days: without it no point leaves")
        }
        guard requireCopy.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("--require-copy: a directory expected")
        }
        guard (0...31_536_000).contains(rangeSeconds) else {
            throw ValidationError("--range-seconds \(rangeSeconds): 0 to 31536000 expected")
        }
    }

    private func validateTLS() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            let (given, missing) =
                tlsKey == nil ? ("--tls-cert", "--tls-key") : ("--tls-key", "--tls-cert")
            throw ValidationError("\(given) needs \(missing) too")
        }
        guard tlsCert != nil || (tlsClientCa == nil && !tlsOnly) else {
            throw ValidationError("--tls-client-ca and --tls-only need --tls-cert and --tls-key")
        }
        guard tlsClientCa != nil || tlsClientAuth == nil else {
            throw ValidationError("--tls-client-auth needs --tls-client-ca")
        }
    }

    /// Errors are one line; help and version are as the parser writes them.
    static func main() {
        do {
            var program = try parseAsRoot()
            try program.run()
        } catch {
            let code = exitCode(for: error)
            if code.isSuccess || message(for: error).isEmpty { exit(withError: error) }
            ServerProgram.complain(message(for: error) + "; see tachod --help")
            exit(withError: code)
        }
    }

    func run() throws {
        var users: AccessFile.Found?
        do {
            users = try acl.map { path throws(AccessFailure) in try AccessFile.load(path) }
        } catch {
            throw ValidationError("--acl " + error.message)
        }
        let address: ListenAddress
        do {
            address = try ListenAddress.parse(
                resp,
                protection: ListenProtection(hasTLS: tlsCert != nil, hasCredentials: users != nil))
        } catch {
            throw ValidationError(error.message)
        }
        let logger = makeLogger()
        var options = ServerProgramOptions(engine: engineOptions(), resp: address)
        options.tls = tlsSettings()
        options.alerts = try alertTargets.options()
        if let acl, let users {
            options.users = (acl, users)
            for warning in users.warnings { logger.warning("\(warning)") }
        }
        throw ExitCode(ServerProgram.run(options, logger: logger))
    }

    private func makeLogger() -> Logger {
        let format = logFormat
        LoggingSystem.bootstrap { label -> any LogHandler in
            switch format {
            case .json: JSONLogHandler(label: label)
            case .text: StreamLogHandler.standardError(label: label)
            }
        }
        var logger = Logger(label: "tachod")
        logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .notice
        return logger
    }

    private func tlsSettings() -> TLSSettings? {
        guard let tlsCert, let tlsKey else { return nil }
        var settings = TLSSettings(certificatePath: tlsCert, keyPath: tlsKey)
        settings.clientAuthoritiesPath = tlsClientCa
        settings.clientCertificates =
            tlsClientAuth.flatMap { .init(rawValue: $0.rawValue) } ?? .required
        settings.allowsPlainLoopback = !tlsOnly
        return settings
    }

    private func engineOptions() -> EngineOptions {
        var options = EngineOptions(directory: data)
        options.workers = workers
        options.judgesMotion = motionRules
        options.judgesAcross = replayDays > 0
        options.replayDays = replayDays
        options.acceptLoss = acceptLoss?.range
        options.rangeSeconds = rangeSeconds
        options.rangePoints = rangePoints
        options.auditSigning.keyPath = auditKey
        options.auditSigning.origin = auditOrigin
        options.auditSigning.isElsewhere = !auditSigning
        options.geoResolution = geoResolution
        options.retirement = hotDays.map { RetireQuery(hotDays: $0, copies: requireCopy) }
        options.minFreeBytes = minFree?.bytes
        options.memoryLimitBytes = memoryLimit.map { Int(clamping: $0.bytes) }
        options.reserveBytes = reserve?.bytes ?? DiskSpace.reserveBytes(of: data)
        return options
    }
}
