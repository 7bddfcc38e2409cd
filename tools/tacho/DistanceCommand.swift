import ArgumentParser
import TachoTools

struct DistanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distance",
        abstract: "Print how far a rider went.",
        discussion: """
            Distance v1, the definition of settlement (format-spec.md, section 19): the WGS84 legs \
            between accepted and flagged fixes, the first of each time, in whole millimetres. 0 m, \
            and told, are: legs that a verdict takes out (TELEPORT, GAP_SPEED, FROZEN, and \
            PV_DIVERGE of a phone that stands), gaps of more than 180 s, and what a phone at rest \
            jitters. Held and quarantined fixes do not count. A leg counts if both its ends lie \
            between --from and --to. tacho-audit distance gives the same from sealed segments.
            --legs prints a line for each fix before the sum; legs_sha256 is the hash of what \
            tacho-audit distance --legs FILE writes.

            Examples:
              tacho distance --data ./fleet t1
              tacho distance --server 127.0.0.1:7227 t1 --from 2026-01-02T00:00:00Z \\
                --to 2026-01-02T23:59:59.999Z --json
              tacho distance --data ./fleet t1 --legs --json
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
    var rider: String

    @Option(
        help: ArgumentHelp("First time, Unix ms or RFC 3339.", valueName: "t"), transform: instant)
    var from: Int64?

    @Option(help: ArgumentHelp("Last time.", valueName: "t"), transform: instant)
    var to: Int64?

    @Flag(help: "Every leg too.")
    var legs = false

    @Flag(help: "One JSON object; with --legs one for each leg, and the sum as the last.")
    var json = false

    func run() throws {
        let request = DistanceRequest(rider: Array(rider.utf8), fromMs: from, toMs: to)
        try target.withTarget {
            try DistanceReport.print(
                request, from: $0, legs: legs, json: json, to: Output.standard())
        }
    }
}
