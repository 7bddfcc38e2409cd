package import TachoGeo

/// `T.FENCE SET id area DETECT enter,exit,dwell:s [MARGIN m] [EX s]`, `T.FENCE GET id`, `T.FENCE DEL id`,
/// `T.FENCE LIST [COUNT n] [CURSOR c]`.
package enum FenceCommand: Equatable, Sendable {
    /// `expiresAfterS` counts from when the server takes it.
    case set(FenceDefinition, expiresAfterS: Int64?)
    /// The id is argument 2.
    case get
    case delete
    /// `cursor`: which argument is the cursor of an earlier, cut reply.
    case list(count: Int?, cursorArgument: Int?)

    static func parse(_ arguments: Arguments) throws(CommandError) -> FenceCommand {
        if arguments.isWord(1, "SET") {
            guard arguments.count > 5 else { throw .arity(.fence) }
            return try set(arguments)
        }
        if arguments.isWord(1, "GET") || arguments.isWord(1, "DEL") {
            guard arguments.count == 3 else { throw .arity(.fence) }
            return arguments.isWord(1, "GET") ? .get : .delete
        }
        guard arguments.isWord(1, "LIST") else {
            throw .unknownSubcommand(.fence, arguments.shown(1))
        }
        var (count, cursor): (Int?, Int?)
        for i in stride(from: 2, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            if arguments.isWord(i, "COUNT") {
                count = try Command.count(arguments, i + 1)
            } else if arguments.isWord(i, "CURSOR") {
                cursor = i + 1
            } else {
                throw .syntax
            }
        }
        return .list(count: count, cursorArgument: cursor)
    }

    private static func set(_ arguments: Arguments) throws(CommandError) -> FenceCommand {
        if let defect = RiderName.defect(arguments[2]) { throw .fence(.id(defect)) }
        let words = (3..<arguments.count).map { String(decoding: arguments[$0], as: UTF8.self) }
        let taken = try NearbyQuery.area(words).words
        var detection: FenceDetection?
        var marginM = FenceDefinition.usualMarginM
        var seconds: Int64?
        for i in stride(from: 3 + taken, to: arguments.count, by: 2) {
            guard i + 1 < arguments.count else { throw .syntax }
            let text = words[i - 2]
            do {
                if arguments.isWord(i, "DETECT") {
                    detection = try FenceDetection(text: text)
                } else if arguments.isWord(i, "MARGIN") {
                    marginM = try FenceDefinition.margin(text)
                } else if arguments.isWord(i, "EX") {
                    seconds = try FenceDefinition.expiry(text)
                } else {
                    throw CommandError.syntax
                }
            } catch let error as FenceError {
                throw .fence(error)
            } catch {
                throw .syntax
            }
        }
        guard let detection else { throw .syntax }
        return .set(
            FenceDefinition(
                id: Array(arguments[2]), areaText: words.prefix(taken).joined(separator: " "),
                detection: detection, marginM: marginM), expiresAfterS: seconds)
    }
}
