import ArgumentParser
import TachoAudit

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The auditor's program: reads sealed segments, needs no server and no database.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tacho-audit",
        abstract: "Verifies, shows, exports and copies sealed segments. Opens them read-only.",
        discussion: """
            EXAMPLES
              tacho-audit verify --audit DIR/audit
              tacho-audit export --audit DIR/audit --rider 7 --format csv --out 7.csv
              tacho-audit mirror DIR/audit /mnt/copy/audit
              tacho-audit inspect --audit DIR/audit --segment 1
              tacho-audit verify --audit DIR/audit --expect-vkey VKEY --trust fleet.trust
              tacho-audit prove --audit DIR/audit --rider 7 --time 1767225600000 --out 7.proof
              tacho-audit check-proof 7.proof --expect-vkey VKEY
              tacho-audit key new --name tacho.example.com/fleet --out DIR/audit-key
              tacho-audit distance --audit DIR/audit --rider 7 --legs 7.legs.csv

            EXIT CODES
              0 verified or done · 1 usage · 2 damage or forgery · 3 incomplete: gap, missing or
              cut segment · 4 fork or rollback · 5 input or output error · 6 unknown version or
              algorithm · 7 verified but not decryptable. Of several the first in 4 2 3 5 6 7.
            """,
        version: "0.1.0",
        subcommands: [
            VerifyCommand.self, ExportCommand.self, MirrorCommand.self, InspectCommand.self,
            KeyCommand.self, SignCommand.self, WitnessCommand.self, ProveCommand.self,
            CheckProofCommand.self, DistanceCommand.self,
        ])
}

/// The directory every command reads.
struct AuditOption: ParsableArguments {
    @Option(
        name: .customLong("audit"),
        help: ArgumentHelp("Directory of sealed segments.", valueName: "DIR/audit"))
    var directory: String
}

/// Errors are one line on standard error.
enum Failure {
    static func print(_ message: String) {
        let line = message.split(separator: "\n").joined(separator: " ")
        ErrorStream.write("tacho-audit: \(line)\n")
    }

    static func exit(_ code: AuditExit, _ message: String) -> ExitCode {
        print(message)
        return ExitCode(code.rawValue)
    }

    /// For errors of keys, logs and proofs, which know their exit code.
    static func exit(_ error: any Error) -> any Error {
        switch error {
        case let error as KeyError: exit(error.exit, error.message)
        case let error as LogError: exit(error.exit, error.message)
        case let error as ProofError: exit(error.exit, error.message)
        default: error
        }
    }
}

/// A line on the terminal that is written over; nothing when standard error is none.
struct Progress {
    private let isOn = isatty(STDERR_FILENO) == 1

    func show(_ text: String) {
        if isOn { ErrorStream.write("\r\u{1B}[K\(text)") }
    }

    func clear() { show("") }
}

/// How far a long work is, in whole percent. Told of every step from several threads, one at a time.
final class PercentLine: @unchecked Sendable {
    private let progress: Progress
    private var shown: UInt64?

    init(_ progress: Progress) { self.progress = progress }

    func show(_ done: UInt64, of total: UInt64) {
        let percent = total == 0 ? 100 : UInt64(Double(done) / Double(total) * 100)
        guard percent != shown else { return }
        shown = percent
        progress.show("\(percent) %")
    }
}

/// Standard error by its descriptor: the C stream is a global variable Swift cannot share safely.
enum ErrorStream {
    static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let put = rest.withUnsafeBytes { raw in
                #if canImport(Glibc)
                    Glibc.write(STDERR_FILENO, raw.baseAddress, raw.count)
                #else
                    Darwin.write(STDERR_FILENO, raw.baseAddress, raw.count)
                #endif
            }
            // There is nowhere left to report that standard error is closed.
            guard put > 0 else { return }
            rest = rest.dropFirst(put)
        }
    }
}
