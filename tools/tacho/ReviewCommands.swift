import ArgumentParser
import TachoGeo
import TachoTools

/// What every command that says something about an alert is given.
struct ReviewOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions

    @Argument(help: ArgumentHelp("The alert's id, as the list gives it.", valueName: "id"))
    var id: String

    @Option(help: ArgumentHelp("Who says so, at most 128 bytes.", valueName: "name"))
    var by: String

    @Option(help: ArgumentHelp("Why, at most 1024 bytes.", valueName: "text"))
    var note: String?

    @Flag(help: "Print the record as one JSON object.")
    var json = false

    func validate() throws {
        if let defect = ReviewText.actorDefect(Array(by.utf8))
            ?? ReviewText.noteDefect(Array((note ?? "").utf8))
        {
            throw ValidationError(defect)
        }
    }

    func run(_ state: AlertState) throws {
        let order = ReviewOrder(id: id, state: state, actor: by, note: note ?? "")
        try target.withTarget {
            try Reports.review(order, on: $0, json: json, to: Output.standard())
        }
    }

    static func configuration(
        _ name: String, _ abstract: String, _ note: String
    ) -> CommandConfiguration {
        CommandConfiguration(
            commandName: name, abstract: abstract,
            discussion: """
                The record is on disk when the command ends; the same again is stored once.

                Examples:
                  tacho alerts \(name) 1767312000000-0 --data ./fleet --by kim
                  tacho alerts \(name) 1767312000000-0 --server 127.0.0.1:7227 --by kim \
                --note "\(note)" --json

                Exit code 1 if there is no alert of that id, or its state does not allow it.
                """)
    }
}

struct AckCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "ack", "Take an open alert: somebody looks into it.", "calling the rider")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.acknowledged) }
}

struct FalsePositiveCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "false-positive", "Say that an alert was wrong; it no longer counts in the risk score.",
        "a tunnel")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.falsePositive) }
}

struct ConfirmCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "confirm", "Say that an alert was right.", "a mock location app")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.confirmed) }
}

struct AppealCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "appeal", "Object to an alert, for the rider.", "the phone was repaired that day")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.appeal) }
}

struct UpholdCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "uphold", "Decide an appeal for the rider; the alert no longer counts in the risk score.",
        "receipt of the repair seen")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.appealUpheld) }
}

struct RejectCommand: ParsableCommand {
    static let configuration = ReviewOptions.configuration(
        "reject", "Decide an appeal against the rider; it can be appealed again.",
        "no receipt shown")
    @OptionGroup var options: ReviewOptions
    func run() throws { try options.run(.appealRejected) }
}
