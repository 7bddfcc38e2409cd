import ArgumentParser
import Logging
import TachoEngine
import TachoNotify
import TachoServer

#if canImport(Glibc)
    import Glibc
#endif

extension EngineFault: ExpressibleByArgument {}

/// `tachod` with a fault built in. Exists so that the durability campaigns can be shown to fail:
/// a test that also passes against this proves nothing. Never installed.
@main
struct FaultyServer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tachod-faulty",
        abstract: "A tachod that loses data on purpose; for tests of the tests.")

    @Option(help: "The data directory.") var data: String
    @Option(help: "Where RESP clients connect.") var resp = "127.0.0.1:0"
    @Option(help: "skip-sync, ack-before-sync, release-first or none.") var fault = EngineFault.none
    @Option(help: "Reserve file, bytes.") var reserve: UInt64 = 0
    @Option(help: "Free bytes below which writes are refused.") var minFree: UInt64 = 0
    @Option(help: "Seal a range after this many seconds.") var rangeSeconds = 0
    @Option(help: "Sealed points leave the database after so many days.") var hotDays: Double?
    @Option(help: "Mirrors that must have a copy before.") var requireCopy: [String] = []
    @Option(help: "Judging threads.") var workers: Int?
    @Option(help: "A checkpoint is due when the journal is that long.") var journalLimit: Int?
    @Option(help: "Size of the journal's files, at most.") var journalFile: Int?
    @Option(help: "End like a kill at a moment of the first seal, as before-rename, after-write.")
    var stopAtSeal: String?
    @Option(help: "Wait at that moment instead of ending, and say so on standard output.")
    var holdAtSeal: String?
    @Option(help: "Connections at one time.") var connections: Int?
    @Option(help: "Replies that one client may leave, bytes; eight times that for all.")
    var outputBytes: Int?
    @Option(help: "Unfinished requests of all connections, bytes.") var inputBytes: Int?
    @Option(help: "Silent connections are asked after so many seconds.") var keepAlive: Int?
    @Option(help: "How long listeners are told of moves before others are served, ms.")
    var moveTurn: Int64?
    @Option(help: "Deliver alerts to this Alertmanager.") var alertmanager: [String] = []
    @Option(help: "Deliver alerts to this webhook.") var webhook: [String] = []
    @Option(help: "The secret of webhooks, in a file.") var webhookSecret: String?
    @Option(help: "Whose certificates are good for targets of alerts.") var alertCa: String?
    @Option(help: "Episodes of alerts end after so many seconds.") var alertResolveSeconds = 300
    @Option(help: "Open ones are told again after so many.") var alertResendSeconds = 60
    @Flag(help: "What is sent counts as delivered before it is.") var noteBeforeDelivery = false
    @Option(help: "Ignored; taken so that campaigns can pass it.") var logLevel: String?

    func run() throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "tachod-faulty")
        logger.logLevel = .warning
        var engine = EngineOptions(directory: data)
        engine.fault = fault
        engine.reserveBytes = reserve
        engine.minFreeBytes = minFree
        engine.rangeSeconds = rangeSeconds
        engine.retirement = hotDays.map { RetireQuery(hotDays: $0, copies: requireCopy) }
        engine.workers = workers
        if let journalLimit { engine.journalLimitBytes = journalLimit }
        if let journalFile { engine.journalFileBytes = journalFile }
        try Self.add(stopAtSeal, to: &engine) { _exit(137) }
        try Self.add(holdAtSeal, to: &engine) {
            print("held at seal")
            fflush(nil)
            while true { sleep(60) }
        }
        var options = ServerProgramOptions(
            engine: engine, resp: try ListenAddress.parse(resp))
        change(&options.limits)
        options.alerts = try alerts()
        throw ExitCode(ServerProgram.run(options, logger: logger))
    }

    private func alerts() throws -> NotifyOptions {
        var alerts = NotifyOptions()
        alerts.targets =
            try alertmanager.map { try TargetAddress(kind: .alertmanager, text: $0) }
            + webhook.map { try TargetAddress(kind: .webhook, text: $0) }
        alerts.secretPath = webhookSecret
        alerts.authoritiesPath = alertCa
        alerts.resolveSeconds = alertResolveSeconds
        alerts.resendSeconds = alertResendSeconds
        alerts.notesBeforeDelivery = noteBeforeDelivery
        return alerts
    }

    private func change(_ limits: inout ServerLimits) {
        if let connections { limits.connections = connections }
        if let outputBytes {
            limits.outputBytes = outputBytes
            limits.outputSoftBytes = outputBytes / 2
            limits.outputMarkBytes = outputBytes / 2
            limits.allOutputBytes = 8 * outputBytes
        }
        if let inputBytes { limits.inputBytes = inputBytes }
        if let keepAlive { limits.keepAliveSeconds = keepAlive }
        if let moveTurn { limits.moveTurnMicroseconds = moveTurn * 1_000 }
    }

    private static func add(
        _ text: String?, to options: inout EngineOptions, _ body: @escaping @Sendable () -> Void
    ) throws {
        guard let text else { return }
        guard let wanted = SealMoment(text) else {
            throw ValidationError("\(text): one of \(SealMoment.all) expected")
        }
        options.atSealMoment = { if $0 == wanted { body() } }
    }
}
