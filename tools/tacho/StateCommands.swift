import ArgumentParser
import TachoTools

struct SealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seal what is pending into audit segments now.",
        discussion: """
            Examples:
              tacho seal --data ./fleet
              tacho seal --server 127.0.0.1:7227 --json
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "One JSON object per segment: segment, points, sha256.")
    var json = false

    func run() throws {
        try target.withTarget {
            try Reports.seal(try $0.seal(), json: json, to: Output.standard())
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
