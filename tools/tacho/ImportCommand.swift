import ArgumentParser
import TachoClient
import TachoGeo
import TachoProgram
import TachoTools

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store the fixes of CSV, NDJSON, GPX and GeoLife files.",
        discussion: """
            Files are plain or gzip-compressed; - is standard input. What a file is shows in its \
            ending (.csv .ndjson .jsonl .json .gpx .plt) or else in its first bytes; --format \
            says it for all of them.

              csv     a header names the columns: rider,ts_ms,lat,lon are needed,
                      speed_mps,heading_deg,accuracy_m,alt_m,src,recv_ms are
                      read, others are ignored
              ndjson  one JSON object a line with the same names as keys
              gpx     points of tracks, with speed and course of GPX 1.0 or of
                      extensions; those without time are no fixes; waypoints
                      and routes are ignored
              plt     GeoLife: GMT, feet

            GPX and plt do not say whose fixes they hold: the rider is the name of the file \
            without its ending (of GeoLife that is the trip), or --rider. The same goes for lines \
            of NDJSON without rider.

            Without recv_ms a file is history; with it, rows are in order of delivery and are \
            judged by that receipt time.

            Importing a file again stores nothing new, so an import that was stopped is run again. \
            What is no fix goes to DIR/rejected/NAME-TIME.ndjson (with --server: to \
            ./rejected-NAME-TIME.ndjson) with line, reason and raw text.

            Examples:
              tacho import --data ./fleet rides.csv.gz --vehicle bicycle
              tacho import --data ./fleet morning.gpx evening.gpx --rider kim
              zcat day-*.csv.gz | tacho import --server 127.0.0.1:7227 - --json

            Exit codes: 1 a file cannot be read, or not to its end, 65 nothing in the files is \
            valid, 130 stopped by Ctrl-C; what was stored until then stays stored.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file"))
    var files: [String]

    @Option(help: "Whose fixes these are, if the file does not say.")
    var rider: String?

    @Option(help: "What all files are: csv, ndjson, gpx or plt.")
    var format: ImportFormat?

    @Option(help: "Vehicle class of all riders in the files: foot, bicycle, scooter, car, any.")
    var vehicle: VehicleClass?

    @Option(help: ArgumentHelp("Where lines that are no fix go.", valueName: "file"))
    var rejected: String?

    @Flag(help: "Print the summary as one JSON line.")
    var json = false

    func validate() throws {
        guard !files.isEmpty else { throw ValidationError("name a file, or - for standard input") }
        if let rider, let defect = Array(rider.utf8).withUnsafeBytes({ RiderName.defect($0) }) {
            throw ValidationError("--rider: \(defect.message(value: rider))")
        }
        guard files.filter({ $0 == "-" }).count <= 1 else {
            throw ValidationError("standard input can be read once; name - once")
        }
    }

    func run() throws {
        Interrupt.catchSignals()
        // Everything that can be wrong with the files comes before a directory is made.
        for file in files where format == nil {
            if let defect = InputFile.formatDefect(file) { throw defect }
        }
        let inputs = try files.map { file throws(ToolFailure) in try InputFile(path: file) }
        let sizes = inputs.map(\.bytes)
        let totalBytes = sizes.contains(nil) ? nil : sizes.compactMap { $0 }.reduce(0, +)

        var options = ImportOptions(
            files: files,
            rejected: rejected.map { .file($0) } ?? target.choice.rejectedPlace)
        options.rider = rider.map { Array($0.utf8) }
        options.vehicle = vehicle
        options.format = format
        try target.withTarget(creates: true) { store in
            let job = ImportJob(
                target: store, options: options, nowMs: Clock.nowMs(), totalBytes: totalBytes,
                shouldStop: { Interrupt.isRequested })
            let outcome = job.run(inputs)
            try report(outcome)
            if let failure = outcome.failure { throw failure }
        }
    }

    /// The JSON line is the last on standard output; remarks for people go elsewhere then.
    private func report(_ outcome: ImportOutcome) throws {
        let output = Output.standard()
        for warning in outcome.warnings { Program.say("tacho: warning: \(warning)") }
        if json {
            for note in outcome.summary.notes { Program.say("tacho: \(note)") }
            try output.line(outcome.summary.json(seconds: outcome.seconds))
        } else if outcome.summary.read > 0 || outcome.failure == nil {
            try output.line(outcome.summary.text(seconds: outcome.seconds))
            for note in outcome.summary.notes { try output.line(note) }
        }
        if !outcome.rejectedPaths.isEmpty && outcome.failure?.status != ExitStatus.badData {
            let line = "rejected lines are in " + outcome.rejectedPaths.joined(separator: ", ")
            if json { Program.say("tacho: \(line)") } else { try output.line(line) }
        }
        try output.flush()
    }
}

extension ImportFormat: ExpressibleByArgument {}

extension VehicleClass: ExpressibleByArgument {
    public init?(argument: String) {
        guard let found = VehicleClass.allCases.first(where: { $0.name == argument }) else {
            return nil
        }
        self = found
    }

    public static var allValueStrings: [String] { allCases.map(\.name) }
}
