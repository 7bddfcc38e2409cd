import ArgumentParser
import TachoAudit
import TachoBackup
import TachoClient
import TachoProgram
import TachoTools

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory from a backup, or find out whether that would work.",
        discussion: """
            tacho restore DIR DATA reads and compares every byte of a generation, copies it to DATA, \
            which must be empty, compares again, has an engine count every fix, verifies segments and \
            the log, and says what time it is of. Only then does DATA become a data directory.

            --check only reads and compares. --drill restores to a temporary place, prints what each \
            step took, and removes it; nothing is started.

            A restored directory takes and serves everything and seals nothing: two servers that went on \
            from one state would sign two histories in one name. Once you know that the other one is \
            gone, tacho restore --continue DATA lets it sign; with --mirror it first compares what a \
            mirror knows was signed. If more was signed than is in the backup, --new-log begins another \
            log, under a new key.

            Examples:
              tacho restore /mnt/backup/fleet ./fleet
              tacho restore /mnt/backup/fleet ./fleet --generation 12 --expect-vkey log.pub
              tacho restore --check /mnt/backup/fleet
              tacho restore --drill /mnt/backup/fleet --at /var/tmp --json
              tacho restore --continue ./fleet --mirror /mnt/mirror/audit

            Exit 65: the backup is damaged; files are named, with what to do. 64: the directories named do \
            not fit.
            """)

    @Argument(
        help: ArgumentHelp(
            "The directory of backups, and the data directory to make; with --continue that alone.",
            valueName: "dir"))
    var directories: [String]

    @Option(help: ArgumentHelp("Which one (the newest).", valueName: "n"))
    var generation: UInt64?

    @Flag(help: "Read and compare every byte; restore nothing.")
    var check = false

    @Flag(help: "Restore to a temporary place, check, and remove it.")
    var drill = false

    @Option(
        help: ArgumentHelp(
            "Where the drill makes its directory (TMPDIR, or /tmp).", valueName: "dir"))
    var at: String?

    @Flag(name: .customLong("continue"), help: "Let a restored directory sign its log.")
    var continues = false

    @Option(
        help: ArgumentHelp(
            "With --continue: an audit directory that knows what was signed.", valueName: "dir"))
    var mirror: [String] = []

    @Flag(help: "With --continue: begin another log under a new key.")
    var newLog = false

    @Option(
        help: ArgumentHelp(
            "The log's public key, or a file with it, from elsewhere than the backup.",
            valueName: "vkey"))
    var expectVkey: String?

    @Option(
        help: ArgumentHelp(
            "Read at most so many MiB a second; 0: as fast as it goes.", valueName: "mib"))
    var rate: UInt64 = 0

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard [check, drill, continues].count(where: { $0 }) <= 1 else {
            throw ValidationError("say one of --check, --drill and --continue")
        }
        let wanted = check || drill || continues ? 1 : 2
        guard directories.count == wanted else {
            throw ValidationError(
                wanted == 1
                    ? "one directory expected"
                    : "a directory of backups and a data directory expected")
        }
        guard continues || (mirror.isEmpty && !newLog) else {
            throw ValidationError("--mirror and --new-log go with --continue")
        }
        guard mirror.isEmpty || !newLog else {
            throw ValidationError("a new log is compared with no mirror")
        }
        guard drill || at == nil else { throw ValidationError("--at goes with --drill") }
    }

    func run() throws {
        if continues { return try goOn() }
        Interrupt.catchSignals()
        do throws(BackupFailure) {
            try restore()
        } catch {
            if case .damaged(let findings) = error, findings.count > 1 {
                for finding in findings.prefix(100) { Program.say("tacho: \(finding)") }
            }
            throw error.tool
        }
    }

    private func restore() throws(BackupFailure) {
        let start = ContinuousClock.now
        let store = try BackupStore(reading: directories[0], generation: generation)
        let meter = CopyMeter(totalBytes: nil)
        defer { meter.clear() }
        var options = RestoreOptions(
            pacer: Pacer(
                bytesPerSecond: rate == 0 ? nil : rate << 20, progress: { meter.update($0) },
                isStopping: { Interrupt.isRequested }))
        options.generation = generation
        if let expectVkey {
            do throws(KeyError) {
                options.expectedKey = try KeyFile.readPublic(expectVkey)
            } catch {
                throw .usage(error.message)
            }
        }
        var run = try RestoreRun(store, options)
        let (summary, kind) = try perform(&run)
        meter.clear()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try Result {
            try BackupReports.restore(
                summary, as: kind, seconds: seconds, json: json, to: Output.standard())
        }.mapError { BackupFailure.inputOutput("\($0)") }.get()
    }

    private func perform(
        _ run: inout RestoreRun
    ) throws(BackupFailure) -> (RestoreSummary, RestoreKind) {
        if check { return (try run.check(), .check) }
        guard drill else { return (try run.restore(to: directories[1]), .restore(directories[1])) }
        let place = try DrillPlace(at ?? DrillPlace.usual)
        return (try run.restore(to: place.path), .drill)
    }

    private func goOn() throws {
        let data = directories[0]
        do throws(LogError) {
            let isReleased =
                try newLog
                ? LogHold.beginAnew(data: data)
                : LogHold.release(audit: data + "/audit", mirrors: mirror)
            Program.say(
                isReleased
                    ? "tacho: \(data) seals and signs from now on"
                    : "tacho: the log of \(data) is not held; nothing was changed")
        } catch {
            let status = error.exit == .fork ? ExitStatus.error : ExitStatus.ioError
            throw ToolFailure(status, error.message)
        }
    }
}
