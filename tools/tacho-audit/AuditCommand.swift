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
        abstract: "Verifies, shows and exports sealed segments. Opens everything read-only.",
        discussion: """
            EXAMPLES
              tacho-audit verify --audit DIR/audit
              tacho-audit export --audit DIR/audit --rider 7 --format csv --out 7.csv
              tacho-audit inspect --audit DIR/audit --segment 1
              tacho-audit distance --audit DIR/audit --rider 7 --legs 7.legs.csv

            EXIT CODES
              0 verified or done · 1 usage · 2 damage or forgery · 3 incomplete: gap, missing or
              cut segment · 4 fork or rollback · 5 input or output error · 6 unknown version or
              algorithm · 7 verified but not decryptable. Of several the first in 4 2 3 5 6 7.
            """,
        version: "0.1.0",
        subcommands: [
            VerifyCommand.self, ExportCommand.self, InspectCommand.self, DistanceCommand.self,
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
}

/// A line on the terminal that is written over; nothing when standard error is none.
struct Progress {
    private let isOn = isatty(STDERR_FILENO) == 1

    func show(_ text: String) {
        if isOn { ErrorStream.write("\r\u{1B}[K\(text)") }
    }

    func clear() { show("") }
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
