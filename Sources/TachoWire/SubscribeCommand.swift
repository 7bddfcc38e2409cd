import TachoGeo

/// Where riders are, as it changes: `SUBSCRIBE pos:RIDER…`, `PSUBSCRIBE pos:PATTERN…` and their ends.
package enum SubscribeCommand: Equatable, Sendable {
    /// Riders' names, without `pos:`.
    case subscribe([[UInt8]])
    /// None: all of them.
    case unsubscribe([[UInt8]])
    case patternSubscribe([GlobPattern])
    case patternUnsubscribe([GlobPattern])
    /// `PUBSUB CHANNELS [pattern]`.
    case channels(GlobPattern?)
    /// `PUBSUB NUMSUB`: of channels as they are named.
    case subscribers([[UInt8]])
    /// `PUBSUB NUMPAT`.
    case patterns

    /// Names of channels begin with it; there are no others.
    package static let prefix = Array("pos:".utf8)

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> SubscribeCommand {
        switch name {
        case .subscribe: return .subscribe(try riders(arguments, mayBeOthers: false))
        case .unsubscribe: return .unsubscribe(try riders(arguments, mayBeOthers: true))
        case .patternSubscribe:
            return .patternSubscribe((1..<arguments.count).map { GlobPattern(arguments[$0]) })
        case .patternUnsubscribe:
            return .patternUnsubscribe((1..<arguments.count).map { GlobPattern(arguments[$0]) })
        default: return try pubsub(arguments)
        }
    }

    /// A channel that is none would never have a message, so it is refused; to leave it is no error.
    private static func riders(
        _ arguments: Arguments, mayBeOthers: Bool
    ) throws(CommandError) -> [[UInt8]] {
        var riders: [[UInt8]] = []
        for index in 1..<max(1, arguments.count) {
            let name = arguments[index]
            guard name.starts(with: prefix), name.count > prefix.count,
                name.count <= prefix.count + RiderName.maxBytes
            else {
                if mayBeOthers { continue }
                throw .badOption(
                    "channel", value: arguments.shown(index), expected: "pos:RIDER")
            }
            riders.append(Array(name.dropFirst(prefix.count)))
        }
        return riders
    }

    private static func pubsub(_ arguments: Arguments) throws(CommandError) -> SubscribeCommand {
        if arguments.isWord(1, "CHANNELS"), arguments.count <= 3 {
            return .channels(arguments.count == 3 ? GlobPattern(arguments[2]) : nil)
        }
        if arguments.isWord(1, "NUMSUB") {
            return .subscribers((2..<max(2, arguments.count)).map { arguments.copy($0) })
        }
        if arguments.isWord(1, "NUMPAT"), arguments.count == 2 { return .patterns }
        throw .unknownSubcommand(.pubsub, arguments.shown(1))
    }
}
