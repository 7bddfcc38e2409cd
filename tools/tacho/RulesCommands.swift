import ArgumentParser
import TachoProgram
import TachoTools

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Show and change the rules, try changes on history, apply them to it.",
        discussion: """
            Examples:
              tacho rules list
              tacho rules get --data ./fleet --json > rules.json
              tacho rules test --server 127.0.0.1:7227 --from 2026-01-05T00:00:00Z \
            --to 2026-01-06T00:00:00Z teleport_beyond_m=500
              tacho rules set --server 127.0.0.1:7227 teleport_beyond_m=500 ZIGZAG=on
              tacho rules recompute --server 127.0.0.1:7227 --from 2026-01-05T00:00:00Z
            """,
        subcommands: [
            GetRules.self, SetRules.self, TestRules.self, RecomputeRules.self, ListRules.self,
        ])
}

struct GetRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print the rule set in force: revision, codes that are off, thresholds.",
        discussion: """
            Examples:
              tacho rules get --data ./fleet
              tacho rules get --server 127.0.0.1:7227 --json > rules.json
            """)

    @OptionGroup var target: TargetOptions

    @Flag(help: "One JSON object, as tacho rules set takes it.")
    var json = false

    func run() throws {
        try target.withTarget {
            try RulesJob(target: $0, output: Output.standard()).show(json: json)
        }
    }
}

/// What is to be different: a file, changes by name, or both.
struct RuleChanges: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A file with a JSON object (- is standard input), or NAME=VALUE: a threshold and its "
                + "number (or default), a code and on or off, off and codes with commas.",
            valueName: "change"))
    var changes: [String] = []

    func validate() throws {
        guard changes.dropFirst().allSatisfy({ $0.contains("=") }) else {
            throw ValidationError("one file at most, in front, then NAME=VALUE")
        }
    }

    /// As `T.RULES SET` takes them.
    func words() throws -> [String] {
        var words: [String] = []
        for change in changes {
            if let equals = change.firstIndex(of: "=") {
                words.append(String(change[..<equals]))
                words.append(String(change[change.index(after: equals)...]))
            } else {
                words.append(try RulesJob.read(change))
            }
        }
        return words
    }
}

struct SetRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change the rule set; it takes effect at once, for what comes from then on.",
        discussion: """
            All changes are taken or none. What is not named stays as it is. Verdicts of history stay \
            too: see tacho rules recompute.

            Examples:
              tacho rules set --data ./fleet teleport_beyond_m=500 ZIGZAG=off
              tacho rules set --server 127.0.0.1:7227 rules.json --revision 4
              tacho rules set --server 127.0.0.1:7227 speed_car_mps=default off=-
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var changes: RuleChanges

    @Option(
        help: ArgumentHelp(
            "The number the set gets; refused unless it is newer than the one in force.",
            valueName: "n"))
    var revision: UInt64?

    @Flag(help: "One JSON object: revision.")
    var json = false

    func run() throws {
        guard !changes.changes.isEmpty else {
            throw ValidationError("name a file or NAME=VALUE; tacho rules list has the names")
        }
        let words = try changes.words() + (revision.map { ["revision", String($0)] } ?? [])
        try target.withTarget {
            try RulesJob(target: $0, output: Output.standard()).set(words, json: json)
        }
    }
}

/// Which history.
struct RulesStretchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("First time of fixes that are looked at.", valueName: "t"),
        transform: instant)
    var from: Int64?

    @Option(help: ArgumentHelp("Up to before this time.", valueName: "t"), transform: instant)
    var to: Int64?

    @Option(help: ArgumentHelp("A rider; may be repeated. Default: all.", valueName: "rider"))
    var rider: [String] = []

    @Option(
        help: ArgumentHelp(
            "Replay only so many seconds before --from and behind --to.",
            discussion: """
                Quicker, but what rules remember of a phone from before is then not known. Default: \
                all history.
                """, valueName: "s"))
    var leadIn: Int64?

    func validate() throws {
        guard leadIn.map({ (0...3_155_760_000).contains($0) }) ?? true else {
            throw ValidationError("--lead-in: 0 to 3155760000 seconds expected")
        }
        guard (from ?? .min) < (to ?? .max) else {
            throw ValidationError("--to must be behind --from")
        }
    }

    var request: RulesRequest {
        var request = RulesRequest(fromMs: from, toMs: to)
        request.riders = rider.map { Array($0.utf8) }
        request.leadInS = leadIn
        return request
    }
}

struct TestRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Print which verdicts of history would change with other rules; stores nothing.",
        discussion: """
            Every rider's fixes are judged again in the order in which they came, by the rule set in \
            force with the changes. Without changes it tells what tacho rules recompute would do. \
            Times are Unix ms or RFC 3339.

            Examples:
              tacho rules test --data ./fleet --from 1767225600000 --to 1767312000000 flicker_m=300
              tacho rules test --server 127.0.0.1:7227 --rider t1 --json rules.json
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var stretch: RulesStretchOptions
    @OptionGroup var changes: RuleChanges

    @Flag(help: "One JSON object: counts by code, examples by rider.")
    var json = false

    func run() throws {
        Interrupt.catchSignals()
        var request = stretch.request
        request.changes = try changes.words()
        try target.withTarget {
            try RulesJob(target: $0, output: Output.standard()).replay(
                request, json: json, shouldStop: { Interrupt.isRequested })
        }
    }
}

struct RecomputeRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recompute",
        abstract:
            "Judge history again by the rule set in force; append what comes out differently.",
        discussion: """
            Nothing is written over: a changed verdict is an amendment, in sealed history too. Latest \
            follows; alerts are not raised. A second run changes nothing.

            Examples:
              tacho rules recompute --data ./fleet
              tacho rules recompute --server 127.0.0.1:7227 --from 2026-01-05T00:00:00Z --rider t1
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var stretch: RulesStretchOptions

    @Flag(help: "One JSON object: counts by code, examples by rider.")
    var json = false

    func run() throws {
        Interrupt.catchSignals()
        try target.withTarget {
            try RulesJob(target: $0, output: Output.standard()).replay(
                stretch.request, json: json, shouldStop: { Interrupt.isRequested })
        }
    }
}

struct ListRules: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print the thresholds: name, default, what may be set, what it means.",
        discussion: """
            Example:
              tacho rules list --json
            """)

    @Flag(help: "One JSON object per threshold.")
    var json = false

    func run() throws { try RulesJob.list(json: json, to: Output.standard()) }
}
