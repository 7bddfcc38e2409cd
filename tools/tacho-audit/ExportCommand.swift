import ArgumentParser
import TachoAudit

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes every point of the range asked for, with its verdicts and its place.",
        discussion: """
            Rows by segment, block and index. verdict_at_seal is the verdict when the point's
            segment was sealed, verdict the one after the amendments of all segments. T is Unix ms
            or RFC 3339, inclusive. With event and receipt times a point must lie in both.

            EXAMPLES
              tacho-audit export --audit DIR/audit --format csv --out all.csv
              tacho-audit export --audit DIR/audit --rider 7 --rider 8 \\
                --from 2026-01-02T00:00:00Z --to 2026-01-02T23:59:59.999Z --format csv --out -
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("Only this rider; may be repeated.", valueName: "R"))
    var rider: [String] = []
    @Option(help: ArgumentHelp("First event time.", valueName: "T")) var from: TimeArgument?
    @Option(help: ArgumentHelp("Last event time.", valueName: "T")) var to: TimeArgument?
    @Option(help: ArgumentHelp("First receipt time.", valueName: "T")) var recvFrom: TimeArgument?
    @Option(help: ArgumentHelp("Last receipt time.", valueName: "T")) var recvTo: TimeArgument?
    @Option(help: ArgumentHelp("csv", valueName: "FORMAT")) var format = "csv"
    @Option(help: ArgumentHelp("The file to write, - for standard output.", valueName: "P"))
    var out = "-"
    @Flag(help: "A summary as JSON; on standard error when rows go to standard output.")
    var json = false

    func validate() throws {
        guard format == "csv" else {
            throw ValidationError("format \(format) is not available in this version; use csv")
        }
        try Self.check(from, to, "--from, --to")
        try Self.check(recvFrom, recvTo, "--recv-from, --recv-to")
    }

    private static func check(
        _ first: TimeArgument?, _ last: TimeArgument?, _ names: String
    ) throws {
        guard let first, let last, first.ms > last.ms else { return }
        throw ValidationError("\(names): the range ends before it starts; swap them")
    }

    func run() throws {
        var query = ExportQuery()
        if !rider.isEmpty { query.riders = Set(rider.map { Array($0.utf8) }) }
        query.tsMs = (from?.ms ?? .min)...(to?.ms ?? .max)
        query.recvMs = (recvFrom?.ms ?? .min)...(recvTo?.ms ?? .max)
        let progress = Progress()
        do throws(ExportError) {
            let output = try ExportOutput(path: out)
            let summary = try AuditExport.csv(
                directory: audit.directory, query: query, to: output
            ) { number, count in progress.show("segment \(number) of \(count)") }
            try output.complete()
            progress.clear()
            report(summary)
        } catch {
            progress.clear()
            throw Failure.exit(error.exit, error.message)
        }
    }

    private func report(_ summary: ExportSummary) {
        for rider in summary.unknownRiders {
            Failure.print(
                "rider \(String(decoding: rider, as: UTF8.self)) has no point in any segment")
        }
        guard json else { return }
        var line = JSONLine()
        line.add("rows", summary.rows)
        line.add("segments", summary.segments)
        if out == "-" {
            ErrorStream.write(line.text + "\n")
        } else {
            print(line.text)
        }
    }
}

/// A time on the command line.
struct TimeArgument: ExpressibleByArgument {
    let ms: Int64

    init?(argument: String) {
        guard let ms = TimeText.parse(argument) else { return nil }
        self.ms = ms
    }
}
