import ArgumentParser
import TachoGeo
import TachoTools

struct OrderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract: "Say what happens to orders, and see who has them.",
        discussion: """
            An order has a state and a rider, both from the event that is newest by its own time: events \
            may come late, twice and in any order. All are kept, and told on the stream orders.

            Examples:
              tacho order set o-17 --rider t1 --state picked-up --at 2026-01-02T12:00:00Z --data ./fleet
              tacho order end o-17 --at 2026-01-02T12:21:00Z --state delivered --data ./fleet
              tacho order get o-17 --history --server 127.0.0.1:7227 --json
              tacho order list --rider t1 --data ./fleet
            """,
        subcommands: [
            SetCommand.self, EndCommand.self, GetCommand.self, ListCommand.self,
        ])

    struct SetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Say that a rider has an order in a state.",
            discussion: """
                Prints what is noticed: dup (it is stored already), late (older than the newest event), \
                ended, conflict (another event of that time), clock, reassigned.

                Example:
                  tacho order set o-17 --rider t1 --state cooked --at 1767355200000 --by mysql \
                --data ./fleet
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The order, 1 to 128 bytes.", valueName: "order"))
        var order: String

        @Option(help: ArgumentHelp("Who has it.", valueName: "rider"))
        var rider: String

        @Option(help: ArgumentHelp("Any words, 1 to 64 bytes.", valueName: "state"))
        var state: String

        @Option(
            help: ArgumentHelp(
                "When it happened, Unix ms or RFC 3339 (now).", valueName: "t"),
            transform: instant)
        var at: Int64?

        @Option(help: ArgumentHelp("Who says so.", valueName: "who"))
        var by: String?

        @Flag(help: "Print what is noticed as one JSON object.")
        var json = false

        func run() throws {
            let event = OrderEvent.set(
                Array(order.utf8), rider: Array(rider.utf8), state: Array(state.utf8),
                tsMs: at ?? Clock.nowMs(), by: Array((by ?? "").utf8))
            try target.withTarget(creates: true) {
                try OrderReports.tell(event, on: $0, json: json, to: Output.standard())
            }
        }
    }

    struct EndCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "end",
            abstract: "Say that an order has ended.",
            discussion: """
                What comes of it with later times is kept, and changes nothing.

                Example:
                  tacho order end o-17 --at 2026-01-02T12:21:00Z --state delivered --data ./fleet
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The order.", valueName: "order"))
        var order: String

        @Option(help: ArgumentHelp("Its last state (ended).", valueName: "state"))
        var state: String?

        @Option(
            help: ArgumentHelp(
                "When it happened, Unix ms or RFC 3339 (now).", valueName: "t"),
            transform: instant)
        var at: Int64?

        @Option(help: ArgumentHelp("Who says so.", valueName: "who"))
        var by: String?

        @Flag(help: "Print what is noticed as one JSON object.")
        var json = false

        func run() throws {
            let event = OrderEvent.end(
                Array(order.utf8), state: state.map { Array($0.utf8) } ?? OrderEvent.endState,
                tsMs: at ?? Clock.nowMs(), by: Array((by ?? "").utf8))
            try target.withTarget(creates: true) {
                try OrderReports.tell(event, on: $0, json: json, to: Output.standard())
            }
        }
    }

    struct GetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get",
            abstract: "Print the state of an order and who has it.",
            discussion: """
                Example:
                  tacho order get o-17 --history --data ./fleet

                Exit code 1 if nothing was told of it.
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The order.", valueName: "order"))
        var order: String

        @Flag(help: "All events by their time, and which rider had it from when to when.")
        var history = false

        @Flag(help: "One JSON object.")
        var json = false

        func run() throws {
            try target.withTarget {
                try OrderReports.get(
                    order, withHistory: history, from: $0, json: json, to: Output.standard())
            }
        }
    }

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Print open orders by rider.",
            discussion: """
                Example:
                  tacho order list --rider t1 --data ./fleet --json
                """)

        @OptionGroup var target: TargetOptions

        @Option(help: ArgumentHelp("Of this rider only.", valueName: "rider"))
        var rider: String?

        @Flag(help: "One JSON object per order.")
        var json = false

        func run() throws {
            try target.withTarget {
                try OrderReports.list(of: rider, from: $0, json: json, to: Output.standard())
            }
        }
    }
}
