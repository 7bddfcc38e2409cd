/// `T.TARGETS …`: where alerts are delivered to.
package enum TargetsCommand: Equatable, Sendable {
    case list
    /// The name is argument 2.
    case forget

    /// `LIST` or `FORGET name`.
    static func parse(_ arguments: Arguments) throws(CommandError) -> TargetsCommand {
        if arguments.isWord(1, "LIST") {
            guard arguments.count == 2 else { throw .arity(.targets) }
            return .list
        }
        guard arguments.isWord(1, "FORGET") else {
            throw .unknownSubcommand(.targets, arguments.shown(1))
        }
        guard arguments.count == 3 else { throw .arity(.targets) }
        return .forget
    }
}
