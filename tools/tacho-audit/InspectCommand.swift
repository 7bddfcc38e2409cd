import ArgumentParser
import TachoAudit

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows header, counts, riders and blocks of segments.",
        discussion: """
            Checks what it shows, but not the points: that is verify.

            EXAMPLES
              tacho-audit inspect --audit DIR/audit
              tacho-audit inspect --audit DIR/audit --segment 3 --json
              tacho-audit inspect --audit DIR/audit --rider 7 --blocks
              tacho-audit inspect 00000003.seg
            """)

    @Argument(help: ArgumentHelp("Segment files.", valueName: "FILE")) var files: [String] = []
    @Option(help: ArgumentHelp("Directory of sealed segments.", valueName: "DIR/audit"))
    var audit: String?
    @Option(help: ArgumentHelp("Only this segment of the directory.", valueName: "N"))
    var segment: UInt64?
    @Option(help: ArgumentHelp("Only this rider, in segments that have it.", valueName: "R"))
    var rider: String?
    @Flag(help: "Every block, with its place in the file, its count and times.") var blocks = false
    @Flag(help: "A JSON object a line for each segment.") var json = false

    func validate() throws {
        guard files.isEmpty != (audit == nil) else {
            throw ValidationError("give either segment files or --audit DIR/audit")
        }
        guard segment == nil || audit != nil else {
            throw ValidationError("--segment goes with --audit DIR/audit")
        }
    }

    func run() throws {
        var exit = AuditExit.verified
        var isKnown = rider == nil
        for path in try paths() {
            do throws(SegmentError) {
                let inspection = try SegmentInspection(
                    path: path, rider: rider.map { Array($0.utf8) }, blocks: blocks)
                if rider != nil {
                    guard !inspection.riders.isEmpty else { continue }
                    isKnown = true
                }
                print(json ? inspection.json.text : inspection.lines.joined(separator: "\n"))
            } catch {
                Failure.print(error.message(file: path))
                exit = exit.worst(error.exit)
            }
        }
        if exit != .verified { throw ExitCode(exit.rawValue) }
        if !isKnown, let rider {
            throw Failure.exit(.usage, "rider \(rider) has no point in any of these segments")
        }
    }

    private func paths() throws -> [String] {
        guard let audit else { return files }
        if let segment { return [audit + "/" + AuditDirectory.fileName(segment)] }
        let entries: [AuditDirectory.Entry]
        do throws(SegmentError) {
            entries = try AuditDirectory.segments(at: audit)
        } catch {
            throw Failure.exit(error.exit, error.message(file: audit))
        }
        guard !entries.isEmpty else {
            throw Failure.exit(.incomplete, "\(audit): there is no segment here")
        }
        return entries.map(\.path)
    }
}
