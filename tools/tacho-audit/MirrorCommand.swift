import ArgumentParser
import TachoAudit

struct MirrorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Copies what another directory lacks, verifies, and records the copies.",
        discussion: """
            Segments, and the log as far as it is signed. A copy gets its name after it was put on disk,
            read back and found to have the SHA-256 of the original; TO/mirror.ndjson says so, for
            a server that waits for a copy. No segment and no tile in TO is ever written
            over; its checkpoint is replaced only by one that is shown to begin with it. Run it again after
            whatever stopped it: it goes on. Copies that are recorded are not read again unless
            --deep is given.

            EXAMPLES
              tacho-audit mirror DIR/audit /mnt/copy/audit
              tacho-audit mirror DIR/audit /mnt/copy/audit --deep --json

            EXIT CODES
              0 all copied or there · 1 usage · 2 damage, or other content in TO · 3 segments
              missing in both · 4 another log in TO · 5 input or output error, disk full ·
              6 unknown version
            """)

    @Argument(help: ArgumentHelp("Directory of sealed segments.", valueName: "FROM"))
    var source: String
    @Argument(
        help: ArgumentHelp("Directory of the copies; made if there is none.", valueName: "TO"))
    var target: String
    @Flag(help: "Read every copy again, and record it.") var deep = false
    @Flag(help: "JSON lines: segments, findings, and a summary at the end.") var json = false

    func run() throws {
        let progress = Progress()
        let percent = PercentLine(progress)
        let summary: MirrorSummary
        do throws(MirrorError) {
            summary = try Mirror.run(from: source, to: target, deep: deep) { event in
                if case .progress(let done, let total) = event {
                    percent.show(done, of: total)
                    return
                }
                progress.clear()
                if json {
                    if let line = event.json { print(line.text) }
                } else if let line = event.text {
                    print(line)
                }
            }
        } catch {
            progress.clear()
            throw Failure.exit(error.exit, error.message)
        }
        progress.clear()
        print(json ? summary.json.text : summary.line)
        if summary.exit != .verified { throw ExitCode(summary.exit.rawValue) }
    }
}
