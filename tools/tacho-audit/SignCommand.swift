import ArgumentParser
import TachoAudit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct SignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Signs what a server without a key has put into the log.",
        discussion: """
            Reads the new segments whole again, proves that the log follows from the last signed
            checkpoint and from what --state has seen, then writes DIR/audit/log/checkpoint. Exit 4
            for a log that was set back or exchanged. With --every it goes on until it is stopped,
            or until something is wrong.

            EXAMPLES
              tacho-audit sign --audit DIR/audit --key audit-key --state signer-state
              tacho-audit sign --audit DIR/audit --key audit-key --state signer-state --every 60
            """)

    @OptionGroup var audit: AuditOption
    @Option(
        help: ArgumentHelp(
            "The log's key (default: audit-key beside DIR/audit).", valueName: "FILE"))
    var key: String?
    @Option(help: ArgumentHelp("Remembers what was signed.", valueName: "FILE"))
    var state: String?
    @Option(help: ArgumentHelp("Signs again and again.", valueName: "SECONDS"))
    var every: UInt32?
    @Flag(help: "A JSON object for each checkpoint.") var json = false

    func validate() throws {
        guard every != 0 else { throw ValidationError("--every 0: give at least 1 second") }
    }

    func run() throws {
        let progress = Progress()
        do {
            let key = try KeyFile.read(key ?? audit.directory + "/../audit-key")
            guard key.verifier.kind == .log else { throw KeyError.kind(needed: .log) }
            var last: SignedCheckpoint?
            while true {
                if let checkpoint = try sign(key, progress), checkpoint != last {
                    print(json ? checkpoint.json.text : "signed \(checkpoint.line)")
                    last = checkpoint
                }
                // A pipe would keep the line until its buffer is full.
                fflush(nil)
                guard let every else { return }
                sleep(every)
            }
        } catch {
            progress.clear()
            throw Failure.exit(error)
        }
    }

    /// nil: there is nothing to sign yet, and it is worth waiting.
    private func sign(_ key: SigningKey, _ progress: Progress) throws -> SignedCheckpoint? {
        defer { progress.clear() }
        do throws(LogError) {
            return try LogSigning.sign(
                audit: audit.directory, key: key, state: state
            ) { progress.show("\($0) read again") }
        } catch {
            if every != nil && error.code == .noEntries { return nil }
            throw error
        }
    }
}

struct WitnessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Cosigns a log's checkpoint, if the log follows from what was seen of it.",
        discussion: """
            For somebody who is not the operator. Checks the log's signature and that the log only
            grew since the state was written, adds its line to DIR/audit/log/checkpoint and keeps
            the state. Exit 4, and no signature, for a fork or a log that was set back.

            EXAMPLES
              tacho-audit witness --audit DIR/audit --key witness-key --log-vkey VKEY \\
                --state witness-state
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("The witness's key (key new --witness).", valueName: "FILE"))
    var key: String
    @Option(help: ArgumentHelp("The log's public key, or a file with it.", valueName: "VKEY"))
    var logVkey: String
    @Option(help: ArgumentHelp("Remembers what was cosigned.", valueName: "FILE"))
    var state: String
    @Option(help: ArgumentHelp("Cosigns again and again.", valueName: "SECONDS"))
    var every: UInt32?
    @Flag(help: "A JSON object for each checkpoint.") var json = false

    func validate() throws {
        guard every != 0 else { throw ValidationError("--every 0: give at least 1 second") }
    }

    func run() throws {
        do {
            let key = try KeyFile.read(key)
            let log = try KeyFile.readPublic(logVkey)
            guard key.verifier.kind == .witness else { throw KeyError.kind(needed: .witness) }
            guard log.kind == .log else { throw KeyError.kind(needed: .log) }
            var last: SignedCheckpoint?
            while true {
                let checkpoint = try LogSigning.cosign(
                    audit: audit.directory, key: key, log: log, state: state,
                    seconds: UInt64(time(nil)))
                if checkpoint.head != last?.head {
                    print(json ? checkpoint.json.text : "cosigned \(checkpoint.line)")
                    last = checkpoint
                }
                // A pipe would keep the line until its buffer is full.
                fflush(nil)
                guard let every else { return }
                sleep(every)
            }
        } catch {
            throw Failure.exit(error)
        }
    }
}
