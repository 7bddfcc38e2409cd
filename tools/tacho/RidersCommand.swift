import ArgumentParser
import TachoGeo
import TachoTools

struct RidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "riders",
        abstract: "Say what riders ride, and list them.",
        discussion: """
            The vehicle class sets the speed that is believed; a rider without one counts as a \
            car. Fixes are judged by the class in force when they come in.

            Examples:
              tacho riders set t1 --vehicle bicycle --data ./fleet
              tacho riders get t1 --data ./fleet
              tacho riders list --server 127.0.0.1:7227 --json
            """,
        subcommands: [SetCommand.self, GetCommand.self, ListCommand.self])

    struct SetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Give a rider a vehicle class, from its next fix on.",
            discussion: """
                Example:
                  tacho riders set t1 --vehicle bicycle --data ./fleet

                A rider without fixes is made known.
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
        var rider: String

        @Option(help: "foot, bicycle, scooter, car or any.")
        var vehicle: VehicleClass

        @Flag(help: "Print the rider as one JSON object.")
        var json = false

        func validate() throws {
            if let defect = Array(rider.utf8).withUnsafeBytes({ RiderName.defect($0) }) {
                throw ValidationError("rider: \(defect.message(value: rider))")
            }
        }

        func run() throws {
            try target.withTarget(creates: true) {
                try RiderReports.set(
                    vehicle, of: Array(rider.utf8), on: $0, json: json, to: Output.standard())
            }
        }
    }

    struct GetCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get",
            abstract: "Print what is known of a rider.",
            discussion: """
                Example:
                  tacho riders get t1 --data ./fleet

                Exit code 1 if nobody has named the rider.
                """)

        @OptionGroup var target: TargetOptions

        @Argument(help: ArgumentHelp("The rider.", valueName: "rider"))
        var rider: String

        @Flag(help: "One JSON object.")
        var json = false

        func run() throws {
            try target.withTarget {
                try RiderReports.get(
                    Array(rider.utf8), from: $0, json: json, to: Output.standard())
            }
        }
    }

    struct ListCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Print all riders in the order in which they first appeared.",
            discussion: """
                Example:
                  tacho riders list --data ./fleet --json
                """)

        @OptionGroup var target: TargetOptions

        @Flag(help: "One JSON object per rider.")
        var json = false

        func run() throws {
            try target.withTarget {
                try RiderReports.list(from: $0, json: json, to: Output.standard())
            }
        }
    }
}
