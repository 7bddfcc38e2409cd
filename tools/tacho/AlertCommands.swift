import ArgumentParser
import TachoClient
import TachoGeo
import TachoTools

struct AlertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "List alerts, say what became of one, count what was said of each rule.",
        discussion: """
            Without a subcommand, alerts are listed. What is said about an alert is appended to its \
            history and never changed; the last of it is its state. No state does anything to a \
            rider: false_positive and appeal_upheld take the alert out of the risk score, that is \
            all.

            Examples:
              tacho alerts --data ./fleet --json
              tacho alerts --server 127.0.0.1:7227 --state open --severity crit --limit 20
              tacho alerts ack 1767312000000-0 --data ./fleet --by kim
              tacho alerts false-positive 1767312000000-0 --data ./fleet --by kim --note "a tunnel"
              tacho alerts show 1767312000000-0 --data ./fleet
              tacho alerts feedback --data ./fleet --json
              tacho alerts targets --server 127.0.0.1:7227
            """,
        subcommands: [
            AlertListCommand.self, AckCommand.self, FalsePositiveCommand.self,
            ConfirmCommand.self, AppealCommand.self, UpholdCommand.self, RejectCommand.self,
            AlertShowCommand.self, FeedbackCommand.self, AlertTargetsCommand.self,
        ],
        defaultSubcommand: AlertListCommand.self)
}

struct AlertListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print the alerts by time of decision, with the count of later hits.",
        discussion: """
            Times are those of decision, Unix ms or RFC 3339; both ends belong to the list.

            Examples:
              tacho alerts --data ./fleet
              tacho alerts --data ./fleet --rider t1 --code TELEPORT
              tacho alerts --server 127.0.0.1:7227 --state appeal --json
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: "Of this rider alone.")
    var rider: String?

    @Option(help: ArgumentHelp("Of this code alone, as in TELEPORT.", valueName: "code"))
    var code: String?

    @Option(help: "info, warn or crit.")
    var severity: String?

    @Option(
        help: """
            open, ack, false_positive, confirmed, appeal, appeal_upheld or appeal_rejected.
            """)
    var state: String?

    @Option(help: ArgumentHelp("First time.", valueName: "t"), transform: instant)
    var from: Int64?

    @Option(help: ArgumentHelp("Last time.", valueName: "t"), transform: instant)
    var to: Int64?

    @Option(help: ArgumentHelp("At most so many, the first ones.", valueName: "n"))
    var limit: Int?

    @Flag(help: "One JSON object per alert.")
    var json = false

    func validate() throws { _ = try filter() }

    private func filter() throws -> AlertFilter {
        var filter = AlertFilter()
        filter.rider = rider.map { Array($0.utf8) }
        if let code {
            guard let known = Code(name: code) else {
                throw ValidationError("--code \(code) is not known; a code as in TELEPORT expected")
            }
            filter.code = known
        }
        if let severity {
            guard AlertFilter.severities.contains(severity) else {
                throw ValidationError("--severity \(severity): info, warn or crit expected")
            }
            filter.severity = severity
        }
        if let state {
            guard let known = AlertState(name: state) else {
                let names = AlertState.allCases.map(\.name).joined(separator: ", ")
                throw ValidationError("--state \(state): one of \(names) expected")
            }
            filter.state = known
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        filter.fromMs = from ?? Int64.min
        filter.toMs = to ?? Int64.max
        return filter
    }

    func run() throws {
        let filter = try filter()
        try target.withTarget {
            try Reports.alerts(
                filter, limit: limit ?? Int.max, from: $0, json: json, to: Output.standard())
        }
    }
}

struct AlertShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print an alert and everything that was said about it.",
        discussion: """
            Examples:
              tacho alerts show 1767312000000-0 --data ./fleet
              tacho alerts show 1767312000000-0 --server 127.0.0.1:7227 --json

            Exit code 1 if there is no alert of that id.
            """)

    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The alert's id, as the list gives it.", valueName: "id"))
    var id: String

    @Flag(help: "One JSON object: that of the list, and history.")
    var json = false

    func run() throws {
        try target.withTarget {
            try Reports.alertFile(id, from: $0, json: json, to: Output.standard())
        }
    }
}

struct FeedbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feedback",
        abstract: "Print what was said of each rule's alerts, and how often it was wrong.",
        discussion: """
            An alert is counted by its last decision: as false positive, confirmed, upheld or \
            rejected. The rate is that of false positives and upheld appeals among the decided.

            Examples:
              tacho alerts feedback --data ./fleet
              tacho alerts feedback --server 127.0.0.1:7227 --json
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "One JSON object per code.")
    var json = false

    func run() throws {
        try target.withTarget {
            try Reports.feedback(from: $0, json: json, to: Output.standard())
        }
    }
}
