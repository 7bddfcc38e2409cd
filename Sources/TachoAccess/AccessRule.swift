package import TachoWire

/// How a command names riders, or what it tells of them.
package enum RiderRule: Equatable, Sendable {
    /// None, and nothing is told of any.
    case none
    /// Arguments from one to another, both included; a shorter request has fewer.
    case arguments(Int, through: Int)
    /// All arguments from one on.
    case from(Int)
    /// The first of each tuple of T.MADD, T.MADDX and T.IMPORT.
    case tuples
    /// Those of the packed batch of T.PUT.
    case packed
    /// Channels `pos:RIDER`.
    case channels
    /// Patterns of channels.
    case patterns
    /// The member that a search of `live` starts from, if it does; what is found is filtered.
    case search
    /// What follows RIDER or RIDERS; whoever has some riders only must name them.
    case named
    /// Those that are found: whoever has some riders only is told of those alone.
    case filtered
    /// All, or nobody knows which: refused to whoever has some riders only.
    case whole

    static func argument(_ index: Int) -> RiderRule { .arguments(index, through: index) }
}

/// Who may run a command, or one subcommand of it.
package struct AccessRule: Equatable, Sendable {
    package var command: CommandName
    /// Argument 1 in capitals, where subcommands differ; nil: all of them.
    package var subcommand: String?
    package var roles: RoleSet
    package var riders: RiderRule
    /// A look-up of riders' history: of staff it is put on record.
    package var isHistory: Bool

    init(
        _ command: CommandName, _ subcommand: String? = nil, _ roles: RoleSet,
        _ riders: RiderRule = .none, isHistory: Bool = false
    ) {
        self.command = command
        self.subcommand = subcommand
        // Whoever may do everything is in each rule.
        self.roles = roles.union(.admin)
        self.riders = riders
        self.isHistory = isHistory
    }

    /// As errors and files of users write it: `t.get`, `client|list`.
    package var name: String {
        AccessRule.name(command, subcommand)
    }

    static func name(_ command: CommandName, _ subcommand: String?) -> String {
        command.rawValue.lowercased() + (subcommand.map { "|" + $0.lowercased() } ?? "")
    }
}
