/// `T.DIST rider from to [DIGEST] [LEGS [COUNT n] [CURSOR c]]`. Times are Unix ms, inclusive.
package struct DistanceCommand: Equatable, Sendable {
    package var fromMs: Int64
    package var toMs: Int64
    /// The hash over the legs.
    package var hasDigest = false
    package var hasLegs = false
    package var count: Int?
    /// Which argument is the cursor of an earlier, cut reply.
    package var cursorArgument: Int?

    static func parse(_ arguments: Arguments) throws(CommandError) -> DistanceCommand {
        var command = DistanceCommand(
            fromMs: try Command.time(arguments, 2, name: "from"),
            toMs: try Command.time(arguments, 3, name: "to"))
        var i = 4
        while i < arguments.count {
            if arguments.isWord(i, "DIGEST") {
                command.hasDigest = true
                i += 1
            } else if arguments.isWord(i, "LEGS") {
                command.hasLegs = true
                i += 1
            } else {
                guard i + 1 < arguments.count else { throw .syntax }
                if arguments.isWord(i, "COUNT") {
                    command.count = try Command.count(arguments, i + 1)
                } else if arguments.isWord(i, "CURSOR") {
                    command.cursorArgument = i + 1
                } else {
                    throw .syntax
                }
                i += 2
            }
        }
        // Pages of what?
        guard command.hasLegs || (command.count == nil && command.cursorArgument == nil) else {
            throw .syntax
        }
        return command
    }
}
