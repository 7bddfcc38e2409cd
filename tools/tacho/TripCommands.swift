import ArgumentParser
import TachoGeo
import TachoTools

struct TripsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trips",
        abstract: "Print the trips of a rider, by time.",
        discussion: """
            A trip goes from one stop or gap to the next. Its metres are the WGS84 legs between \
            accepted and flagged fixes, the first of each time; legs that a verdict takes out \
            (TELEPORT, GAP_SPEED, FROZEN) count 0 m and are told as excluded. Gaps are printed as \
            what they are (class gap): nobody knows where the rider was. Stops: tacho stops.
            Only fixes between --from and --to are looked at. open: it reaches the last of them.

            Examples:
              tacho trips --data ./fleet t1
              tacho trips --server 127.0.0.1:7227 t1 --from 2026-01-02T00:00:00Z --min-stop 300 --json
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var question: TripOptions

    func run() throws { try question.run(.trips, on: target) }
}

struct StopsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stops",
        abstract: "Print where a rider stopped, by time.",
        discussion: """
            A stop is a stretch of fixes within --radius of their centre (the mean over time) that \
            lasts at least --min-stop. One fix outside splits no stop if the rider is back within \
            --min-stop. Accepted and flagged fixes, the first of each time. A silence longer than \
            --gap is no stop, also if both ends are at one place: it is printed as class gap.
            Only fixes between --from and --to are looked at. open: it reaches the last of them.

            Examples:
              tacho stops --data ./fleet t1
              tacho stops --server 127.0.0.1:7227 t1 --radius 30 --min-stop 120 --json
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var question: TripOptions

    func run() throws { try question.run(.stops, on: target) }
}

/// What trips and stops ask.
struct TripOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
    var rider: String

    @Option(
        help: ArgumentHelp("First time, Unix ms or RFC 3339.", valueName: "t"), transform: instant)
    var from: Int64?

    @Option(help: ArgumentHelp("Last time.", valueName: "t"), transform: instant)
    var to: Int64?

    @Option(help: ArgumentHelp("A stop lasts at least so many seconds.", valueName: "s"))
    var minStop = "180"

    @Option(
        help: ArgumentHelp("Metres that a stop's fixes may lie from its centre.", valueName: "m"))
    var radius = "50"

    @Option(help: ArgumentHelp("More seconds than that without a fix are a gap.", valueName: "s"))
    var gap = "3600"

    @Flag(help: "One JSON object for each.")
    var json = false

    func validate() throws { _ = try settings() }

    private func settings() throws -> TripSettings {
        var settings = TripSettings()
        for (option, name, text) in [
            (TripSettings.Option.minStop, "--min-stop", minStop), (.radius, "--radius", radius),
            (.gap, "--gap", gap),
        ] {
            do {
                try settings.set(option, word: text, name: name)
            } catch {
                throw ValidationError("\(error)")
            }
        }
        return settings
    }

    func run(_ wanted: TripsRequest.Wanted, on target: TargetOptions) throws {
        let request = TripsRequest(
            rider: Array(rider.utf8), fromMs: from, toMs: to, wanted: wanted,
            settings: try settings())
        try target.withTarget {
            try TripReport.print(request, from: $0, json: json, to: Output.standard())
        }
    }
}

struct AtCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "at",
        abstract: "Print where a rider was at one moment.",
        discussion: """
            The fix of that moment, or a place between the two fixes around it: along the great \
            circle, at constant speed, with the mean speed and the heading of the way. Accepted and \
            flagged fixes, the first of each time. Between two, the verdict is that of the later one.

            Examples:
              tacho at --data ./fleet t1 2026-01-02T12:03:00Z
              tacho at --server 127.0.0.1:7227 t1 1767355380000 --max-gap 60000 --json

            Exit code 1 if nobody knows: before the first fix, after the last, or between two that \
            are further apart than --max-gap.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
    var rider: String

    @Argument(help: ArgumentHelp("Unix ms or RFC 3339.", valueName: "t"), transform: instant)
    var time: Int64

    @Option(
        help: ArgumentHelp("Milliseconds between fixes; 3600000 if not given.", valueName: "ms"))
    var maxGap: Int64?

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard maxGap ?? 0 >= 0 else { throw ValidationError("--max-gap is 0 or more ms") }
    }

    func run() throws {
        let query = PositionQuery(rider: Array(rider.utf8), atMs: time, maxGapMs: maxGap)
        try target.withTarget {
            try PositionReport.print(query, from: $0, json: json, to: Output.standard())
        }
    }
}
