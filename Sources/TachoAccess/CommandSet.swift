package import TachoWire

/// A set of commands that is asked for each request: two words, one look.
package struct CommandSet: Equatable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    package init() {}

    package init(_ names: some Sequence<CommandName>) { for name in names { insert(name) } }

    package static let all = CommandSet(CommandName.allCases)

    package func contains(_ name: CommandName) -> Bool {
        let ordinal = name.ordinal
        return (ordinal < 64 ? low >> UInt64(ordinal) : high >> UInt64(ordinal - 64)) & 1 == 1
    }

    package mutating func insert(_ name: CommandName) {
        let ordinal = name.ordinal
        precondition(ordinal < 128, "more than 128 commands: a third word is due")
        if ordinal < 64 {
            low |= 1 << UInt64(ordinal)
        } else {
            high |= 1 << UInt64(ordinal - 64)
        }
    }

    package mutating func remove(_ name: CommandName) {
        let ordinal = name.ordinal
        if ordinal < 64 {
            low &= ~(1 << UInt64(ordinal))
        } else {
            high &= ~(1 << UInt64(ordinal - 64))
        }
    }
}
