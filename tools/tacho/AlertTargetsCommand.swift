import ArgumentParser
import TachoTools

struct AlertTargetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "targets",
        abstract: "Show where alerts are delivered to, how far, and what went wrong last.",
        discussion: """
            A target is what tachod was started with: --alertmanager URL, --webhook URL. Of one that it \
            was not started with this time the place is kept, so that it goes on from there when it is \
            a target again; --forget drops it.

            Examples:
              tacho alerts targets --server 127.0.0.1:7227
              tacho alerts targets --data ./fleet --json
              tacho alerts targets --data ./fleet --forget webhook:pager.example.com:443
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("Forget where this one stood.", valueName: "name"))
    var forget: String?

    @Flag(help: "One JSON object per target.")
    var json = false

    func run() throws {
        try target.withTarget {
            if let forget { try $0.forgetDelivery(to: forget) }
            try Reports.deliveries(from: $0, json: json, to: Output.standard())
        }
    }
}
