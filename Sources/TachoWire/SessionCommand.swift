import TachoGeo

/// What clients and people ask of the server itself, mostly right after connecting.
package enum SessionCommand: Equatable, Sendable {
    case hello(HelloRequest)
    case auth(AuthRequest)
    case ok
    case acl(ACLCommand)
    case ping([UInt8]?)
    case echo([UInt8])
    /// The sections asked for, in lower case; none: all.
    case info([String])
    case client(ClientCommand)
    case command(CommandQuery)
    /// The patterns asked for.
    case configGet([GlobPattern])
    /// The newest entries; nil: all there are.
    case slowlogGet(count: Int?)
    case slowlogLength
    case slowlogReset
    case time
    case size
    case reset
    case quit
    /// A clean stop, as SIGTERM.
    case shutdown

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> SessionCommand {
        switch name {
        case .hello: return .hello(try HelloRequest.parse(arguments))
        case .auth:
            let hasUser = arguments.count == 3
            return .auth(
                AuthRequest(
                    userArgument: hasUser ? 1 : nil, passwordArgument: hasUser ? 2 : 1))
        case .ping: return .ping(arguments.count > 1 ? arguments.copy(1) : nil)
        case .echo: return .echo(arguments.copy(1))
        case .info: return .info((1..<arguments.count).map { arguments.shown($0).lowercased() })
        case .time: return .time
        case .size: return .size
        case .reset: return .reset
        case .quit: return .quit
        case .select:
            guard let index = Decimal.integer(arguments[1]) else {
                throw .notInteger(what: "DB index", text: arguments.shown(1))
            }
            guard index == 0 else { throw .invalidDatabase }
            return .ok
        case .acl: return .acl(try ACLCommand.parse(arguments))
        case .client: return .client(try ClientCommand.parse(arguments))
        case .command: return .command(try CommandQuery.parse(arguments))
        case .config:
            guard arguments.isWord(1, "GET") else { throw unknown(name, arguments) }
            guard arguments.count > 2 else { throw .arity(name) }
            return .configGet(
                (2..<arguments.count).map { GlobPattern(arguments[$0], ignoresCase: true) })
        case .slowlog: return try slowlog(arguments)
        case .shutdown: return try shutdown(arguments)
        default: throw .unknown(arguments.shown(0))
        }
    }

    private static func unknown(_ name: CommandName, _ arguments: Arguments) -> CommandError {
        .unknownSubcommand(name, arguments.shown(1))
    }

    private static func slowlog(_ arguments: Arguments) throws(CommandError) -> SessionCommand {
        if arguments.isWord(1, "GET"), arguments.count <= 3 {
            guard arguments.count == 3 else { return .slowlogGet(count: defaultSlowEntries) }
            guard let count = Decimal.integer(arguments[2]), count >= -1 else {
                throw .notAvailable("count should be greater than or equal to -1")
            }
            return .slowlogGet(count: count < 0 ? nil : Int(count))
        }
        if arguments.isWord(1, "LEN"), arguments.count == 2 { return .slowlogLength }
        if arguments.isWord(1, "RESET"), arguments.count == 2 { return .slowlogReset }
        throw unknown(.slowlog, arguments)
    }

    /// As in Redis.
    private static let defaultSlowEntries = 10

    /// `SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE]`: whatever is said, all that was acknowledged is on
    /// disk, and the stop is clean.
    private static func shutdown(_ arguments: Arguments) throws(CommandError) -> SessionCommand {
        if arguments.count == 2, arguments.isWord(1, "ABORT") {
            throw .notAvailable("No shutdown in progress.")
        }
        for i in 1..<max(1, arguments.count) {
            guard
                arguments.isWord(i, "NOSAVE") || arguments.isWord(i, "SAVE")
                    || arguments.isWord(i, "NOW") || arguments.isWord(i, "FORCE")
            else { throw .syntax }
        }
        return .shutdown
    }
}

/// `AUTH [user] password`, or what HELLO has of it.
package struct AuthRequest: Equatable, Sendable {
    /// Which argument names the user; nil: `default`.
    package var userArgument: Int?
    package var passwordArgument: Int

    package init(userArgument: Int?, passwordArgument: Int) {
        self.userArgument = userArgument
        self.passwordArgument = passwordArgument
    }
}

/// ACL and what follows it.
package enum ACLCommand: Equatable, Sendable {
    case whoAmI
    case list
    /// The roles, or the commands of one.
    case categories(of: [UInt8]?)
    case help

    static func parse(_ arguments: Arguments) throws(CommandError) -> ACLCommand {
        let isAlone = arguments.count == 2
        if arguments.isWord(1, "WHOAMI"), isAlone { return .whoAmI }
        if arguments.isWord(1, "LIST"), isAlone { return .list }
        if arguments.isWord(1, "HELP"), isAlone { return .help }
        if arguments.isWord(1, "CAT"), arguments.count <= 3 {
            return .categories(of: isAlone ? nil : arguments.copy(2))
        }
        throw .unknownSubcommand(.acl, arguments.shown(1))
    }

    package static let helpLines = [
        "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CAT [<role>]",
        "    List the roles, or the commands of one.",
        "LIST",
        "    Show the users as the file has them, without their passwords.",
        "WHOAMI",
        "    Return the user of this connection.",
        "HELP",
        "    Prints this help.",
    ]
}
