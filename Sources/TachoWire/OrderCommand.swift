package import TachoGeo

/// `T.ORDER SET order rider state ts [BY who]`, `T.ORDER END order ts [state] [BY who]`, `T.ORDER GET
/// order [HISTORY]`, `T.ORDER RIDER rider [COUNT n] [CURSOR c]`, `T.ORDER LIST [COUNT n] [CURSOR c]`.
package enum OrderCommand: Equatable, Sendable {
    case tell(OrderEvent)
    /// The order is argument 2.
    case get(withHistory: Bool)
    /// Of the rider that is argument 2, or of all. `cursor`: which argument is that of an earlier, cut
    /// reply.
    case open(ofRider: Bool, count: Int?, cursorArgument: Int?)

    static func parse(_ arguments: Arguments) throws(CommandError) -> OrderCommand {
        if arguments.isWord(1, "SET") { return .tell(try set(arguments)) }
        if arguments.isWord(1, "END") { return .tell(try end(arguments)) }
        if arguments.isWord(1, "GET") {
            guard arguments.count > 2 else { throw .arity(.order) }
            if arguments.count == 3 { return .get(withHistory: false) }
            guard arguments.count == 4, arguments.isWord(3, "HISTORY") else { throw .syntax }
            return .get(withHistory: true)
        }
        if arguments.isWord(1, "RIDER") {
            guard arguments.count > 2 else { throw .arity(.order) }
            return try open(arguments, from: 3)
        }
        guard arguments.isWord(1, "LIST") else {
            throw .unknownSubcommand(.order, arguments.shown(1))
        }
        return try open(arguments, from: 2)
    }

    private static func set(_ arguments: Arguments) throws(CommandError) -> OrderEvent {
        guard arguments.count == 6 || arguments.count == 8 else { throw .arity(.order) }
        return try checked(
            .set(
                arguments.copy(2), rider: arguments.copy(3), state: arguments.copy(4),
                tsMs: try time(arguments, 5), by: try who(arguments, 6)))
    }

    private static func end(_ arguments: Arguments) throws(CommandError) -> OrderEvent {
        guard arguments.count > 3, arguments.count < 8 else { throw .arity(.order) }
        // With an even number of words behind the time there is no state.
        let namesState = arguments.count % 2 == 1
        return try checked(
            .end(
                arguments.copy(2), state: namesState ? arguments.copy(4) : OrderEvent.endState,
                tsMs: try time(arguments, 3), by: try who(arguments, namesState ? 5 : 4)))
    }

    private static func who(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> [UInt8] {
        guard index < arguments.count else { return [] }
        guard arguments.isWord(index, "BY"), index + 1 < arguments.count else { throw .syntax }
        let name = arguments.copy(index + 1)
        guard !name.isEmpty else { throw .order("who tells of an order needs a name behind BY") }
        return name
    }

    private static func time(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> Int64 {
        guard let ms = Decimal.integer(arguments[index]) else {
            throw .notInteger(what: "ts", text: arguments.shown(index))
        }
        return ms
    }

    private static func checked(_ event: OrderEvent) throws(CommandError) -> OrderEvent {
        if let defect = event.defect { throw .order(defect) }
        return event
    }

    private static func open(
        _ arguments: Arguments, from first: Int
    ) throws(CommandError) -> OrderCommand {
        var (count, cursor): (Int?, Int?)
        for i in stride(from: first, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "COUNT") {
                count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                cursor = i + 1
            } else {
                throw .syntax
            }
        }
        return .open(ofRider: first == 3, count: count, cursorArgument: cursor)
    }
}
