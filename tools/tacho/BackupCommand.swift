import ArgumentParser
import TachoBackup
import TachoClient
import TachoProgram
import TachoTools

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory, in use or not, into a directory of backups.",
        discussion: """
            Everything that was acknowledged before the command began is in the backup. The first one \
            copies all, later ones what is new; each is whole by itself. A running tachod goes on: it \
            keeps the files of one moment, and this program copies them, so it needs to read the data \
            directory. What was copied is read back, and points, files and rows are counted and \
            compared, before the backup counts. Segments lie in DIR/audit, a mirror that \
            tacho-audit verify and retire --require-copy take as it is.

            Examples:
              tacho backup /mnt/backup/fleet --data ./fleet
              tacho backup /mnt/backup/fleet --data ./fleet --keep 14 --rate 50 --json
              tacho backup /mnt/backup/fleet --list
              tacho restore --drill /mnt/backup/fleet

            The key that signs the log of segments is left out unless --with-keys: whoever has it can \
            sign in your name. Exit 65: what is to be backed up is damaged. 74: the disk. 75: in use, or \
            the server was restarted meanwhile; run again.
            """)

    @Argument(
        help: ArgumentHelp("The directory of backups; made if it is not there.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String?

    @OptionGroup var login: LoginOptions

    @Flag(help: "Print the generations that there are.")
    var list = false

    @Option(help: ArgumentHelp("Give up all but the newest n generations.", valueName: "n"))
    var keep: Int?

    @Option(
        help: ArgumentHelp(
            "Copy at most so many MiB a second; 0: as fast as it goes.", valueName: "mib"))
    var rate: UInt64 = 100

    @Flag(help: "Also the private key that signs the log of segments.")
    var withKeys = false

    @Flag(help: .hidden)
    var forgetJournal = false

    @Flag(help: "One JSON object: generation, points, files, bytes, copied_files and others.")
    var json = false

    func validate() throws {
        guard list != (data != nil) else {
            throw ValidationError("name the data directory with --data DIR, or say --list")
        }
        if let keep, keep < 1 { throw ValidationError("--keep \(keep): 1 or more expected") }
        guard rate < 1 << 30 else { throw ValidationError("--rate \(rate): MiB a second expected") }
    }

    func run() throws {
        guard let data else { return try printList() }
        Interrupt.catchSignals()
        let meter = CopyMeter(totalBytes: nil)
        var options = BackupOptions(
            data: data,
            pacer: Pacer(
                bytesPerSecond: rate == 0 ? nil : rate << 20, progress: { meter.update($0) },
                isStopping: { Interrupt.isRequested }))
        options.withKeys = withKeys
        options.keep = keep
        options.forgetsJournal = forgetJournal
        let start = ContinuousClock.now
        let job = BackupJob(directory: directory, options: options)
        let result = Result { try job.run(access: try login.access()) }
        meter.clear()
        try BackupReports.backup(
            try result.get(), seconds: (ContinuousClock.now - start) / .seconds(1), json: json,
            to: Output.standard())
    }

    private func printList() throws {
        do throws(BackupFailure) {
            let store = try BackupStore(reading: directory)
            var manifests: [BackupManifest] = []
            var failure: BackupFailure?
            for one in store.index?.generations ?? [] {
                do throws(BackupFailure) {
                    manifests.append(try store.manifest(one.number))
                } catch {
                    failure = failure ?? error
                }
            }
            try Result { try BackupReports.list(manifests, json: json, to: Output.standard()) }
                .mapError { BackupFailure.inputOutput("\($0)") }.get()
            // Behind the others: one that is lost hides none of them.
            if let failure { throw failure }
        } catch {
            throw error.tool
        }
    }
}

/// How much was copied, on a terminal.
final class CopyMeter {
    private var bar: ProgressBar

    init(totalBytes: UInt64?) {
        bar = ProgressBar(totalBytes: totalBytes.map { Int(clamping: $0) })
    }

    func update(_ bytes: UInt64) { bar.update(copiedBytes: Int(clamping: bytes)) }
    func clear() { bar.clear() }
}
