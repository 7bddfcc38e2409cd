import TachoGeo

/// T.RULES: what is asked of the rule set. Names and values are not judged here.
package enum RulesCommand: Equatable, Sendable {
    case get(RulesForm)
    /// One JSON object, or names and values in turn.
    case set([String])
    /// What verdicts of history would become; `words` as for `set`.
    case test(RulesStretch, words: [String])
    /// Verdicts of history become what the set in force says.
    case recompute(RulesStretch)

    package enum RulesForm: Equatable, Sendable { case json, pairs }

    static func parse(_ arguments: Arguments) throws(CommandError) -> RulesCommand {
        if arguments.isWord(1, "GET") { return .get(try form(arguments)) }
        if arguments.isWord(1, "SET") {
            guard arguments.count > 2 else { throw .arity(.rules) }
            return .set(words(arguments, from: 2))
        }
        if arguments.isWord(1, "TEST") {
            let (stretch, rest) = try RulesStretch.parse(arguments)
            return .test(stretch, words: words(arguments, from: rest))
        }
        if arguments.isWord(1, "RECOMPUTE") {
            let (stretch, rest) = try RulesStretch.parse(arguments)
            guard rest == arguments.count else { throw .syntax }
            return .recompute(stretch)
        }
        throw .unknownSubcommand(.rules, arguments.shown(1))
    }

    private static func form(_ arguments: Arguments) throws(CommandError) -> RulesForm {
        if arguments.count == 2 { return .json }
        guard arguments.count == 4, arguments.isWord(2, "AS") else { throw .syntax }
        if arguments.isWord(3, "JSON") { return .json }
        if arguments.isWord(3, "PAIRS") { return .pairs }
        throw .badOption("AS", value: arguments.shown(3), expected: "json or pairs")
    }

    private static func words(_ arguments: Arguments, from first: Int) -> [String] {
        (first..<max(first, arguments.count)).map {
            String(decoding: arguments[$0], as: UTF8.self)
        }
    }
}

/// Which history T.RULES TEST and RECOMPUTE look at: `from to`, `to` not included, then any of
/// `RIDER r`, `LEADIN s`, `COUNT riders`, `CURSOR c`, and behind `SET` what the test changes.
package struct RulesStretch: Equatable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    /// None: all.
    package var riders: [[UInt8]] = []
    /// Whole seconds; nil: all history is replayed.
    package var leadInS: Int64?
    package var count: Int?
    package var cursor: Int?

    /// The argument behind `SET`, or the number of arguments if there is none.
    static func parse(
        _ arguments: Arguments
    ) throws(CommandError) -> (RulesStretch, rest: Int) {
        guard arguments.count >= 4 else { throw .arity(.rules) }
        var stretch = RulesStretch(
            fromMs: try Command.time(arguments, 2, name: "from"),
            toMs: try Command.time(arguments, 3, name: "to"))
        var i = 4
        while i < arguments.count {
            if arguments.isWord(i, "SET") { return (stretch, i + 1) }
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "RIDER") {
                stretch.riders.append(arguments.copy(i + 1))
            } else if arguments.isWord(i, "LEADIN") {
                stretch.leadInS = try leadIn(arguments, i + 1)
            } else if arguments.isWord(i, "COUNT") {
                stretch.count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                stretch.cursor = try cursor(arguments, i + 1)
            } else {
                throw .syntax
            }
            i += 2
        }
        return (stretch, i)
    }

    /// A century is as good as all.
    private static let longestLeadInS: Int64 = 3_155_760_000

    private static func leadIn(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> Int64 {
        guard let value = Decimal.integer(arguments[index]), value >= 0, value <= longestLeadInS
        else { throw .notInteger(what: "LEADIN", text: arguments.shown(index)) }
        return value
    }

    private static func cursor(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> Int {
        guard let value = Decimal.integer(arguments[index]), value >= 0,
            value <= Int64(UInt32.max)
        else { throw .notInteger(what: "CURSOR", text: arguments.shown(index)) }
        return Int(value)
    }
}
