/// COMMAND and what follows it.
package enum CommandQuery: Equatable, Sendable {
    case count
    /// `COMMAND`, or `COMMAND INFO` with names; nil for a name that is no command.
    case info([CommandName?])
    case names([CommandName])
    /// The keys of a command that was given with its arguments.
    case keys([[UInt8]])
    case docs([CommandName])

    static func parse(_ arguments: Arguments) throws(CommandError) -> CommandQuery {
        guard arguments.count > 1 else { return .info(CommandName.allCases) }
        if arguments.isWord(1, "COUNT"), arguments.count == 2 { return .count }
        if arguments.isWord(1, "INFO") {
            guard arguments.count > 2 else { return .info(CommandName.allCases) }
            return .info((2..<arguments.count).map { CommandName.find(arguments[$0]) })
        }
        if arguments.isWord(1, "DOCS") {
            guard arguments.count > 2 else { return .docs(CommandName.allCases) }
            return .docs((2..<arguments.count).compactMap { CommandName.find(arguments[$0]) })
        }
        if arguments.isWord(1, "LIST") { return .names(try names(arguments)) }
        if arguments.isWord(1, "GETKEYS") { return .keys(try keys(arguments)) }
        throw .unknownSubcommand(.command, arguments.shown(1))
    }

    /// `LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]`.
    private static func names(_ arguments: Arguments) throws(CommandError) -> [CommandName] {
        if arguments.count == 2 { return CommandName.allCases }
        guard arguments.count == 5, arguments.isWord(2, "FILTERBY") else { throw .syntax }
        if arguments.isWord(3, "MODULE") { return [] }
        if arguments.isWord(3, "ACLCAT") {
            let category = arguments[4]
            return CommandName.allCases.filter { $0.category.utf8.elementsEqual(category) }
        }
        guard arguments.isWord(3, "PATTERN") else { throw .syntax }
        let pattern = GlobPattern(arguments[4], ignoresCase: true)
        return CommandName.allCases.filter { pattern.matches($0.rawValue.utf8) }
    }

    private static func keys(_ arguments: Arguments) throws(CommandError) -> [[UInt8]] {
        guard arguments.count > 3 else { throw .arity(.command) }
        guard let name = CommandName.find(arguments[2]) else {
            throw .notAvailable("Invalid command specified")
        }
        let last = arguments.count - 1
        guard name.arity.contains(last - 2) else {
            throw .notAvailable("Invalid number of arguments specified for command")
        }
        if name == .streamRead {
            guard let word = (3...last).first(where: { arguments.isWord($0, "STREAMS") }),
                word < last
            else { throw .syntax }
            return (word + 1...word + (last - word) / 2).map(arguments.copy)
        }
        guard name.hasKey else { throw .notAvailable("The command has no key arguments") }
        let end = name.lastKey < 0 ? last : min(last, 2 + name.lastKey)
        return (3...end).map(arguments.copy)
    }
}

extension CommandName {
    /// Of Redis's categories of commands, without its `@`.
    package var category: String { isWrite ? "write" : "read" }
}
