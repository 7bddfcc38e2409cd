import ArgumentParser
import TachoTools

struct RetireCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Let points of sealed ranges leave the database; they are read from audit/ then.",
        discussion: """
            A range goes when its newest fix was received D days ago and its file was read again from \
            the disk, whole, with the SHA-256 it was sealed with and the fixes that are stored. What \
            stays is told with the reason, and is exit 1. tachod --hot-days does this by itself.

            Examples:
              tacho retire --data ./fleet --hot-days 30
              tacho retire --data ./fleet --hot-days 7 --require-copy /mnt/mirror/audit --json
              tacho retire --server 127.0.0.1:7227
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        help: ArgumentHelp(
            "Days that points stay; fractions count. Default: what the server was told.",
            valueName: "d"))
    var hotDays: Double?

    @Option(
        help: ArgumentHelp(
            "Only with a confirmed copy in this mirror; may be given several times. With --data.",
            valueName: "dir"))
    var requireCopy: [String] = []

    @Flag(help: "One JSON object per range: segment, retired, points and bytes or reason.")
    var json = false

    func validate() throws {
        if let hotDays, !(0...36_500).contains(hotDays) {
            throw ValidationError("--hot-days \(hotDays): 0 to 36500 expected")
        }
    }

    func run() throws {
        var isWhole = true
        try target.withTarget {
            let rows = try $0.retire(hotDays: hotDays, copies: requireCopy)
            isWhole = try Reports.retire(rows, json: json, to: Output.standard())
        }
        if !isWhole { throw ExitCode.failure }
    }
}
