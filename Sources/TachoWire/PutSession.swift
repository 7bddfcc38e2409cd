import TachoGeo

/// `SESSION id SEQ n` of T.PUT: lets the server answer the resend of a batch from memory.
package struct PutSession: Equatable, Sendable {
    /// Which argument is the id.
    package var idArgument: Int
    /// Counts the batches of the session, upwards.
    package var sequence: Int64

    /// nil without options. They come together, in either order.
    static func parse(_ arguments: Arguments) throws(CommandError) -> PutSession? {
        guard arguments.count > 2 else { return nil }
        var idArgument: Int?
        var sequence: Int64?
        for i in stride(from: 2, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "SESSION") {
                idArgument = i + 1
            } else if arguments.isWord(i, "SEQ") {
                guard let value = Decimal.integer(arguments[i + 1]), value >= 0 else {
                    throw .notInteger(what: "SEQ", text: arguments.shown(i + 1))
                }
                sequence = value
            } else {
                throw .syntax
            }
        }
        guard let idArgument, let sequence else { throw .syntax }
        guard (1...WireLimits.maxSessionBytes).contains(arguments[idArgument].count) else {
            throw .invalidSession
        }
        return PutSession(idArgument: idArgument, sequence: sequence)
    }
}
