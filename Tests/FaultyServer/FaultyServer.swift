import ArgumentParser
import Logging
import TachoEngine
import TachoServer

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
    @Option(help: "Judging threads.") var workers: Int?
    @Option(help: "A checkpoint is due when the journal is that long.") var journalLimit: Int?
    @Option(help: "Size of the journal's files, at most.") var journalFile: Int?
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
        engine.workers = workers
        if let journalLimit { engine.journalLimitBytes = journalLimit }
        if let journalFile { engine.journalFileBytes = journalFile }
        let options = ServerProgramOptions(
            engine: engine, resp: try ListenAddress.parse(resp))
        throw ExitCode(ServerProgram.run(options, logger: logger))
    }
}
