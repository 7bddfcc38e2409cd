import TachoGeo

/// CLIENT and what follows it.
package enum ClientCommand: Equatable, Sendable {
    case setName([UInt8])
    case setInfo(Library, [UInt8])
    case getName
    case id
    case info
    case list(ClientFilter)
    /// `CLIENT KILL addr:port`: OK, or an error if there is none. Its own connection too.
    case killAddress([UInt8])
    /// `CLIENT KILL` with filters: how many there were.
    case kill(ClientFilter)
    /// NO-EVICT and NO-TOUCH, which say nothing to a server that evicts no client and no key.
    case accepted

    /// What CLIENT SETINFO says about the client's library.
    package enum Library: Equatable, Sendable {
        case name
        case version
    }

    static func parse(_ arguments: Arguments) throws(CommandError) -> ClientCommand {
        if arguments.isWord(1, "SETNAME") {
            guard arguments.count == 3 else { throw .arity(.client) }
            return .setName(try name(arguments, 2))
        }
        if arguments.isWord(1, "SETINFO") { return try setInfo(arguments) }
        if arguments.isWord(1, "LIST") { return .list(try ClientFilter.list(arguments)) }
        if arguments.isWord(1, "KILL") {
            guard arguments.count > 2 else { throw .arity(.client) }
            if arguments.count == 3 { return .killAddress(arguments.copy(2)) }
            return .kill(try ClientFilter.kill(arguments))
        }
        if arguments.isWord(1, "NO-EVICT") || arguments.isWord(1, "NO-TOUCH") {
            guard arguments.count == 3 else { throw .arity(.client) }
            guard arguments.isWord(2, "ON") || arguments.isWord(2, "OFF") else { throw .syntax }
            return .accepted
        }
        let isAlone = arguments.count == 2
        if arguments.isWord(1, "GETNAME"), isAlone { return .getName }
        if arguments.isWord(1, "ID"), isAlone { return .id }
        if arguments.isWord(1, "INFO"), isAlone { return .info }
        throw .unknownSubcommand(.client, arguments.shown(1))
    }

    private static func setInfo(_ arguments: Arguments) throws(CommandError) -> ClientCommand {
        guard arguments.count == 4 else { throw .arity(.client) }
        if arguments.isWord(2, "LIB-NAME") { return .setInfo(.name, try name(arguments, 3)) }
        if arguments.isWord(2, "LIB-VER") { return .setInfo(.version, try name(arguments, 3)) }
        throw .notAvailable("Unrecognized option '\(arguments.shown(2))'")
    }

    /// What is shown in CLIENT LIST, where spaces tell fields apart.
    static func name(_ arguments: Arguments, _ index: Int) throws(CommandError) -> [UInt8] {
        let name = arguments[index]
        guard name.count <= 128, name.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidClientName
        }
        return Array(name)
    }
}

/// Which connections CLIENT LIST and CLIENT KILL mean: those for which all that is given holds.
package struct ClientFilter: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case normal
        case pubSub
        /// Replicas and their master: there are none.
        case replication
    }

    package var ids: [UInt64]?
    package var address: [UInt8]?
    package var localAddress: [UInt8]?
    package var user: [UInt8]?
    package var kind: Kind?
    /// Of CLIENT KILL: not the connection that asks.
    package var skipsAsking = true

    package init() {}

    /// `CLIENT LIST [TYPE type] [ID id…]`.
    fileprivate static func list(_ arguments: Arguments) throws(CommandError) -> ClientFilter {
        var filter = ClientFilter()
        guard arguments.count > 2 else { return filter }
        if arguments.count == 4, arguments.isWord(2, "TYPE") {
            filter.kind = try kind(arguments, 3)
        } else if arguments.count > 3, arguments.isWord(2, "ID") {
            var ids: [UInt64] = []
            for i in 3..<arguments.count {
                guard let id = Decimal.integer(arguments[i]), id > 0 else {
                    throw .notAvailable("Invalid client ID")
                }
                ids.append(UInt64(id))
            }
            filter.ids = ids
        } else {
            throw .syntax
        }
        return filter
    }

    /// `CLIENT KILL [ID n] [ADDR a] [LADDR a] [USER u] [TYPE t] [SKIPME yes|no]`.
    fileprivate static func kill(_ arguments: Arguments) throws(CommandError) -> ClientFilter {
        var filter = ClientFilter()
        guard arguments.count % 2 == 0 else { throw .syntax }
        for i in stride(from: 2, to: arguments.count, by: 2) {
            if arguments.isWord(i, "ID") {
                guard let id = Decimal.integer(arguments[i + 1]), id > 0 else {
                    throw .notAvailable("client-id should be greater than 0")
                }
                filter.ids = [UInt64(id)]
            } else if arguments.isWord(i, "ADDR") {
                filter.address = arguments.copy(i + 1)
            } else if arguments.isWord(i, "LADDR") {
                filter.localAddress = arguments.copy(i + 1)
            } else if arguments.isWord(i, "USER") {
                filter.user = arguments.copy(i + 1)
            } else if arguments.isWord(i, "TYPE") {
                filter.kind = try kind(arguments, i + 1)
            } else if arguments.isWord(i, "SKIPME") {
                guard arguments.isWord(i + 1, "YES") || arguments.isWord(i + 1, "NO") else {
                    throw .syntax
                }
                filter.skipsAsking = arguments.isWord(i + 1, "YES")
            } else {
                throw .syntax
            }
        }
        return filter
    }

    private static func kind(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> Kind {
        if arguments.isWord(index, "NORMAL") { return .normal }
        if arguments.isWord(index, "PUBSUB") { return .pubSub }
        if arguments.isWord(index, "MASTER") || arguments.isWord(index, "REPLICA")
            || arguments.isWord(index, "SLAVE")
        {
            return .replication
        }
        throw .notAvailable("Unknown client type '\(arguments.shown(index))'")
    }
}
