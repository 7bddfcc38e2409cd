import ArgumentParser
import TachoAudit

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks structure, checksums, hashes, chain and completeness of all segments.",
        discussion: """
            Goes on after the first finding. Segments missing at the end cannot be known from the
            directory alone: compare the last SHA-256 with one you kept.

            EXAMPLES
              tacho-audit verify --audit DIR/audit
              tacho-audit verify --audit DIR/audit --deep --json
            """)

    @OptionGroup var audit: AuditOption
    @Flag(help: "Decode every block too, and recount.") var deep = false
    @Flag(help: "JSON lines: findings, segments, and a summary at the end.") var json = false

    func run() throws {
        let progress = Progress()
        let summary = Verifier.run(directory: audit.directory, deep: deep) { event in
            progress.clear()
            if json {
                print(event.json.text)
            } else if let line = event.line {
                print(line)
            }
            if case .segment(let file, _) = event { progress.show("\(file) checked") }
        }
        progress.clear()
        print(json ? summary.json.text : summary.line)
        if summary.exit != .verified { throw ExitCode(summary.exit.rawValue) }
    }
}
