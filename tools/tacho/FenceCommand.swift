import ArgumentParser
import TachoTools

struct FenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fence",
        abstract: "Watch areas: who comes in, who goes out, who stays.",
        discussion: """
            A fence is an area with an id. A rider is inside from the first accepted or flagged fix in \
            the area to the first that is more than the margin outside (20 m unless said), so noise on \
            the border tells nothing. What happens is told on the stream fence:ID, for ever.

            Examples:
              tacho fence set kitchen-7 --data ./fleet --area CIRCLE,37.5665,126.978,50 \
            --detect enter,exit,dwell:300
              tacho fence events kitchen-7 --server 127.0.0.1:7227 --json
              tacho fence load fences.ndjson --server 127.0.0.1:7227
              redis-cli -p 7227 XREAD BLOCK 0 STREAMS fence:kitchen-7 '$'
            """,
        subcommands: [
            SetCommand.self, GetCommand.self, DeleteCommand.self, ListCommand.self,
            EventsCommand.self, LoadCommand.self,
        ])

    struct SetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Set a fence, or change it.",
            discussion: """
                With another area it begins anew: riders inside are told of with their next fix. Where \
                only times and what is detected change, who is inside stays inside.

                Example:
                  tacho fence set kitchen-7 --data ./fleet --area CELL,8930e1d8c97ffff \
                --detect enter,exit --expires-in 3600
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The fence, 1 to 128 bytes.", valueName: "id"))
        var id: String

        @Option(
            help: ArgumentHelp(
                "The area, its words with commas between them, as tacho who takes it.",
                valueName: "a"))
        var area: String

        @Option(
            help: ArgumentHelp(
                "enter, exit and dwell:SECONDS, commas between.", valueName: "what"))
        var detect = "enter,exit"

        @Option(
            help: ArgumentHelp("How far outside one has left, m (20).", valueName: "m"))
        var margin: String?

        @Option(help: ArgumentHelp("Seconds until it expires (never).", valueName: "s"))
        var expiresIn: String?

        @Flag(help: "Print the fence as one JSON object.")
        var json = false

        func run() throws {
            let request = try FenceRequest(
                id: id, area: area, detect: detect, margin: margin, expiresAfter: expiresIn)
            try target.withTarget(creates: true) {
                try FenceReports.set(request, on: $0, json: json, to: Output.standard())
            }
        }
    }

    struct GetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get",
            abstract: "Print a fence, how many are inside and how much it told.",
            discussion: """
                Example:
                  tacho fence get kitchen-7 --data ./fleet

                Exit code 1 if there is none of that id.
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The fence.", valueName: "id"))
        var id: String

        @Flag(help: "One JSON object.")
        var json = false

        func run() throws {
            try target.withTarget {
                try FenceReports.get(id, from: $0, json: json, to: Output.standard())
            }
        }
    }

    struct DeleteCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "del",
            abstract: "Delete a fence; its stream stays.",
            discussion: """
                Example:
                  tacho fence del kitchen-7 --data ./fleet

                Exit code 1 if there is none of that id.
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The fence.", valueName: "id"))
        var id: String

        @Flag(help: "One JSON object.")
        var json = false

        func run() throws {
            try target.withTarget {
                try FenceReports.delete(id, on: $0, json: json, to: Output.standard())
            }
        }
    }

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Print all fences in the order of their ids.",
            discussion: """
                Example:
                  tacho fence list --data ./fleet --json > fences.ndjson
                """)

        @OptionGroup var target: TargetOptions

        @Flag(help: "One JSON object per fence.")
        var json = false

        func run() throws {
            try target.withTarget {
                try FenceReports.list(from: $0, json: json, to: Output.standard())
            }
        }
    }

    struct EventsCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "events",
            abstract: "Print what was told of a fence, also of one that is gone.",
            discussion: """
                Examples:
                  tacho fence events kitchen-7 --data ./fleet
                  tacho fence events kitchen-7 --server 127.0.0.1:7227 --after 1767312000100-2 --json
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The fence.", valueName: "id"))
        var id: String

        @Option(help: ArgumentHelp("Only those behind this one, MS-N.", valueName: "event"))
        var after: String?

        @Flag(help: "One JSON object per event.")
        var json = false

        func validate() throws {
            guard let after else { return }
            let parts = after.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ UInt64($0) != nil }) else {
                throw ValidationError("--after needs the id of an event, as in 1767312000100-2")
            }
        }

        func run() throws {
            try target.withTarget {
                try FenceReports.events(
                    id, after: after, from: $0, json: json, to: Output.standard())
            }
        }
    }

    struct LoadCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "load",
            abstract: "Set the fences of a file.",
            discussion: """
                One JSON object a line, what list --json prints: id, area (words with spaces between), \
                detect; if wanted margin_m, and expires_ms (Unix ms) or ex_s (seconds from now). Fences \
                whose time has passed are left out. Stops at the first line that is no fence; those before \
                it are set, and setting them again changes nothing.

                Example:
                  tacho fence load fences.ndjson --server 127.0.0.1:7227
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The file, - for standard input.", valueName: "file"))
        var file: String

        @Flag(help: "Print the number as one JSON object.")
        var json = false

        func run() throws {
            let input = try InputFile(path: file)
            try target.withTarget(creates: true) {
                try FenceFile.load(input, on: $0, json: json, to: Output.standard())
            }
        }
    }
}
