import ArgumentParser
import TachoTools

struct SealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seal what is pending into audit segments now, or make a damaged one again.",
        discussion: """
            --rebuild N is for a sealed segment whose file is missing or damaged (tacho scrub). While \
            the database still has its points, the file is made again and gets its name only with \
            the SHA-256 it was sealed with; the damaged one is kept under audit/damaged/. A sound file \
            is left alone. Exit 1 if it cannot be made again, as for a retired range: then put back a \
            copy.

            Examples:
              tacho seal --data ./fleet
              tacho seal --server 127.0.0.1:7227 --json
              tacho seal --data ./fleet --rebuild 17
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        help: ArgumentHelp(
            "Seal nothing; make the file of this segment again if it is missing or damaged.",
            valueName: "n"))
    var rebuild: Int64?

    @Flag(
        help: """
            One JSON object per segment: segment, points, sha256; with --rebuild also rebuilt, damage \
            and kept.
            """)
    var json = false

    func validate() throws {
        if let rebuild, rebuild < 1 {
            throw ValidationError(
                "--rebuild \(rebuild): the number of a segment expected, from 1 on")
        }
    }

    func run() throws {
        try target.withTarget { target in
            if let rebuild {
                let row = try target.rebuild(segment: rebuild)
                try Reports.rebuild(row, json: json, to: Output.standard())
            } else {
                try Reports.seal(try target.seal(), json: json, to: Output.standard())
            }
        }
    }
}

struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Print what is stored: points, riders, bytes, sealed ranges.",
        discussion: """
            Examples:
              tacho stats --data ./fleet
              tacho stats --server 127.0.0.1:7227 --json
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try target.withTarget {
            try Reports.stats(try $0.stats(), json: json, to: Output.standard())
        }
    }
}
