/// One argument of a command as COMMAND DOCS describes it: redis-cli makes its hints of them.
package struct CommandArgument: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case string
        case integer
        case double
        case key
        case pureToken = "pure-token"
        case oneOf = "oneof"
        case block
    }

    package var name: String
    package var kind: Kind
    /// The word in front of it; of a pure token all there is.
    package var token: String?
    package var isOptional = false
    package var isMultiple = false
    /// Of blocks and choices.
    package var parts: [CommandArgument] = []

    fileprivate var isPlainToken: Bool { kind == .pureToken && !isOptional && !isMultiple }
    /// May have a token in front of it.
    fileprivate var takesToken: Bool { kind != .pureToken && token == nil && !isOptional }
}

/// The notation of `CommandDocs.syntax`: words in capitals are sent as they are, others are names
/// of values; `[a]` may be missing, `(a b)` belong together, `a|b` is one of both, `a...` may be
/// repeated.
package struct CommandSyntax {
    private let text: [Character]
    private var at = 0

    /// Cost: microseconds; COMMAND DOCS is for people.
    package static func read(_ text: String) -> [CommandArgument] {
        var syntax = CommandSyntax(text: Array(text))
        return syntax.sequence()
    }

    private var next: Character? { at < text.count ? text[at] : nil }

    /// Up to the closing bracket of whoever asked, or to the end.
    private mutating func sequence() -> [CommandArgument] {
        var found: [CommandArgument] = []
        while let character = next, character != "]", character != ")" {
            if character == " " {
                at += 1
                continue
            }
            let argument = choice()
            if let last = found.last, last.isPlainToken, argument.takesToken {
                found.removeLast()
                var valued = argument
                valued.token = last.token
                found.append(valued)
            } else {
                found.append(argument)
            }
        }
        return found
    }

    private mutating func choice() -> CommandArgument {
        var choices = [unit()]
        while next == "|" {
            at += 1
            choices.append(unit())
        }
        guard choices.count > 1 else { return choices[0] }
        var argument = CommandArgument(name: choices[0].name, kind: .oneOf)
        argument.parts = choices
        return argument
    }

    private mutating func unit() -> CommandArgument {
        var argument: CommandArgument
        switch next {
        case "[":
            argument = bracketed()
            argument.isOptional = true
        case "(": argument = bracketed()
        default: argument = word()
        }
        if at + 2 < text.count, text[at...at + 2].allSatisfy({ $0 == "." }) {
            at += 3
            argument.isMultiple = true
        }
        return argument
    }

    private mutating func bracketed() -> CommandArgument {
        at += 1
        let parts = sequence()
        if next != nil { at += 1 }
        if parts.count == 1, !parts[0].isOptional { return parts[0] }
        var block = CommandArgument(name: parts.first?.name ?? "", kind: .block)
        block.parts = parts
        return block
    }

    private mutating func word() -> CommandArgument {
        let start = at
        while let character = next, !" |[]().".contains(character) { at += 1 }
        // A character that belongs nowhere is stepped over, so that reading ends.
        if at == start { at += 1 }
        let word = String(text[start..<min(at, text.count)])
        guard word.contains(where: \.isLowercase) else {
            return CommandArgument(name: word.lowercased(), kind: .pureToken, token: word)
        }
        return CommandArgument(name: word, kind: Self.kind(of: word))
    }

    private static func kind(of name: String) -> CommandArgument.Kind {
        switch name {
        case "key", "destination": .key
        case "ts", "from", "to", "t1", "t2", "n", "ms", "count", "index", "recv_ms", "segment",
            "rings", "r", "riders", "protover":
            .integer
        case "lat", "lon", "mps", "deg", "metres", "radius", "width", "height", "sec", "days",
            "risk", "min_lat", "min_lon", "max_lat", "max_lon":
            .double
        default: .string
        }
    }
}
