package import TachoGeo

/// `T.RIDER SET rider VEHICLE v`, `T.RIDER GET rider`, `T.RIDER LIST [COUNT n] [CURSOR c]`.
/// Where there is a rider, it is argument 2.
package enum RiderCommand: Equatable, Sendable {
    case set(VehicleClass)
    case get
    /// `cursor`: which argument is the cursor of an earlier, cut reply.
    case list(count: Int?, cursorArgument: Int?)

    static func parse(_ arguments: Arguments) throws(CommandError) -> RiderCommand {
        if arguments.isWord(1, "SET") {
            guard arguments.count == 5 else { throw .arity(.rider) }
            guard arguments.isWord(3, "VEHICLE") else { throw .syntax }
            try check(arguments)
            return .set(try vehicle(arguments, 4))
        }
        if arguments.isWord(1, "GET") {
            guard arguments.count == 3 else { throw .arity(.rider) }
            return .get
        }
        guard arguments.isWord(1, "LIST") else {
            throw .unknownSubcommand(.rider, arguments.shown(1))
        }
        var count: Int?
        var cursor: Int?
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

    /// A rider that is set need not have fixes, so its name is checked as in a write.
    private static func check(_ arguments: Arguments) throws(CommandError) {
        if let defect = RiderName.defect(arguments[2]) {
            throw .malformed(defect, value: arguments.shown(2))
        }
    }

    private static func vehicle(
        _ arguments: Arguments, _ index: Int
    ) throws(CommandError) -> VehicleClass {
        for vehicle in VehicleClass.allCases
        where arguments[index].lazy.map({ upper($0) }).elementsEqual(
            vehicle.name.utf8.lazy.map { upper($0) })
        {
            return vehicle
        }
        throw .badOption(
            "VEHICLE", value: arguments.shown(index),
            expected: "foot, bicycle, scooter, car or any")
    }
}
