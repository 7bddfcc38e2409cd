import TachoGeo

/// What clients and people ask of the server itself, mostly right after connecting.
package enum SessionCommand: Equatable, Sendable {
    /// HELLO with no version or version 2.
    case hello(clientName: [UInt8]?)
    case ok
    case whoAmI
    case ping([UInt8]?)
    case echo([UInt8])
    case info
    case clientSetName([UInt8])
    case clientGetName
    case clientID
    case clientList
    case clientInfo
    case commandCount
    /// `COMMAND`, or `COMMAND INFO` with names; nil for a name that is no command.
    case commandInfo([CommandName?])
    case commandDocs
    /// The patterns asked for.
    case configGet([String])
    /// `SLOWLOG GET`: nothing is slow enough to be kept.
    case emptyList
    case slowlogLength
    case time
    case size
    case reset
    case quit

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> SessionCommand {
        switch name {
        case .hello: return try hello(arguments)
        case .auth: return try auth(arguments, userIndex: arguments.count == 3 ? 1 : nil)
        case .ping: return .ping(arguments.count > 1 ? arguments.copy(1) : nil)
        case .echo: return .echo(arguments.copy(1))
        case .info: return .info
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
        case .acl:
            guard arguments.isWord(1, "WHOAMI") else { throw unknown(name, arguments) }
            return .whoAmI
        case .client: return try client(arguments)
        case .command: return try command(arguments)
        case .config:
            guard arguments.isWord(1, "GET") else { throw unknown(name, arguments) }
            guard arguments.count > 2 else { throw .arity(name) }
            return .configGet((2..<arguments.count).map(arguments.shown))
        case .slowlog:
            if arguments.isWord(1, "GET") { return .emptyList }
            if arguments.isWord(1, "LEN") { return .slowlogLength }
            if arguments.isWord(1, "RESET") { return .ok }
            throw unknown(name, arguments)
        case .shutdown:
            throw .notAvailable("SHUTDOWN is not accepted from clients, send SIGTERM to tachod")
        default: throw .unknown(arguments.shown(0))
        }
    }

    private static func unknown(_ name: CommandName, _ arguments: Arguments) -> CommandError {
        .unknownSubcommand(name, arguments.shown(1))
    }

    /// `HELLO [2 [AUTH user password] [SETNAME name]]`.
    private static func hello(_ arguments: Arguments) throws(CommandError) -> SessionCommand {
        guard arguments.count > 1 else { return .hello(clientName: nil) }
        guard let version = Decimal.integer(arguments[1]) else {
            throw .notInteger(what: "Protocol version", text: arguments.shown(1))
        }
        guard version == 2 else { throw .noProtocol }
        var name: [UInt8]?
        var i = 2
        while i < arguments.count {
            if arguments.isWord(i, "AUTH"), i + 2 < arguments.count {
                _ = try auth(arguments, userIndex: i + 1)
                i += 3
            } else if arguments.isWord(i, "SETNAME"), i + 1 < arguments.count {
                name = try clientName(arguments, i + 1)
                i += 2
            } else {
                throw .syntax
            }
        }
        return .hello(clientName: name)
    }

    /// No password is configured: the user `default` may come in with any, as in Redis.
    private static func auth(
        _ arguments: Arguments, userIndex: Int?
    ) throws(CommandError) -> SessionCommand {
        guard let userIndex else { throw .noPassword }
        guard arguments[userIndex].elementsEqual("default".utf8) else { throw .wrongPassword }
        return .ok
    }

    private static func client(_ arguments: Arguments) throws(CommandError) -> SessionCommand {
        if arguments.isWord(1, "SETNAME") {
            guard arguments.count == 3 else { throw .arity(.client) }
            return .clientSetName(try clientName(arguments, 2))
        }
        if arguments.isWord(1, "SETINFO") {
            guard arguments.count == 4 else { throw .arity(.client) }
            return .ok
        }
        if arguments.isWord(1, "GETNAME") { return .clientGetName }
        if arguments.isWord(1, "ID") { return .clientID }
        if arguments.isWord(1, "LIST") { return .clientList }
        if arguments.isWord(1, "INFO") { return .clientInfo }
        throw unknown(.client, arguments)
    }

    private static func clientName(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> [UInt8] {
        let name = arguments[index]
        guard name.count <= 128, name.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidClientName
        }
        return Array(name)
    }

    private static func command(_ arguments: Arguments) throws(CommandError) -> SessionCommand {
        guard arguments.count > 1 else { return .commandInfo(CommandName.allCases) }
        if arguments.isWord(1, "COUNT") { return .commandCount }
        if arguments.isWord(1, "DOCS") { return .commandDocs }
        if arguments.isWord(1, "INFO") {
            guard arguments.count > 2 else { return .commandInfo(CommandName.allCases) }
            return .commandInfo((2..<arguments.count).map { CommandName.find(arguments[$0]) })
        }
        throw unknown(.command, arguments)
    }
}
