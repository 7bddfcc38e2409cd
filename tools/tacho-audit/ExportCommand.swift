import ArgumentParser
import TachoAudit
import TachoGeo

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes every point of the range asked for, with its verdicts and its place.",
        discussion: """
            Rows by segment, block and index. verdict_at_seal is the verdict when the point's
            segment was sealed, verdict the one after the amendments of all segments. T is Unix ms
            or RFC 3339, inclusive. With event and receipt times a point must lie in both. Areas:
              CIRCLE,lat,lon,m   BBOX,min_lat,min_lon,max_lat,max_lon   CELL,h3
              POLYGON,rings,n,lat,lon,...
            measured point by point; borders belong.

            FORMATS
              csv      RFC 4180, a row a point
              ndjson   an object a line, the names of the CSV header as keys
              geojson  a FeatureCollection, a Point a fix with all of that as properties
              gpx      GPX 1.1, a track a rider; what GPX lacks in extensions
              kml      a gx:Track a block, for Google Earth; the rest as arrays

            A file gets its name when it is whole; until then it is P.partial, and --resume goes on
            with it after whatever stopped it, to the same bytes. Beside it P.manifest.json says
            what was asked and read and what came out. --limit gives pages: the cursor it prints is
            where --cursor goes on, among the same segments, whatever was sealed meanwhile.

            EXAMPLES
              tacho-audit export --audit DIR/audit --format csv --out all.csv
              tacho-audit export --audit DIR/audit --rider 7 --rider 8 \\
                --from 2026-01-02T00:00:00Z --to 2026-01-02T23:59:59.999Z --format csv --out -
              tacho-audit export --audit DIR/audit --area CIRCLE,37.5665,126.978,100 \\
                --format geojson --out city-hall.geojson
              tacho-audit export --audit DIR/audit --as-of 120 --format gpx --out all.gpx --resume
            """)

    @OptionGroup var audit: AuditOption
    @Option(help: ArgumentHelp("Only this rider; may be repeated.", valueName: "R"))
    var rider: [String] = []
    @Option(help: ArgumentHelp("First event time.", valueName: "T")) var from: TimeArgument?
    @Option(help: ArgumentHelp("Last event time.", valueName: "T")) var to: TimeArgument?
    @Option(help: ArgumentHelp("First receipt time.", valueName: "T")) var recvFrom: TimeArgument?
    @Option(help: ArgumentHelp("Last receipt time.", valueName: "T")) var recvTo: TimeArgument?
    @Option(help: ArgumentHelp("Only points inside.", valueName: "A")) var area: String?
    @Option(help: ArgumentHelp("csv, ndjson, geojson, gpx or kml.", valueName: "FORMAT"))
    var format = ExportFormat.csv
    @Option(help: ArgumentHelp("The file to write, - for standard output.", valueName: "P"))
    var out = "-"
    @Option(
        help: ArgumentHelp(
            "As of the log's first N entries (the first N segments, where there is no log).",
            valueName: "N"))
    var asOf: UInt64?
    @Option(help: ArgumentHelp("At most N rows.", valueName: "N")) var limit: UInt64?
    @Option(help: ArgumentHelp("Rows behind this one.", valueName: "C")) var cursor: String?
    @Flag(help: "Go on with P.partial of the same question, if there is one.") var resume = false
    @Option(
        help: ArgumentHelp(
            "Where the manifest goes; P.manifest.json if not given.", valueName: "FILE"))
    var manifest: String?
    @Flag(help: "A summary as JSON; on standard error when rows go to standard output.")
    var json = false

    func validate() throws {
        try Self.check(from, to, "--from, --to")
        try Self.check(recvFrom, recvTo, "--recv-from, --recv-to")
        guard limit != 0 else { throw ValidationError("--limit is at least 1") }
        guard asOf != 0 else { throw ValidationError("--as-of is at least 1") }
        guard !resume || out != "-" else {
            throw ValidationError("--resume goes with a file: give --out P")
        }
        guard manifest != "-" else {
            throw ValidationError("the manifest is a file: give --manifest FILE")
        }
        _ = try query()
    }

    private static func check(
        _ first: TimeArgument?, _ last: TimeArgument?, _ names: String
    ) throws {
        guard let first, let last, first.ms > last.ms else { return }
        throw ValidationError("\(names): the range ends before it starts; swap them")
    }

    private func query() throws -> ExportQuery {
        var query = ExportQuery()
        if !rider.isEmpty { query.riders = Set(rider.map { Array($0.utf8) }) }
        query.tsMs = (from?.ms ?? .min)...(to?.ms ?? .max)
        query.recvMs = (recvFrom?.ms ?? .min)...(recvTo?.ms ?? .max)
        query.limit = limit
        if let area {
            do throws(AreaError) {
                query.area = try ExportArea(commaSeparated: area)
            } catch {
                throw ValidationError("--area: \(error.description)")
            }
        }
        guard let cursor else { return query }
        guard let after = ExportCursor(cursor) else {
            throw ValidationError("--cursor \(cursor) is none; give one that an export printed")
        }
        guard asOf == nil else {
            throw ValidationError("--cursor says as of when it is; leave --as-of out")
        }
        query.after = after
        return query
    }

    func run() throws {
        var query = try query()
        let progress = Progress()
        let percent = PercentLine(progress)
        let manifestPath = manifest ?? (out == "-" ? nil : out + ".manifest.json")
        do throws(ExportError) {
            if let manifestPath { try ExportOutput.refuseFolder(manifestPath) }
            if let asOf { query.asOf = try ExportLog.segments(asOf: asOf, in: audit.directory) }
            let output = try ExportOutput(
                path: out, resuming: resume, hashes: manifestPath != nil)
            var summary = try AuditExport.run(
                directory: audit.directory, query: query, format: format, to: output,
                progress: { percent.show($0, of: $1) })
            if let manifestPath {
                try summary.hashLastSegment()
                let content = ExportManifest(
                    program: "tacho-audit " + AuditCommand.configuration.version, format: format,
                    query: query, summary: summary, output: output,
                    checkpoint: ExportLog.checkpoint(of: audit.directory))
                try output.complete(manifest: (manifestPath, content.text))
            } else {
                try output.complete()
            }
            progress.clear()
            report(summary, output)
        } catch {
            progress.clear()
            throw Failure.exit(error.exit, error.message)
        }
    }

    private func report(_ summary: ExportSummary, _ output: ExportOutput) {
        for rider in summary.unknownRiders {
            Failure.print(
                "rider \(String(decoding: rider, as: UTF8.self)) has no point in any segment")
        }
        if let cursor = summary.cursor, !json {
            Failure.print("\(summary.rows) rows, there are more: --cursor \(cursor.text)")
        }
        guard json else { return }
        var line = JSONLine()
        line.add("rows", summary.rows)
        line.add("segments", summary.segments)
        line.add("bytes", output.byteCount)
        if let cursor = summary.cursor {
            line.add("cursor", cursor.text)
        } else {
            line.addNull("cursor")
        }
        if out == "-" {
            ErrorStream.write(line.text + "\n")
        } else {
            print(line.text)
        }
    }
}

extension ExportFormat: ExpressibleByArgument {}

/// A time on the command line.
struct TimeArgument: ExpressibleByArgument {
    let ms: Int64

    init?(argument: String) {
        guard let ms = TimeText.parse(argument) else { return nil }
        self.ms = ms
    }
}
