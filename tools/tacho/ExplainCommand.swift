import ArgumentParser
import TachoGeo
import TachoTools

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a fix has its verdict: in a sentence, as JSON, as a picture.",
        discussion: """
            The time is that of the fix, exactly: Unix ms or RFC 3339. Of several fixes of one \
            time all are explained, the first stored one first. What is said is recomputed from \
            the fixes stored around it; what cannot be is taken from the alert's evidence.

            Examples:
              tacho explain --data ./fleet t1 2019-02-17T07:10:28Z
              tacho explain --server 127.0.0.1:7227 t1 1550387428000 --json --svg t1.svg

            Exit code 1 if the rider has no fix of that time; the error names the nearest one.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
    var rider: String

    @Argument(help: ArgumentHelp("Time of the fix.", valueName: "t"), transform: instant)
    var time: Int64

    @Flag(help: "One JSON object for each fix of that time.")
    var json = false

    @Option(help: ArgumentHelp("Draw it into this file too.", valueName: "file"))
    var svg: String?

    func run() throws {
        try target.withTarget {
            let job = ExplainJob(target: $0, rider: Array(rider.utf8), tsMs: time)
            if let svg { try job.draw(into: svg) }
            try job.print(json: json, to: Output.standard())
        }
    }
}
