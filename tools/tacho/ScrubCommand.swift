import ArgumentParser
import TachoTools

struct ScrubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Look through sealed segments for what the disk has damaged.",
        discussion: """
            Every segment is read from the device, decoded, and compared with the hash that was noted \
            when it was sealed. tachod does the same by itself, the newest day's once a day and all \
            once a week. Nothing is mended: put back a copy of a damaged segment, or let it be made \
            again (tacho seal --rebuild N). Exit 1 if one is damaged or missing, or could not be read, \
            so that nothing is known of it.

            Examples:
              tacho scrub --data ./fleet
              tacho scrub --server 127.0.0.1:7227 --day --json
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "Only segments with receipts of the newest day.")
    var day = false

    @Flag(help: "One JSON object: segments, points, bytes, damaged, unread, findings.")
    var json = false

    func run() throws {
        try target.withTarget { target in
            let summary = try target.scrub(newestDayOnly: day)
            try summary.write(json: json, to: Output.standard())
            if summary.damaged + summary.unread > 0 { throw ExitCode(1) }
        }
    }
}
