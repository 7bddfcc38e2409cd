import ArgumentParser
import TachoGeo
import TachoTools

struct LatestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latest",
        abstract: "Print where riders are: the newest accepted or flagged fix of each.",
        discussion: """
            Examples:
              tacho latest --data ./fleet t1
              tacho latest --server 127.0.0.1:7227 t1 t2 --json

            Exit code 1 if a rider has no such fix; the others are printed.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("Riders.", valueName: "rider"))
    var riders: [String]

    @Flag(help: "One JSON object per rider.")
    var json = false

    func run() throws {
        try target.withTarget {
            try Reports.latest(
                riders.map { Array($0.utf8) }, from: $0, json: json, to: Output.standard())
        }
    }
}

struct TrackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "track",
        abstract: "Print the fixes of a rider, by time.",
        discussion: """
            Times are Unix ms or RFC 3339; both ends belong to the answer. What is printed as csv, \
            ndjson or gpx can be imported again and gives the same fixes:

              csv      the header of imports, and a column src if any fix has one
              ndjson   one object a fix, with recv_ms, src and verdict, null where
                       nothing was said; an import judges by that recv_ms
              gpx      GPX 1.1, one track; speed and course in Garmin's extension,
                       accuracy, src and verdicts that are not ok in Tacho's. An
                       import takes the rider from the file's name or --rider
              geojson  one Feature with a line, cut where it crosses the
                       antimeridian; times, speeds and the rest as arrays in
                       properties.coordinateProperties. Long tracks are kept in
                       TMPDIR meanwhile, 90 bytes a fix

            With --simplify M only as many fixes as a line needs: each one left out lies within M \
            metres of where the line is at its time, also if it was held; --verdict ok leaves those \
            out.

            Examples:
              tacho track --data ./fleet t1 > t1.csv
              tacho track --server 127.0.0.1:7227 t1 --from 2019-02-17T07:00:00Z --verdict flagged
              tacho track --data ./fleet t1 --format geojson > t1.geojson
              tacho track --data ./fleet t1 --verdict ok --simplify 10 --format ndjson
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
    var rider: String

    @Option(help: ArgumentHelp("First time.", valueName: "t"), transform: instant)
    var from: Int64?

    @Option(help: ArgumentHelp("Last time.", valueName: "t"), transform: instant)
    var to: Int64?

    @Option(help: "Which fixes: all, ok (accepted) or flagged (all others).")
    var verdict: VerdictFilter = .all

    @Option(
        help: ArgumentHelp("Leave out fixes within so many metres of the line.", valueName: "m"),
        transform: simplification)
    var simplify: Int64?

    @Option(help: "csv, ndjson, geojson or gpx.")
    var format: TrackFormat = .csv

    func run() throws {
        let request = TrackRequest(
            rider: Array(rider.utf8), fromMs: from, toMs: to, filter: verdict,
            simplifyMm: simplify)
        try target.withTarget {
            try TrackJob(target: $0, request: request, output: Output.standard()).run(format)
        }
    }
}

/// A time given on the command line.
func instant(_ text: String) throws -> Int64 {
    guard let ms = Instant.parse(text) else {
        throw ValidationError(
            "\(text) is no time; Unix ms or RFC 3339 as in 2019-02-17T07:10:28Z expected")
    }
    return ms
}

/// The distance of `--simplify`, in mm.
func simplification(_ text: String) throws -> Int64 {
    do {
        return try TrackNumber.simplify(word: text, name: "--simplify")
    } catch {
        throw ValidationError("\(error)")
    }
}

extension VerdictFilter: ExpressibleByArgument {}
extension TrackFormat: ExpressibleByArgument {}
